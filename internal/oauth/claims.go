package oauth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"instaview-mcp/client"
)

// errCompany is a kind of ErrForbidden.
var errCompany = fmt.Errorf("company: %w", ErrForbidden)

// caller returns whom the claims are about, if they have what is required.
func (v *Verifier) caller(claims jwt.MapClaims) (Caller, error) {
	subject, _ := claims["sub"].(string)
	if subject == "" {
		return Caller{}, errSubject
	}
	for _, requirement := range v.settings.Require {
		claim, value, _ := strings.Cut(requirement, "=")
		if !hasClaim(claims, claim, value) {
			return Caller{}, ErrForbidden
		}
	}
	if v.settings.Scope != "" && !slices.Contains(scopes(claims), v.settings.Scope) {
		return Caller{}, ErrScope
	}
	c := Caller{Issuer: v.settings.Issuer, Subject: subject}
	if v.settings.CompanyClaim != "" {
		c.Company, _ = claims[v.settings.CompanyClaim].(string)
		if !client.ValidCompanyID(c.Company) {
			return Caller{}, errCompany
		}
	}
	return c, nil
}

// hasClaim reports whether a claim has a value, or is a list with it. Objects
// and numbers never match. An e-mail address counts only if it is verified,
// since people can often set another one themselves.
func hasClaim(claims jwt.MapClaims, claim, value string) bool {
	matches := func(text string) bool { return text == value }
	if claim == "email" {
		if verified := claims["email_verified"]; verified != true && verified != "true" { // some servers write a string
			return false
		}
		if strings.HasPrefix(value, "@") {
			matches = func(text string) bool {
				at := strings.LastIndexByte(text, '@')
				return at > 0 && strings.EqualFold(text[at:], value)
			}
		}
	}
	switch held := claims[claim].(type) {
	case string:
		return matches(held)
	case bool:
		return matches(strconv.FormatBool(held))
	case []any:
		return slices.ContainsFunc(held, func(item any) bool {
			text, ok := item.(string)
			return ok && matches(text)
		})
	}
	return false
}

// scopes returns the scopes of a token: from scope, as RFC 9068 has it, and
// from scp, as Entra and Okta do.
func scopes(claims jwt.MapClaims) (all []string) {
	if text, ok := claims["scope"].(string); ok {
		all = strings.Split(text, " ")
	}
	switch held := claims["scp"].(type) {
	case string:
		all = append(all, strings.Split(held, " ")...)
	case []any:
		for _, item := range held {
			if text, ok := item.(string); ok {
				all = append(all, text)
			}
		}
	}
	return all
}
