// Package sms hands text messages to a gateway.
//
// Every provider has an API of its own; this speaks the smallest common one, and
// a few lines of anybody's proxy turn it into theirs: POST the message as JSON to
// one address, with a bearer token. 2xx took it; 400, 404 and 422 say that the
// number is the reason; anything else may pass.
package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Text is one message. Nothing in it may be more than a locked screen may show.
type Text struct {
	To   string `json:"to"` // E.164
	Text string `json:"text"`
	// ID makes sending twice harmless where the gateway knows it again; it goes as
	// Idempotency-Key too.
	ID string `json:"id"`
}

// Sender sends one message, or says why not.
type Sender interface {
	Send(ctx context.Context, t Text) error
}

// ErrNumber refuses a number that takes no messages: trying again does not help.
var ErrNumber = errors.New("sms: number cannot be used")

// Gateway is a provider behind one address.
type Gateway struct {
	url, token, from string
	client           *http.Client
}

// New reads https://host/path; http only on this machine, since the token and
// people's numbers travel there.
func New(address, token, from string) (*Gateway, error) {
	u, err := url.Parse(address)
	local := err == nil && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
	if err != nil || u.Hostname() == "" || u.User != nil || (u.Scheme != "https" && (u.Scheme != "http" || !local)) {
		return nil, errors.New("SMS_URL cannot be read; write it as https://gateway.example.org/messages, with the token in SMS_TOKEN")
	}
	return &Gateway{u.String(), token, from, &http.Client{Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// Send implements Sender. It returns ErrNumber where the number is the reason, and
// any other error for what may pass. No error repeats number, text or token.
func (g *Gateway) Send(ctx context.Context, t Text) error {
	body, err := json.Marshal(struct {
		Text
		From string `json:"from"`
	}{t, g.from})
	if err != nil {
		return errors.New("sms: the message cannot be written")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("sms: the gateway cannot be asked")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", t.ID)
	if g.token != "" {
		r.Header.Set("Authorization", "Bearer "+g.token)
	}
	res, err := g.client.Do(r)
	if err != nil {
		return errors.New("sms: the gateway does not answer")
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the line can be used again
	switch {
	case res.StatusCode/100 == 2:
		return nil
	case res.StatusCode == http.StatusBadRequest, res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusUnprocessableEntity:
		return ErrNumber
	}
	return fmt.Errorf("sms: the gateway answers %d", res.StatusCode)
}

// Mobile tells whether a number in E.164 takes text messages and is of a country
// that we pay for: "44" for Britain, where mobiles begin with 7 and neither 70
// (personal numbers, dear) nor 76 (pagers) but for 7624 (Isle of Man).
func Mobile(number string, countries []string) bool {
	for _, c := range countries {
		rest, ok := strings.CutPrefix(number, "+"+c)
		if !ok || rest == "" {
			continue
		}
		if c != "44" {
			return true
		}
		return len(rest) == 10 && rest[0] == '7' && rest[1] != '0' && (rest[1] != '6' || strings.HasPrefix(rest, "7624"))
	}
	return false
}
