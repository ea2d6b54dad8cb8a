package main

import (
	"crypto/sha256"
	"encoding/hex"
)

// registrySchema is the revision of the entry's form. A copy of it is in
// testdata.
const registrySchema = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"

// registryEntry returns server.json, the entry for the MCP registry.
func registryEntry(from origin, bundle []byte) ([]byte, error) {
	var variables []object
	for _, s := range settings {
		variables = append(variables, object{
			"name": s.variable, "description": s.description(), "format": s.kind, "isRequired": s.required, "isSecret": s.secret,
		})
	}
	local := func(fields object) object {
		fields["transport"] = object{"type": "stdio"}
		fields["environmentVariables"] = variables
		return fields
	}
	return toJSON(object{
		"$schema":     registrySchema,
		"name":        from.registryName(),
		"title":       title,
		"description": description,
		"version":     from.version,
		"websiteUrl":  from.url(),
		"repository":  object{"url": from.url(), "source": "github"},
		"packages": []object{
			local(object{"registryType": "npm", "identifier": name, "version": from.version, "runtimeHint": "npx"}),
			local(object{"registryType": "oci", "identifier": from.image(), "runtimeHint": "docker"}),
			local(object{"registryType": "mcpb", "identifier": from.download(bundleFile), "fileSha256": sum(bundle)}),
		},
		"remotes": []object{{
			"type": "streamable-http",
			"url":  "https://{host}/mcp",
			"variables": object{
				"host": object{"description": "Host of the server that your company runs", "isRequired": true},
			},
			"headers": []object{
				{"name": "X-InstaView-Api-Key", "description": "Your InstaView API key, where the server has none of its own", "isSecret": true},
				{"name": "X-InstaView-Company-Id", "description": "Company asked for; needed for keys of applicant tracking systems"},
				{"name": "Authorization", "description": "Bearer and the server's token, where it asks for one", "isSecret": true},
			},
		}},
	})
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}
