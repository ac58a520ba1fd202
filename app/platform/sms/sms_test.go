package sms

import (
	"errors"
	"strings"
	"testing"

	"timebank/app/platform/sms/smssink"
)

func TestTextArrivesOnce(t *testing.T) {
	t.Parallel()
	sink, err := smssink.New("secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.Close() })
	g, err := New(sink.URL(), "secret", "Hilltop")
	if err != nil {
		t.Fatal(err)
	}
	text := Text{To: "+447700900982", Text: "Your code is 123 456", ID: "one"}
	for range 2 {
		if err := g.Send(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if got := sink.Messages(); len(got) != 1 || got[0].To != text.To || got[0].Text != text.Text || got[0].From != "Hilltop" {
		t.Errorf("arrived: %+v", got)
	}
	for status, number := range map[int]bool{400: true, 404: true, 422: true, 302: false, 401: false, 429: false, 500: false} {
		sink.AnswerNext(status)
		err := g.Send(t.Context(), text)
		if err == nil || errors.Is(err, ErrNumber) != number {
			t.Errorf("%d: %v", status, err)
		}
		if err != nil && (strings.Contains(err.Error(), "7700") || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "123")) {
			t.Errorf("the error tells %v", err)
		}
	}
}

func TestTokenAndNumbersTravelSealed(t *testing.T) {
	t.Parallel()
	for address, fine := range map[string]bool{"https://gateway.example/messages": true, "http://127.0.0.1:99/x": true, "http://gateway.example/messages": false,
		"https://u:p@gateway.example": false, "ftp://gateway.example": false, "gateway.example": false, "": false} {
		if _, err := New(address, "t", "f"); (err == nil) != fine || err != nil && strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestMobileNumbers(t *testing.T) {
	t.Parallel()
	for number, is := range map[string]bool{"+447700900982": true, "+447624400123": true, "+441632960021": false, "+447012345678": false, "+447612345678": false,
		"+4477009009": false, "+33612345678": false, "+448712345678": false, "": false} {
		if Mobile(number, []string{"44"}) != is {
			t.Errorf("%s: %v", number, !is)
		}
	}
	if !Mobile("+33612345678", []string{"44", "33"}) {
		t.Error("a country that is paid for")
	}
}
