package desk

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// TaskView is one line of the queue.
type TaskView struct {
	ID        uuid.UUID  `json:"id"`
	Kind      string     `json:"kind" enum:"find-helper,ring-to-ask,ring-to-confirm,ring-to-remind,ring-to-tell,answer-pot-ask,ring-to-read,ring-to-renew,message-failed,look-into-complaint,settle-dispute,below-soft-floor,answer-referral,ring-referred,referral-overdue,safety-call,give-notes,close-referral,answer-application,check-books"`
	Who       string     `json:"who" doc:"Name, or reference where no name may show"`
	What      string     `json:"what" doc:"One sentence"`
	Link      string     `json:"link" doc:"Path of the page on which it is done"`
	SubjectID uuid.UUID  `json:"subject_id"`
	MemberID  *uuid.UUID `json:"member_id,omitempty"`
	DueAt     time.Time  `json:"due_at"`
	Group     string     `json:"group" enum:"overdue,today,later" doc:"By the bank's own day"`
	Owner     string     `json:"owner" doc:"Who has it; empty is the team's inbox"`
	Mine      bool       `json:"mine"`
	ByHand    bool       `json:"by_hand" doc:"Ends only when somebody says that it is done"`
}

type listOutput struct {
	Body struct {
		Tasks []TaskView `json:"tasks" doc:"Most urgent first, at most 200"`
		Now   time.Time  `json:"now"`
	}
}

type taskInput struct {
	Bank string    `path:"bank"`
	Task uuid.UUID `path:"task" format:"uuid"`
}

type bankInput struct {
	Bank string `path:"bank"`
}

// Routes hangs the operations of the desk.
func (s *Service) Routes(r *web.Routes) {
	web.Register(r, web.Op{ID: "list-tasks", Method: http.MethodGet, Path: "/banks/{bank}/desk", Room: "desk", Who: identity.WorkDesk, Summary: "What needs doing, most urgent first"},
		func(ctx context.Context, _ *bankInput) (*listOutput, error) {
			a := identity.ActorFrom(ctx)
			items, err := s.Open(ctx, a)
			if err != nil {
				return nil, err
			}
			out := &listOutput{}
			out.Body.Now, out.Body.Tasks = s.Clock.Now(), make([]TaskView, len(items))
			for i, t := range items {
				out.Body.Tasks[i] = view(a, t, out.Body.Now)
			}
			return out, nil
		})
	web.Register(r, web.Op{ID: "take-task", Method: http.MethodPost, Path: "/banks/{bank}/desk/{task}/take", Room: "desk", Who: identity.WorkDesk, Summary: "Make a task mine", Status: http.StatusNoContent},
		func(ctx context.Context, in *taskInput) (*struct{}, error) {
			return nil, s.Take(ctx, identity.ActorFrom(ctx), in.Task)
		})
	web.Register(r, web.Op{ID: "finish-task", Method: http.MethodPost, Path: "/banks/{bank}/desk/{task}/done", Room: "desk", Who: identity.WorkDesk, Summary: "Say that a task is done", Status: http.StatusNoContent},
		func(ctx context.Context, in *taskInput) (*struct{}, error) {
			return nil, s.Done(ctx, identity.ActorFrom(ctx), in.Task)
		})
}

func view(a identity.Actor, t Item, now time.Time) TaskView {
	v := TaskView{
		ID: t.ID, Kind: t.Kind, Who: t.Line.Who, What: t.Line.What, Link: t.Line.Link, SubjectID: t.SubjectID, MemberID: t.Line.Member,
		DueAt: t.DueAt, Owner: t.Owner, Mine: t.OwnerID != nil && *t.OwnerID == a.Person, ByHand: slices.Contains(byHand, t.Kind),
	}
	switch {
	case t.DueAt.Before(now):
		v.Group = "overdue"
	case !a.Bank.Today(t.DueAt).After(a.Bank.Today(now)):
		v.Group = "today"
	default:
		v.Group = "later"
	}
	return v
}
