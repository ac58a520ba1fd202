package web

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"timebank/app/platform/fault"
	"timebank/app/platform/words"
)

// Problem is what every refusal looks like on the wire.
type Problem struct {
	Type     string         `json:"type" doc:"Path that names the kind of problem" example:"/problems/check-answers"`
	Title    string         `json:"title" doc:"The status in words"`
	Status   int            `json:"status" doc:"HTTP status"`
	Code     string         `json:"code" doc:"Stable name of the problem" example:"check-answers"`
	Detail   string         `json:"detail" doc:"What happened and what to do, for a person to read"`
	Instance string         `json:"instance,omitempty" doc:"Id of the request, to quote when asking for help"`
	Errors   []ProblemField `json:"errors,omitempty" doc:"What is wrong with what was sent, one entry a value"`
}

// ProblemField is what is wrong with one value that was sent.
type ProblemField struct {
	Pointer string `json:"pointer" doc:"JSON pointer into the body" example:"/minutes"`
	Code    string `json:"code"`
	Message string `json:"message" doc:"What to do about it"`
}

// Error implements error; it is for the log.
func (p *Problem) Error() string { return p.Code }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// status is the one place that knows which kind of refusal has which status.
var status = map[fault.Kind]int{
	fault.Internal: http.StatusInternalServerError, fault.Invalid: http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.Gone: http.StatusGone,
	fault.TooMany: http.StatusTooManyRequests, fault.TooLarge: http.StatusRequestEntityTooLarge,
	fault.Unavailable: http.StatusServiceUnavailable,
	fault.Unreadable:  http.StatusBadRequest, fault.WrongType: http.StatusUnsupportedMediaType,
}

// The refusals that the edge itself makes.
var (
	errInternal    = fault.New(fault.Internal, "our-fault", "Something went wrong on our side. Nothing is lost. Please try again in a minute.")
	errNoPage      = fault.New(fault.NotFound, "not-here", "There is nothing at this address.")
	errUnreadable  = fault.New(fault.Unreadable, "unreadable", "What was sent cannot be read. Reload the page and send it again.")
	errTooLarge    = fault.New(fault.TooLarge, "too-large", "That is too much at once. Please send less.")
	errWrongType   = fault.New(fault.WrongType, "wrong-type", "Please send this as application/json.")
	errCrossOrigin = fault.New(fault.Forbidden, "cross-origin", "This came from another web site, so we did not do it.")
)

// statusHungUp is what the log says of a request whose client did not wait for the
// answer; the number is nginx's.
const statusHungUp = 499

// hungUp tells whether err is what is left of work that was cut off because its client
// is gone. Nobody reads what is answered. Whether a commit that was under way was kept is not
// known, so it is told as a failure all the same: a repeat with the same key finds out.
// An end that we set ourselves is context.DeadlineExceeded, and a fault.
func hungUp(ctx context.Context, err error) bool {
	return ctx.Err() == context.Canceled && (errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone))
}

// problem turns any error into what the reader gets, and logs what is ours.
func problem(ctx context.Context, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	f := fault.As(err)
	if f == nil && hungUp(ctx, err) {
		return &Problem{Type: "/problems/hung-up", Title: "Client Closed Request", Status: statusHungUp, Code: "hung-up", Instance: RequestID(ctx)}
	}
	if f == nil || f.Kind == fault.Internal {
		logger(ctx).ErrorContext(ctx, "request failed", "error", err, "request", RequestID(ctx))
		f = errInternal
	}
	code := status[f.Kind]
	p := &Problem{
		Type: "/problems/" + f.Code, Title: http.StatusText(code), Status: code, Code: f.Code,
		Detail: f.In(words.Of(ctx)), Instance: RequestID(ctx),
	}
	for _, x := range f.Fields {
		p.Errors = append(p.Errors, ProblemField{Pointer: x.Pointer, Code: x.Code, Message: x.In(words.Of(ctx))})
	}
	return p
}

var required = regexp.MustCompile(`^required (\S+)$`)

// found is one thing that huma finds wrong with a value, in words for people. huma
// speaks to programmers, fills its own sentences, and only says the whole; so its
// sentence is made from ours, and ours is found again by its form.
type found struct {
	says *string // huma's
	text words.Text
	verb string // by which huma fills {n}
	form *regexp.Regexp
}

var finds = []found{
	{&validation.MsgUnexpectedProperty, "We do not know this field.", "", nil},
	{&validation.MsgExpectedRFC3339Date, "This must be a date, like 2026-11-24.", "", nil},
	{&validation.MsgExpectedRFC3339DateTime, "This must be a date and time, like 2026-11-24T10:00:00Z.", "", nil},
	{&validation.MsgExpectedRFC4122UUID, "This must be an id.", "", nil},
	{&validation.MsgExpectedBoolean, "This must be true or false.", "", nil},
	{&validation.MsgExpectedNumber, "This must be a number.", "", nil},
	{&validation.MsgExpectedInteger, "This must be a whole number.", "", nil},
	{&validation.MsgExpectedString, "This must be text.", "", nil},
	{&validation.MsgExpectedArray, "This must be a list.", "", nil},
	{&validation.MsgExpectedObject, "This must be a set of fields.", "", nil},
	{&validation.MsgExpectedOneOf, "Choose one of \"{n}\".", "%s", nil},
	{&validation.MsgExpectedMinimumNumber, "This must be {n} or more.", "%v", nil},
	{&validation.MsgExpectedMaximumNumber, "This must be {n} or less.", "%v", nil},
	{&validation.MsgExpectedMinLength, "Write at least {n} characters.", "%d", nil},
	{&validation.MsgExpectedMaxLength, "Write at most {n} characters.", "%d", nil},
	{&validation.MsgExpectedMinItems, "Choose at least {n}.", "%d", nil},
	{&validation.MsgExpectedMaxItems, "Choose at most {n}.", "%d", nil},
	{&validation.MsgExpectedMatchPattern, "This does not have the form {n}.", "%s", nil},
}

// These are set before any schema is made, because huma keeps a copy of each text there.
func init() {
	validation.MsgExpectedRequiredProperty = "required %s"
	for i, f := range finds {
		*f.says = strings.ReplaceAll(string(f.text), "{n}", f.verb)
		finds[i].form = regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(string(f.text)), `\{n\}`, "(.*)") + "$")
	}
	huma.NewErrorWithContext = func(c huma.Context, code int, msg string, errs ...error) huma.StatusError {
		ctx := context.Background()
		if c != nil {
			ctx = c.Context()
		}
		return fromHuma(ctx, code, errs)
	}
	huma.NewError = func(code int, msg string, errs ...error) huma.StatusError {
		return fromHuma(context.Background(), code, errs)
	}
}

// fromHuma turns what huma found while reading a request into our refusal.
// Values that were sent are dropped: they may be a patient's.
func fromHuma(ctx context.Context, code int, errs []error) *Problem {
	switch {
	case code == http.StatusRequestEntityTooLarge:
		return problem(ctx, errTooLarge)
	case code == http.StatusUnsupportedMediaType:
		return problem(ctx, errWrongType)
	case code >= 500:
		return problem(ctx, errors.Join(errs...))
	}
	var fields []fault.Field
	for _, e := range errs {
		d, ok := e.(huma.ErrorDetailer)
		if !ok {
			continue
		}
		x := d.ErrorDetail()
		f := fault.Field{Pointer: pointer(x.Location), Code: "invalid", Message: words.Text(x.Message)}
		for _, find := range finds {
			if m := find.form.FindStringSubmatch(x.Message); m != nil {
				f.Message = find.text
				if len(m) > 1 {
					f.Pairs = []any{"n", m[1]}
				}
			}
		}
		if m := required.FindStringSubmatch(x.Message); m != nil {
			f.Pointer, f.Code, f.Message = f.Pointer+"/"+m[1], "required", "This is needed."
		}
		if f.Pointer == "" {
			return problem(ctx, errUnreadable) // the whole body: broken JSON, in the words of a parser
		}
		fields = append(fields, f)
	}
	if len(fields) == 0 {
		return problem(ctx, errUnreadable)
	}
	all := *fault.ErrFields
	all.Fields = fields
	return problem(ctx, &all)
}

// pointer turns huma's location ("body.friends[1].active") into a JSON pointer;
// what is not of the body keeps its place's name ("query", "path").
func pointer(location string) string {
	location = strings.TrimPrefix(location, "body")
	if location == "" {
		return ""
	}
	r := strings.NewReplacer("[", "/", "]", "", ".", "/")
	p := r.Replace(location)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return p
}
