package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"timebank/app/member"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/web"
)

const (
	gateClients = 4
	gateRounds  = 10
	gateRound   = 1500 * time.Millisecond
)

// remembering is a gate that asks the real one once for each token and lets in
// whoever comes with it again: the same request without its checks.
type remembering struct {
	web.Gate
	mu sync.Mutex
	in map[string]context.Context
}

func (g *remembering) Enter(ctx context.Context, c web.Caller) (context.Context, error) {
	token := c.Request.Header.Get("Authorization")
	g.mu.Lock()
	was := g.in[token]
	g.mu.Unlock()
	if was != nil {
		return both{ctx, was}, nil
	}
	in, err := g.Gate.Enter(ctx, c)
	if err == nil {
		g.mu.Lock()
		g.in[token] = in
		g.mu.Unlock()
	}
	return in, err
}

// both is one request's context that knows what another's did.
type both struct {
	context.Context
	was context.Context
}

func (b both) Value(key any) any {
	if v := b.was.Value(key); v != nil {
		return v
	}
	return b.Context.Value(key)
}

// BenchmarkAuthorisedRead prints how long a member's first page takes with every
// check (token, session, person, roles, membership, second step) and the same read
// over the same HTTP without, in interleaved rounds. It asserts nothing about time.
func BenchmarkAuthorisedRead(b *testing.B) {
	data, _ := durable(b)
	h := openOn(b, data)
	devices, own := make([]*browser, gateClients), make([]member.Member, gateClients)
	for i := range devices {
		email := fmt.Sprintf("m%d@example.org", i)
		own[i] = h.joins(h.bank, fmt.Sprint("Member ", i), email)
		devices[i] = h.signIn(email)
	}
	open, err := web.New(web.Options{Log: slog.New(slog.DiscardHandler), Gate: &remembering{Gate: h.app.Identity, in: map[string]context.Context{}}})
	h.must(err)
	h.app.Exchange.Routes(open.Routes)
	free := httptest.NewServer(open)
	b.Cleanup(free.Close)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: gateClients}}
	took := map[string][]time.Duration{}
	round := func(name, url string) {
		per := make([][]time.Duration, gateClients)
		_, err := dbtest.Each(gateClients, gateRound, func(c int, _ *rand.Rand) error {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url+"/api"+hilltop+"/members/"+own[c].ID.String()+"/home", nil)
			if err != nil {
				return err
			}
			r.Header.Set("Authorization", "Bearer "+devices[c].token)
			start := time.Now()
			res, err := client.Do(r)
			if err != nil {
				return err
			}
			defer func() { _ = res.Body.Close() }()
			if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
				return fmt.Errorf("%s: %d %w", name, res.StatusCode, err)
			}
			per[c] = append(per[c], time.Since(start))
			return nil
		})
		h.must(err)
		took[name] = append(took[name], slices.Concat(per...)...)
	}
	for b.Loop() {
		round("warm", h.web.URL)
		round("warm", free.URL)
		for range gateRounds {
			round("checked", h.web.URL)
			round("free", free.URL)
		}
	}
	at := func(name string, per float64) time.Duration {
		all := took[name]
		slices.Sort(all)
		return all[int(float64(len(all)-1)*per)]
	}
	fmt.Printf("\na member's first page, %d clients, durable, %d interleaved rounds\n", gateClients, gateRounds)
	for _, per := range []float64{0.5, 0.9, 0.99} {
		with, without := at("checked", per), at("free", per)
		fmt.Printf("  p%-3.0f with checks %8v  without %8v  = %.2f\n", per*100, with.Round(10*time.Microsecond), without.Round(10*time.Microsecond), float64(with)/float64(without))
	}
	b.ReportMetric(float64(at("checked", 0.99))/float64(at("free", 0.99)), "p99/free")
}
