package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"timebank/app/platform/fault"
)

// An operation with an Upload takes one file as its whole body. It is read after
// the gate has let its sender in, and may take longer than other requests: a photo
// over a poor line is on its way for minutes.

// ErrFileTooLarge refuses a file that is over the operation's limit.
var ErrFileTooLarge = fault.New(fault.TooLarge, "file-too-large", "This file is too large: {most} MB is the most. Please choose a smaller one, or send a picture of the screen.")

const (
	uploadTime = 3 * time.Minute
	// A file that is too large is read to its end and thrown away, as long as it is no
	// larger than this: a browser that is still sending hears no answer.
	mostThrownAway = 100 << 20
)

type uploadKey struct{}

// Uploaded is the file that was sent with a request to an operation with an Upload.
func Uploaded(ctx context.Context) []byte {
	file, _ := ctx.Value(uploadKey{}).([]byte)
	return file
}

func takesFile(op Op, h *huma.Operation) {
	h.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary", MaxLength: new(int(op.Upload))}},
	}}
	h.Errors = append(h.Errors, http.StatusRequestEntityTooLarge)
}

// receive reads a file of at most so many bytes. Refuses with ErrFileTooLarge.
func receive(c echo.Context, most int64) ([]byte, error) {
	till := time.Now().Add(uploadTime)
	control := http.NewResponseController(c.Response())
	if err := errors.Join(control.SetReadDeadline(till), control.SetWriteDeadline(till.Add(time.Minute))); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, fmt.Errorf("wait for a file: %w", err)
	}
	in := c.Request().Body
	tooLarge := ErrFileTooLarge.With("most", most>>20)
	if c.Request().ContentLength > most {
		_, _ = io.CopyN(io.Discard, in, mostThrownAway) // whatever comes, the answer is the same
		return nil, tooLarge
	}
	file, err := io.ReadAll(io.LimitReader(in, most+1))
	switch {
	case err != nil:
		return nil, errUnreadable // it broke off; nobody is likely to hear
	case int64(len(file)) > most:
		_, _ = io.CopyN(io.Discard, in, mostThrownAway)
		return nil, tooLarge
	}
	return file, nil
}
