package message

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/member"
	"timebank/app/platform/words"
)

// Unheard lists, by what they are about, the members whom the newest news did not
// reach by e-mail: they have none, or it failed.
func Unheard(ctx context.Context, tx bun.IDB, bank uuid.UUID, subjects []uuid.UUID) (map[uuid.UUID][]uuid.UUID, error) {
	out := map[uuid.UUID][]uuid.UUID{}
	if len(subjects) == 0 {
		return out, nil
	}
	var rows []struct{ SubjectID, MemberID uuid.UUID }
	err := tx.NewRaw(`select subject_id, member_id from message m
		where bank_id = ? and subject_id in (?) and member_id is not null and (channel = 'phone' or (channel = 'email' and state = 'failed'))
		  and template = (select n.template from message n where n.bank_id = ? and n.subject_id = m.subject_id order by n.created_at desc, n.id desc limit 1)
		group by subject_id, member_id`, bank, bun.List(subjects), bank).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read who has not heard: %w", err)
	}
	for _, r := range rows {
		out[r.SubjectID] = append(out[r.SubjectID], r.MemberID)
	}
	return out, nil
}

// Describe words messages that did not arrive, for the desk.
func Describe(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []Message
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("id in (?)", bun.List(ids)).Where("member_id is not null").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	var members []uuid.UUID
	for _, m := range rows {
		members = append(members, *m.MemberID)
	}
	people, err := member.Some(ctx, tx, bank, members)
	if err != nil {
		return nil, err
	}
	label, err := member.Labels(ctx, tx, bank, people)
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]desk.Line{}
	for _, m := range rows {
		what := words.Text("Our e-mail did not arrive. The address takes no mail. Ring them, and ask for another address.")
		if m.Problem == "tries" {
			what = "Our e-mail did not arrive. The mail server did not take it. Ring them, and ask for another address."
		}
		out[m.ID] = desk.Line{Who: label[*m.MemberID], What: words.Of(ctx).Say(what),
			Link: "/broker/member?id=" + m.MemberID.String(), Member: m.MemberID}
	}
	return out, nil
}
