package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// knows holds the slices and what they may know of each other. What is not here is forbidden, and
// the map has no circle: news of a change goes the other way by a hook that the
// composition root sets, or as a job.
var knows = map[string][]string{
	"bank":         {},
	"identity":     {"bank"},
	"desk":         {"bank", "identity"},
	"member":       {"bank", "identity"},
	"message":      {"bank", "identity", "desk", "member"},
	"contact":      {"bank", "identity", "desk", "member"},
	"listing":      {"bank", "identity", "contact", "desk", "member", "message"},
	"exchange":     {"bank", "identity", "contact", "desk", "member", "message", "listing"},
	"gathering":    {"bank", "identity", "desk", "member", "message", "listing", "exchange"},
	"matching":     {"bank", "identity", "contact", "member", "listing", "exchange"},
	"referral":     {"bank", "identity", "desk"},
	"joining":      {"bank", "identity", "desk", "member", "message"},
	"books":        {"bank", "identity", "desk", "member"},
	"figures":      {"bank", "identity"},
	"concern":      {"bank", "identity"},
	"gift":         {"bank", "identity", "desk", "member", "message", "exchange", "gathering"},
	"statement":    {"bank", "identity", "member", "listing", "exchange", "gathering"},
	"rights":       {"bank", "identity", "contact", "desk", "member", "message", "listing", "exchange", "referral"},
	"exchangefile": {"bank", "identity", "member", "listing", "exchange"},
}

// only says which packages may import something that must stay in one room.
var only = map[string][]string{
	"github.com/labstack/echo":              {"timebank/app/platform/web"},
	"github.com/robfig/cron":                {"timebank/app/platform/schedule"},
	"github.com/riverqueue/river":           {"timebank/app/platform/job", "timebank/migrations"},
	"github.com/golang-jwt":                 {"timebank/app/identity"},
	"github.com/pquerna/otp":                {"timebank/app/identity"},
	"github.com/go-webauthn":                {"timebank/app/identity"},
	"github.com/boombuler/barcode":          {"timebank/app/identity"},
	"github.com/tink-crypto":                {"timebank/app/platform/seal"},
	"github.com/wneessen/go-mail":           {"timebank/app/platform/mail"},
	"github.com/emersion/go-smtp":           {"timebank/app/platform/mail/mailsink"},
	"github.com/danielgtaylor/huma":         {"timebank/app/platform/web"},
	"codeberg.org/go-pdf/fpdf":              {"timebank/app/statement"},
	"golang.org/x/image":                    {"timebank/app/platform/picture"},
	"github.com/SherClockHolmes/webpush-go": {"timebank/app/platform/push"},
	"timebank/app/platform/dbtest":          {}, // tests only
	"timebank/app/platform/mail/mailsink":   {"timebank/app"},
	"timebank/app/platform/sms/smssink":     {"timebank/app"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestArrows(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "timebank/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	seen := 0
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		for _, to := range p.Imports {
			if why := forbidden(p.ImportPath, to); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, to, why)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

func TestArrowsFindWhatIsForbidden(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"timebank/ledger", "timebank/app/platform/clock"},
		{"timebank/ledger", "github.com/labstack/echo/v4"},
		{"timebank/app/platform/db", "timebank/app/bank"},
		{"timebank/app/platform/db", "timebank/ledger"},
		{"timebank/app/referral", "timebank/app/member"},
		{"timebank/app/desk", "timebank/app/exchange"},
		{"timebank/app/listing", "timebank/app"},
		{"timebank/app/listing", "github.com/danielgtaylor/huma/v2"},
		{"timebank/frontend", "timebank/app"},
		{"timebank/app/newroom", "timebank/app/member"},
	} {
		if forbidden(c[0], c[1]) == "" {
			t.Errorf("%s → %s passes", c[0], c[1])
		}
	}
}

func forbidden(from, to string) string {
	for prefix, rooms := range only {
		if strings.HasPrefix(to, prefix) && !within(from, append(rooms, prefix)) {
			return "only " + strings.Join(rooms, ", ") + " may"
		}
	}
	if !strings.HasPrefix(to, "timebank/") {
		if from == "timebank/ledger" && strings.Contains(to, ".") && !strings.HasPrefix(to, "github.com/uptrace/bun") && to != "github.com/google/uuid" && !strings.HasPrefix(to, "github.com/jackc/pgx/v5") {
			return "the ledger stands on the standard library, bun, uuid and pgx alone"
		}
		return ""
	}
	area := func(p string) string {
		switch p = strings.TrimPrefix(p, "timebank/"); {
		case strings.HasPrefix(p, "app/platform/"):
			return "platform"
		case strings.HasPrefix(p, "app/"):
			return "slice"
		}
		return strings.Split(p, "/")[0]
	}
	name := func(p string) string { return strings.Split(strings.TrimPrefix(p, "timebank/app/"), "/")[0] }
	switch a, b := area(from), area(to); {
	case a == "cmd" && b != "cmd", a == "app", a == b && a != "slice":
		return ""
	case a == "slice" && b == "slice":
		allowed, known := knows[name(from)]
		if !known {
			return "the slice is not in the table"
		}
		if name(from) == name(to) {
			return ""
		}
		for _, x := range allowed {
			if x == name(to) {
				return ""
			}
		}
	case a == "slice" && (b == "platform" || b == "ledger"):
		return ""
	case from == "timebank/migrations" && to == "timebank/ledger":
		return ""
	case strings.HasPrefix(from, "timebank/app/platform/dbtest") && (to == "timebank/migrations"):
		return ""
	}
	return "no arrow leads there"
}

func within(p string, rooms []string) bool {
	for _, r := range rooms {
		if p == r || strings.HasPrefix(p, r+"/") {
			return true
		}
	}
	return false
}
