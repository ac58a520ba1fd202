package listing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/words"
)

// Kind is one kind of help, with its words, as a bank has it.
type Kind struct {
	Code   string  `json:"code"`
	Parent *string `json:"parent,omitempty" doc:"The wider kind; none for the widest"`
	Name   string  `json:"name" doc:"\"A lift\""`
	Doing  string  `json:"doing" doc:"Completes \"Bill helped with …\""`
	Icon   string  `json:"icon"`
	Sort   int     `json:"-"`
	Words  string  `json:"words,omitempty" doc:"Everyday words that a bank has added for it"`
	Hidden bool    `json:"hidden,omitempty" doc:"The bank does not offer it to choose, or not its group; what has it already keeps it"`
	Own    bool    `json:"own,omitempty" doc:"The bank has added it"`
	Ours   bool    `json:"ours,omitempty" doc:"It has the name that all banks have, in each of our languages"`

	// What the bank calls it in other languages than its first.
	Names map[words.Language]string `json:"names,omitempty" doc:"What the bank calls it in other languages, by code"`

	// As all banks have it, in English; empty of a bank's own.
	Common      words.Text `json:"-"`
	CommonDoing words.Text `json:"-"`

	// As the bank has it, in its first language.
	first, firstDoing string
}

// bankKind is what one bank says of a kind: of its own, or of one that all have.
type bankKind struct {
	bun.BaseModel `bun:"table:bank_kind"`

	BankID    uuid.UUID                 `bun:"bank_id"`
	Code      string                    `bun:"code"`
	Key       int64                     `bun:"key"`
	Parent    *string                   `bun:"parent"`
	Name      string                    `bun:"name"`
	Doing     string                    `bun:"doing"`
	Icon      string                    `bun:"icon"`
	Sort      int                       `bun:"sort"`
	Words     string                    `bun:"words"`
	WordKeys  []int64                   `bun:"word_keys,array"`
	Names     map[words.Language]string `bun:"names,type:jsonb"`
	Hidden    bool                      `bun:"hidden"`
	ChangedBy uuid.UUID                 `bun:"changed_by"`
	ChangedAt time.Time                 `bun:"changed_at"`
}

const (
	kindNameLimit  = 40
	kindDoingLimit = 60
	kindWordsLimit = 300
	mostKinds      = 150 // of a bank's own
)

var (
	// ErrKindName refuses a name that another kind of the bank has.
	ErrKindName = fault.New(fault.Conflict, "kind-name-taken", "There is a kind of help of this name already. Choose another name.")
	// ErrNoKind refuses a kind of help that the bank does not have.
	ErrNoKind = fault.New(fault.NotFound, "no-such-kind", "There is no such kind of help here.")
	// ErrLastGroup refuses to hide the last group.
	ErrLastGroup = fault.New(fault.Conflict, "last-group", "One group at least must stay, so that people can choose something.")
	// ErrManyKinds refuses more kinds than anybody would look through.
	ErrManyKinds = fault.New(fault.Conflict, "many-kinds", "There are {most} kinds of your own already. Change one instead.")
)

// Kinds lists all kinds of help of a bank, the wider ones before their narrower
// ones, also those that it hides: in the reader's language what is called as in every
// bank, or what the bank has named in it, else in the bank's own words. db.NoBank has
// those of every bank.
func Kinds(ctx context.Context, tx bun.IDB, bank uuid.UUID) ([]Kind, error) {
	var out []Kind
	err := tx.NewRaw(`select coalesce(b.code, k.code) as code, case when b.code is null then k.parent else b.parent end as parent,
			coalesce(b.name, k.name) as name, coalesce(b.doing, k.doing) as doing, coalesce(b.icon, k.icon) as icon, coalesce(b.sort, k.sort) as sort,
			coalesce(b.words, '') as words, coalesce(b.hidden, false) as hidden, k.code is null as own, coalesce(b.names, '{}') as names,
			coalesce(k.name, '') as common, coalesce(k.doing, '') as common_doing
		from directory.kind k full join (select * from bank_kind where bank_id = ?) b on b.code = k.code order by 6, 1`, bank).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list kinds: %w", err)
	}
	hidden := map[string]bool{}
	for _, k := range out {
		hidden[k.Code] = k.Hidden
	}
	l := words.Of(ctx)
	for i, k := range out {
		out[i].Hidden = k.Hidden || k.Parent != nil && hidden[*k.Parent]
		out[i].first, out[i].firstDoing = k.Name, k.Doing
		if k.Name == string(k.Common) {
			out[i].Name, out[i].Ours = l.Say(k.Common), true
		}
		if k.Doing == string(k.CommonDoing) {
			out[i].Doing = l.Say(k.CommonDoing)
		}
		if said := k.Names[l]; said != "" {
			out[i].Name, out[i].Doing = said, midway(said)
		}
	}
	return out, nil
}

// KindNames gives the words of a bank's kinds by code.
func KindNames(ctx context.Context, tx bun.IDB, bank uuid.UUID) (map[string]Kind, error) {
	all, err := Kinds(ctx, tx, bank)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Kind, len(all))
	for _, k := range all {
		out[k.Code] = k
	}
	return out, nil
}

// Near lists the kinds that suit a request for one kind: just this, which has its
// group in it, and all of its group.
func Near(ctx context.Context, tx bun.IDB, bank uuid.UUID, code string) (exact, group []string, err error) {
	kinds, err := KindNames(ctx, tx, bank)
	if err != nil {
		return nil, nil, err
	}
	top := func(k Kind) string {
		if k.Parent != nil {
			return *k.Parent
		}
		return k.Code
	}
	exact = []string{code}
	if p := kinds[code].Parent; p != nil {
		exact = append(exact, *p)
	}
	for _, k := range kinds {
		if top(k) == top(kinds[code]) {
			group = append(group, k.Code)
		}
	}
	slices.Sort(group)
	return exact, group, nil
}

// Choosable finds a kind that may be chosen for something new. Refuses with ErrKind.
func Choosable(ctx context.Context, tx bun.IDB, bank uuid.UUID, code string) (Kind, error) {
	kinds, err := KindNames(ctx, tx, bank)
	if err != nil {
		return Kind{}, err
	}
	k, ok := kinds[code]
	if !ok || k.Hidden {
		return Kind{}, ErrKind.At("/kind")
	}
	return k, nil
}

// KindWish is what a coordinator says of a kind.
type KindWish struct {
	Parent string // of a new one: its group; none makes a group
	Name   string
	Doing  string // empty: the name, as it stands in a sentence
	Words  string // everyday words, between commas or spaces
	Hidden bool
	Names  map[words.Language]string // in other languages than the first; an empty one takes it back
}

func (w KindWish) clean() (KindWish, error) {
	for _, s := range []*string{&w.Name, &w.Doing, &w.Words} {
		*s = strings.Join(strings.Fields(*s), " ")
	}
	if w.Doing == "" && w.Name != "" {
		w.Doing = midway(w.Name)
	}
	names := map[words.Language]string{}
	for l, name := range w.Names {
		if name = strings.Join(strings.Fields(name), " "); name != "" {
			names[l] = name
		}
	}
	w.Names = names
	var c fault.Check
	for _, f := range []struct {
		value, pointer string
		most           int
	}{{w.Name, "/name", kindNameLimit}, {w.Doing, "/doing", kindDoingLimit}, {w.Words, "/words", kindWordsLimit}} {
		c.Add(utf8.RuneCountInString(f.value) <= f.most, f.pointer, "too-long", "Write at most {n} characters.", "n", f.most)
	}
	for l, name := range w.Names {
		c.Add(l != words.English && words.Known(string(l)), "/names", "unknown-language", "There is no such language here.")
		c.Add(utf8.RuneCountInString(name) <= kindNameLimit, "/names/"+string(l), "too-long", "Write at most {n} characters.", "n", kindNameLimit)
		c.Add(links(name) == 0, "/names/"+string(l), "too-many-links", "Please leave web addresses out.")
	}
	c.Add(w.Name != "", "/name", "needed", "Give it a name, such as Help with fishing.")
	c.Add(links(w.Name+" "+w.Doing+" "+w.Words) == 0, "/name", "too-many-links", "Please leave web addresses out.")
	return w, c.Err()
}

// midway is a name as it stands in a sentence.
func midway(name string) string {
	first, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[n:]
}

// common puts back what a coordinator has left as they read it: in English what every
// bank has, so that others still read it in theirs, and in the bank's first language
// what they read in another.
func (w KindWish) common(l words.Language, k Kind) KindWish {
	if said := k.Names[l]; said != "" && w.Name == said {
		w.Name = k.first
		if w.Doing == midway(said) {
			w.Doing = k.firstDoing
		}
	}
	if k.Common != "" && w.Name == l.Say(k.Common) {
		w.Name = string(k.Common)
	}
	if k.CommonDoing != "" && w.Doing == l.Say(k.CommonDoing) {
		w.Doing = string(k.CommonDoing)
	}
	return w
}

// keys are those of the words by which search finds a kind: its name's, in every
// language, and the everyday ones.
func (w KindWish) keys() []int64 {
	out := []int64{}
	for _, t := range tokens(strings.Join(slices.Collect(maps.Values(w.Names)), " ") + " " + w.Name + " " + w.Words) {
		out = append(out, key(t.stem))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// AddKind gives the actor's bank a kind of help of its own, in a group or as a
// group. Refuses what cannot be used by field, ErrKindName, ErrManyKinds, and
// ErrNoKind for a group that is none.
func (s *Service) AddKind(ctx context.Context, a identity.Actor, w KindWish) (string, error) {
	w, err := w.clean()
	if err != nil {
		return "", err
	}
	unique := id.New()
	row := bankKind{BankID: a.Bank.ID, Code: "own-" + strings.ReplaceAll(unique.String(), "-", ""), Icon: "hands", Sort: 90,
		Name: w.Name, Doing: w.Doing, Words: w.Words, WordKeys: w.keys(), Names: w.Names, ChangedBy: a.Person, ChangedAt: s.Clock.Now()}
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		all, err := Kinds(ctx, tx, a.Bank.ID)
		if err != nil {
			return err
		}
		own := 0
		for _, k := range all {
			if k.Own {
				own++
			}
			if k.Code == w.Parent && k.Parent == nil {
				row.Parent, row.Icon, row.Sort = &k.Code, k.Icon, k.Sort+9
			}
		}
		switch {
		case w.Parent != "" && row.Parent == nil:
			return ErrNoKind
		case own >= mostKinds:
			return ErrManyKinds.With("most", mostKinds)
		}
		if err := otherName(all, "", w.Name, w.Parent == ""); err != nil {
			return err
		}
		return s.saveKind(ctx, tx, a, row, "add-kind")
	})
	return row.Code, err
}

// ChangeKind gives a kind of help other words in the actor's bank, hides it from
// choosing or shows it again. What has it already keeps it. Refuses as AddKind does,
// and with ErrLastGroup.
func (s *Service) ChangeKind(ctx context.Context, a identity.Actor, code string, w KindWish) error {
	w, err := w.clean()
	if err != nil {
		return err
	}
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		all, err := Kinds(ctx, tx, a.Bank.ID)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(k Kind) bool { return k.Code == code })
		if at < 0 {
			return ErrNoKind
		}
		k := all[at]
		w := w.common(words.Of(ctx), k)
		another := slices.ContainsFunc(all, func(o Kind) bool { return o.Parent == nil && !o.Hidden && o.Code != code })
		if w.Hidden && k.Parent == nil && !another {
			return ErrLastGroup
		}
		if err := otherName(all, code, w.Name, k.Parent == nil); err != nil && !w.Hidden {
			return err
		}
		return s.saveKind(ctx, tx, a, bankKind{BankID: a.Bank.ID, Code: code, Parent: k.Parent, Icon: k.Icon, Sort: k.Sort, Name: w.Name, Doing: w.Doing,
			Words: w.Words, WordKeys: w.keys(), Names: w.Names, Hidden: w.Hidden, ChangedBy: a.Person, ChangedAt: s.Clock.Now()}, "change-kind")
	})
}

// otherName refuses a name by which another kind, or another group, is chosen.
func otherName(all []Kind, code, name string, group bool) error {
	for _, k := range all {
		if k.Code != code && !k.Hidden && (k.Parent == nil) == group && strings.EqualFold(k.Name, name) {
			return ErrKindName.At("/name")
		}
	}
	return nil
}

func (s *Service) saveKind(ctx context.Context, tx bun.IDB, a identity.Actor, row bankKind, action string) error {
	row.Key = kindKey(row.Code)
	_, err := tx.NewInsert().Model(&row).On("conflict (bank_id, code) do update").Set("name = excluded.name").Set("doing = excluded.doing").
		Set("words = excluded.words").Set("word_keys = excluded.word_keys").Set("hidden = excluded.hidden").Set("names = excluded.names").
		Set("changed_by = excluded.changed_by").Set("changed_at = excluded.changed_at").Exec(ctx)
	if db.Violated(err, "bank_kind_name") {
		return ErrKindName.At("/name")
	}
	if err != nil {
		return fmt.Errorf("keep kind: %w", err)
	}
	return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: row.ChangedAt, ActorID: a.Person, Action: action, ObjectKind: "bank", ObjectID: a.Bank.ID})
}

// ownWords takes out of a bank's words, as understand reads them, the kinds of which
// the bank itself says that a word speaks, by the word's key.
func ownWords(rows []word) (rest []word, own map[int64][]string, counts map[int64]int) {
	own, counts = map[int64][]string{}, make(map[int64]int, len(rows))
	for _, r := range rows {
		if r.N >= 0 {
			rest = append(rest, r)
			counts[r.Key] = r.N
			continue
		}
		own[r.Key] = append(own[r.Key], r.Word)
		counts[kindKey(r.Word)] = -1 - r.N
	}
	for _, kinds := range own {
		slices.Sort(kinds)
	}
	return rest, own, counts
}
