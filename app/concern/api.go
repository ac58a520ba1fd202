package concern

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// LineView is a concern in the list: that there is one, and nothing of what it is.
type LineView struct {
	ID        uuid.UUID  `json:"id"`
	Reference string     `json:"reference"`
	State     string     `json:"state" enum:"open,closed"`
	RaisedAt  time.Time  `json:"raised_at"`
	DueAt     time.Time  `json:"due_at" doc:"When somebody must have read it"`
	ReadAt    *time.Time `json:"read_at,omitempty"`
	ClosedAt  *time.Time `json:"closed_at,omitempty"`
}

// NoteView is what was done.
type NoteView struct {
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Words string    `json:"words"`
	Close bool      `json:"close" doc:"It ended the concern"`
}

// ConcernView is a concern with its words.
type ConcernView struct {
	LineView
	By     string     `json:"by" doc:"Who raised it"`
	About  string     `json:"about"`
	What   string     `json:"what"`
	Urgent bool       `json:"urgent"`
	Notes  []NoteView `json:"notes"`
}

type raiseInput struct {
	Bank string    `path:"bank"`
	Key  uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body struct {
		About  string `json:"about" maxLength:"500" doc:"Whom it is about, in any words"`
		What   string `json:"what" maxLength:"8000"`
		Urgent bool   `json:"urgent,omitempty" doc:"Somebody should look today"`
	}
}

type raiseOutput struct {
	Body struct {
		Reference string `json:"reference"`
	}
}

type bankInput struct {
	Bank string `path:"bank"`
}

type concernInput struct {
	Bank    string    `path:"bank"`
	Concern uuid.UUID `path:"concern" format:"uuid"`
}

type wordsInput struct {
	Bank    string    `path:"bank"`
	Concern uuid.UUID `path:"concern" format:"uuid"`
	Body    struct {
		Words string `json:"words" maxLength:"8000"`
	}
}

type listOutput struct {
	Body struct {
		Concerns []LineView `json:"concerns" doc:"Open ones first, the most urgent of them first"`
	}
}

type concernOutput struct{ Body ConcernView }

// Routes hangs the operations of concerns.
func (s *Service) Routes(r *web.Routes) {
	const room, all, one = "concerns", "/banks/{bank}/concerns", "/banks/{bank}/concerns/{concern}"
	web.Register(r, web.Op{ID: "raise-concern", Method: http.MethodPost, Path: all, Room: room, Who: web.SignedIn, Summary: "I am worried about someone", Status: http.StatusCreated},
		func(ctx context.Context, in *raiseInput) (*raiseOutput, error) {
			out := &raiseOutput{}
			var err error
			out.Body.Reference, err = s.Raise(ctx, identity.ActorFrom(ctx), in.Key, Told(in.Body))
			return out, err
		})
	web.Register(r, web.Op{ID: "list-concerns", Method: http.MethodGet, Path: all, Room: room, Who: identity.SeeConcerns, Summary: "Concerns that wait, and those that are closed"},
		func(ctx context.Context, _ *bankInput) (*listOutput, error) {
			rows, err := s.List(ctx, identity.ActorFrom(ctx))
			out := &listOutput{}
			out.Body.Concerns = make([]LineView, len(rows))
			for i, c := range rows {
				out.Body.Concerns[i] = line(c)
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "see-concern", Method: http.MethodGet, Path: one, Room: room, Who: identity.SeeConcerns, Summary: "Read a concern; who read it is written down"},
		func(ctx context.Context, in *concernInput) (*concernOutput, error) {
			c, err := s.See(ctx, identity.ActorFrom(ctx), in.Concern)
			if err != nil {
				return nil, err
			}
			v := ConcernView{LineView: line(c.Concern), By: c.By, About: c.About, What: c.What, Urgent: c.Urgent, Notes: make([]NoteView, len(c.Notes))}
			for i, n := range c.Notes {
				v.Notes[i] = NoteView{n.By, n.At, n.Words, n.Kind == "close"}
			}
			return &concernOutput{v}, nil
		})
	web.Register(r, web.Op{ID: "note-concern", Method: http.MethodPost, Path: one + "/notes", Room: room, Who: identity.SeeConcerns, Summary: "Write down what was done", Status: http.StatusNoContent},
		func(ctx context.Context, in *wordsInput) (*struct{}, error) {
			return nil, s.Add(ctx, identity.ActorFrom(ctx), in.Concern, in.Body.Words)
		})
	web.Register(r, web.Op{ID: "close-concern", Method: http.MethodPost, Path: one + "/close", Room: room, Who: identity.SeeConcerns, Summary: "Close it with what was done", Status: http.StatusNoContent},
		func(ctx context.Context, in *wordsInput) (*struct{}, error) {
			return nil, s.Close(ctx, identity.ActorFrom(ctx), in.Concern, in.Body.Words)
		})
}

func line(c Concern) LineView {
	return LineView{c.ID, c.Reference, c.State, c.RaisedAt, c.DueAt, c.ReadAt, c.ClosedAt}
}
