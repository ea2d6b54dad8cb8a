package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// transportError returns the error for a request that got no response. Its
// reasons are fixed words, since the text of err may come from the other side.
func transportError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e := &Error{Code: CodeUnavailable, cause: err}
	var (
		proxy *proxyError
		op    *net.OpError
	)
	switch certificate := certificateReason(err); {
	case errors.As(err, &proxy):
		e.Code, e.Reason = proxy.code, proxy.reason
		return e
	case certificate != "":
		e.Code, e.Reason = CodeUnreachable, certificate
	case isTimeout(err):
		e.Code, e.Reason = CodeTimeout, "no answer in time"
	default:
		e.Reason = networkReason(err)
	}
	if errors.As(err, &op) && op.Op == "socks connect" {
		classifySOCKS(e, op)
	} else if errors.As(err, &op) && op.Op == "proxyconnect" {
		e.Reason = "the proxy of HTTPS_PROXY: " + e.Reason
	}
	return e
}

// certificateReason describes a TLS fault that repeating the request cannot
// mend; it is "" if err is none.
func certificateReason(err error) string {
	var (
		untrusted x509.UnknownAuthorityError
		noRoots   x509.SystemRootsError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		other     *tls.CertificateVerificationError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &untrusted), errors.As(err, &noRoots):
		return "the certificate is of an authority that this machine does not trust: if a company's proxy inspects TLS, " +
			"name a file with its root certificate in SSL_CERT_FILE, or on Windows and macOS have the system trust it"
	case errors.As(err, &host):
		return "the certificate is for another host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired, or this machine's clock is wrong"
	case errors.As(err, &other):
		return "the certificate is not trusted"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return "the server does not use TLS"
	}
	return ""
}

// Windows' error numbers of network faults. On Windows no call returns the E…
// constants of package syscall, which Go has made up.
const (
	wsaEACCES       = syscall.Errno(10013)
	wsaENETDOWN     = syscall.Errno(10050)
	wsaENETUNREACH  = syscall.Errno(10051)
	wsaECONNABORTED = syscall.Errno(10053)
	wsaECONNRESET   = syscall.Errno(10054)
	wsaETIMEDOUT    = syscall.Errno(10060)
	wsaECONNREFUSED = syscall.Errno(10061)
	wsaEHOSTDOWN    = syscall.Errno(10064)
	wsaEHOSTUNREACH = syscall.Errno(10065)
	wsaHOSTNOTFOUND = syscall.Errno(11001)
	wsaTRYAGAIN     = syscall.Errno(11002)
	wsaNORECOVERY   = syscall.Errno(11003)
	wsaNODATA       = syscall.Errno(11004)
)

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() || isAny(err, wsaETIMEDOUT)
}

// networkReason describes a network fault that may be temporary.
func networkReason(err error) string {
	var (
		dns *net.DNSError
		op  *net.OpError
	)
	switch {
	case errors.As(err, &dns), isAny(err, wsaHOSTNOTFOUND, wsaTRYAGAIN, wsaNORECOVERY, wsaNODATA):
		return "host name not resolved"
	case isAny(err, syscall.ECONNREFUSED, wsaECONNREFUSED):
		return "connection refused"
	case isAny(err, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, wsaECONNRESET, wsaECONNABORTED):
		return "connection reset"
	case isAny(err, syscall.EACCES, syscall.EPERM, wsaEACCES):
		return "this machine does not allow the connection"
	case isAny(err, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, wsaENETDOWN, wsaENETUNREACH, wsaEHOSTDOWN, wsaEHOSTUNREACH),
		errors.As(err, &op) && op.Op == "dial":
		return "the host cannot be reached"
	default:
		return "connection broken"
	}
}

func isAny(err error, numbers ...syscall.Errno) bool {
	var number syscall.Errno
	return errors.As(err, &number) && slices.Contains(numbers, number)
}

// proxyError is the error for a proxy that refuses to connect.
type proxyError struct {
	code   Code
	reason string
}

func (e *proxyError) Error() string { return e.reason }

// checkProxy returns an error unless the proxy's answer to CONNECT is a
// success. It is an http.Transport.OnProxyConnectResponse.
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	switch status := resp.StatusCode; {
	case status == http.StatusOK:
		return nil
	case status == http.StatusProxyAuthRequired:
		return errProxyLogin
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return &proxyError{CodeUnavailable, fmt.Sprintf("the proxy of HTTPS_PROXY cannot reach the host: HTTP %d", status)}
	default:
		return &proxyError{CodeUnreachable, fmt.Sprintf("the proxy of HTTPS_PROXY does not allow this host: HTTP %d", status)}
	}
}

// classifySOCKS sets the error for a SOCKS proxy, whose answer net/http reports
// only as text.
func classifySOCKS(e *Error, op *net.OpError) {
	switch text := op.Err.Error(); {
	case strings.Contains(text, "authentication"), strings.Contains(text, "username/password"):
		e.Code, e.Reason = errProxyLogin.code, errProxyLogin.reason
	case strings.Contains(text, "not allowed by ruleset"):
		e.Code, e.Reason = CodeUnreachable, "the proxy of HTTPS_PROXY does not allow this host"
	case strings.HasPrefix(text, "unknown error"):
		e.Reason = "the proxy of HTTPS_PROXY cannot reach the host"
	default:
		e.Reason = "the proxy of HTTPS_PROXY: " + e.Reason
	}
}

var (
	errProxyLogin = &proxyError{CodeUnreachable,
		"the proxy wants a login: put it into HTTPS_PROXY, as in http://user:password@proxy:8080"}
	errProxySetting = &proxyError{CodeUnreachable,
		"HTTPS_PROXY is not the address of a proxy, such as http://proxy:8080"}
)

// proxyFromEnvironment is http.ProxyFromEnvironment with our own error for a
// value that is no address. Otherwise the error could hold the password, or a
// part of the value would be used as an address.
func proxyFromEnvironment(req *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(req)
	switch {
	case err != nil:
		return nil, errProxySetting
	case proxy == nil:
		return nil, nil
	case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, proxy.Scheme), proxy.Hostname() == "", strings.Trim(proxy.Path, "/") != "":
		return nil, errProxySetting
	}
	return proxy, nil
}
