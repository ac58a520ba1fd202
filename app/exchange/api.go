package exchange

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

type homeInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
}
type homeOutput struct{ Body HomeView }

type oneInput struct {
	Bank     string    `path:"bank"`
	Exchange uuid.UUID `path:"exchange" format:"uuid"`
}
type oneOutput struct {
	Body struct {
		View
		Events  []EventView  `json:"events"`
		Letters []LetterView `json:"letters" doc:"What the two wrote to each other, oldest first"`
		Asked   string       `json:"asked,omitempty" doc:"What the request behind it says, in its member's words"`
		Looking bool         `json:"looking,omitempty" doc:"It came to nothing, and somebody else is looked for"`
		Missed  bool         `json:"missed,omitempty" doc:"It lapsed because the reader did not answer"`
	}
}
type viewOutput struct{ Body View }

// ProposeBody is a proposal.
type ProposeBody struct {
	Listing  uuid.UUID  `json:"listing_id" format:"uuid"`
	Helper   *uuid.UUID `json:"helper_id,omitempty" format:"uuid" doc:"Brokers: whom to ask to meet a request"`
	StartsAt *time.Time `json:"starts_at,omitempty"`
	Place    string     `json:"place,omitempty" maxLength:"200"`
	Note     string     `json:"note,omitempty" maxLength:"500"`
	identity.OnBehalf
}
type proposeInput struct {
	Bank string    `path:"bank"`
	Key  uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body ProposeBody
}
type idOutput struct {
	Body struct {
		ID uuid.UUID `json:"id"`
	}
}
type answerInput struct {
	Bank     string    `path:"bank"`
	Exchange uuid.UUID `path:"exchange" format:"uuid"`
	Key      uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body     identity.OnBehalf
}
type reasonInput struct {
	Bank     string    `path:"bank"`
	Exchange uuid.UUID `path:"exchange" format:"uuid"`
	Key      uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body     struct {
		Reason string `json:"reason,omitempty" maxLength:"500"`
		identity.OnBehalf
	}
}
type doneInput struct {
	Bank     string    `path:"bank"`
	Exchange uuid.UUID `path:"exchange" format:"uuid"`
	Key      uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body     struct {
		Minutes    int64  `json:"minutes" doc:"Quarter hours, up to 12 hours"`
		HappenedOn string `json:"happened_on,omitempty" format:"date" doc:"Default: the day of the meeting, or today"`
		identity.OnBehalf
	}
}
type resolveInput struct {
	Bank     string    `path:"bank"`
	Exchange uuid.UUID `path:"exchange" format:"uuid"`
	Key      uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body     struct {
		Minutes int64  `json:"minutes"`
		Reason  string `json:"reason" maxLength:"500"`
	}
}

type timeInput struct {
	Bank     string    `path:"bank"`
	Exchange uuid.UUID `path:"exchange" format:"uuid"`
	Key      uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body     struct {
		StartsAt time.Time `json:"starts_at"`
		identity.OnBehalf
	}
}
type againInput struct {
	Bank     string    `path:"bank"`
	Exchange uuid.UUID `path:"exchange" format:"uuid"`
	Key      uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body     struct {
		StartsAt *time.Time `json:"starts_at,omitempty"`
		Note     string     `json:"note,omitempty" maxLength:"500"`
		identity.OnBehalf
	}
}
type repeatInput struct {
	Bank     string    `path:"bank"`
	Exchange uuid.UUID `path:"exchange" format:"uuid"`
	Key      uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body     struct {
		EveryDays int `json:"every_days" minimum:"7" maximum:"14" doc:"7: every week, 14: every other week"`
		identity.OnBehalf
	}
}
type wordsInput struct {
	Bank     string    `path:"bank"`
	Exchange uuid.UUID `path:"exchange" format:"uuid"`
	Key      uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body     struct {
		Words string `json:"words" maxLength:"4000"`
		identity.OnBehalf
	}
}
type linkInput struct {
	Bank string    `path:"bank"`
	Key  uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body struct {
		Token string `json:"token" maxLength:"100" doc:"What stands behind the dot of the link"`
	}
}
type linkOutput struct {
	Body struct {
		ExchangeID uuid.UUID `json:"exchange_id"`
		State      State     `json:"state" enum:"done,settled"`
		Side       Side      `json:"side" enum:"helper,helped" doc:"Which side is asked"`
		Other      string    `json:"other" doc:"The other side, by the name they like"`
		What       string    `json:"what" doc:"The kind of help, in words"`
		Minutes    int64     `json:"minutes"`
		HappenedOn string    `json:"happened_on" format:"date"`
	}
}

// RecordBody is help that already happened.
type RecordBody struct {
	Helper     uuid.UUID `json:"helper_id" format:"uuid" doc:"Who gave the time"`
	Helped     uuid.UUID `json:"helped_id" format:"uuid" doc:"Who received it"`
	Kind       string    `json:"kind" maxLength:"60"`
	Minutes    int64     `json:"minutes"`
	HappenedOn string    `json:"happened_on,omitempty" format:"date"`
	Note       string    `json:"note,omitempty" maxLength:"500"`
	BothAgree  bool      `json:"both_agree,omitempty" doc:"Brokers: both sides said the same; settles at once"`
	identity.OnBehalf
}
type recordInput struct {
	Bank string    `path:"bank"`
	Key  uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body RecordBody
}

// Routes hangs the operations of exchanges.
func (s *Service) Routes(r *web.Routes) {
	const one = "/banks/{bank}/exchanges/{exchange}"
	op := func(id, method, path, summary string) web.Op {
		return web.Op{ID: id, Method: method, Path: path, Room: "exchanges", Who: identity.TakePart, Summary: summary}
	}
	web.Register(r, web.Op{ID: "home", Method: http.MethodGet, Path: "/banks/{bank}/members/{member}/home", Room: "members", Who: identity.TakePart, Summary: "A member's first page"},
		func(ctx context.Context, in *homeInput) (*homeOutput, error) {
			h, err := s.Home(ctx, identity.ActorFrom(ctx), in.Member)
			return &homeOutput{homeView(h)}, err
		})
	create := op("propose-exchange", http.MethodPost, "/banks/{bank}/exchanges", "Propose that somebody helps")
	create.Status = http.StatusCreated
	web.Register(r, create, func(ctx context.Context, in *proposeInput) (*idOutput, error) {
		p := Plan{Listing: in.Body.Listing, StartsAt: in.Body.StartsAt, Place: in.Body.Place, Note: in.Body.Note, OnBehalf: in.Body.OnBehalf}
		if in.Body.Helper != nil {
			p.Helper = *in.Body.Helper
		}
		out := &idOutput{}
		var err error
		out.Body.ID, err = s.Propose(ctx, identity.ActorFrom(ctx), in.Key, p)
		return out, err
	})
	record := op("record-help", http.MethodPost, "/banks/{bank}/help-given", "Record help that already happened")
	record.Status = http.StatusCreated
	web.Register(r, record, func(ctx context.Context, in *recordInput) (*idOutput, error) {
		b := in.Body
		out := &idOutput{}
		var err error
		out.Body.ID, err = s.Record(ctx, identity.ActorFrom(ctx), in.Key, Past{Helper: b.Helper, Helped: b.Helped, Kind: b.Kind, Note: b.Note, BothAgree: b.BothAgree,
			Word: Word{Minutes: b.Minutes, HappenedOn: date(b.HappenedOn), OnBehalf: b.OnBehalf}})
		return out, err
	})
	web.Register(r, op("see-exchange", http.MethodGet, one, "One exchange, with its history"), func(ctx context.Context, in *oneInput) (*oneOutput, error) {
		x, err := s.One(ctx, identity.ActorFrom(ctx), in.Exchange)
		if err != nil {
			return nil, err
		}
		out := &oneOutput{}
		out.Body.View, out.Body.Events, out.Body.Letters = view(x.Seen), make([]EventView, len(x.History)), make([]LetterView, len(x.Letters))
		out.Body.Asked, out.Body.Looking, out.Body.Missed = x.Asked, x.Looking, x.Missed
		for i, l := range x.Letters {
			out.Body.Letters[i] = LetterView{From: l.FromID, Words: l.Words, At: l.At}
		}
		for i, e := range x.History {
			out.Body.Events[i] = eventView(x.Seen, e)
		}
		return out, nil
	})
	answer := func(x Seen, err error) (*viewOutput, error) {
		if err != nil {
			return nil, err
		}
		return &viewOutput{view(x)}, nil
	}
	web.Register(r, op("agree", http.MethodPost, one+"/agree", "Say yes"), func(ctx context.Context, in *answerInput) (*viewOutput, error) {
		return answer(s.Agree(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body))
	})
	web.Register(r, op("cancel-exchange", http.MethodPost, one+"/cancel", "Say no, or call it off"), func(ctx context.Context, in *reasonInput) (*viewOutput, error) {
		return answer(s.Cancel(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body.Reason, in.Body.OnBehalf))
	})
	web.Register(r, op("say-done", http.MethodPost, one+"/done", "Say that it happened, and how long it took"), func(ctx context.Context, in *doneInput) (*viewOutput, error) {
		return answer(s.Done(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, Word{Minutes: in.Body.Minutes, HappenedOn: date(in.Body.HappenedOn), OnBehalf: in.Body.OnBehalf}))
	})
	web.Register(r, op("confirm-hours", http.MethodPost, one+"/confirm", "Say that the hours are right"), func(ctx context.Context, in *answerInput) (*viewOutput, error) {
		return answer(s.Confirm(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body))
	})
	web.Register(r, op("dispute-hours", http.MethodPost, one+"/dispute", "Say that the hours are not right"), func(ctx context.Context, in *reasonInput) (*viewOutput, error) {
		return answer(s.Dispute(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body.Reason, in.Body.OnBehalf))
	})
	s.furtherRoutes(r, op, answer)
	resolve := op("resolve-dispute", http.MethodPost, one+"/resolve", "End a dispute with the right hours")
	resolve.Who = identity.WorkDesk
	web.Register(r, resolve, func(ctx context.Context, in *resolveInput) (*viewOutput, error) {
		return answer(s.Resolve(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body.Minutes, in.Body.Reason))
	})
}

// furtherRoutes hangs what is beside the moves: another time, the same again,
// regularly, thanks, a line to the other side, and the link of a reminder.
func (s *Service) furtherRoutes(r *web.Routes, op func(id, method, path, summary string) web.Op, answer func(Seen, error) (*viewOutput, error)) {
	const one = "/banks/{bank}/exchanges/{exchange}"
	web.Register(r, op("suggest-time", http.MethodPost, one+"/another-time", "Suggest another time"), func(ctx context.Context, in *timeInput) (*viewOutput, error) {
		return answer(s.AnotherTime(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body.StartsAt, in.Body.OnBehalf))
	})
	web.Register(r, op("keep-time", http.MethodPost, one+"/keep-time", "Leave it at the time it had"), func(ctx context.Context, in *answerInput) (*viewOutput, error) {
		return answer(s.KeepTime(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body))
	})
	again := op("help-again", http.MethodPost, one+"/again", "Ask for the same once more")
	again.Status = http.StatusCreated
	web.Register(r, again, func(ctx context.Context, in *againInput) (*idOutput, error) {
		out := &idOutput{}
		var err error
		out.Body.ID, err = s.Again(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, Plan{StartsAt: in.Body.StartsAt, Note: in.Body.Note, OnBehalf: in.Body.OnBehalf})
		return out, err
	})
	repeat := op("help-regularly", http.MethodPost, one+"/repeat", "Meet like this every week or every other week")
	repeat.Status = http.StatusCreated
	web.Register(r, repeat, func(ctx context.Context, in *repeatInput) (*idOutput, error) {
		out := &idOutput{}
		var err error
		out.Body.ID, err = s.Repeat(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body.EveryDays, in.Body.OnBehalf)
		return out, err
	})
	web.Register(r, op("end-regular-help", http.MethodPost, one+"/end-repeat", "Meet regularly no longer"), func(ctx context.Context, in *answerInput) (*viewOutput, error) {
		return answer(s.EndRepeat(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body))
	})
	web.Register(r, op("say-thanks", http.MethodPost, one+"/thanks", "A word of thanks to the helper"), func(ctx context.Context, in *wordsInput) (*viewOutput, error) {
		return answer(s.Thank(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body.Words, in.Body.OnBehalf))
	})
	letter := op("write-letter", http.MethodPost, one+"/letters", "Write a line to the other side")
	letter.Status = http.StatusCreated
	web.Register(r, letter, func(ctx context.Context, in *wordsInput) (*idOutput, error) {
		out := &idOutput{}
		var err error
		out.Body.ID, err = s.Write(ctx, identity.ActorFrom(ctx), in.Key, in.Exchange, in.Body.Words, in.Body.OnBehalf)
		return out, err
	})
	anyone := func(id, path, summary string) web.Op {
		return web.Op{ID: id, Method: http.MethodPost, Path: path, Room: "exchanges", Who: web.Anyone, Summary: summary}
	}
	web.Register(r, anyone("look-at-link", "/banks/{bank}/confirm-link/look", "What the link of a reminder asks; changes nothing"), func(ctx context.Context, in *linkInput) (*linkOutput, error) {
		x, kind, err := s.LookAtLink(ctx, in.Bank, in.Body.Token)
		if err != nil {
			return nil, err
		}
		out := &linkOutput{}
		b := &out.Body
		b.ExchangeID, b.State, b.Side, b.What, b.Minutes, b.HappenedOn, b.Other = x.ID, x.State, x.Side, kind.Name, *x.Minutes, x.HappenedOn.Format(time.DateOnly), x.Helper.Called
		if x.Side == Helper {
			b.Other = x.Helped.Called
		}
		return out, nil
	})
	yes := anyone("confirm-by-link", "/banks/{bank}/confirm-link", "Say, by the link of a reminder, that the hours are right")
	yes.Status = http.StatusNoContent
	web.Register(r, yes, func(ctx context.Context, in *linkInput) (*struct{}, error) {
		return nil, s.ConfirmByLink(ctx, in.Bank, in.Body.Token, in.Key)
	})
}

// date reads a day that the edge has checked; empty is the zero time.
func date(s string) time.Time {
	t, _ := time.Parse(time.DateOnly, s)
	return t
}
