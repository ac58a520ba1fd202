package exchangefile

import (
	"slices"
	"strings"
	"testing"
)

func TestDemoBankIsRealAndNobodys(t *testing.T) {
	t.Parallel()
	f := demo(t)
	if len(f.Members) < 40 || len(f.Posts) < 70 || len(f.Transfers) < 220 {
		t.Errorf("%d members, %d posts, %d transfers", len(f.Members), len(f.Posts), len(f.Transfers))
	}
	without, areas := 0, map[string]int{}
	for _, m := range f.Members {
		areas[m.Area]++
		if m.Email == "" {
			without++
		}
		if m.Phone != "" && !strings.HasPrefix(m.Phone, "+441632960") && !strings.HasPrefix(m.Phone, "+447700900") {
			t.Errorf("row %d: a number that may be somebody's", m.Row)
		}
		if _, host, ok := strings.Cut(m.Email, "@"); ok && !slices.Contains([]string{"example.org", "example.com", "example.net"}, host) {
			t.Errorf("row %d: an address that may be somebody's", m.Row)
		}
	}
	if without != 15 {
		t.Errorf("%d without e-mail, want 15", without)
	}
	for _, a := range []string{"Northgate", "Millbrook", "Station Road", "St Anne's", "Quayside"} {
		if areas[a] < 4 {
			t.Errorf("%d members in %s", areas[a], a)
		}
		delete(areas, a)
	}
	if len(areas) > 0 {
		t.Errorf("other areas: %v", areas)
	}
}

func TestDemoBankHasPeopleForTheRequestsOfTheStory(t *testing.T) {
	t.Parallel()
	f := demo(t)
	offers := map[string]int{}
	other := 0
	for _, p := range f.Posts {
		if !p.Request {
			offers[p.Kind]++
		}
		if p.Kind == Anything {
			other++
			t.Logf("no kind: %s", p.Title)
		}
	}
	for kind, want := range map[string]int{"out.lift": 5, "home.bulb": 4, "garden.garden": 4, "company.chat": 2} {
		if offers[kind] < want {
			t.Errorf("%d offers of %s, want %d", offers[kind], kind, want)
		}
	}
	if other > 3 {
		t.Errorf("%d posts of no kind", other)
	}
	edna, bill := f.Members[0], f.Members[1]
	if edna.Name != "Edna Marsh" || edna.Email != "" || edna.Phone != "+441632960021" || edna.Area != "Northgate" {
		t.Errorf("Edna is %+v", edna)
	}
	if bill.Name != "Bill Okafor" || bill.Email != "bill@example.org" || *bill.Balance <= 0 {
		t.Errorf("Bill is %+v", bill)
	}
	if m := f.Members[2]; m.Name != "Maria Santos" || m.Area != "Millbrook" {
		t.Errorf("Maria is %+v", m)
	}
	if len(f.Skipped) != 4 {
		t.Errorf("left out: %v", f.Skipped)
	}
}
