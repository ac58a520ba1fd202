// Package smssink is a gateway for text messages that keeps what it is sent, for
// tests and for the demo's page of sent messages. It listens on this machine only.
package smssink

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// kept is how many messages a sink remembers.
const kept = 200

// Message is one that arrived.
type Message struct {
	ID, From, To, Text string
	At                 time.Time
}

// Sink is a running gateway.
type Sink struct {
	mu     sync.Mutex
	got    []Message
	answer []int
	token  string
	server *http.Server
	url    string
}

// New starts a sink on a free port that takes this token.
func New(token string) (*Sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("sms sink: %w", err)
	}
	s := &Sink{token: token, url: "http://" + l.Addr().String() + "/messages"}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// URL is where it listens, as sms.New takes it.
func (s *Sink) URL() string { return s.url }

// Close stops it.
func (s *Sink) Close() error { return s.server.Close() }

// AnswerNext answers the next messages with these statuses and keeps them not.
func (s *Sink) AnswerNext(status ...int) { s.mu.Lock(); s.answer = status; s.mu.Unlock() }

// Messages lists what arrived, newest first, each id once.
func (s *Sink) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.got)
	slices.Reverse(out)
	return out
}

// ServeHTTP implements http.Handler.
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m Message
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer "+s.token:
		w.WriteHeader(http.StatusUnauthorized)
	case len(s.answer) > 0:
		w.WriteHeader(s.answer[0])
		s.answer = s.answer[1:]
	case json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10)).Decode(&m) != nil || m.To == "" || m.ID != r.Header.Get("Idempotency-Key"):
		w.WriteHeader(http.StatusBadRequest)
	default:
		if !slices.ContainsFunc(s.got, func(x Message) bool { return x.ID == m.ID }) {
			m.At = time.Now().UTC()
			s.got = append(s.got, m)
			s.got = s.got[max(0, len(s.got)-kept):]
		}
		w.WriteHeader(http.StatusAccepted)
	}
}
