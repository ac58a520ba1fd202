package exchange

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"
)

func TestOnlyTheOtherSideConfirms(t *testing.T) {
	t.Parallel()
	helper, helped := uuid.New(), uuid.New()
	for _, c := range []struct {
		name   string
		doneBy uuid.UUID
		side   Side
		may    bool
	}{
		{"helper said it, helped confirms", helper, Helped, true},
		{"helper said it, helper may not", helper, Helper, false},
		{"helped said it, helper confirms", helped, Helper, true},
		{"helped said it, helped may not", helped, Helped, false},
		{"a broker always may", helper, Broker, true},
	} {
		e := Exchange{State: Done, HelperID: helper, HelpedID: helped, DoneBy: &c.doneBy}
		if got := confirms(e, c.side); got != c.may {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestEveryEdgeIsReachableByAVerbOrTheSystem(t *testing.T) {
	t.Parallel()
	to := map[string]State{VerbAgree: Agreed, VerbDecline: Cancelled, VerbCancel: Cancelled, VerbDone: Done, VerbConfirm: Settled, VerbDispute: Disputed}
	helper, helped := uuid.New(), uuid.New()
	for from, edges := range moves {
		for target, sides := range edges {
			for _, side := range sides {
				if from == New || side == System || from == target {
					continue // made by propose and record; expiry and silence; another time stays where it is
				}
				reached := false
				for _, doneBy := range []uuid.UUID{helper, helped} {
					for _, said := range []string{"waiting", "yes"} {
						e := Exchange{State: from, HelperID: helper, HelpedID: helped, DoneBy: &doneBy, HelperSaid: said, HelpedSaid: "waiting"}
						for _, v := range verbs(e, side) {
							reached = reached || to[v] == target || (v == VerbResolve && (target == Settled || target == Cancelled))
						}
					}
				}
				if !reached {
					t.Errorf("%s → %s by the %s: no screen leads there", from, target, side)
				}
			}
		}
	}
}

func TestEndedExchangesWaitForNobody(t *testing.T) {
	t.Parallel()
	for _, s := range []State{Settled, Cancelled, Expired} {
		e := Exchange{State: s}
		if len(waitingFor(e)) != 0 || len(verbs(e, Broker)) != 0 || len(moves[s]) != 0 {
			t.Errorf("%s is not the end", s)
		}
	}
	for from := range moves {
		if from != New && len(waitingFor(Exchange{State: from, HelperSaid: "waiting"})) == 0 {
			t.Errorf("%s waits for nobody and is not the end", from)
		}
	}
}

func TestMinutesAreQuarterHours(t *testing.T) {
	t.Parallel()
	for m, ok := range map[int64]bool{0: false, -15: false, 1: false, 14: false, 15: true, 90: true, 91: false, 720: true, 735: false, 1 << 60: false} {
		if err := checkMinutes(m); (err == nil) != ok || (err != nil && !errors.Is(err, ErrMinutes)) {
			t.Errorf("checkMinutes(%d) = %v", m, err)
		}
	}
}

func TestStrangersHaveNoSide(t *testing.T) {
	t.Parallel()
	e := Exchange{HelperID: uuid.New(), HelpedID: uuid.New()}
	if _, ok := sideOf(e, uuid.New(), false); ok {
		t.Error("a stranger has a side")
	}
	if s, ok := sideOf(e, uuid.Nil, true); !ok || s != Broker {
		t.Error("a broker without a membership has none")
	}
	if !slices.Contains(moves[Done][Settled], System) {
		t.Error("silence does not settle")
	}
}
