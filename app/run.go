package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"timebank/app/platform/clock"
	"timebank/app/platform/config"
	"timebank/app/platform/mail"
	"timebank/app/platform/mail/mailsink"
	"timebank/app/platform/schedule"
	"timebank/app/platform/sms"
	"timebank/app/platform/sms/smssink"
	"timebank/app/platform/web"
	"timebank/frontend"
)

// Serve runs the product until ctx ends: the web, the workers and the schedule.
// say is told, in sentences, what happens and, at last, where to go.
func Serve(ctx context.Context, c config.Config, say func(string)) (err error) {
	log := NewLog(c)
	listener, err := web.Listen(c.Addr) // first: a second start ends here, before it touches anything
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	data, err := OpenDatabase(ctx, c, say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	box, err := OpenBox(c)
	if err != nil {
		return err
	}
	sender, sink, err := newSender(c)
	if err != nil {
		return err
	}
	if sink != nil {
		defer func() { _ = sink.Close() }()
	}
	texts, textSink, err := newTexts(c)
	if err != nil {
		return err
	}
	if textSink != nil {
		defer func() { _ = textSink.Close() }()
	}
	a, err := New(ctx, Deps{Config: c, SMS: texts, Log: log, Clock: clock.System{}, Pool: data.Pool, Box: box, Mail: sender, Site: frontend.Site(), Version: Version()})
	if err != nil {
		return err
	}
	if c.Demo {
		if err := a.seedDemo(ctx, say); err != nil {
			return fmt.Errorf("demo bank: %w", err)
		}
		demoRoutes(a.Web.Routes, sink, textSink)
	}
	return a.run(ctx, listener, func() {
		say("Time bank is open at " + c.URL)
		if c.Demo {
			say(demoHelp(c.URL))
		}
	})
}

// run starts everything and stops it in order: no new requests, no new ticks, no
// new jobs, each waiting for what is under way.
func (a *App) run(ctx context.Context, l net.Listener, ready func()) error {
	if err := a.Queue.Start(context.WithoutCancel(ctx), time.Second); err != nil {
		return err
	}
	ticks := schedule.New(a.Log)
	if err := a.Ticks(ticks); err != nil {
		return err
	}
	ticks.Start()
	group, serving := errgroup.WithContext(ctx)
	go a.WatchSeal(serving)
	go a.Identity.Keys.Watch(serving, func(err error) { a.Log.Warn("signing keys could not be read again", "error", err) })
	group.Go(func() error { return a.Web.Run(serving, l) })
	ready()
	err := group.Wait()
	ticks.Stop()
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer stop()
	return errors.Join(err, a.Queue.Stop(last))
}

// newSender is SMTP_URL's server; in the demo a sink of our own, whose messages
// the page /demo/mail shows.
func newSender(c config.Config) (mail.Sender, *mailsink.Sink, error) {
	address := string(c.SMTP)
	var sink *mailsink.Sink
	if address == "" {
		if !c.Demo {
			return noMail{}, nil, nil
		}
		var err error
		if sink, err = mailsink.New(); err != nil {
			return nil, nil, err
		}
		address = sink.URL()
	}
	s, err := mail.NewSMTP(address, c.MailFrom)
	return s, sink, err
}

// newTexts is SMS_URL's gateway; in the demo a sink of our own, shown beside the
// e-mails. Without either nobody is sent text messages.
func newTexts(c config.Config) (sms.Sender, *smssink.Sink, error) {
	address, token := c.SMS, string(c.SMSToken)
	var sink *smssink.Sink
	if address == "" {
		if !c.Demo {
			return nil, nil, nil
		}
		token = "demo"
		var err error
		if sink, err = smssink.New(token); err != nil {
			return nil, nil, err
		}
		address = sink.URL()
	}
	g, err := sms.New(address, token, c.SMSFrom)
	if err != nil {
		return nil, sink, err
	}
	return g, sink, nil
}

// noMail keeps messages in the queue until there is a server to send them.
type noMail struct{}

func (noMail) Send(context.Context, mail.Mail) error {
	return errors.New("no mail server: set SMTP_URL; the message stays in the queue")
}

// NewLog writes to standard error, for people or, with TIMEBANK_LOG=json, for
// machines.
func NewLog(c config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, o)
	if c.LogFormat == "json" {
		h = slog.NewJSONHandler(os.Stderr, o)
	}
	log := slog.New(h)
	slog.SetDefault(log)
	return log
}

// Version is the commit this program was built from, or "dev".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "dev"
}
