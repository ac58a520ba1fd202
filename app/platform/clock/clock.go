// Package clock is the only place that asks what time it is.
//
// Every time in the system is UTC and cut to microseconds, because that is what
// Postgres keeps: an uncut time would differ from itself once read back.
package clock

import (
	"sync"
	"time"
)

// A Clock tells the time. Rules take a time.Time; only use cases hold a Clock.
type Clock interface {
	// Now is the present instant in UTC, cut to microseconds.
	Now() time.Time
}

// System is the machine's clock.
type System struct{}

// Now implements Clock.
func (System) Now() time.Time { return Cut(time.Now()) }

// Cut brings any time to the form that is stored: UTC, whole microseconds.
func Cut(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Fake is a clock for tests that moves only when told to.
type Fake struct {
	mu  sync.Mutex
	now time.Time
}

// NewFake returns a Fake that stands at t.
func NewFake(t time.Time) *Fake { return &Fake{now: Cut(t)} }

// Now implements Clock.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Advance moves the clock by d.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = Cut(f.now.Add(d))
}

// Set puts the clock to t.
func (f *Fake) Set(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = Cut(t)
}
