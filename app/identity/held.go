package identity

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/held"
	"timebank/app/platform/words"
)

// Held is what this slice keeps about a person.
func Held() []held.Section {
	return []held.Section{
		{Name: "person", Title: "Who you are", Tables: []string{"directory.person"}, Read: heldPerson},
		{Name: "roles", Title: "What you are here", Tables: []string{"directory.role", "directory.operator"}, Read: heldRoles},
		{Name: "sign-in", Title: "How you sign in", Tables: []string{"directory.session", "directory.sign_in_code", "directory.email_change", "directory.totp", "directory.recovery_code", "directory.passkey", "directory.known_device", "directory.challenge"}, Read: heldSignIn},
	}
}

func heldPerson(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	p, err := PersonByID(ctx, tx, s.Person)
	if err != nil {
		return nil, "", err
	}
	return []held.Item{{held.F("name", "Name", p.Name), held.F("called", "Called", p.Called), held.Opt("email", "E-mail", p.Email), held.Opt("phone", "Phone", p.Phone),
		held.F("language", "Language of our messages", p.Language.Name()), s.T("known_since", "Known to us since", p.CreatedAt)}}, "", nil
}

func heldRoles(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	var rows []Grant
	err := tx.NewSelect().Model(&rows).Where("person_id = ?", s.Person).Where("bank_id = ?", s.Bank).Order("granted_at", "role").Scan(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("read roles: %w", err)
	}
	var out []held.Item
	for _, g := range rows {
		out = append(out, held.Item{held.F("role", "Role", strings.ReplaceAll(string(g.Role), "-", " ")), s.T("since", "Since", g.GrantedAt), s.OptT("until", "Until", g.EndedAt)})
	}
	operator, err := isOperator(ctx, tx, s.Person)
	if operator {
		out = append(out, held.Item{held.F("role", "Role", "operator of the platform"), held.F("since", "Since", ""), held.F("until", "Until", "")})
	}
	return out, "", err
}

func heldSignIn(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	var sessions []Session
	if err := tx.NewSelect().Model(&sessions).Where("person_id = ?", s.Person).Order("created_at DESC", "id").Limit(1000).Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read sessions: %w", err)
	}
	var codes []Code
	if err := tx.NewSelect().Model(&codes).Where("person_id = ?", s.Person).Order("created_at DESC", "id").Limit(1000).Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read codes: %w", err)
	}
	l := words.Of(ctx)
	var out []held.Item
	for _, x := range sessions {
		out = append(out, held.Item{held.F("what", "What", DeviceWords(l, x.Device)), held.F("detail", "As it calls itself", x.Device),
			s.T("at", "Signed in", x.CreatedAt), s.T("last_used", "Last used", x.RenewedAt), s.OptT("ended", "Signed out", x.EndedAt)})
	}
	for _, c := range codes {
		how := words.Text("A code by e-mail")
		if c.Channel == "sms" {
			how = "A code by text message"
		}
		if c.MadeBy != nil && *c.MadeBy != uuid.Nil {
			how = "A code read out by the time bank"
		}
		out = append(out, held.Item{held.F("what", "What", l.Say(how)), held.F("detail", "As it calls itself", ""),
			s.T("at", "Signed in", c.CreatedAt), held.F("last_used", "Last used", ""), s.OptT("ended", "Signed out", c.UsedAt)})
	}
	var changes []emailChange
	if err := tx.NewSelect().Model(&changes).Where("person_id = ?", s.Person).Order("created_at DESC", "id").Limit(1000).Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read address changes: %w", err)
	}
	for _, c := range changes {
		out = append(out, held.Item{held.F("what", "What", l.Say("A new e-mail address, with a code")), held.F("detail", "As it calls itself", ""),
			s.T("at", "Signed in", c.CreatedAt), held.F("last_used", "Last used", ""), s.OptT("ended", "Signed out", c.UsedAt)})
	}
	var browsers []knownDevice
	if err := tx.NewSelect().Model(&browsers).Where("person_id = ?", s.Person).Order("created_at DESC", "hash").Limit(1000).Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read browsers: %w", err)
	}
	for _, b := range browsers {
		out = append(out, held.Item{held.F("what", "What", l.Say("A browser that we know again, by a mark that says nothing of you")), held.F("detail", "As it calls itself", ""),
			s.T("at", "Signed in", b.CreatedAt), s.T("last_used", "Last used", b.UsedAt), held.F("ended", "Signed out", "")})
	}
	keys, err := passkeysOf(ctx, tx, s.Person)
	if err != nil {
		return nil, "", err
	}
	for _, k := range keys {
		out = append(out, held.Item{held.F("what", "What", l.Say("A passkey")), held.F("detail", "As it calls itself", k.Name),
			s.T("at", "Signed in", k.CreatedAt), s.OptT("last_used", "Last used", k.UsedAt), held.F("ended", "Signed out", "")})
	}
	a, ok, err := authenticatorOf(ctx, tx, s.Person)
	if err != nil {
		return nil, "", err
	}
	if ok {
		out = append(out, held.Item{held.F("what", "What", l.Say("An authenticator app, with recovery codes")), held.F("detail", "As it calls itself", ""),
			s.OptT("at", "Signed in", a.ConfirmedAt), held.F("last_used", "Last used", ""), held.F("ended", "Signed out", "")})
	}
	return out, "Sign-in is the same for every time bank you belong to. The codes themselves are not kept.", nil
}
