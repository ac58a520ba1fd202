package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"
)

// office is a mail server that counts what it is given, and how much of it came
// over a line that nobody else reads.
type office struct{ got, sealed atomic.Int64 }

func (o *office) NewSession(c *smtp.Conn) (smtp.Session, error) { return &counter{o, c}, nil }

type counter struct {
	office *office
	conn   *smtp.Conn
}

func (*counter) Reset()                               {}
func (*counter) Logout() error                        { return nil }
func (*counter) Mail(string, *smtp.MailOptions) error { return nil }
func (*counter) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (c *counter) Data(r io.Reader) error {
	c.office.got.Add(1)
	if _, ok := c.conn.TLSConnectionState(); ok {
		c.office.sealed.Add(1)
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

// certificate is one for a name, signed by itself, and who trusts it.
func certificate(t *testing.T, name string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	raw, err := x509.CreateCertificate(rand.Reader, &form, &form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}, trust
}

// A mail holds a code, or whom somebody meets and where: it leaves this machine only
// over an encrypted line to the server that was meant, unless whoever runs the time
// bank has said otherwise in so many words.
func TestMailLeavesThisMachineEncryptedOnly(t *testing.T) {
	t.Parallel()
	right, trust := certificate(t, "mail.example.org")
	wrong, _ := certificate(t, "mail.example.org")
	other, trustOther := certificate(t, "elsewhere.example.org")
	for name, c := range map[string]struct {
		address        string
		server         *tls.Config // nil: it offers no STARTTLS
		trust          *x509.CertPool
		arrives, seals bool
		says           string
	}{
		"STARTTLS":                          {"smtp://mail.example.org:587", right, trust, true, true, ""},
		"no STARTTLS":                       {"smtp://mail.example.org:587", nil, trust, false, false, "offers no encryption"},
		"no STARTTLS, allowed":              {"smtp://mail.example.org:25?tls=if-offered", nil, trust, true, false, ""},
		"no STARTTLS, on this machine":      {"smtp://127.0.0.1:25", nil, trust, true, false, ""},
		"a certificate that nobody knows":   {"smtp://mail.example.org:587", wrong, trust, false, false, "did not take"},
		"that of another server":            {"smtp://mail.example.org:587", other, trustOther, false, false, "did not take"},
		"a wrong one, where none is needed": {"smtp://mail.example.org:25?tls=if-offered", wrong, trust, false, false, "did not take"},
		"TLS at once, but there is none":    {"smtps://", nil, trust, false, false, "did not take"},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		o := &office{}
		server := smtp.NewServer(o)
		server.Domain, server.TLSConfig = "mail.example.org", c.server
		go func() { _ = server.Serve(l) }()
		t.Cleanup(func() { _ = server.Close() })
		also := []gomail.Option{gomail.WithDialContextFunc(func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
		})}
		if c.address == "smtps://" { // the library dials by itself
			c.address, also = c.address+l.Addr().String(), nil
		}
		s, err := newSMTP(c.address, "a@example.org", also...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.client.SetTLSConfig(&tls.Config{ServerName: "mail.example.org", MinVersion: tls.VersionTLS12, RootCAs: c.trust}); err != nil {
			t.Fatal(err)
		}
		err = s.Send(t.Context(), Mail{To: "b@example.org", Subject: "s", Text: "x", ID: "1"})
		if (err == nil) != c.arrives || (o.got.Load() == 1) != c.arrives || (o.sealed.Load() == 1) != c.seals {
			t.Errorf("%s: %v; %d arrived, %d encrypted", name, err, o.got.Load(), o.sealed.Load())
		}
		if err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "b@")) {
			t.Errorf("%s says %q", name, err)
		}
	}
}

func TestMailServersNeedTLSUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"smtp://mail.example.org": "TLSMandatory", "smtp://u:p@10.0.0.5:587": "TLSMandatory", "smtp://localhost.example.org": "TLSMandatory", "smtp://127.0.0.1.example.org": "TLSMandatory",
		"smtp://localhost:25": "TLSOpportunistic", "smtp://[::1]:25": "TLSOpportunistic", "smtp://mail?tls=if-offered": "TLSOpportunistic",
		"smtp://mail?tls=no": "refused", "smtp://mail?tls": "refused", "smtp://mail?TLS=if-offered": "refused", "smtp://mail?tls=if-offered&x=1": "refused", "smtps://mail?tls=if-offered": "refused",
	} {
		got := "refused"
		if s, err := newSMTP(address, "a@example.org"); err == nil {
			got = s.client.TLSPolicy()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
