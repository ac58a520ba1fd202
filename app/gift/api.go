package gift

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// View is a gift as its two sides and brokers see it.
type View struct {
	ID        uuid.UUID  `json:"id"`
	FromID    uuid.UUID  `json:"from_id"`
	From      string     `json:"from"`
	ToID      *uuid.UUID `json:"to_id,omitempty" doc:"Missing: the pot"`
	To        string     `json:"to" doc:"Empty: the pot"`
	Minutes   int64      `json:"minutes"`
	Words     string     `json:"words"`
	State     string     `json:"state" enum:"offered,accepted,declined,expired,taken-back"`
	AnswerBy  string     `json:"answer_by,omitempty" format:"date" doc:"Without an answer it goes back after this day"`
	CreatedAt time.Time  `json:"created_at"`
}

// AskView is what somebody asked the pot for.
type AskView struct {
	ID        uuid.UUID `json:"id"`
	MemberID  uuid.UUID `json:"member_id"`
	Who       string    `json:"who" doc:"For brokers"`
	Minutes   int64     `json:"minutes"`
	Reason    string    `json:"reason"`
	State     string    `json:"state" enum:"waiting,granted,declined,taken-back"`
	Granted   int64     `json:"granted"`
	Answer    string    `json:"answer"`
	CreatedAt time.Time `json:"created_at"`
}

// PotLineView is one line of the pot's accounts. It names nobody.
type PotLineView struct {
	N       int64  `json:"n"`
	What    string `json:"what"`
	Minutes int64  `json:"minutes" doc:"Above zero: came into the pot"`
	Balance int64  `json:"balance"`
	On      string `json:"on" format:"date"`
}

type (
	giveInput struct {
		Bank string    `path:"bank"`
		Key  uuid.UUID `header:"Idempotency-Key" format:"uuid"`
		Body struct {
			To      *uuid.UUID `json:"to_id,omitempty" format:"uuid" doc:"A neighbour; missing: the community pot"`
			Minutes int64      `json:"minutes" doc:"Quarter hours, up to 12 hours"`
			Words   string     `json:"words,omitempty" maxLength:"200"`
			identity.OnBehalf
		}
	}
	idOutput struct {
		Body struct {
			ID uuid.UUID `json:"id"`
		}
	}
	answerInput struct {
		Bank string    `path:"bank"`
		Gift uuid.UUID `path:"gift" format:"uuid"`
		Body struct {
			Consent string `json:"consent,omitempty" enum:"phone,paper,in-person" doc:"Brokers: how the member said so"`
		}
	}
	mineInput struct {
		Bank   string    `path:"bank"`
		Member uuid.UUID `path:"member" format:"uuid"`
	}
	mineOutput struct {
		Body struct {
			Give  int64     `json:"give" doc:"Minutes that can be given away"`
			Gifts []View    `json:"gifts" doc:"Newest first"`
			Asks  []AskView `json:"asks"`
		}
	}
	potInput struct {
		Bank   string `path:"bank"`
		Before int64  `query:"before" minimum:"0" doc:"Number of the last line seen"`
	}
	potOutput struct {
		Body struct {
			Balance int64         `json:"balance"`
			Lines   []PotLineView `json:"lines" doc:"Newest first"`
			More    bool          `json:"more"`
		}
	}
	askInput struct {
		Bank string    `path:"bank"`
		Key  uuid.UUID `header:"Idempotency-Key" format:"uuid"`
		Body struct {
			Minutes int64  `json:"minutes"`
			Reason  string `json:"reason,omitempty" maxLength:"300"`
			identity.OnBehalf
		}
	}
	deskInput struct {
		Bank string `path:"bank"`
	}
	deskOutput struct {
		Body struct {
			Asks  []AskView `json:"asks" doc:"Oldest first"`
			Gifts []View    `json:"gifts" doc:"Without an answer, oldest first"`
		}
	}
	decideInput struct {
		Bank string    `path:"bank"`
		Ask  uuid.UUID `path:"ask" format:"uuid"`
		Body struct {
			Minutes int64  `json:"minutes" minimum:"0" doc:"What the pot gives; 0 declines"`
			Words   string `json:"words,omitempty" maxLength:"300"`
		}
	}
)

// Routes hangs the operations of gifts and the pot.
func (s *Service) Routes(r *web.Routes) {
	op := func(id, method, path, who, summary string, status int) web.Op {
		return web.Op{ID: id, Method: method, Path: "/banks/{bank}" + path, Room: "gifts", Who: who, Summary: summary, Status: status}
	}
	web.Register(r, op("give-hours", http.MethodPost, "/gifts", identity.TakePart, "Give hours to a neighbour or to the pot", http.StatusCreated), func(ctx context.Context, in *giveInput) (*idOutput, error) {
		out := &idOutput{}
		var err error
		out.Body.ID, err = s.Give(ctx, identity.ActorFrom(ctx), in.Key, Giving{To: in.Body.To, Minutes: in.Body.Minutes, Words: in.Body.Words, OnBehalf: in.Body.OnBehalf})
		return out, err
	})
	for _, x := range []struct{ how, end, summary string }{{Yes, "accept", "Say yes to a gift"}, {No, "decline", "Say no to a gift"}, {Withdraw, "take-back", "Take back a gift that nobody has answered"}} {
		web.Register(r, op(x.how, http.MethodPost, "/gifts/{gift}/"+x.end, identity.TakePart, x.summary, http.StatusNoContent), func(ctx context.Context, in *answerInput) (*struct{}, error) {
			return nil, s.Answer(ctx, identity.ActorFrom(ctx), in.Gift, x.how, in.Body.Consent)
		})
	}
	web.Register(r, op("list-gifts", http.MethodGet, "/members/{member}/gifts", identity.TakePart, "A member's gifts", 0), func(ctx context.Context, in *mineInput) (*mineOutput, error) {
		m, err := s.Of(ctx, identity.ActorFrom(ctx), in.Member)
		out := &mineOutput{}
		out.Body.Give, out.Body.Gifts, out.Body.Asks = m.Give, views(m.Gifts), make([]AskView, len(m.Asks))
		for i, k := range m.Asks {
			out.Body.Asks[i] = askView(k, "")
		}
		return out, err
	})
	web.Register(r, op("pot", http.MethodGet, "/pot", identity.TakePart, "The accounts of the community pot", 0), func(ctx context.Context, in *potInput) (*potOutput, error) {
		p, err := s.Pot(ctx, identity.ActorFrom(ctx), in.Before)
		out := &potOutput{}
		out.Body.Balance, out.Body.More, out.Body.Lines = p.Balance, p.More, make([]PotLineView, len(p.Lines))
		for i, l := range p.Lines {
			out.Body.Lines[i] = PotLineView{N: l.N, What: l.What, Minutes: int64(l.Minutes), Balance: int64(l.Balance), On: l.Record.EffectiveOn.String()}
		}
		return out, err
	})
	web.Register(r, op("ask-pot", http.MethodPost, "/pot/asks", identity.TakePart, "Ask the community pot for hours", http.StatusCreated), func(ctx context.Context, in *askInput) (*idOutput, error) {
		out := &idOutput{}
		var err error
		out.Body.ID, err = s.AskPot(ctx, identity.ActorFrom(ctx), in.Key, in.Body.Minutes, in.Body.Reason, in.Body.OnBehalf)
		return out, err
	})
	web.Register(r, op("pot-desk", http.MethodGet, "/pot/desk", identity.WorkDesk, "Who asks the pot, and gifts without an answer", 0), func(ctx context.Context, _ *deskInput) (*deskOutput, error) {
		d, err := s.AtDesk(ctx, identity.ActorFrom(ctx))
		out := &deskOutput{}
		out.Body.Gifts, out.Body.Asks = views(d.Gifts), make([]AskView, len(d.Asks))
		for i, k := range d.Asks {
			out.Body.Asks[i] = askView(k.Ask, k.Who)
		}
		return out, err
	})
	web.Register(r, op("answer-pot-ask", http.MethodPost, "/pot/asks/{ask}", identity.WorkDesk, "Answer somebody who asked the pot", http.StatusNoContent), func(ctx context.Context, in *decideInput) (*struct{}, error) {
		return nil, s.Decide(ctx, identity.ActorFrom(ctx), in.Ask, in.Body.Minutes, in.Body.Words)
	})
}

func views(all []Seen) []View {
	out := make([]View, len(all))
	for i, g := range all {
		out[i] = View{ID: g.ID, FromID: g.FromID, From: g.From, ToID: g.ToID, To: g.To, Minutes: g.Minutes, Words: g.Words, State: g.State, CreatedAt: g.CreatedAt}
		if g.AnswerBy != nil {
			out[i].AnswerBy = g.AnswerBy.Format(time.DateOnly)
		}
	}
	return out
}

func askView(k Ask, who string) AskView {
	v := AskView{ID: k.ID, MemberID: k.MemberID, Who: who, Minutes: k.Minutes, Reason: k.Reason, State: k.State, Answer: k.Answer, CreatedAt: k.CreatedAt}
	if k.Granted != nil {
		v.Granted = *k.Granted
	}
	return v
}
