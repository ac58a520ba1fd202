package message

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"timebank/app/platform/held"
	"timebank/app/platform/words"
)

// Held is what this slice keeps about a person: the log of messages. Their words
// are made when they are sent and not kept.
func Held() []held.Section {
	return []held.Section{
		{Name: "messages", Title: "What we sent you", Tables: []string{"public.message"}, Read: heldMessages},
		{Name: "devices", Title: "Where our messages show on a screen", Tables: []string{"directory.push_device"}, Read: heldDevices},
	}
}

func heldMessages(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	var rows []Message
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", s.Bank).Where("person_id = ?", s.Person).Order("created_at DESC", "id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read messages: %w", err)
	}
	var out []held.Item
	for _, m := range rows {
		out = append(out, held.Item{s.T("at", "Written", m.CreatedAt), held.F("about", "About", m.Template), held.F("channel", "By", m.Channel), held.F("state", "State", m.State),
			s.OptT("sent_at", "Sent", m.SentAt), held.F("problem", "Problem", m.Problem)})
	}
	return out, "The words of a message are made when it leaves and are not kept.", nil
}

func heldDevices(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	var rows []pushDevice
	if err := tx.NewSelect().Model(&rows).Where("person_id = ?", s.Person).Order("created_at", "id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read push devices: %w", err)
	}
	var out []held.Item
	for _, d := range rows {
		out = append(out, held.Item{s.T("since", "Since", d.CreatedAt), held.F("address", "Its address at the maker of the browser", d.Endpoint), s.OptT("sent_at", "Last message", d.SentAt)})
	}
	return out, "This ends when you sign out on the device.", nil
}
