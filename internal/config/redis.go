package config

import (
	"errors"
	"net/url"
)

const redisName = "INSTAVIEW_MCP_REDIS_URL"

// checkRedis checks the address of the shared store.
func (e *environment) checkRedis(c *Config) {
	overHTTP := c.Transport != Stdio
	if overHTTP { // one that counted as not set would let the replicas exceed the budget
		e.refuseReference(redisName)
	}
	switch {
	case e.values[redisName] == "":
	case !overHTTP && !e.isFaulty("INSTAVIEW_MCP_TRANSPORT"):
		e.fault(redisName, "%s needs HTTP: set INSTAVIEW_MCP_TRANSPORT=http, or unset it, since over stdio each user has a server of their own", redisName)
	default:
		if err := checkRedisURL(c.RedisURL.Reveal()); err != nil {
			e.fault(redisName, "%s: %v", redisName, err)
		}
	}
}

// database matches the path of an address, which may name a database.
var database = onFirstUse(`^(/[0-9]{0,5})?$`)

// checkRedisURL returns why an address cannot be that of a store, or nil. It
// never shows the address, which may hold a password.
func checkRedisURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return errors.New("the address cannot be read: use redis://:password@host:6379/0, with special characters of the password as in %2F")
	case u.Scheme != "redis" && u.Scheme != "rediss":
		return errors.New("the address must begin with redis://, or with rediss:// for TLS")
	case u.Opaque != "" || u.Hostname() == "" || !plainHost().MatchString(u.Host):
		return errors.New("the address names no host: use redis://:password@host:6379/0")
	case !database().MatchString(u.EscapedPath()):
		return errors.New("only the number of a database may follow the host, as in redis://host:6379/0")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("the address must not hold a query or a fragment")
	}
	return nil
}
