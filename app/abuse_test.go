package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// Asked for somebody or for nobody, what comes back is the same to the letter; how
// long it takes is reported, not asserted.
func TestNothingTellsWhoIsAMember(t *testing.T) {
	t.Parallel()
	h := open(t)
	took, said := map[string][]time.Duration{}, map[string]map[string]bool{}
	for n := range 25 {
		h.joins(h.bank, "Maria Santos", fmt.Sprintf("known%d@example.org", n))
		h.clock.Advance(time.Hour) // tries are rationed
		for _, who := range []string{"known", "unknown"} {
			b := &browser{h: h}
			contact := fmt.Sprintf("%s%d@example.org", who, n)
			for _, step := range []struct {
				what, path string
				body       map[string]any
			}{{"ask", "/session/code", map[string]any{"contact": contact}}, {"try", "/session", map[string]any{"contact": contact, "code": "000000"}}} {
				start := time.Now()
				status, answer, raw := b.try("POST", step.path, step.body)
				took[step.what+" "+who] = append(took[step.what+" "+who], time.Since(start))
				if said[step.what] == nil {
					said[step.what] = map[string]bool{}
				}
				said[step.what][fmt.Sprint(status, strings.ReplaceAll(raw, answer.str("instance"), ""))] = true
			}
		}
	}
	for what, answers := range said {
		if len(answers) != 1 {
			t.Errorf("%s is answered in %d ways: %v", what, len(answers), answers)
		}
	}
	for _, what := range []string{"ask known", "ask unknown", "try known", "try unknown"} {
		all := took[what]
		slices.Sort(all)
		t.Logf("%-12s median %v, nine in ten under %v", what, all[len(all)/2], all[len(all)*9/10])
	}
}

// A body of ten megabytes is refused in words, and none of it reaches the log.
func TestHugeBodyIsRefusedAndNotLogged(t *testing.T) {
	t.Parallel()
	h := open(t)
	body := append([]byte(`{"contact": "`), bytes.Repeat([]byte("zz-canary-zz "), 10<<20/13)...)
	for _, path := range []string{"/session/code", "/session", "/session/passkey", "/token", "/banks/hilltop/apply"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.web.URL+"/api"+path, bytes.NewReader(append(body, `"}`...)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
		}
	}
	if strings.Contains(h.log.String(), "canary") {
		t.Error("the log has what was sent")
	}
}
