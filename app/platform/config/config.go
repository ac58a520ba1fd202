// Package config reads the environment once, into one typed struct. Every field
// has a usable zero value but those that a real installation cannot guess;
// X_FILE holds the name of a file for every secret X.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5/pgconn"
)

// Config is all that can be set from outside.
type Config struct {
	Addr      string   `env:"TIMEBANK_ADDR" envDefault:":8080"`
	URL       string   `env:"TIMEBANK_URL"`       // how people reach it; default http://localhost:PORT
	Demo      bool     `env:"TIMEBANK_DEMO"`      // seeds a demo bank and shows /demo pages
	State     string   `env:"TIMEBANK_STATE"`     // where the embedded database and the key file live
	Database  Secret   `env:"DATABASE_URL"`       // empty: the embedded server
	Owner     Secret   `env:"DATABASE_OWNER_URL"` // migrates; default DATABASE_URL
	Key       Secret   `env:"TIMEBANK_KEY"`       // seals sensitive columns and signs sessions; empty: a key file in State
	KeyNext   Secret   `env:"TIMEBANK_KEY_NEXT"`  // the key that is to follow TIMEBANK_KEY, while it is changed
	SMTP      Secret   `env:"SMTP_URL"`           // smtps://user:password@host:465, or smtp://…:587 with STARTTLS
	SMS       string   `env:"SMS_URL"`            // https://…: a gateway for text messages; empty: none are sent
	SMSToken  Secret   `env:"SMS_TOKEN"`          // its bearer token
	SMSFrom   string   `env:"SMS_FROM" envDefault:"Timebank"`
	SMSADay   int      `env:"SMS_A_DAY" envDefault:"300"`    // the most that are paid for
	SMSTo     []string `env:"SMS_COUNTRIES" envDefault:"44"` // calling codes of countries that are paid for
	MailFrom  string   `env:"MAIL_FROM" envDefault:"Time bank <hello@localhost>"`
	Proxies   []string `env:"TIMEBANK_TRUSTED_PROXIES"`       // networks whose X-Forwarded-* are believed, as 10.0.0.0/8
	LogFormat string   `env:"TIMEBANK_LOG" envDefault:"text"` // text or json
}

// Secret is a value that never prints itself.
type Secret string

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// LogValue hides the value from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the value from JSON, and so from logs of a whole Config.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Load reads the environment. Refuses, in one sentence that names the setting,
// what cannot be used.
func Load() (Config, error) {
	var c Config
	if err := env.Parse(&c); err != nil {
		// The only settings that are no text. The library's words name Go types.
		if _, bad := strconv.Atoi(cmp.Or(os.Getenv("SMS_A_DAY"), "0")); bad != nil {
			return c, errors.New("SMS_A_DAY cannot be read; write it as a number")
		}
		return c, errors.New("TIMEBANK_DEMO cannot be read; write it as true or false")
	}
	for name, field := range map[string]*Secret{"DATABASE_URL": &c.Database, "DATABASE_OWNER_URL": &c.Owner, "TIMEBANK_KEY": &c.Key, "TIMEBANK_KEY_NEXT": &c.KeyNext, "SMTP_URL": &c.SMTP, "SMS_TOKEN": &c.SMSToken} {
		if err := fromFile(name, field); err != nil {
			return c, err
		}
	}
	if err := cmp.Or(encrypted("DATABASE_URL", c.Database), encrypted("DATABASE_OWNER_URL", c.Owner)); err != nil {
		return c, err
	}
	if c.Owner == "" {
		c.Owner = c.Database
	}
	if c.URL == "" {
		port := c.Addr[strings.LastIndexByte(c.Addr, ':')+1:]
		c.URL = "http://localhost:" + port
	}
	c.URL = strings.TrimRight(c.URL, "/")
	for i, p := range c.Proxies {
		p = strings.TrimSpace(p)
		c.Proxies[i] = p
		if _, err := netip.ParsePrefix(p); err != nil {
			return c, fmt.Errorf("TIMEBANK_TRUSTED_PROXIES: %q is no network; write it as 10.0.0.0/8", p)
		}
	}
	return c, nil
}

// PushSubject is how a push service reaches whoever runs this: our own address, or
// the one that e-mails come from.
func (c Config) PushSubject() string {
	if strings.HasPrefix(c.URL, "https://") {
		return c.URL
	}
	if from, err := mail.ParseAddress(c.MailFrom); err == nil {
		return from.Address
	}
	return c.MailFrom
}

// encrypted refuses a database on another machine whose address leaves it to chance
// whether the line there is encrypted: PostgreSQL's own default falls back to plain
// text where the server, or somebody between, says that it has no TLS.
func encrypted(name string, address Secret) error {
	if address == "" {
		return nil
	}
	c, err := pgconn.ParseConfig(string(address))
	if err != nil {
		return fmt.Errorf("%s cannot be read; write it as postgres://user:password@host:5432/timebank?sslmode=verify-full", name) // the library's words may hold the password
	}
	hosts := append([]*pgconn.FallbackConfig{{Host: c.Host, TLSConfig: c.TLSConfig}}, c.Fallbacks...)
	plain, sealed := false, false
	for _, h := range hosts {
		ip, err := netip.ParseAddr(h.Host)
		if strings.HasPrefix(h.Host, "/") || h.Host == "localhost" || err == nil && ip.Unmap().IsLoopback() {
			continue
		}
		plain, sealed = plain || h.TLSConfig == nil, sealed || h.TLSConfig != nil
	}
	if plain && sealed {
		return fmt.Errorf("%s: say how the line to the database is kept from others: add ?sslmode=verify-full, or sslmode=disable where nobody else is on that network", name)
	}
	return nil
}

func fromFile(name string, into *Secret) error {
	path := os.Getenv(name + "_FILE")
	if path == "" || *into != "" {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s_FILE cannot be read: %w", name, err)
	}
	*into = Secret(strings.TrimSpace(string(b)))
	return nil
}
