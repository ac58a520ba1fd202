package ledger

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Format is a form in which books leave the house.
type Format string

const (
	// Hledger is plain text accounting that both hledger and beancount read:
	// minutes as the commodity MIN, accounts by kind and id.
	Hledger Format = "hledger"
	CSV     Format = "csv"  // one row per leg
	JSON    Format = "json" // one object with everything
)

// Journal calls fn with every transfer of a bank, in the order in which they took
// effect and were posted. It reads as it goes, so memory stays flat; the first
// error of fn ends it and is returned.
func Journal(ctx context.Context, db bun.IDB, bank uuid.UUID, fn func(Record) error) error {
	rows, err := db.QueryContext(ctx, `select `+recordColumns+` from ledger.transfer t
left join ledger.transfer r on r.bank_id = ? and r.reversal_of = t.id
where t.bank_id = ? order by t.effective_on, t.posted_at, t.id`, bank, bank)
	if err != nil {
		return fmt.Errorf("ledger: journal: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return fmt.Errorf("ledger: journal: %w", err)
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("ledger: journal: %w", err)
	}
	return nil
}

// Export writes a bank's journal to w. It knows ids, not names. Refusals:
// ErrInvalid for a format that is none.
func Export(ctx context.Context, db bun.IDB, bank uuid.UUID, format Format, w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	kinds, err := accountKinds(ctx, db, bank)
	if err != nil {
		return err
	}
	var e exporter
	switch format {
	case Hledger:
		e = &plainText{w: out, kinds: kinds}
	case CSV:
		e = &table{w: csv.NewWriter(out), kinds: kinds}
	case JSON:
		e = &object{w: out, kinds: kinds}
	default:
		return ErrInvalid{"format", "is not hledger, csv or json"}
	}
	head, err := Head(ctx, db, bank)
	if err != nil {
		return err
	}
	if err := e.begin(bank, head); err != nil {
		return err
	}
	if err := Journal(ctx, db, bank, e.transfer); err != nil {
		return err
	}
	if err := e.end(); err != nil {
		return err
	}
	return out.Flush()
}

type exporter interface {
	begin(bank uuid.UUID, head Block) error
	transfer(Record) error
	end() error
}

type accountKind struct {
	id   uuid.UUID
	kind AccountKind
}

// kindsOf is the accounts of a bank in ascending id.
type kindsOf struct {
	all []accountKind
	by  map[uuid.UUID]AccountKind
}

func accountKinds(ctx context.Context, db bun.IDB, bank uuid.UUID) (kindsOf, error) {
	k := kindsOf{by: map[uuid.UUID]AccountKind{}}
	rows, err := db.QueryContext(ctx, "select id, kind from ledger.account where bank_id = ? order by id", bank)
	if err != nil {
		return k, fmt.Errorf("ledger: accounts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var a accountKind
		if err := rows.Scan(&a.id, &a.kind); err != nil {
			return k, fmt.Errorf("ledger: accounts: %w", err)
		}
		k.all, k.by[a.id] = append(k.all, a), a.kind
	}
	return k, rows.Err()
}

// plainText writes what hledger and beancount have in common. To beancount a dated
// line "open" opens an account; to hledger it is a transaction without postings.
type plainText struct {
	w     *bufio.Writer
	kinds kindsOf
}

var roots = map[AccountKind]string{Member: "Assets:Member:", Organisation: "Assets:Organisation:", Pot: "Assets:Pot:",
	Clearing: "Assets:Clearing:", Issuance: "Equity:Issuance:", Adjustment: "Equity:Adjustment:"}

func (p *plainText) name(account uuid.UUID) string {
	return roots[p.kinds.by[account]] + strings.ToUpper(account.String())
}

func (p *plainText) begin(bank uuid.UUID, head Block) error {
	if _, err := fmt.Fprintf(p.w, "; bank %s, in minutes (MIN)\n; sealed up to %s\n\n", bank, head); err != nil {
		return err
	}
	for _, a := range p.kinds.all {
		if _, err := fmt.Fprintf(p.w, "1900-01-01 open %s\n", p.name(a.id)); err != nil {
			return err
		}
	}
	return nil
}

func (p *plainText) transfer(r Record) error {
	what := string(r.Kind)
	if r.Category != "" {
		what += ", " + r.Category
	}
	if _, err := fmt.Fprintf(p.w, "\n%s * \"%s\"\n", r.EffectiveOn, line(what, `"`, "'", ";", ",", "|", "/", `\`, "/")); err != nil {
		return err
	}
	notes := [][2]string{{"id", r.ID.String()}, {"key", r.Key}, {"posted", r.PostedAt.Format(time.RFC3339Nano)}, {"actor", r.Actor.String()},
		{"for", known(r.OnBehalfOf)}, {r.Reference.Kind, known(r.Reference.ID)}, {"reverses", known(r.ReversalOf)}, {"hold", known(r.Hold)}, {"reason", r.Reason}}
	for _, n := range notes {
		if n[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(p.w, "  ; %s: %s\n", line(n[0]), line(n[1])); err != nil {
			return err
		}
	}
	for _, l := range r.Legs {
		if _, err := fmt.Fprintf(p.w, "  %s  %d MIN\n", p.name(l.Account), l.Minutes); err != nil {
			return err
		}
	}
	return nil
}

func (p *plainText) end() error { return nil }

// line is s without what would end a line or mean something, by pairs.
func line(s string, pairs ...string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
	return strings.NewReplacer(pairs...).Replace(s)
}

func known(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// table writes one row per leg.
type table struct {
	w     *csv.Writer
	kinds kindsOf
}

func (t *table) begin(uuid.UUID, Block) error {
	return t.w.Write([]string{"transfer", "kind", "effective_on", "posted_at", "account", "account_kind", "minutes", "category", "actor",
		"on_behalf_of", "reference_kind", "reference", "reverses", "hold", "key", "reason"})
}

func (t *table) transfer(r Record) error {
	for _, l := range r.Legs {
		err := t.w.Write([]string{r.ID.String(), string(r.Kind), r.EffectiveOn.String(), r.PostedAt.Format(time.RFC3339Nano), l.Account.String(),
			string(t.kinds.by[l.Account]), strconv.FormatInt(int64(l.Minutes), 10), inert(r.Category), r.Actor.String(), known(r.OnBehalfOf),
			inert(r.Reference.Kind), known(r.Reference.ID), known(r.ReversalOf), known(r.Hold), inert(r.Key), inert(r.Reason)})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *table) end() error {
	t.w.Flush()
	return t.w.Error()
}

// inert keeps a spreadsheet from taking what somebody wrote for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// object writes one JSON object, transfer by transfer.
type object struct {
	w     *bufio.Writer
	kinds kindsOf
	more  bool
}

func (o *object) begin(bank uuid.UUID, head Block) error {
	type account struct {
		ID   uuid.UUID   `json:"id"`
		Kind AccountKind `json:"kind"`
	}
	accounts := make([]account, len(o.kinds.all))
	for i, a := range o.kinds.all {
		accounts[i] = account{a.id, a.kind}
	}
	b, err := json.Marshal(accounts)
	if err == nil {
		_, err = fmt.Fprintf(o.w, "{\"bank\":%q,\"unit\":\"minutes\",\"sealed\":{\"height\":%d,\"hash\":\"%x\"},\n\"accounts\":%s,\n\"transfers\":[", bank, head.Height, head.Hash, b)
	}
	return err
}

func (o *object) transfer(r Record) error {
	type leg struct {
		Account uuid.UUID `json:"account"`
		Minutes Minutes   `json:"minutes"`
	}
	legs := make([]leg, len(r.Legs))
	for i, l := range r.Legs {
		legs[i] = leg(l)
	}
	b, err := json.Marshal(struct {
		ID            uuid.UUID `json:"id"`
		Kind          Kind      `json:"kind"`
		Key           string    `json:"key"`
		Actor         uuid.UUID `json:"actor"`
		OnBehalfOf    uuid.UUID `json:"onBehalfOf,omitzero"`
		Category      string    `json:"category,omitempty"`
		ReferenceKind string    `json:"referenceKind,omitempty"`
		Reference     uuid.UUID `json:"reference,omitzero"`
		EffectiveOn   string    `json:"effectiveOn"`
		PostedAt      time.Time `json:"postedAt"`
		Reason        string    `json:"reason,omitempty"`
		Reverses      uuid.UUID `json:"reverses,omitzero"`
		Hold          uuid.UUID `json:"hold,omitzero"`
		Legs          []leg     `json:"legs"`
	}{r.ID, r.Kind, r.Key, r.Actor, r.OnBehalfOf, r.Category, r.Reference.Kind, r.Reference.ID, r.EffectiveOn.String(), r.PostedAt, r.Reason,
		r.ReversalOf, r.Hold, legs})
	if err != nil {
		return err
	}
	if o.more {
		b = append([]byte{','}, b...)
	}
	o.more = true
	_, err = o.w.Write(append([]byte{'\n'}, b...))
	return err
}

func (o *object) end() error {
	_, err := o.w.WriteString("]}\n")
	return err
}
