package mcpserver

import (
	"context"
	"errors"
	"reflect"
	"unsafe"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"instaview-mcp/prompts"
	"instaview-mcp/tools"
)

// fault is an error for the client, with its JSON-RPC error code.
type fault struct {
	code int
	text string
}

func (f *fault) Error() string { return f.text }

// faultOf converts an error of a prompt or a resource into a fault. It returns
// nil for an internal error, whose text must not reach the client.
func faultOf(ctx context.Context, err error) *fault {
	var (
		f        *fault
		prompt   prompts.UserError
		resource tools.UserError
	)
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &prompt):
		return &fault{mcp.INVALID_PARAMS, string(prompt.Text)}
	case errors.As(err, &resource) && resource.NotFound:
		return &fault{notFoundCode(ctx), string(resource.Text)}
	case errors.As(err, &resource):
		return &fault{mcp.INTERNAL_ERROR, string(resource.Text)}
	}
	return nil
}

// notFoundCode returns the error code for a missing resource, which revision
// 2026-07-28 of the protocol has changed.
func notFoundCode(ctx context.Context) int {
	if mcp.IsModernProtocol(server.RequestProtocolVersion(ctx)) {
		return mcp.INVALID_PARAMS
	}
	return mcp.RESOURCE_NOT_FOUND
}

// addCodes sets the error codes of prompts and resources, and adds the URI to a
// “not found” error. mcp-go reports every handler's error as an internal one,
// and this hook is the only place to change that.
func addCodes(hooks *server.Hooks) {
	hooks.AddOnError(func(ctx context.Context, _ any, method mcp.MCPMethod, message any, err error) {
		var (
			own        *fault
			unreadable *server.UnparsableMessageError
			code       int
		)
		switch {
		case errors.As(err, &own):
			code = own.code
		case errors.Is(err, server.ErrResourceNotFound):
			code = notFoundCode(ctx)
		case errors.As(err, &unreadable) && (method == mcp.MethodPromptsGet || method == mcp.MethodResourcesRead):
			code = mcp.INVALID_PARAMS
		default:
			return
		}
		setField(err, "code", code)
		if read, ok := message.(*mcp.ReadResourceRequest); ok && code == notFoundCode(ctx) {
			setField(err, "data", map[string]any{"uri": read.Params.URI})
		}
	})
}

// setField sets an unexported field of mcp-go's error, which has no setter. If
// a later mcp-go has no such field, the error stays as it is and a test fails.
func setField[T any](err error, name string, value T) {
	pointer := reflect.ValueOf(err)
	if pointer.Kind() != reflect.Pointer || pointer.Elem().Kind() != reflect.Struct {
		return
	}
	field := pointer.Elem().FieldByName(name)
	if !field.IsValid() || !reflect.TypeFor[T]().AssignableTo(field.Type()) {
		return
	}
	reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Set(reflect.ValueOf(value))
}
