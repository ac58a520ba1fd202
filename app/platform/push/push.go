// Package push hands messages to the push services of browsers (RFC 8030), each
// encrypted for one browser (RFC 8291) and signed with our own key (RFC 8292).
//
// A browser names the address itself, so nothing goes to an address of our own
// network: https on its usual port only, and every connection is checked after the
// name was looked up. No redirect is followed, no proxy asked.
package push

import (
	"context"
	"crypto/ecdh"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
)

// Device is where one browser's messages go, as the browser said it.
type Device struct {
	Endpoint string
	P256dh   string // its public key, base64
	Auth     string // its secret, base64
}

var (
	// ErrDevice refuses what is no address of a push service, or no key.
	ErrDevice = errors.New("push: this browser's address cannot be used")
	// ErrGone tells that a device takes no messages any more.
	ErrGone = errors.New("push: the device takes no messages any more")
)

// Sender sends to push services.
type Sender struct {
	public, private string
	subject         string
	local           bool
	client          *http.Client
}

// Options are what tests need: a push service on this machine, and its certificate.
type Options struct {
	Local bool // loopback addresses and any port may be used
	TLS   *tls.Config
}

// New returns a sender with a key pair that NewKey made. subject is how a push
// service reaches whoever runs this: an https address or an e-mail.
func New(public, private []byte, subject string, o Options) *Sender {
	s := &Sender{public: base64.RawURLEncoding.EncodeToString(public), private: base64.RawURLEncoding.EncodeToString(private), subject: subject, local: o.Local}
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error { return s.reachable(address) }}
	s.client = &http.Client{Timeout: 20 * time.Second,
		Transport:     &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: o.TLS, TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s
}

// NewKey makes a key pair.
func NewKey() (public, private []byte, err error) {
	secret, open, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		return nil, nil, fmt.Errorf("push: make key: %w", err)
	}
	private, err = base64.RawURLEncoding.DecodeString(secret)
	if err == nil {
		public, err = base64.RawURLEncoding.DecodeString(open)
	}
	return public, private, err
}

// PublicKey is what a browser needs to switch messages on, in base64 for URLs.
func (s *Sender) PublicKey() string { return s.public }

// Check refuses with ErrDevice what could not be sent to.
func (s *Sender) Check(d Device) error {
	u, err := url.Parse(d.Endpoint)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" || len(d.Endpoint) > 1000 {
		return ErrDevice
	}
	if _, err := netip.ParseAddr(u.Hostname()); !s.local && (err == nil || !strings.Contains(u.Hostname(), ".") || (u.Port() != "" && u.Port() != "443")) {
		return ErrDevice
	}
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(d.P256dh, "="))
	if err != nil {
		return ErrDevice
	}
	if _, err := ecdh.P256().NewPublicKey(key); err != nil {
		return ErrDevice
	}
	if secret, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(d.Auth, "=")); err != nil || len(secret) != 16 {
		return ErrDevice
	}
	return nil
}

// reachable is asked of every address that a connection is about to go to.
func (s *Sender) reachable(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrDevice
	}
	ip := to.Addr().Unmap()
	if s.local && ip.IsLoopback() {
		return nil
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || inside(ip) {
		return ErrDevice
	}
	return nil
}

// What is global by its form and no place on the internet: shared addresses of
// providers, and tunnels that carry an IPv4 address of anybody's.
var special = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
}

func inside(ip netip.Addr) bool {
	for _, p := range special {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// Send hands over one message, kept by the push service for a day where the
// device is off. Refuses with ErrGone, and with ErrDevice where the address leads
// into a network of our own; any other error may pass. No error repeats the address.
func (s *Sender) Send(ctx context.Context, d Device, payload []byte) error {
	res, err := webpush.SendNotificationWithContext(ctx, payload, &webpush.Subscription{Endpoint: d.Endpoint, Keys: webpush.Keys{P256dh: d.P256dh, Auth: d.Auth}},
		&webpush.Options{HTTPClient: s.client, TTL: int((24 * time.Hour).Seconds()), Urgency: webpush.UrgencyNormal, Subscriber: s.subject, VAPIDPublicKey: s.public, VAPIDPrivateKey: s.private,
			// All messages are of one length, so that the length says nothing.
			RecordSize: 2048})
	if err != nil {
		if errors.Is(err, ErrDevice) {
			return ErrDevice
		}
		return errors.New("push: the push service does not answer")
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the line can be used again
	switch {
	case res.StatusCode/100 == 2:
		return nil
	case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusGone:
		return ErrGone
	}
	return fmt.Errorf("push: the push service answers %d", res.StatusCode)
}
