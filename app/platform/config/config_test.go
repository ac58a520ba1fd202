package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretsNeverPrintThemselves(t *testing.T) {
	t.Parallel()
	c := Config{Database: "postgres://u:hunter2@h/x", Key: "hunter2", SMTP: "smtp://u:hunter2@h", SMSToken: "hunter2"}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("start", "config", c, "pointer", &c, "key", c.Key, "group", slog.GroupValue(slog.Any("c", c)))
	}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{
		"%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", c), "%#v": fmt.Sprintf("%#v", c), "pointer": fmt.Sprintf("%+v", &c),
		"%s of one": fmt.Sprintf("%s %q %x %#v", c.Key, c.Key, c.Key, c.Key), "slog": log.String(), "JSON": string(j),
	} {
		if strings.Contains(out, "hunter2") || strings.Contains(out, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("%s prints a secret: %s", name, out)
		}
	}
}

// set gives the process exactly these settings.
func set(t *testing.T, values map[string]string) {
	t.Helper()
	for _, line := range os.Environ() {
		name, _, _ := strings.Cut(line, "=")
		if strings.HasPrefix(name, "TIMEBANK_") || strings.HasPrefix(name, "DATABASE_") || strings.HasPrefix(name, "SMTP_") || strings.HasPrefix(name, "SMS_") {
			t.Setenv(name, "") // so that it comes back
			_ = os.Unsetenv(name)
		}
	}
	for name, v := range values {
		t.Setenv(name, v)
	}
}

func TestSettingsAreRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set(t, map[string]string{"TIMEBANK_KEY_FILE": file, "DATABASE_URL": "postgres://localhost/a", "TIMEBANK_ADDR": "127.0.0.1:9999", "TIMEBANK_TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8"})
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if string(c.Key) != "from file" || c.Owner != c.Database || c.URL != "http://localhost:9999" || len(c.Proxies) != 2 || c.Demo {
		t.Errorf("settings: %+v", c)
	}
	set(t, map[string]string{"TIMEBANK_KEY_FILE": file, "TIMEBANK_KEY": "itself", "TIMEBANK_URL": "https://x.org/"})
	if c, err = Load(); err != nil || string(c.Key) != "itself" || c.URL != "https://x.org" || c.Addr != ":8080" {
		t.Errorf("settings: %+v, %v", c, err)
	}
}

func TestUnusableSettingsAreNamed(t *testing.T) {
	for name, value := range map[string]string{"TIMEBANK_TRUSTED_PROXIES": "10.0.0.1", "TIMEBANK_DEMO": "perhaps", "SMS_A_DAY": "many", "DATABASE_URL_FILE": "/does/not/exist"} {
		set(t, map[string]string{name: value})
		if _, err := Load(); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

// What somebody is asked and told lies in the database: the line there is not left to
// PostgreSQL's own default, which is plain text where the server has no TLS.
func TestLineToTheDatabaseIsNotLeftToChance(t *testing.T) {
	for address, fine := range map[string]bool{
		"postgres://u:hunter2@db.example.org/x": false, "postgres://u:hunter2@db.example.org/x?sslmode=prefer": false, "postgres://u:hunter2@10.0.0.5/x?sslmode=allow": false,
		"host=db.example.org password=hunter2": false, "postgres://u:hunter2@127.0.0.1,db.example.org/x": false, "postgres://u:hunter2@h:port/x": false,
		"postgres://u:hunter2@db.example.org/x?sslmode=verify-full": true, "postgres://u:hunter2@db.example.org/x?sslmode=require": true, "postgres://u:hunter2@db/x?sslmode=disable": true,
		"postgres://u:hunter2@127.0.0.1:5432/x": true, "postgres://u:hunter2@localhost/x": true, "postgres://u:hunter2@[::1]/x": true, "postgres:///x?host=/run/postgresql": true,
	} {
		for _, name := range []string{"DATABASE_URL", "DATABASE_OWNER_URL"} {
			set(t, map[string]string{name: address, "PGSSLMODE": ""})
			_, err := Load()
			if (err == nil) != fine || err != nil && (!strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("%s=%s: %v", name, address, err)
			}
		}
	}
}
