package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// mailTo waits for a message with this subject and gives its text.
func (h *house) mailTo(address, subject string) string {
	h.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		for _, m := range h.sink.Messages() {
			if m.To == address && m.Subject == subject {
				return m.Text
			}
		}
		select {
		case <-h.sink.Arrived():
		case <-limit:
			h.t.Fatalf("no mail %q reached %s", subject, address)
		}
	}
}

func TestSilenceIsAnnounced(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria, edna := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Edna", "")
	h.met(bill, maria)
	h.said(bill, maria, 90)
	if got := h.mailTo("maria@example.org", "Is 1 hour 30 minutes right?"); !strings.Contains(got, "If we hear nothing by Monday 30 November, we take it as a yes") {
		t.Errorf("Maria reads %q", got)
	}
	x := h.said(bill, edna, 90)
	if n := h.openTasks("ring-to-confirm", x); n != 1 {
		t.Errorf("%d calls for Edna, who has no e-mail", n)
	}
}

func TestMessageThatIsNoLongerTrueIsNotSent(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org")
	h.must(h.app.Queue.Stop(t.Context())) // nothing leaves meanwhile
	x := h.said(bill, maria, 90)
	_, err := h.app.Exchange.Confirm(t.Context(), h.as(maria), uuid.Nil, x, oneself())
	h.must(err)
	h.must(h.app.Queue.Start(context.WithoutCancel(t.Context()), 50*time.Millisecond))
	done, stop := h.app.Queue.Done()
	defer stop()
	h.done = done
	h.wait("send-message")
	if n := h.count("message where state = 'not-needed'"); n != 1 || len(h.sink.Messages()) != 0 {
		t.Errorf("%d not needed, %d sent", n, len(h.sink.Messages()))
	}
}

func TestPassingFailureIsRetried(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org")
	h.sink.RefuseNext(1)
	h.said(bill, maria, 90)
	h.wait("send-message")
	if n := h.count("message where state = 'sent'"); n != 1 || len(h.sink.Messages()) != 1 {
		t.Errorf("%d noted as sent, %d arrived", n, len(h.sink.Messages()))
	}
	if log := h.log.String(); strings.Contains(log, "maria@") || strings.Contains(log, "Maria") {
		t.Error("the log names somebody")
	}
}

// The line is cut after the server took the message: it goes out again, under
// the same Message-ID, by which the second is known as the first.
func TestMessageSentAgainAfterACutKeepsItsID(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org")
	h.sink.CutNext(1)
	h.said(bill, maria, 90)
	h.wait("send-message")
	got := h.sink.Messages()
	if len(got) != 2 || got[0].ID != got[1].ID || got[0].ID == "" {
		t.Errorf("arrived: %+v", got)
	}
}

func TestAddressThatTakesNoMailBecomesACall(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org")
	h.sink.RefuseAddress("maria@example.org")
	x := h.said(bill, maria, 90)
	h.wait("send-message")
	if n := h.count("message where state = 'failed' and problem = 'address'"); n != 1 {
		t.Errorf("%d failed", n)
	}
	if n := h.openTasks("ring-to-confirm", x); n != 1 {
		t.Errorf("%d calls: silence would settle what Maria never heard of", n)
	}
}
