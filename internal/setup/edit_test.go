package setup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
	"github.com/tailscale/hujson"
)

const keyFile = "/home/jane/.config/instaview/key"

var (
	server = Server{Command: "/opt/my tools/instaview-mcp", KeyFile: keyFile}
	demo   = Server{Command: server.Command}
)

// decode reads a client's file with other code than the package's own, as far
// as there is any.
func decode(t *testing.T, c Client, text []byte) map[string]any {
	t.Helper()
	text = bytes.TrimPrefix(text, byteOrderMark)
	tree := map[string]any{}
	var err error
	if c.Name == "codex" {
		err = toml.Unmarshal(text, &tree)
	} else if text, err = hujson.Standardize(bytes.Clone(text)); err == nil {
		err = json.Unmarshal(text, &tree)
	}
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return tree
}

// entryIn returns the server's entry, nil if there is none.
func entryIn(c Client, tree map[string]any) map[string]any {
	section, _ := tree[c.section].(map[string]any)
	entry, _ := section["instaview"].(map[string]any)
	return entry
}

// wantEntry checks that an entry starts the server.
func wantEntry(t *testing.T, c Client, entry map[string]any) {
	t.Helper()
	env, _ := entry["env"].(map[string]any)
	if entry["command"] != server.Command || env["INSTAVIEW_API_KEY_FILE"] != keyFile || env["INSTAVIEW_API_KEY"] != nil {
		t.Errorf("%s: entry %v", c.Name, entry)
	}
	if kind, ok := entry["type"]; c.kind != "" && kind != c.kind || c.kind == "" && ok {
		t.Errorf("%s: type %v, want %q", c.Name, kind, c.kind)
	}
}

// isWithin reports whether all bytes of part stand in whole, in their order.
func isWithin(part, whole []byte) bool {
	for _, b := range whole {
		if len(part) > 0 && part[0] == b {
			part = part[1:]
		}
	}
	return len(part) == 0
}

// others are texts without an entry of the server's, in which %s stands for the
// section's name. What ends in true comes back as it was when the entry goes.
var others = map[string]struct {
	json, toml string
	restored   bool
}{
	"empty":          {"", "", false},
	"blank":          {" \n\t\n", "\n\n", false},
	"blank lines":    {"{\n\n  \"%s\": {\n\n    \"x\": {}\n\n  }\n\n}\n\n\n", "[%s.x]\n\n\na = 1\n\n\n\n", true},
	"mixed breaks":   {"{\n  \"%s\": {\r\n    \"x\": {}\r\n  }\n}\r\n", "a = 1\r\n[%s.x]\nb = 1\n", true},
	"no settings":    {"{}", "", false},
	"other spaces":   {"{ \r} ", " \r\n\t", false},
	"a comment":      {"// nothing yet", "# nothing yet", false},
	"comments":       {"// one\r\n/* two\r\n*/\r\n", "# one\r\n# two\r\n", false},
	"another key":    {"{\n    \"a\": [1, 2.50, 1e3, 12345678901234567890]\n}\n", "a = [1, 2.50, 1e3, 0xff]\nb = 1979-05-27T07:32:00Z\n", false},
	"one line":       {`{"a":1,"%s":{"x":{"command":"y"}},"b":"é\u00e9\n"}`, `%s = { x = { command = "y" } }`, true},
	"one empty":      {`{"%s":{}}`, "[%s]\n", true},
	"nothing in it":  {"{\n  \"%s\": {\n  }\n}\n", "a = 1\n\n[%s]\n\n[b]\nc = 2\n", false},
	"another server": {"{\n  \"%s\": {\n    \"x\": {\n      \"command\": \"y\",\n      \"env\": {}\n    }\n  },\n  \"b\": true\n}", "[%s.x]\ncommand = \"y\"\nenv = {}\n\n[b]\nc = true\n", true},
	"tabs":           {"{\n\t\"%s\": {\n\t\t\"x\": {}\n\t}\n}\n", "[%s.x]\n\tcommand = 'y'\n", true},
	"line breaks":    {"{\r\n  \"%s\": {\r\n    \"x\": {} // c\r\n  },\r\n\r\n  \"b\": null\r\n}\r\n", "[%s.x]\r\ncommand = 'y' # c\r\n\r\n[b]\r\nc = 1\r\n", true},
	"a mark":         {"\ufeff{\r\n  \"%s\": {\r\n    \"x\": {}\r\n  }\r\n}\r\n", "\ufeff[%s.x]\r\ncommand = 'y'\r\n", true},
	"many comments": {
		"// top\n{\n  // section\n  \"%s\": { // open\n    // before\n    \"x\": {\"args\": [/* none */]}, // after\n    // \"y\": {\"command\": \"z\"}\n  }, // close\n  /* b */ \"b\": 1 // last\n  // end\n}\n// bottom\n",
		"# top\n\n# section\n[%s.x] # open\n# before\nargs = [ # none\n] # after\n# command = \"z\"\n\n# b\n[b] # c\nc = 1 # last\n# bottom\n", true,
	},
	"last comment": {"{\n  \"%s\": {\n    \"x\": {} /* a */ // b\n    // c\n  }\n}\n", "[%s.x]\ncommand = 'y'\n# c\n", true},
	"commas":       {"{\n  \"%s\": {\n    \"x\": {},\n  },\n  \"b\": [1,],\n}\n", "[%s.x]\nargs = [\n  'a',\n]\n", true},
	"lost commas":  {"{\n  \"%s\": {\n    \"x\": {}\n    , \"y\": {}\n  }\n  ,\n  \"b\": 1\n}\n", "%s.x.command = 'y'\n%s.z.command = '''\n[instaview]\n'''\n", true},
	"a namesake":   {"{\n  \"instaview\": {\"%s\": 1},\n  \"other\": {\"instaview\": 2}\n}\n", "[instaview.%s]\na = 1\n\n[[other.instaview]]\nb = 2\n\n[other.instaview.c]\nd = 3\n", false},
	"escapes":      {"{\n  \"\\u0061\": \"\\\"}{\\\\\",\n  \"%s\": {\n    \"x\\\"\": {\"command\": \"// no comment\"}\n  }\n}\n", "\"a b\" = \"\\\"]\"\n[%s.\"x y\"]\ncommand = \"# no comment\"\n", true},
}

func TestWhatOthersWroteStays(t *testing.T) {
	for _, c := range Clients {
		for name, tt := range others {
			text := tt.json
			if c.Name == "codex" {
				text = tt.toml
			}
			before := []byte(strings.ReplaceAll(text, "%s", c.section))
			t.Run(c.Name+" "+name, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "config")
				write(t, file, before, 0o640)
				after := apply(t, c.Add, file, server)
				if !isWithin(bytes.TrimRight(before, spaces), after) {
					t.Errorf("something is lost:\n%s\nbefore it was\n%s", after, before)
				}
				if bytes.Contains(before, []byte("\r\n")) && name != "mixed breaks" && bytes.Count(after, []byte("\n")) != bytes.Count(after, []byte("\r\n")) {
					t.Errorf("two kinds of line breaks: %q", after)
				}
				tree := decode(t, c, after)
				wantEntry(t, c, entryIn(c, tree))
				delete(tree[c.section].(map[string]any), "instaview")
				if diff := cmp.Diff(sansEmpty(c, decodeOr(t, c, before)), sansEmpty(c, tree)); diff != "" {
					t.Errorf("others' settings differ (-before +after):\n%s", diff)
				}
				if again := plan(t, c.Add, file, server); again.Changed() {
					t.Errorf("a second time it changes again:\n%s", again.Diff())
				}
				remove := func(file string, _ Server) (Edit, error) { return c.Remove(file) }
				if restored := apply(t, remove, file, server); !bytes.Equal(restored, before) {
					t.Errorf("removed, the file is not as its backup (-before +after):\n%s", cmp.Diff(string(before), string(restored)))
				}
				file = filepath.Join(t.TempDir(), "without a backup")
				write(t, file, after, 0o640)
				removed := apply(t, remove, file, server)
				if tt.restored && !bytes.Equal(removed, before) {
					t.Errorf("removed, the file is not as it was (-before +after):\n%s", cmp.Diff(string(before), string(removed)))
				}
				if entryIn(c, decode(t, c, removed)) != nil || !isWithin(bytes.TrimRight(before, spaces), removed) && name != "nothing in it" {
					t.Errorf("removed, it is\n%s", removed)
				}
			})
		}
	}
}

// decodeOr reads a file that may hold nothing.
func decodeOr(t *testing.T, c Client, text []byte) map[string]any {
	if c.Name != "codex" && !bytes.Contains(text, []byte("{")) {
		return map[string]any{}
	}
	return decode(t, c, text)
}

func sansEmpty(c Client, tree map[string]any) map[string]any {
	if section, ok := tree[c.section].(map[string]any); ok && len(section) == 0 {
		delete(tree, c.section)
	}
	return tree
}

func write(t *testing.T, file string, text []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(file, text, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}

func plan(t *testing.T, edit func(string, Server) (Edit, error), file string, s Server) Edit {
	t.Helper()
	e, err := edit(file, s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// apply makes an edit and returns what is in the file then.
func apply(t *testing.T, edit func(string, Server) (Edit, error), file string, s Server) []byte {
	t.Helper()
	if _, err := plan(t, edit, file, s).Apply(tick()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var clock time.Time

// tick returns a time that no call before it has returned.
func tick() time.Time {
	clock = clock.Add(time.Second)
	return clock
}

// What its user has changed since the backup stays, and a backup with the entry
// in it is no state to go back to.
func TestOnlyABackupOfTheSameSettingsComesBack(t *testing.T) {
	c := cursor(t)
	remove := func(file string, _ Server) (Edit, error) { return c.Remove(file) }
	for name, change := range map[string]string{"a setting": `"a": 2`, "a comment": `"a": 1 /* new */`, "nothing": `"a": 1`} {
		file := filepath.Join(t.TempDir(), "mcp.json")
		write(t, file, []byte(`{"a": 1}`), 0o600)
		after := apply(t, c.Add, file, server)
		apply(t, c.Add, file, demo) // its backup holds the entry
		write(t, file, bytes.Replace(after, []byte(`"a": 1`), []byte(change), 1), 0o600)
		want := `{` + change + `, "mcpServers": {}}`
		if name == "nothing" {
			want = `{"a": 1}`
		}
		if got := string(apply(t, remove, file, server)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestAnEntryThatIsThereIsUpdatedInPlace(t *testing.T) {
	for name, tt := range map[string]struct {
		client string
		server Server
		before string
		after  string
	}{
		"its user's own settings stay": {"cursor", server, `{
  "mcpServers": {
    "instaview": {
      "env": {
        "HTTPS_PROXY": "http://jane:canary@proxy:8080", // of the company
        "INSTAVIEW_API_KEY": "canary"
      },
      "disabled": false, // for now
      "command": "/old/instaview-mcp", /* old */
      "args": ["--demo", "-demo", "--demo=true", "--addr", "x"]
    },
    "x": {}
  }
}
`, `{
  "mcpServers": {
    "instaview": {
      "env": {
        "HTTPS_PROXY": "http://jane:canary@proxy:8080", // of the company
        "INSTAVIEW_API_KEY_FILE": "/home/jane/.config/instaview/key"
      },
      "disabled": false, // for now
      "command": "/opt/my tools/instaview-mcp", /* old */
      "args": ["--addr", "x"]
    },
    "x": {}
  }
}
`},
		"the demo becomes real": {"vscode", server, "{\n\t\"servers\": {\n\t\t\"instaview\": {\n\t\t\t\"command\": \"/opt/my tools/instaview-mcp\",\n\t\t\t\"args\": [\n\t\t\t\t\"--demo\"\n\t\t\t],\n\t\t}\n\t}\n}",
			"{\n\t\"servers\": {\n\t\t\"instaview\": {\n\t\t\t\"command\": \"/opt/my tools/instaview-mcp\",\n\t\t\t\"args\": [],\n\t\t\t\"type\": \"stdio\",\n\t\t\t\"env\": {\n\t\t\t\t\"INSTAVIEW_API_KEY_FILE\": \"/home/jane/.config/instaview/key\"\n\t\t\t},\n\t\t}\n\t}\n}"},
		"real becomes the demo": {"zed", demo, `{"context_servers": {"instaview": {"command": "x", "env": {"INSTAVIEW_API_KEY_FILE": "k"}}}}`,
			`{"context_servers": {"instaview": {"command": "/opt/my tools/instaview-mcp", "env": {"INSTAVIEW_API_KEY_FILE": "k"}, "args": ["--demo"]}}}`},
		"another program's arguments go with it": {"cursor", server, `{"mcpServers": {"instaview": {"command": "npx", "args": ["-y", "instaview-mcp"], "env": {"A": "b"}}}}`,
			`{"mcpServers": {"instaview": {"command": "/opt/my tools/instaview-mcp", "args": [], "env": {"A": "b", "INSTAVIEW_API_KEY_FILE": "/home/jane/.config/instaview/key"}}}}`},
		"those of this program stay": {"cursor", demo, `{"mcpServers": {"instaview": {"command": "C:\\Old\\instaview-mcp.exe", "args": ["--addr", "x"]}}}`,
			`{"mcpServers": {"instaview": {"command": "/opt/my tools/instaview-mcp", "args": ["--addr", "x", "--demo"]}}}`},
		"a table": {"codex", server, "[mcp_servers.instaview]\r\ncommand = \"/old\" # old\r\nstartup_timeout_sec = 9\r\ntool_timeout_sec = 60\r\n\r\n# mine\r\n[mcp_servers.instaview.env]\r\n# key\r\nINSTAVIEW_API_KEY = \"canary\" # c\r\nA = 'b'\r\n\r\n[x]\r\ny = 1",
			"[mcp_servers.instaview]\r\ncommand = '/opt/my tools/instaview-mcp' # old\r\nstartup_timeout_sec = 9\r\ntool_timeout_sec = 60\r\nargs = []\r\n\r\n# mine\r\n[mcp_servers.instaview.env]\r\n# key\r\nA = 'b'\r\nINSTAVIEW_API_KEY_FILE = '/home/jane/.config/instaview/key'\r\n\r\n[x]\r\ny = 1"},
		"an inline table": {"codex", server, "[mcp_servers.instaview]\ncommand = '/opt/my tools/instaview-mcp'\nargs = [] # none\ntool_timeout_sec = 300\nenv = { A = \"b\", INSTAVIEW_API_KEY = \"canary\" }\n",
			"[mcp_servers.instaview]\ncommand = '/opt/my tools/instaview-mcp'\nargs = [] # none\ntool_timeout_sec = 300\nenv = { A = \"b\", INSTAVIEW_API_KEY_FILE = '/home/jane/.config/instaview/key' }\n"},
		"a list over lines": {"codex", server, "mcp_servers = {\n  x = {},\n}\n", "mcp_servers = {\n  x = {}, instaview = { command = '/opt/my tools/instaview-mcp', args = [], tool_timeout_sec = 300, env = { INSTAVIEW_API_KEY_FILE = '/home/jane/.config/instaview/key' } }\n}\n"},
		"other quotes":      {"codex", server, "[mcp_servers.\"instaview\"]\n\"command\" = \"/opt/my tools/instaview-mcp\"\nargs = [\n]\ntool_timeout_sec = 1\nenv.INSTAVIEW_API_KEY_FILE = \"/home/jane/.config/instaview/key\"\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := Named(tt.client)
			file := filepath.Join(t.TempDir(), "config")
			write(t, file, []byte(tt.before), 0o600)
			edit := plan(t, c.Add, file, tt.server)
			if tt.after == "" {
				tt.after = tt.before
			}
			if diff := cmp.Diff(tt.after, string(edit.next)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if strings.Contains(edit.Diff(), "canary") {
				t.Errorf("a secret is shown:\n%s", edit.Diff())
			}
			write(t, file, edit.next, 0o600)
			if plan(t, c.Add, file, tt.server).Changed() {
				t.Error("a second time it changes again")
			}
		})
	}
}

func TestWhatCannotBeReadOrKeptIsRefused(t *testing.T) {
	kinds := []struct {
		name, json, toml string
		want             string
	}{
		{"broken", "{\n  \"a\": \"canary\" \"b\"\n}", "a = 'b'\nb = canary", "line 2, column"},
		{"cut off", `{"a": {"canary": 1`, "a = [1, 'canary'", "line 1, column"},
		{"a bad literal", `{"a": "can\qary"}`, `a = "can\qary"`, "line 1, column"},
		{"another format", "a: canary\n", "{\"a\": 1}", "it is not valid"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "\xff\xfea\x00=\x001\x00", "it is not valid"},
		{"merged badly", "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n", "<<<<<<< HEAD\na = 1\n", "it is not valid"},
		{"a list", `[{"%s": {}}]`, "[[%s]]\na = 1\n", ""},
		{"a list of servers", `{"%s": [{"name": "instaview"}]}`, "%s = [{ name = 'x' }]\n", "%s in it is not a list of servers"},
		{"text for servers", `{"%s": "canary"}`, "%s = 'canary'\n", "%s in it is not a list of servers"},
		{"nothing for servers", `{"%s": null}`, "%s = 1\n", "%s in it is not a list of servers"},
		{"text for the entry", `{"%s": {"instaview": "canary"}}`, "[%s]\ninstaview = 'canary'\n", "its entry instaview is not one of a server"},
		{"a list for the entry", `{"%s": {"instaview": []}}`, "[[%s.instaview]]\na = 1\n", "its entry instaview is not one of a server"},
		{"text for the variables", `{"%s": {"instaview": {"env": "canary"}}}`, "[%s.instaview]\nenv = 'canary'\n", "its entry instaview is in a form that setup does not know"},
		{"a server elsewhere", `{"%s": {"instaview": {"url": "https://canary"}}}`, "[%s.instaview]\nurl = 'https://canary'\n", "leads to a server elsewhere"},
		{"a command in parts", `{"%s": {"instaview": {"command": {"path": "canary", "env": {"A": "b"}}}}}`, "[%s.instaview.command]\npath = 'canary'\n", "its entry instaview is in a form that setup does not know"},
		{"arguments in one text", `{"%s": {"instaview": {"command": "instaview-mcp", "args": "--canary"}}}`, "[%s.instaview]\nargs = '--canary'\n", "its entry instaview is in a form that setup does not know"},
		{"an argument that is no text", `{"%s": {"instaview": {"args": [1]}}}`, "[%s.instaview]\nargs = [1]\n", "its entry instaview is in a form that setup does not know"},
		{"more brackets than any settings have", strings.Repeat("[", 5_000_000), "a = " + strings.Repeat("[", 5_000_000), ""},
		{"servers twice", `{"%s": {}, "%s": {"x": {}}}`, "[%s]\n[%s]\n", ""},
		{"the entry twice", `{"%s": {"instaview": {}, "instaview": {"a": 1}}}`, "[%s.instaview]\n[%s.instaview]\n", ""},
		{"too many values", "{}\n{}", "a = 1\na = 2\n", ""},
		{"a form that cannot be kept", `{"%s": {"instaview": {"command": "a", "command": "b"}}}`, "%s.instaview.command = 'a'\n", ""},
	}
	for _, c := range Clients {
		for _, tt := range kinds {
			t.Run(c.Name+" "+tt.name, func(t *testing.T) {
				text := tt.json
				if c.Name == "codex" {
					text = tt.toml
				}
				before := []byte(strings.ReplaceAll(text, "%s", c.section))
				file := filepath.Join(t.TempDir(), "config")
				write(t, file, before, 0o600)
				_, err := c.Add(file, server)
				if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(tt.want, "%s", c.section)) || strings.Contains(err.Error(), "canary") {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				wantAlone(t, file, before)
			})
		}
	}
}

// lossy is a format with a fault: it changes more than it is told to, or less.
type lossy struct {
	jsonFormat
	fault func(text string) string
}

func (l lossy) apply(text []byte, c change) ([]byte, error) {
	text, err := l.jsonFormat.apply(text, c)
	return []byte(l.fault(string(text))), err
}

func TestAnEditThatLosesSomethingIsRefused(t *testing.T) {
	for name, fault := range map[string]func(string) string{
		"another setting":    func(text string) string { return strings.Replace(text, `"a": 1`, `"a": 2`, 1) },
		"another server":     func(text string) string { return strings.Replace(text, `"x": {"command": "y"},`, ``, 1) },
		"a server's setting": func(text string) string { return strings.Replace(text, `"y"`, `"z"`, 1) },
		"the key":            func(text string) string { return strings.Replace(text, "KEY_FILE", "KEY", 1) },
		"the entry":          func(string) string { return `{"a": 1, "mcpServers": {"x": {"command": "y"}}}` },
		"a bracket":          func(text string) string { return strings.TrimSuffix(text, "}") },
		"everything":         func(string) string { return "{}" },
	} {
		c := Client{Name: "lossy", section: "mcpServers", format: lossy{fault: fault}}
		file := filepath.Join(t.TempDir(), "config")
		before := []byte(`{"a": 1, "mcpServers": {"x": {"command": "y"}}}`)
		write(t, file, before, 0o600)
		if _, err := c.Add(file, server); !errors.Is(err, errUnsupported) {
			t.Errorf("%s: error %v", name, err)
		}
		wantAlone(t, file, before)
	}
	c, _ := Named("codex")
	file := filepath.Join(t.TempDir(), "config")
	before := []byte("mcp_servers = {\n  x = {} # what is added here is part of the comment\n}\n")
	write(t, file, before, 0o600)
	if _, err := c.Add(file, server); !errors.Is(err, errUnsupported) {
		t.Errorf("error %v", err)
	}
	wantAlone(t, file, before)
}

// wantAlone checks that a file is as it was, with no other beside it.
func wantAlone(t *testing.T, file string, before []byte) {
	t.Helper()
	after, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("%v, the file holds %q", err, after)
	}
	files, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(files) != 1 {
		t.Errorf("%v, files %v", err, files)
	}
}

func TestABlockIsAWholeFile(t *testing.T) {
	for _, c := range Clients {
		for _, s := range []Server{server, demo, {Command: `C:\My "Tools"\instaview's.exe`, KeyFile: `C:\Users\Jäne Doe\key`, Env: map[string]string{"INSTAVIEW_COMPANY_ID": "c1"}}} {
			block, err := c.Block(s)
			if err != nil || !strings.HasSuffix(block, "\n") {
				t.Fatalf("%v, %q", err, block)
			}
			entry := entryIn(c, decode(t, c, []byte(block)))
			env, _ := entry["env"].(map[string]any)
			want := "[--demo]"
			if s.KeyFile != "" {
				want = "[]"
				if env["INSTAVIEW_API_KEY_FILE"] != s.KeyFile || len(env) != 1+len(s.Env) {
					t.Errorf("%s: env %v", c.Name, env)
				}
			} else if env != nil {
				t.Errorf("%s: env %v for the demo", c.Name, env)
			}
			if entry["command"] != s.Command || fmt.Sprint(entry["args"]) != want {
				t.Errorf("%s: %v", c.Name, entry)
			}
			file := filepath.Join(t.TempDir(), "config")
			write(t, file, []byte(block), 0o600)
			if edit := plan(t, c.Add, file, s); edit.Changed() {
				t.Errorf("%s: setup would change the block:\n%s", c.Name, edit.Diff())
			}
		}
	}
}

// Whatever a file holds, setup refuses it or adds its entry and nothing else.
func FuzzAdd(f *testing.F) {
	for _, tt := range others {
		f.Add(strings.ReplaceAll(tt.json, "%s", "mcpServers"), false)
		f.Add(strings.ReplaceAll(tt.toml, "%s", "mcp_servers"), true)
	}
	f.Add(`{"mcpServers": {"instaview": {"command": "a", "env": {"INSTAVIEW_API_KEY": "b"}}}}`, false)
	f.Add("[mcp_servers.instaview]\ncommand='a'\n[mcp_servers.instaview.env]\nINSTAVIEW_API_KEY='b'", true)
	f.Fuzz(func(t *testing.T, text string, isTOML bool) {
		c, _ := Named("cursor")
		if isTOML {
			c, _ = Named("codex")
		}
		file := filepath.Join(t.TempDir(), "config")
		write(t, file, []byte(text), 0o600)
		edit, err := c.Add(file, server)
		if err != nil {
			return
		}
		tree, err := c.format.parse(bytes.TrimPrefix(edit.now, byteOrderMark))
		if err != nil {
			t.Fatal(err)
		}
		if entryIn(c, tree) == nil && !isWithin(bytes.TrimRight(edit.now, spaces), edit.next) {
			t.Errorf("%q became %q", edit.now, edit.next)
		}
		after, err := c.format.parse(bytes.TrimPrefix(edit.next, byteOrderMark))
		if err != nil || !reflect.DeepEqual(c.others(tree), c.others(after)) {
			t.Errorf("%v: %q became %q", err, edit.now, edit.next)
		}
		write(t, file, edit.next, 0o600)
		if again, err := c.Add(file, server); err != nil || again.Changed() {
			t.Errorf("%v: %q, then %q", err, edit.next, again.next)
		}
		_ = edit.Diff()
	})
}
