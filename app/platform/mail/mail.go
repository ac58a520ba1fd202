// Package mail hands e-mail to an SMTP server.
package mail

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"timebank/app/platform/words"
)

// Mail is one plain-text message. Nothing in it may be more than its channel may
// safely show: a subject is read over a shoulder.
type Mail struct {
	To      string
	Subject string
	Text    string
	// Language of the words, named in the header; empty says nothing.
	Language words.Language
	// ID makes sending twice harmless: mail servers and readers know a Message-ID
	// again. It is the id of the row the mail was made from.
	ID string
}

// Sender sends one message, or says why not.
type Sender interface {
	Send(ctx context.Context, m Mail) error
}

// SMTP speaks to a real server.
type SMTP struct {
	client *gomail.Client
	from   string
	domain string
}

// ErrAddress refuses a recipient that no mail can be sent to: trying again does
// not help.
var ErrAddress = errors.New("mail: address cannot be used")

// NewSMTP reads smtp://user:password@host:port (STARTTLS where the server has
// it) or smtps://… (TLS at once).
func NewSMTP(address, from string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("SMTP_URL cannot be read; write it as smtp://user:password@host:587")
	}
	o := []gomail.Option{gomail.WithTimeout(20 * time.Second)}
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, errors.New("SMTP_URL cannot be read; write it as smtp://user:password@host:587")
		}
		o = append(o, gomail.WithPort(n))
	}
	if u.Scheme == "smtps" {
		o = append(o, gomail.WithSSL())
	} else {
		o = append(o, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if u.User != nil {
		pw, _ := u.User.Password()
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(pw))
	}
	c, err := gomail.NewClient(u.Hostname(), o...)
	if err != nil {
		return nil, fmt.Errorf("SMTP_URL: %w", err)
	}
	probe := gomail.NewMsg()
	if err := probe.From(from); err != nil {
		return nil, errors.New("MAIL_FROM cannot be read; write it as Hilltop Time Bank <hello@example.org>")
	}
	domain := from[strings.LastIndexByte(from, '@')+1:]
	return &SMTP{c, from, strings.Trim(domain, "<> ")}, nil
}

// Send implements Sender. It returns ErrAddress where the recipient is the
// reason, and any other error for what may pass.
func (s *SMTP) Send(ctx context.Context, m Mail) error {
	msg := gomail.NewMsg()
	if err := msg.From(s.from); err != nil {
		return fmt.Errorf("mail: from: %w", err)
	}
	if err := msg.To(m.To); err != nil {
		return ErrAddress
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID + "@" + s.domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Language != "" {
		msg.SetGenHeader(gomail.HeaderContentLang, m.Language.Tag())
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	err := s.client.DialAndSendWithContext(ctx, msg)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*gomail.SendError](err); ok && e.Reason == gomail.ErrSMTPRcptTo && !e.IsTemp() {
		return ErrAddress
	}
	// The library's text may repeat the address; the log gets only its kind.
	return errors.New("mail: the server did not take the message")
}
