package app_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"timebank/app/platform/push"
)

// phone is a browser with messages switched on, and the push service that serves it.
type phone struct {
	t       *testing.T
	service *httptest.Server
	key     *ecdh.PrivateKey
	auth    []byte
	answers atomic.Int32 // what the push service answers
	got     chan shown
	signed  atomic.Value // the last request's Authorization and TTL
}

type shown struct{ ID, Bank, Words, Path string }

func newPhone(t *testing.T) *phone {
	t.Helper()
	p := &phone{t: t, auth: make([]byte, 16), got: make(chan shown, 20)}
	p.answers.Store(http.StatusCreated)
	_, _ = rand.Read(p.auth)
	var err error
	if p.key, err = ecdh.P256().GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	p.service = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.signed.Store(r.Header.Get("Authorization") + " " + r.Header.Get("TTL"))
		if status := int(p.answers.Load()); status != http.StatusCreated {
			w.WriteHeader(status)
			return
		}
		var s shown
		if err := json.Unmarshal(p.open(body), &s); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusCreated)
		p.got <- s
	}))
	t.Cleanup(p.service.Close)
	return p
}

// open decrypts what was sent, as a browser does (RFC 8291, RFC 8188).
func (p *phone) open(body []byte) []byte {
	salt, size, rest := body[:16], int(body[20]), body[21:]
	sender, err := ecdh.P256().NewPublicKey(rest[:size])
	if err != nil {
		p.t.Error(err)
		return nil
	}
	secret, err := p.key.ECDH(sender)
	if err != nil {
		p.t.Error(err)
		return nil
	}
	info := "WebPush: info\x00" + string(p.key.PublicKey().Bytes()) + string(rest[:size])
	ikm, _ := hkdf.Key(sha256.New, secret, p.auth, info, 32)
	key, _ := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	nonce, _ := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	block, _ := aes.NewCipher(key)
	gcm, _ := cipher.NewGCM(block)
	plain, err := gcm.Open(nil, nonce, rest[size:], nil)
	if err != nil {
		p.t.Error(err)
		return nil
	}
	return []byte(strings.TrimRight(strings.TrimRight(string(plain), "\x00"), "\x02"))
}

// device is what this browser says of itself.
func (p *phone) device() map[string]any {
	return map[string]any{"endpoint": p.service.URL + "/send/maria", "auth": base64.RawURLEncoding.EncodeToString(p.auth),
		"p256dh": base64.RawURLEncoding.EncodeToString(p.key.PublicKey().Bytes())}
}

// openFor is a house that trusts this push service's certificate.
func (p *phone) openFor() *house {
	roots := x509.NewCertPool()
	roots.AddCert(p.service.Certificate())
	return open(p.t, func(h *house) { h.push = push.Options{Local: true, TLS: &tls.Config{RootCAs: roots}} })
}

func (p *phone) shows() shown {
	p.t.Helper()
	select {
	case s := <-p.got:
		return s
	case <-time.After(20 * time.Second):
		p.t.Fatal("nothing was shown")
		return shown{}
	}
}

// A message shows on a device until it is switched off, signed out, or gone, and
// the e-mail goes all the same.
func TestMessageShowsOnTheDevice(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	h := p.openFor()
	bill, maria := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org")
	m := h.signIn("maria@example.org")
	if on := m.do("GET", "/me/push", nil, http.StatusOK); on.str("key") == "" || on["on"] != false {
		t.Errorf("before: %v", on)
	}
	h.said(bill, maria, 30) // nothing is shown before it is switched on
	m.do("PUT", "/me/push", p.device(), http.StatusNoContent)
	m.do("PUT", "/me/push", p.device(), http.StatusNoContent) // twice is once
	if on := m.do("GET", "/me/push", nil, http.StatusOK); on["on"] != true {
		t.Errorf("after: %v", on)
	}
	if on := h.signIn("maria@example.org").do("GET", "/me/push", nil, http.StatusOK); on["on"] != false {
		t.Error("another device of hers shows messages too")
	}

	x := h.said(bill, maria, 90)
	s := p.shows()
	if s.Words != "Is 1 hour 30 minutes right?" || s.Bank != "Hilltop Time Bank" || s.Path != "/exchange?id="+x.String() {
		t.Errorf("shown: %+v", s)
	}
	h.mailTo("maria@example.org", "Is 1 hour 30 minutes right?")
	if signed, _ := p.signed.Load().(string); !strings.HasPrefix(signed, "vapid t=") || !strings.HasSuffix(signed, " 86400") {
		t.Errorf("signed: %q", signed)
	}
	h.wait("send-push")
	if n := h.count("message where channel = 'push' and state = 'sent' and sent_at is not null"); n != 1 {
		t.Errorf("%d in the log", n)
	}
	if data := m.do("GET", hilltop+"/my-data", nil, http.StatusOK); !strings.Contains(toJSON(t, data), p.service.URL) {
		t.Error("what is held does not name the device")
	}

	// The push service has not heard of it any more; her other device shows it all the same.
	p.answers.Store(http.StatusGone)
	tablet, other := newPhone(t), h.signIn("maria@example.org")
	other.do("PUT", "/me/push", tablet.device(), http.StatusNoContent)
	h.said(bill, maria, 60)
	if s := tablet.shows(); s.Words != "Is 1 hour right?" {
		t.Errorf("shown on the tablet: %+v", s)
	}
	h.wait("send-push")
	h.wait("send-push")
	if n := h.count("directory.push_device"); n != 1 {
		t.Errorf("%d devices after one was gone", n)
	}
	other.do("DELETE", "/me/push", nil, http.StatusNoContent)
	if n := h.count("task where kind = 'message-failed'"); n != 0 {
		t.Errorf("%d calls because of a device", n)
	}

	// Signed out, it shows nothing, and what was under way is not sent.
	p.answers.Store(http.StatusCreated)
	m.do("PUT", "/me/push", p.device(), http.StatusNoContent)
	m.do("DELETE", "/session", nil, http.StatusNoContent)
	h.said(bill, maria, 15)
	m = h.signIn("maria@example.org")
	m.do("PUT", "/me/push", p.device(), http.StatusNoContent)
	m.do("DELETE", "/me/push", nil, http.StatusNoContent)
	h.said(bill, maria, 45)
	if n := h.count("message where channel = 'push'"); n != 2 {
		t.Errorf("%d push messages, want 2", n)
	}
	select {
	case s := <-p.got:
		t.Errorf("shown after all: %+v", s)
	default:
	}
}

// The name of a group may say how somebody is: a locked screen does not show it.
func TestGatheringIsNotNamedOnTheScreen(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	h := p.openFor()
	h.joins(h.bank, "Maria", "maria@example.org")
	m := h.signIn("maria@example.org")
	m.do("PUT", "/me/push", p.device(), http.StatusNoContent)
	g := h.plans(nil)
	m.do("POST", hilltop+"/gatherings/"+g.String()+"/sign-up", map[string]any{"rules_read": true}, http.StatusOK)
	if s := p.shows(); s.Words != "" || s.Path != "/home" || s.Bank == "" {
		t.Errorf("shown: %+v", s)
	}
}

func TestPushAddressIsNoWayInside(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	public, private, err := push.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	s := push.New(public, private, "https://timebank.test", push.Options{TLS: &tls.Config{InsecureSkipVerify: true}})
	good := p.device()
	device := func(endpoint string) push.Device {
		return push.Device{Endpoint: endpoint, P256dh: good["p256dh"].(string), Auth: good["auth"].(string)}
	}
	for endpoint, fine := range map[string]bool{
		"https://fcm.googleapis.com/fcm/send/abc": true, "https://updates.push.services.mozilla.com/wpush/v2/abc": true, "https://fcm.googleapis.com:443/x": true,
		"http://fcm.googleapis.com/x": false, "https://127.0.0.1/x": false, "https://[::1]/x": false, "https://localhost/x": false, "https://db:5432/x": false,
		"https://u:p@fcm.googleapis.com/x": false, "https://fcm.googleapis.com:8443/x": false, "": false, "https://a.example/" + strings.Repeat("x", 1000): false,
	} {
		if err := s.Check(device(endpoint)); (err == nil) != fine {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	for _, bad := range []push.Device{{Endpoint: "https://a.example/x", P256dh: "AAAA", Auth: good["auth"].(string)}, {Endpoint: "https://a.example/x", P256dh: good["p256dh"].(string), Auth: "short"}} {
		if s.Check(bad) == nil {
			t.Errorf("taken: %+v", bad)
		}
	}
	// A name that leads to this machine is found out when the connection is made.
	for _, endpoint := range []string{p.service.URL, strings.Replace(p.service.URL, "127.0.0.1", "localhost", 1), strings.Replace(p.service.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		if err := s.Send(t.Context(), device(endpoint), []byte("{}")); !errors.Is(err, push.ErrDevice) {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
