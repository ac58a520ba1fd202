package listing

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// PhotoView is one of a listing's photos, to be fetched by its id.
type PhotoView struct {
	ID     uuid.UUID `json:"id"`
	Words  string    `json:"words" doc:"What it shows, as its member said; may be empty"`
	Width  int       `json:"width" doc:"In dots, of the large one"`
	Height int       `json:"height"`
}

// PhotoViews are photos as the API shows them.
func PhotoViews(all []Photo) []PhotoView {
	out := make([]PhotoView, len(all))
	for i, p := range all {
		out[i] = PhotoView{ID: p.ID, Words: p.Words, Width: p.Width, Height: p.Height}
	}
	return out
}

type addPhotoInput struct {
	Bank    string    `path:"bank"`
	Listing uuid.UUID `path:"listing" format:"uuid"`
	Consent string    `query:"consent" enum:"phone,paper,in-person" doc:"How the member agreed; brokers need it"`
	Key     uuid.UUID `header:"Idempotency-Key" format:"uuid" doc:"Repeat a request with the same key and it is done once"`
}

type seePhotoInput struct {
	Bank    string    `path:"bank"`
	Listing uuid.UUID `path:"listing" format:"uuid"`
	Photo   uuid.UUID `path:"photo" format:"uuid"`
	Size    string    `query:"size" enum:"large,small" default:"large"`
}

type photoOutput struct {
	ContentType string `header:"Content-Type"`
	Cache       string `header:"Cache-Control"`
	Body        []byte
}

type describePhotoInput struct {
	Bank    string    `path:"bank"`
	Listing uuid.UUID `path:"listing" format:"uuid"`
	Photo   uuid.UUID `path:"photo" format:"uuid"`
	Body    struct {
		Words   string `json:"words" maxLength:"800" doc:"What it shows; empty: nothing is said"`
		Consent string `json:"consent,omitempty" enum:"phone,paper,in-person" doc:"How the member agreed; brokers need it"`
	}
}

type removePhotoInput struct {
	Bank    string    `path:"bank"`
	Listing uuid.UUID `path:"listing" format:"uuid"`
	Photo   uuid.UUID `path:"photo" format:"uuid"`
	Body    struct {
		Consent string `json:"consent,omitempty" enum:"phone,paper,in-person" doc:"How the member agreed; brokers need it"`
	}
}

// photoCache lets a member's own browser keep a photo for a month: what is at one
// address never changes, and the address is told only to whoever may see it.
const photoCache = "private, max-age=2592000, immutable"

func (s *Service) photoRoutes(r *web.Routes) {
	const listing = "/banks/{bank}/listings/{listing}/photos"
	web.Register(r, web.Op{ID: "see-photo", Method: http.MethodGet, Path: listing + "/{photo}", Room: "help", Who: identity.TakePart, Summary: "A photo, as a JPEG", Packed: true},
		func(ctx context.Context, in *seePhotoInput) (*photoOutput, error) {
			b, err := s.SeePhoto(ctx, identity.ActorFrom(ctx), in.Listing, in.Photo, in.Size == "small")
			return &photoOutput{ContentType: "image/jpeg", Cache: photoCache, Body: b}, err
		})
	web.Register(r, web.Op{ID: "add-photo", Method: http.MethodPost, Path: listing, Room: "help", Who: identity.TakePart, Summary: "Add a photo: JPEG, PNG or WebP, as the whole body", Status: http.StatusCreated, Upload: photoBytes},
		func(ctx context.Context, in *addPhotoInput) (*idOutput, error) {
			out := &idOutput{}
			var err error
			out.Body.ID, err = s.AddPhoto(ctx, identity.ActorFrom(ctx), in.Key, in.Listing, web.Uploaded(ctx), in.Consent, web.From(ctx).IP)
			return out, err
		})
	web.Register(r, web.Op{ID: "describe-photo", Method: http.MethodPost, Path: listing + "/{photo}/words", Room: "help", Who: identity.TakePart, Summary: "Say what a photo shows", Status: http.StatusNoContent},
		func(ctx context.Context, in *describePhotoInput) (*struct{}, error) {
			return nil, s.DescribePhoto(ctx, identity.ActorFrom(ctx), in.Listing, in.Photo, in.Body.Words, in.Body.Consent)
		})
	web.Register(r, web.Op{ID: "remove-photo", Method: http.MethodPost, Path: listing + "/{photo}/remove", Room: "help", Who: identity.TakePart, Summary: "Take a photo off, for good", Status: http.StatusNoContent},
		func(ctx context.Context, in *removePhotoInput) (*struct{}, error) {
			return nil, s.RemovePhoto(ctx, identity.ActorFrom(ctx), in.Listing, in.Photo, in.Body.Consent)
		})
}
