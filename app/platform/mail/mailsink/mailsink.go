// Package mailsink is an SMTP server that keeps what it is sent, for tests and
// for the demo's page of sent mail. It listens on this machine only.
package mailsink

import (
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Kept is how many messages a sink remembers; older ones are forgotten.
const Kept = 200

// Message is one that arrived.
type Message struct {
	ID       string    `json:"id"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Subject  string    `json:"subject"`
	Language string    `json:"language" doc:"As the header names it; empty: it does not"`
	Text     string    `json:"text"`
	At       time.Time `json:"at"`
}

// Sink is a running server.
type Sink struct {
	mu       sync.Mutex
	got      []Message
	server   *smtp.Server
	listener net.Listener
	arrived  chan struct{}
	refuse   int
	unknown  string
	cut      int
}

// New starts a sink on a free port.
func New() (*Sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("mail sink: %w", err)
	}
	s := &Sink{listener: l, arrived: make(chan struct{}, 10_000)}
	s.server = smtp.NewServer(s)
	s.server.Domain = "localhost"
	s.server.ReadTimeout, s.server.WriteTimeout = 10*time.Second, 10*time.Second
	s.server.MaxMessageBytes = 1 << 20
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// URL is where it listens, as mail.NewSMTP takes it.
func (s *Sink) URL() string { return "smtp://" + s.listener.Addr().String() }

// Close stops the server.
func (s *Sink) Close() error { return s.server.Close() }

// Messages lists what arrived, newest first.
func (s *Sink) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Message, len(s.got))
	for i, m := range s.got {
		out[len(s.got)-1-i] = m
	}
	return out
}

// Arrived gets one value a message: what a test waits on.
func (s *Sink) Arrived() <-chan struct{} { return s.arrived }

// RefuseAddress answers that there is nobody at this address (550).
func (s *Sink) RefuseAddress(to string) { s.mu.Lock(); s.unknown = to; s.mu.Unlock() }

// RefuseNext answers the next n messages with a passing error (451).
func (s *Sink) RefuseNext(n int) { s.mu.Lock(); s.refuse = n; s.mu.Unlock() }

// CutNext keeps the next n messages but drops the line before answering: the
// sender cannot know whether they arrived.
func (s *Sink) CutNext(n int) { s.mu.Lock(); s.cut = n; s.mu.Unlock() }

// NewSession implements smtp.Backend.
func (s *Sink) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{sink: s, conn: c}, nil }

type session struct {
	sink     *Sink
	conn     *smtp.Conn
	from, to string
}

func (x *session) Reset()                                      { x.from, x.to = "", "" }
func (x *session) Logout() error                               { return nil }
func (x *session) Mail(from string, _ *smtp.MailOptions) error { x.from = from; return nil }

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.sink.mu.Lock()
	defer x.sink.mu.Unlock()
	if to == x.sink.unknown {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody here by that name"}
	}
	x.to = to
	return nil
}

func (x *session) Data(r io.Reader) error {
	s := x.sink
	m, err := read(r)
	if err != nil {
		return err
	}
	m.From, m.To = x.from, x.to
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse > 0 {
		s.refuse--
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	}
	s.got = append(s.got, m)
	if len(s.got) > Kept {
		s.got = s.got[1:]
	}
	select {
	case s.arrived <- struct{}{}:
	default: // nobody waits
	}
	if s.cut > 0 {
		s.cut--
		_ = x.conn.Conn().Close()
	}
	return nil
}

func read(r io.Reader) (Message, error) {
	msg, err := mail.ReadMessage(r)
	if err != nil {
		return Message{}, err
	}
	body := io.Reader(msg.Body)
	if strings.EqualFold(msg.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return Message{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil {
		return Message{}, err
	}
	at, _ := msg.Header.Date()
	return Message{
		ID: strings.Trim(msg.Header.Get("Message-Id"), "<>"), Subject: subject, Language: msg.Header.Get("Content-Language"), At: at,
		Text: strings.ReplaceAll(string(text), "\r\n", "\n"),
	}, nil
}
