package listing

import (
	_ "embed"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// How a listing and a question become keys: words without accents and capitals,
// cut to their stem by the Snowball stemmer, as a 64-bit hash. Two words that
// share a hash among a million would mix two lists; nobody would be harmed.

//go:embed synonyms.csv
var synonymFile string

// synonyms are the kinds of help that a stem speaks of.
var synonyms = readSynonyms()

func readSynonyms() map[string][]string {
	out := map[string][]string{}
	for line := range strings.Lines(synonymFile) {
		kind, words, _ := strings.Cut(strings.TrimSpace(line), ",")
		for _, w := range tokens(words) {
			if !slices.Contains(out[w.stem], kind) {
				out[w.stem] = append(out[w.stem], kind)
			}
		}
	}
	return out
}

// everyday finds the word of these that somebody meant who slipped: "hosptial" is "hospital".
func everyday(written string) (meant token, ok bool) {
	for _, k := range slips(written) {
		for _, t := range slipped[k] {
			if near(written, t.word) {
				return t, true
			}
		}
	}
	return token{}, false
}

// slipped are the words of synonyms by the keys of their slips.
var slipped = func() map[int64][]token {
	out := map[int64][]token{}
	for line := range strings.Lines(synonymFile) {
		_, words, _ := strings.Cut(strings.TrimSpace(line), ",")
		for _, w := range tokens(words) {
			for _, k := range slips(w.word) {
				if !slices.Contains(out[k], w) {
					out[k] = append(out[k], w)
				}
			}
		}
	}
	return out
}()

// silent words stand in every sentence and say nothing of what is wanted.
var silent = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(`a an and are at be but by can could do for from get give go had has have help helping hello hi i if in is it its
		just like looking may me my need needs of on or our please so some somebody someone that the their them there they this to us want wants was we
		week who will with would you your offer offering
		ac am ar ei eich fy gan gyda help helpu neu rhywbeth rhywun yn yr
		اور ایک پر سے مدد میں والا کا کچھ کو کوئی کی کے ہے ہیں یا`) {
		out[w] = true
	}
	return out
}()

// token is one word: as it was written, without accents, and its stem.
type token struct{ word, stem string }

// maxTokens of one text are looked at; nobody reads further.
const maxTokens = 200

// tokens cuts a text into words that say something.
func tokens(text string) []token {
	var out []token
	for _, w := range strings.FieldsFunc(fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if n := len([]rune(w)); n < 2 || n > 30 || silent[w] {
			continue
		}
		if out = append(out, token{w, stem(w)}); len(out) == maxTokens {
			break
		}
	}
	return out
}

// fold lowers, and takes accents off and apostrophes out: "Zoë's" is "zoes".
func fold(text string) string {
	text = strings.NewReplacer("'", "", "’", "").Replace(strings.ToLower(text))
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), text)
	if err != nil {
		return text
	}
	return plain
}

func stem(word string) string {
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	return env.Current()
}

// key hashes what postings are led by; kinds have a space of their own.
func key(s string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // never fails
	return int64(h.Sum64())
}

func kindKey(code string) int64 { return key("kind/" + code) }

// nowhere is the area of somebody of whom none is known.
const nowhere = 0

// areaKey is an even number, so that a posting's can say in its last bit that the
// member stays there.
func areaKey(area string) int64 {
	area = strings.TrimSpace(fold(area))
	if area == "" {
		return nowhere
	}
	return key("area/"+area) &^ 1
}

// SameArea tells whether two areas, as people have written them, are one.
func SameArea(a, b string) bool { return areaKey(a) != nowhere && areaKey(a) == areaKey(b) }

// slips are the keys of a word with one letter left out, and of the word itself.
// Short words are left alone: every one of them is near another.
func slips(word string) []int64 {
	r := []rune(word)
	if len(r) < 4 {
		return nil
	}
	out := []int64{key("slip/" + word)}
	for i := range r {
		if i > 0 && r[i] == r[i-1] {
			continue // the same as leaving out the one before
		}
		out = append(out, key("slip/"+string(r[:i])+string(r[i+1:])))
	}
	return out
}

// near tells whether two words differ by at most one letter, or by two that
// changed places.
func near(a, b string) bool {
	x, y := []rune(a), []rune(b)
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	switch {
	case len(x) <= 1 && len(y) <= 1:
		return true
	case len(x) == 2 && len(y) == 2:
		return x[0] == y[1] && x[1] == y[0]
	}
	return false
}
