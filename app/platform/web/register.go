package web

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
)

// Anyone is the permission of operations that need no sign-in.
const Anyone = "anyone"

// SignedIn is the permission of operations about oneself, in no bank.
const SignedIn = "signed-in"

// Op describes one operation.
type Op struct {
	ID      string // "ask-for-help": the client's function name comes from it
	Method  string
	Path    string // below /api; {bank} is the slug of the bank it works in
	Summary string
	Who     string // the permission that is needed; Anyone and SignedIn are ours, the rest the gate's
	Room    string // the slice, a heading of the document
	Status  int    // of the answer; 0 means 200, or 204 when there is no body
	Upload  int64  // bytes a file that is sent may have, see Uploaded; 0 where no file is sent
	Packed  bool   // the answer is small already, as a photo is: not to be compressed again
}

// Caller is what the gate is told of a request.
type Caller struct {
	Request *http.Request
	IP      string // the peer's, or the one a trusted proxy names
	Bank    string // the slug in the path, or ""
	Who     string // the permission that is needed
}

// Gate decides whether a request may go on. It returns the context that the
// handler gets, or a refusal. It is asked for every operation but Anyone's.
type Gate interface {
	Enter(ctx context.Context, c Caller) (context.Context, error)
}

// Routes is where slices hang their operations.
type Routes struct {
	api    huma.API
	gate   Gate
	ops    []Op
	routes map[string]Op // by method and path as echo writes it
}

var opID = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// Register adds an operation. It panics, at the program's start, when one has no
// name or does not say who may call it.
func Register[I, O any](r *Routes, op Op, handle func(context.Context, *I) (*O, error)) {
	if !opID.MatchString(op.ID) || op.Who == "" || op.Summary == "" || op.Room == "" {
		panic(fmt.Sprintf("web: operation %q must have an id, a summary, a room and say who may call it", op.ID))
	}
	r.ops = append(r.ops, op)
	r.routes[op.Method+" "+echoPath.Replace("/api"+op.Path)] = op
	h := huma.Operation{
		OperationID: op.ID, Method: op.Method, Path: "/api" + op.Path, Summary: op.Summary, Tags: []string{op.Room},
		DefaultStatus: op.Status, MaxBodyBytes: 256 << 10, RejectUnknownQueryParameters: true,
		Extensions: map[string]any{"x-who": op.Who},
		Errors:     []int{http.StatusUnprocessableEntity, http.StatusInternalServerError},
	}
	if op.Who != Anyone {
		h.Security = []map[string][]string{{"session": {}}}
		h.Errors = append(h.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound)
	}
	if op.Upload > 0 {
		takesFile(op, &h)
	}
	h.Middlewares = huma.Middlewares{func(c huma.Context, next func(huma.Context)) {
		ctx := context.WithValue(c.Context(), routeKey{}, op.ID)
		e := humaecho.Unwrap(c)
		caller := Caller{Request: e.Request(), IP: e.RealIP(), Bank: c.Param("bank"), Who: op.Who}
		ctx = context.WithValue(ctx, callerKey{}, caller)
		if op.Who != Anyone {
			in, err := r.gate.Enter(ctx, caller)
			if err != nil {
				writeProblem(c, problem(ctx, err))
				return
			}
			ctx = in
		}
		if op.Upload > 0 {
			file, err := receive(e, op.Upload)
			if err != nil {
				writeProblem(c, problem(ctx, err))
				return
			}
			ctx = context.WithValue(ctx, uploadKey{}, file)
		}
		next(huma.WithContext(c, ctx))
	}}
	huma.Register(r.api, h, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, problem(ctx, err)
		}
		return out, nil
	})
}

var echoPath = strings.NewReplacer("{", ":", "}", "")

// of is the operation that a request calls; none for the web app's files.
func (r *Routes) of(c echo.Context) Op { return r.routes[c.Request().Method+" "+c.Path()] }

// Ops lists every operation, for the test that tries each as everybody.
func (r *Routes) Ops() []Op { return r.ops }

// Document is the OpenAPI 3.1 document.
func (r *Routes) Document() ([]byte, error) { return r.api.OpenAPI().MarshalJSON() }

type (
	routeKey  struct{}
	callerKey struct{}
)

// Operation is the id of the operation that a request calls, or "".
func Operation(ctx context.Context) string {
	id, _ := ctx.Value(routeKey{}).(string)
	return id
}

// From returns what is known of the request's sender: address and device.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

func (r *Routes) newAPI(e *echoServer, version string) huma.API {
	cfg := huma.DefaultConfig("Time bank", version)
	cfg.CreateHooks = nil // no $schema member in every answer
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", r.schemaName)
	cfg.DocsPath, cfg.SchemasPath = "", ""
	cfg.OpenAPIPath = "/api/openapi"
	cfg.Info.Description = "Neighbours give and receive help; every hour is worth the same. Times are UTC, durations are whole minutes."
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "timebank", Description: "Set by sign-in; the same token is taken as a bearer."},
	}
	// humaecho.New means echo v4 in this release of huma; later ones call it NewV4.
	api := humaecho.New(e, cfg)
	return api
}

// schemaName names the schema of a type: the slice before the type's name, since
// two slices may both have a View; bodies without a name are called after the
// operation that is being registered.
func (r *Routes) schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Name() == "" {
		for _, end := range []struct{ is, becomes string }{{"InputBody", "Body"}, {"OutputBody", "Answer"}} {
			if strings.HasSuffix(name, end.is) && len(r.ops) > 0 {
				return camel(r.ops[len(r.ops)-1].ID) + end.becomes
			}
		}
		return name
	}
	slice := path.Base(t.PkgPath())
	if !strings.HasPrefix(t.PkgPath(), "timebank/app/") || slice == "web" {
		return name
	}
	return camel(slice) + strings.TrimPrefix(name, camel(slice))
}

// camel turns "ask-for-help" into "AskForHelp".
func camel(id string) string {
	var out strings.Builder
	for word := range strings.SplitSeq(id, "-") {
		out.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return out.String()
}

func writeProblem(c huma.Context, p *Problem) {
	c.SetHeader("Content-Type", "application/problem+json")
	c.SetHeader("Cache-Control", "no-store")
	c.SetStatus(p.Status)
	writeJSON(c.BodyWriter(), p)
}

// OpPath turns an operation's path with values for its braces into a real one.
func OpPath(path string, values map[string]string) string {
	for k, v := range values {
		path = strings.ReplaceAll(path, "{"+k+"}", v)
	}
	return "/api" + path
}
