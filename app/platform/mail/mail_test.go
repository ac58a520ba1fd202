package mail_test

import (
	"context"
	"strings"
	"testing"

	"timebank/app/platform/mail"
	"timebank/app/platform/mail/mailsink"
	"timebank/app/platform/words"
)

func sinkAndSender(t *testing.T) (*mailsink.Sink, *mail.SMTP) {
	t.Helper()
	sink, err := mailsink.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.Close() })
	smtp, err := mail.NewSMTP(sink.URL(), "Hilltop Time Bank <hello@hilltop.example>")
	if err != nil {
		t.Fatal(err)
	}
	return sink, smtp
}

func TestMessageArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	sink, smtp := sinkAndSender(t)
	text := "Hello Siân,\n\nTomorrow at 10am.\n.\nA line that starts with a dot.\n" + strings.Repeat("long ", 60)
	err := smtp.Send(context.Background(), mail.Mail{To: "sian@example.org", Subject: "Tomorrow: tŷ bach", Text: text, ID: "abc"})
	if err != nil {
		t.Fatal(err)
	}
	got := sink.Messages()
	if len(got) != 1 || got[0].To != "sian@example.org" || got[0].Subject != "Tomorrow: tŷ bach" || strings.TrimSpace(got[0].Text) != strings.TrimSpace(text) {
		t.Fatalf("arrived: %+v", got)
	}
	if got[0].ID != "abc@hilltop.example" {
		t.Errorf("Message-ID %q does not come from the row", got[0].ID)
	}
}

// Urdu goes through a real SMTP conversation: letters, marks of direction, the
// header that names the language.
func TestMailInUrduArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	sink, smtp := sinkAndSender(t)
	text := words.Language("ur").Lines("السلام علیکم Maria،\n\nآنے والے کل کی یاد دہانی: Bill\n\u206601632 960 100\u2069\n")
	subject := "آنے والے کل: Bill " + strings.Repeat("محفل ", 20)
	err := smtp.Send(t.Context(), mail.Mail{To: "maria@example.org", Subject: subject, Text: text, ID: "u", Language: "ur"})
	if err != nil {
		t.Fatal(err)
	}
	got := sink.Messages()
	if len(got) != 1 || got[0].Subject != strings.TrimSpace(subject) && got[0].Subject != subject || got[0].Language != "ur" || strings.TrimSpace(got[0].Text) != strings.TrimSpace(text) {
		t.Fatalf("arrived: %+v", got)
	}
	for line := range strings.Lines(strings.TrimSpace(got[0].Text)) {
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "\u200f") {
			t.Errorf("%q is not marked as from right to left", line)
		}
	}
}

func TestSubjectCannotAddHeaders(t *testing.T) {
	t.Parallel()
	sink, smtp := sinkAndSender(t)
	err := smtp.Send(context.Background(), mail.Mail{To: "a@example.org", Subject: "Hello\r\nBcc: thief@example.org", Text: "x", ID: "1"})
	if err != nil {
		return // refusing is right as well
	}
	for _, m := range sink.Messages() {
		if m.To != "a@example.org" {
			t.Fatalf("a header was added: %+v", m)
		}
	}
}

func TestErrorsNameNobody(t *testing.T) {
	t.Parallel()
	sink, smtp := sinkAndSender(t)
	sink.RefuseNext(1)
	err := smtp.Send(context.Background(), mail.Mail{To: "secret@example.org", Subject: "s", Text: "x", ID: "1"})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Fatalf("error: %v", err)
	}
	if err := smtp.Send(context.Background(), mail.Mail{To: "not an address", Subject: "s", Text: "x", ID: "1"}); err != mail.ErrAddress {
		t.Fatalf("error: %v; want ErrAddress", err)
	}
}

func TestUnusableSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for _, u := range []string{"", "localhost:25", "http://x", "smtp://", "smtp://h:port"} {
		if _, err := mail.NewSMTP(u, "a@example.org"); err == nil {
			t.Errorf("NewSMTP(%q) is taken", u)
		}
	}
	if _, err := mail.NewSMTP("smtp://localhost:25", "nobody"); err == nil {
		t.Error("MAIL_FROM without an address is taken")
	}
}
