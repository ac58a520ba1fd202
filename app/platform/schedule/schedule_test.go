package schedule

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// run makes the first entry's tick come n times, as the library does.
func (s *Schedule) run(n int) {
	for range n {
		s.cron.Entries()[0].WrappedJob.Run()
	}
}

func TestTickThatFailedOrPanickedTicksAgain(t *testing.T) {
	t.Parallel()
	for name, tick := range map[string]func() error{
		"tick failed":   func() error { return errors.New("no") },
		"tick panicked": func() error { panic("no") },
	} {
		var log bytes.Buffer
		s := New(slog.New(slog.NewTextHandler(&log, nil)))
		n := 0
		if err := s.Every("* * * * *", "test", func(context.Context) error { n++; return tick() }); err != nil {
			t.Fatal(err)
		}
		s.run(3)
		if n != 3 || strings.Count(log.String(), name) != 3 {
			t.Errorf("%s: ran %d times of 3, log %s", name, n, log.String())
		}
	}
}

func TestTickIsSkippedWhileItStillRuns(t *testing.T) {
	t.Parallel()
	s := New(slog.New(slog.DiscardHandler))
	begun, end := make(chan struct{}), make(chan struct{})
	n := 0
	if err := s.Every("* * * * *", "test", func(context.Context) error { n++; close(begun); <-end; return nil }); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { s.run(1); close(done) }()
	<-begun
	s.run(1)
	close(end)
	<-done
	if n != 1 {
		t.Errorf("it ran %d times at once", n)
	}
}

func TestTicksAreCountedInUTC(t *testing.T) {
	t.Parallel()
	s := New(slog.New(slog.DiscardHandler))
	if err := s.Every("30 1 * * *", "test", func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	spring := time.Date(2027, 3, 27, 12, 0, 0, 0, london) // 01:30 does not exist on the 28th
	if got := s.cron.Entries()[0].Schedule.Next(spring.In(s.cron.Location())); !got.Equal(time.Date(2027, 3, 28, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("next tick %s", got)
	}
	if err := s.Every("99 * * * *", "bad", nil); err == nil {
		t.Error("an impossible minute is taken")
	}
}

func TestStopEndsTheTicksContext(t *testing.T) {
	t.Parallel()
	s := New(slog.New(slog.DiscardHandler))
	s.Start()
	s.Stop()
	if s.ctx.Err() == nil {
		t.Error("a tick would not hear of the end")
	}
}
