package serve

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"instaview-mcp/client"
)

// HTTPSettings say how a server faces the network.
type HTTPSettings struct {
	Addr string // host:port; an empty host is every address of the machine
	SSE  bool   // serve HTTP+SSE in place of Streamable HTTP
	// Token is what callers must bring as a bearer; the zero value asks for none.
	Token client.Key
	// CallerKeys makes each request bring the InstaView key it is made with.
	CallerKeys bool
	// AllowedHosts are the names that requests may give this server, beside those
	// of the loopback interface; without a port, any will do.
	AllowedHosts []string
	// AllowedOrigins are those of the pages that may use this server.
	AllowedOrigins []string
	TLSCert        string // files; "" = no TLS
	TLSKey         string
	TLSTerminated  bool   // by whatever stands before this server
	MetricsAddr    string // host:port for metrics alone; "" = none
	MaxConnections int    // positive
}

// minToken makes a token too long to be guessed.
const minToken = 16

// Check says in a sentence why the settings will not do, or returns nil.
func (s HTTPSettings) Check() error {
	host, _, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return errors.New("INSTAVIEW_MCP_ADDR must be host:port, such as 127.0.0.1:8080")
	}
	token := s.Token.Reveal()
	switch local := isLoopbackName(host); {
	case token != "" && len(token) < minToken:
		return fmt.Errorf("INSTAVIEW_MCP_AUTH_TOKEN must have %d characters or more", minToken)
	case token != "" && s.Token.Validate() != nil:
		return errors.New("INSTAVIEW_MCP_AUTH_TOKEN must be ASCII without spaces")
	case (s.TLSCert == "") != (s.TLSKey == ""):
		return errors.New("INSTAVIEW_MCP_TLS_CERT and INSTAVIEW_MCP_TLS_KEY go together: set both or none")
	case !local && token == "" && !s.CallerKeys:
		return fmt.Errorf("%s can be reached from the network: set INSTAVIEW_MCP_AUTH_TOKEN, or INSTAVIEW_MCP_CALLER_KEYS=true", s.Addr)
	case !local && s.TLSCert == "" && !s.TLSTerminated:
		return fmt.Errorf("%s can be reached from the network: set INSTAVIEW_MCP_TLS_CERT and INSTAVIEW_MCP_TLS_KEY, or INSTAVIEW_MCP_TLS_TERMINATED=true if a proxy before this server speaks TLS", s.Addr)
	}
	if s.MetricsAddr != "" {
		if _, _, err := net.SplitHostPort(s.MetricsAddr); err != nil || s.MetricsAddr == s.Addr {
			return errors.New("INSTAVIEW_MCP_METRICS_ADDR must be host:port, such as 127.0.0.1:9090, and not that of the server")
		}
	}
	for _, host := range s.AllowedHosts {
		if strings.ContainsAny(host, "*/@ ") {
			return errors.New("INSTAVIEW_MCP_ALLOWED_HOSTS must be names separated by commas, such as mcp.example.com")
		}
	}
	for _, origin := range s.AllowedOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || strings.Trim(u.Path, "/") != "" || strings.Contains(origin, "*") {
			return errors.New("INSTAVIEW_MCP_ALLOWED_ORIGINS must be origins separated by commas, such as https://app.example.com")
		}
	}
	return nil
}

// hostAllowed reports whether a Host is one of ours: with or without its port,
// as it is listed.
func (s HTTPSettings) hostAllowed(host string) bool {
	host = strings.ToLower(host)
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if name == "" {
		return false
	}
	return isLoopbackName(name) || slices.ContainsFunc(s.AllowedHosts, func(allowed string) bool {
		return strings.EqualFold(allowed, host) || strings.EqualFold(strings.Trim(allowed, "[]"), name)
	})
}

// isLoopbackName reports whether a name cannot be rebound: it is this machine's
// for every resolver.
func isLoopbackName(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

func (s HTTPSettings) originAllowed(origin string) bool {
	return origin != "null" && slices.ContainsFunc(s.AllowedOrigins, func(allowed string) bool {
		return strings.EqualFold(strings.TrimSuffix(allowed, "/"), origin)
	})
}
