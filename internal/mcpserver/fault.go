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

// fault is an error with the code that the protocol has for it.
type fault struct {
	code int
	text string
}

func (f *fault) Error() string { return f.text }

// faultOf is what a client is told of an error of a prompt or a resource; nil if
// that is not for the client.
func (o Options) faultOf(ctx context.Context, err error) error {
	var (
		told     *fault
		typed    prompts.UserError
		resource tools.UserError
	)
	switch {
	case errors.As(err, &told):
	case errors.As(err, &typed):
		told = &fault{mcp.INVALID_PARAMS, string(typed)}
	case errors.As(err, &resource) && resource.NotFound:
		told = &fault{notFoundCode(ctx), resource.Text}
	case errors.As(err, &resource):
		told = &fault{mcp.INTERNAL_ERROR, resource.Text}
	default:
		return nil
	}
	return &fault{told.code, o.redact(ctx, told.text)}
}

// notFoundCode is the code of a resource that is not there: revision 2026-07-28
// has replaced it.
func notFoundCode(ctx context.Context) int {
	if mcp.IsModernProtocol(server.RequestProtocolVersion(ctx)) {
		return mcp.INVALID_PARAMS
	}
	return mcp.RESOURCE_NOT_FOUND
}

// addCodes gives the errors of prompts and resources their codes, and names the
// URI of a resource that is not there. mcp-go makes every error of a handler an
// internal one, and has no other place to change that.
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

// setField sets an unexported field of mcp-go's error, whose fields nothing else
// reaches. Should a version of mcp-go have no such field, the answer keeps its
// code, which a test would show.
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
