// Command limit is what the benchmarks take for the least that the work can
// cost: net/http, a streaming JSON decoder and string building, for a text of
// the size of the program's. It checks and cleans nothing and knows no MCP
// beyond the requests of the benchmarks.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func main() {
	// As many as the program keeps. The default of two would measure
	// connecting.
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 128
	if os.Getenv("INSTAVIEW_MCP_TRANSPORT") != "http" {
		lines := bufio.NewReaderSize(os.Stdin, 64<<10)
		for {
			line, err := lines.ReadSlice('\n')
			if err != nil {
				return
			}
			if answer := respond(line, nil); answer != nil {
				_, _ = os.Stdout.Write(append(answer, '\n'))
			}
		}
	}
	listener, err := net.Listen("tcp", os.Getenv("INSTAVIEW_MCP_ADDR"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "url=http://%s/mcp\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		answer := respond(body, r.Context().Done())
		w.Header().Set("Content-Type", "application/json")
		if answer == nil {
			w.WriteHeader(http.StatusAccepted)
		}
		_, _ = w.Write(answer)
	})))
}

// respond returns the answer to a message; nil for a notification. A wait ends
// with its caller.
func respond(message []byte, gone <-chan struct{}) []byte {
	var m struct {
		ID     jsontext.Value `json:"id"`
		Method string         `json:"method"`
		Params struct {
			Name      string `json:"name"`
			Arguments struct {
				RequestID string `json:"request_id"`
			} `json:"arguments"`
		} `json:"params"`
	}
	if err := json.Unmarshal(message, &m); err != nil || m.ID == nil {
		return nil
	}
	answer := append([]byte(`{"jsonrpc":"2.0","id":`), m.ID...)
	switch {
	case m.Method == "initialize":
		answer = append(answer, `,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"limit","version":"1"}}}`...)
	case m.Method == "tools/list":
		answer = append(answer, `,"result":{"tools":[{"name":"get_sourcing_results","inputSchema":{"type":"object","properties":{"request_id":{"type":"string"}}}}]}}`...)
	case m.Params.Name == "wait_for_sourcing":
		<-gone
	default:
		text, err := shortlist(m.Params.Arguments.RequestID)
		if err != nil {
			log.Fatal(err)
		}
		answer = append(answer, `,"result":{"content":[{"type":"text","text":`...)
		answer, _ = jsontext.AppendQuote(answer, text)
		answer = append(answer, `}]}}`...)
	}
	return answer
}

type candidate struct {
	ID       string   `json:"profileId"`
	Name     string   `json:"name"`
	Score    float64  `json:"matchScore"`
	Headline string   `json:"headline"`
	Role     string   `json:"currentRole"`
	Company  string   `json:"currentCompany"`
	Place    string   `json:"location"`
	Link     string   `json:"linkedinUrl"`
	Why      string   `json:"rationale"`
	Fit      []string `json:"aiFitPoints"`
	Risk     []string `json:"aiRedFlags"`
	Skills   []string `json:"skills"`
}

// shortlist asks InstaView and writes the first ten candidates as blocks and
// the others as lines, 10,000 characters at most.
func shortlist(id string) (string, error) {
	req, err := http.NewRequest(http.MethodGet, os.Getenv("INSTAVIEW_BASE_URL")+"/sourcing/"+id+"/results", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("INSTAVIEW_API_KEY"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var results struct {
		Status     string      `json:"status"`
		Candidates []candidate `json:"candidates"`
	}
	if err := json.UnmarshalRead(resp.Body, &results); err != nil {
		return "", err
	}
	var b strings.Builder
	b.Grow(12_000)
	fmt.Fprintf(&b, "Sourcing run %s %s: %d candidates\n", id, results.Status, len(results.Candidates))
	for i, c := range results.Candidates {
		if b.Len() > 10_000 {
			break
		}
		b.WriteString(strconv.Itoa(i + 1))
		b.WriteString(" (")
		b.WriteString(strconv.FormatFloat(c.Score, 'f', -1, 64))
		b.WriteString(") ")
		join(&b, c.Name, c.Role, c.Company, c.Place)
		if i < 10 {
			b.WriteString("\n   headline: ")
			b.WriteString(c.Headline)
			b.WriteString("\n   why: ")
			b.WriteString(c.Why)
			b.WriteString("\n   fit: ")
			join(&b, c.Fit...)
			b.WriteString("\n   risk: ")
			join(&b, c.Risk...)
			b.WriteString("\n   skills: ")
			join(&b, c.Skills...)
			b.WriteString("\n   ")
			b.WriteString(c.Link)
		}
		b.WriteString(" [")
		b.WriteString(c.ID)
		b.WriteString("]\n")
	}
	return b.String(), nil
}

func join(b *strings.Builder, parts ...string) {
	for i, part := range parts {
		if i > 0 {
			b.WriteString("| ")
		}
		b.WriteString(part)
	}
}
