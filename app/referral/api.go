package referral

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// ReferralForm is the receptionist's one page.
type ReferralForm Form

type bankInput struct {
	Bank string `path:"bank"`
}

// Subject is the referral that an address names.
type Subject struct {
	Bank     string    `path:"bank"`
	Referral uuid.UUID `path:"referral" format:"uuid"`
}

// Repeat is the key under which a client may send the same again.
type Repeat struct {
	Key uuid.UUID `header:"Idempotency-Key" format:"uuid" doc:"Made by the client; sent again under the same key, nothing is done twice"`
}

type referInput struct {
	Bank string `path:"bank"`
	Repeat
	Body ReferralForm
}

type referOutput struct {
	Body struct {
		Referral SurgeryReferral `json:"referral"`
		Urgent   bool            `json:"urgent" doc:"The words sound urgent: say 999, 111 and the duty clinician"`
	}
}

type mineOutput struct {
	Body struct {
		Referrals []SurgeryReferral `json:"referrals" doc:"What waits for an answer first, then what is late, then the newest; at most 200"`
	}
}

type surgeryReferralOutput struct{ Body SurgeryReferral }

type surgeryPageOutput struct{ Body SurgeryPage }

type withdrawInput struct {
	Subject
	Repeat
	Body struct {
		Outcome string `json:"outcome,omitempty" enum:",by-surgery,changed-their-mind,sent-twice,by-mistake,moved-away,died" doc:"Why; needed"`
	}
}

type answerInput struct {
	Subject
	Repeat
	Body struct {
		Answer string `json:"answer" maxLength:"500"`
	}
}

const room = "referrals"

// Routes hangs the operations of referrals.
func (s *Service) Routes(r *web.Routes) {
	s.surgeryRoutes(r)
	s.brokerRoutes(r)
}

func (s *Service) surgeryRoutes(r *web.Routes) {
	web.Register(r, web.Op{ID: "surgery-desk", Method: http.MethodGet, Path: "/banks/{bank}/surgery", Room: room, Who: identity.Refer, Summary: "What a surgery sees before it refers somebody"},
		func(ctx context.Context, _ *bankInput) (*surgeryPageOutput, error) {
			d, err := s.Desk(ctx, identity.ActorFrom(ctx))
			return &surgeryPageOutput{d.dto()}, err
		})
	web.Register(r, web.Op{ID: "refer-person", Method: http.MethodPost, Path: "/banks/{bank}/referrals", Room: room, Who: identity.Refer, Summary: "Hand somebody over", Status: http.StatusCreated},
		func(ctx context.Context, in *referInput) (*referOutput, error) {
			v, urgent, err := s.Refer(ctx, identity.ActorFrom(ctx), Form(in.Body), in.Key)
			if err != nil {
				return nil, err
			}
			out := &referOutput{}
			out.Body.Referral, out.Body.Urgent = v.dto(), urgent
			return out, nil
		})
	web.Register(r, web.Op{ID: "list-my-referrals", Method: http.MethodGet, Path: "/banks/{bank}/referrals/mine", Room: room, Who: identity.Refer, Summary: "What became of those our surgery handed over"},
		func(ctx context.Context, _ *bankInput) (*mineOutput, error) {
			all, err := s.Mine(ctx, identity.ActorFrom(ctx))
			out := &mineOutput{}
			out.Body.Referrals = make([]SurgeryReferral, len(all))
			for i, v := range all {
				out.Body.Referrals[i] = v.dto()
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "my-referral", Method: http.MethodGet, Path: "/banks/{bank}/referrals/mine/{referral}", Room: room, Who: identity.Refer, Summary: "What became of one"},
		func(ctx context.Context, in *Subject) (*surgeryReferralOutput, error) {
			v, err := s.MyReferral(ctx, identity.ActorFrom(ctx), in.Referral)
			return &surgeryReferralOutput{v.dto()}, err
		})
	web.Register(r, web.Op{ID: "withdraw-referral", Method: http.MethodPost, Path: "/banks/{bank}/referrals/mine/{referral}/withdraw", Room: room, Who: identity.Refer, Summary: "Take a referral back"},
		func(ctx context.Context, in *withdrawInput) (*surgeryReferralOutput, error) {
			v, err := s.Withdraw(ctx, identity.ActorFrom(ctx), in.Referral, in.Key, in.Body.Outcome)
			return &surgeryReferralOutput{v.dto()}, err
		})
	web.Register(r, web.Op{ID: "answer-question", Method: http.MethodPost, Path: "/banks/{bank}/referrals/mine/{referral}/answer", Room: room, Who: identity.Refer, Summary: "Answer the broker's question"},
		func(ctx context.Context, in *answerInput) (*surgeryReferralOutput, error) {
			v, err := s.Answer(ctx, identity.ActorFrom(ctx), in.Referral, in.Key, in.Body.Answer)
			return &surgeryReferralOutput{v.dto()}, err
		})
}
