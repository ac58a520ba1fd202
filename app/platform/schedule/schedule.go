// Package schedule ticks. A tick does no work: it enqueues jobs whose effects
// are keyed by what, for whom and due at, so that two replicas, a restart or a
// clock change do nothing twice.
//
// Ticks run in UTC. In a local zone the library skips 01:30 in spring and fires
// it twice in autumn; what depends on a local hour asks the bank's own calendar.
package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule is a set of ticks.
type Schedule struct {
	cron *cron.Cron
	log  *slog.Logger
	ctx  context.Context
	stop context.CancelFunc
}

// New returns an empty schedule.
func New(log *slog.Logger) *Schedule {
	ctx, stop := context.WithCancel(context.Background())
	return &Schedule{
		cron: cron.New(cron.WithLocation(time.UTC), cron.WithChain(cron.SkipIfStillRunning(cron.DiscardLogger))),
		log:  log, ctx: ctx, stop: stop,
	}
}

// Every adds a tick: spec is a five-field cron expression in UTC.
func (s *Schedule) Every(spec, name string, tick func(ctx context.Context) error) error {
	_, err := s.cron.AddFunc(spec, func() {
		// Caught here and not by the library's chain, which after a panic takes a
		// tick for one that still runs, and would skip it for ever.
		defer func() {
			if r := recover(); r != nil {
				s.log.Error("tick panicked; the next one catches up", "tick", name, "panic", fmt.Sprint(r), "trace", string(debug.Stack()))
			}
		}()
		if err := tick(s.ctx); err != nil {
			s.log.Error("tick failed; the next one catches up", "tick", name, "error", err)
		}
	})
	if err != nil {
		return fmt.Errorf("schedule %s: %w", name, err)
	}
	return nil
}

// Start begins ticking.
func (s *Schedule) Start() { s.cron.Start() }

// Stop ends ticking and waits for a running tick.
func (s *Schedule) Stop() {
	s.stop()
	<-s.cron.Stop().Done()
}
