package main

import (
	"reflect"
	"strings"

	"instaview-mcp/internal/config"
)

// setting is what an installer asks a person for. The other variables keep
// their defaults.
type setting struct {
	key      string // its name in forms
	variable string
	title    string
	kind     string // string or boolean
	secret   bool
	required bool
}

var settings = []setting{
	{key: "api_key", variable: "INSTAVIEW_API_KEY", title: "InstaView API key", kind: "string", secret: true, required: true},
	{key: "company_id", variable: "INSTAVIEW_COMPANY_ID", title: "Company id", kind: "string"},
	{key: "blind", variable: "INSTAVIEW_MCP_BLIND", title: "Hide names", kind: "boolean"},
	{key: "allow_contacts", variable: "INSTAVIEW_ALLOW_CONTACTS", title: "Allow e-mail addresses", kind: "boolean"},
}

// description returns what the documents say of the setting's variable.
func (s setting) description() string {
	t := reflect.TypeFor[config.Config]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		if variable, _, _ := strings.Cut(tag.Get("env"), ","); variable == s.variable {
			return tag.Get("doc")
		}
	}
	panic("packaging: there is no variable " + s.variable)
}

// userConfig returns the settings as a form, as bundles and Claude Code's
// plugins have it.
func userConfig() object {
	form := object{}
	for _, s := range settings {
		field := object{"type": s.kind, "title": s.title, "description": s.description(), "required": s.required}
		switch {
		case s.secret:
			field["sensitive"] = true
		case s.kind == "boolean":
			field["default"] = false
		default:
			field["default"] = ""
		}
		form[s.key] = field
	}
	form["demo"] = object{"type": "boolean", "title": "Sample data", "required": false, "default": false,
		"description": "Answers from a built-in sandbox with invented people; any key will do"}
	return form
}

// demoArgument is the program's argument for the form's switch demo.
const demoArgument = "--demo=${user_config.demo}"

// environment returns the variables, each with a reference to the form's field.
func environment() map[string]string {
	env := map[string]string{}
	for _, s := range settings {
		env[s.variable] = "${user_config." + s.key + "}"
	}
	return env
}
