package id

import (
	"strings"
	"testing"
)

func TestReferenceSurvivesTheWayPeopleTypeIt(t *testing.T) {
	for range 500 {
		ref := NewReference('R')
		for _, typed := range []string{ref, strings.ToLower(ref), strings.ReplaceAll(ref, "-", " "), strings.ReplaceAll(ref, "0", "o"), " " + strings.ReplaceAll(ref, "1", "l")} {
			got, err := ParseReference(typed)
			if err != nil || got != ref {
				t.Fatalf("ParseReference(%q) = %q, %v; want %q", typed, got, err, ref)
			}
		}
	}
}

func TestReferenceFindsOneWrongCharacter(t *testing.T) {
	for range 200 {
		ref := NewReference('R')
		for i := 2; i < len(ref); i++ {
			if ref[i] == '-' {
				continue
			}
			for _, c := range alphabet {
				bad := ref[:i] + string(c) + ref[i+1:]
				if _, err := ParseReference(bad); err == nil && bad != ref {
					t.Fatalf("%s passes although %s was meant", bad, ref)
				}
			}
		}
	}
}

func TestReferenceRefusesWhatIsNone(t *testing.T) {
	for _, s := range []string{"", "R", "R-1234", "R-1234-567-8", "héllo wo", "R-12\x00345"} {
		if got, err := ParseReference(s); err == nil {
			t.Errorf("ParseReference(%q) = %q; want a refusal", s, got)
		}
	}
}
