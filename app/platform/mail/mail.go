// Package mail hands e-mail to an SMTP server.
package mail

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
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

const howToWrite = "write it as smtp://user:password@host:587"

// NewSMTP reads smtp://user:password@host:port (STARTTLS) or smtps://… (TLS at once).
// A server that offers no STARTTLS gets nothing, but on this machine; for one in a
// network of one's own, smtp://host:25?tls=if-offered says that it may do without.
// Where there is TLS, the server's certificate must be good for its name.
func NewSMTP(address, from string) (*SMTP, error) { return newSMTP(address, from) }

func newSMTP(address, from string, also ...gomail.Option) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("SMTP_URL cannot be read; " + howToWrite)
	}
	o := []gomail.Option{gomail.WithTimeout(20 * time.Second)}
	if p := u.Port(); p != "" {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, errors.New("SMTP_URL cannot be read; " + howToWrite)
		}
		o = append(o, gomail.WithPort(n))
	}
	tls, ok := secured(u)
	if !ok {
		return nil, errors.New("SMTP_URL: after the ? only tls=if-offered is known, with smtp://")
	}
	o = append(o, tls)
	if u.User != nil {
		pw, _ := u.User.Password()
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(pw))
	}
	c, err := gomail.NewClient(u.Hostname(), append(o, also...)...)
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

// secured is how the line to a server is kept from being read on its way; false when
// the address says something that is not known.
func secured(u *url.URL) (gomail.Option, bool) {
	switch said := u.RawQuery; {
	case u.Scheme == "smtps":
		return gomail.WithSSL(), said == ""
	case said == "tls=if-offered", said == "" && local(u.Hostname()):
		return gomail.WithTLSPolicy(gomail.TLSOpportunistic), true
	default:
		return gomail.WithTLSPolicy(gomail.TLSMandatory), said == ""
	}
}

// local tells whether a host is this machine.
func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
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
	if strings.Contains(err.Error(), "STARTTLS mode set to") {
		return errors.New("mail: the server offers no encryption, so nothing was sent; use smtps://, or allow it in SMTP_URL with ?tls=if-offered")
	}
	// The library's text may repeat the address; the log gets only its kind.
	return errors.New("mail: the server did not take the message")
}
