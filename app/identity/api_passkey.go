package identity

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

// PasskeyView is one passkey of a person.
type PasskeyView struct {
	ID        uuid.UUID  `json:"id"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
}

type ceremonyOutput struct {
	Body struct {
		Challenge uuid.UUID `json:"challenge" doc:"To send back with the answer; works once, for five minutes"`
		Options   any       `json:"options" doc:"As WebAuthn's parse…OptionsFromJSON take them"`
	}
}

type passkeysOutput struct {
	Body struct {
		Passkeys []PasskeyView `json:"passkeys" doc:"Oldest first"`
	}
}

type addPasskeyInput struct {
	Body struct {
		Challenge  uuid.UUID      `json:"challenge" format:"uuid"`
		Credential map[string]any `json:"credential" doc:"As PublicKeyCredential.toJSON writes it"`
		Name       string         `json:"name,omitempty" maxLength:"100" doc:"Without one, the device's"`
	}
}

type passkeyOutput struct{ Body PasskeyView }

type passkeyInput struct {
	Passkey uuid.UUID `path:"passkey" format:"uuid"`
}

type namePasskeyInput struct {
	Passkey uuid.UUID `path:"passkey" format:"uuid"`
	Body    struct {
		Name string `json:"name" maxLength:"100"`
	}
}

type passkeySignInInput struct {
	refreshInput
	Body struct {
		Challenge  uuid.UUID      `json:"challenge" format:"uuid"`
		Credential map[string]any `json:"credential" doc:"As PublicKeyCredential.toJSON writes it"`
	}
}

func (s *Service) passkeyRoutes(r *web.Routes) {
	web.Register(r, web.Op{ID: "begin-passkey-sign-in", Method: http.MethodPost, Path: "/session/passkey/begin", Room: "sign-in", Who: web.Anyone, Summary: "What a passkey has to sign"},
		func(ctx context.Context, _ *struct{}) (*ceremonyOutput, error) {
			which, options, err := s.BeginPasskeySignIn(ctx, web.From(ctx).IP)
			return ceremony(which, options), err
		})
	web.Register(r, web.Op{ID: "sign-in-with-passkey", Method: http.MethodPost, Path: "/session/passkey", Room: "sign-in", Who: web.Anyone, Summary: "Sign in with a passkey"},
		func(ctx context.Context, in *passkeySignInInput) (*sessionOutput, error) {
			answer, err := json.Marshal(in.Body.Credential)
			if err != nil {
				return nil, ErrPasskey.Wrap(err)
			}
			session, tokens, err := s.SignInWithPasskey(ctx, in.Body.Challenge, answer, s.knock(ctx, &in.refreshInput))
			if err != nil {
				return nil, err
			}
			return s.answer(ctx, session, tokens)
		})
	web.Register(r, web.Op{ID: "my-passkeys", Method: http.MethodGet, Path: "/me/passkeys", Room: "sign-in", Who: web.SignedIn, Summary: "My passkeys"},
		func(ctx context.Context, _ *struct{}) (*passkeysOutput, error) {
			all, err := s.Passkeys(ctx, ActorFrom(ctx))
			out := &passkeysOutput{}
			out.Body.Passkeys = make([]PasskeyView, len(all))
			for i, k := range all {
				out.Body.Passkeys[i] = k.view()
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "begin-passkey", Method: http.MethodPost, Path: "/me/passkeys/begin", Room: "sign-in", Who: web.SignedIn, Summary: "What a new passkey has to sign"},
		func(ctx context.Context, _ *struct{}) (*ceremonyOutput, error) {
			which, options, err := s.BeginPasskey(ctx, ActorFrom(ctx))
			return ceremony(which, options), err
		})
	web.Register(r, web.Op{ID: "add-passkey", Method: http.MethodPost, Path: "/me/passkeys", Room: "sign-in", Who: web.SignedIn, Summary: "Keep a new passkey", Status: http.StatusCreated},
		func(ctx context.Context, in *addPasskeyInput) (*passkeyOutput, error) {
			answer, err := json.Marshal(in.Body.Credential)
			if err != nil {
				return nil, ErrPasskey.Wrap(err)
			}
			if in.Body.Name == "" {
				in.Body.Name = DeviceWords(words.Of(ctx), web.From(ctx).Request.UserAgent())
			}
			k, err := s.AddPasskey(ctx, ActorFrom(ctx), in.Body.Challenge, answer, in.Body.Name)
			return &passkeyOutput{k.view()}, err
		})
	web.Register(r, web.Op{ID: "name-passkey", Method: http.MethodPut, Path: "/me/passkeys/{passkey}", Room: "sign-in", Who: web.SignedIn, Summary: "Give a passkey another name", Status: http.StatusNoContent},
		func(ctx context.Context, in *namePasskeyInput) (*struct{}, error) {
			return nil, s.NamePasskey(ctx, ActorFrom(ctx), in.Passkey, in.Body.Name)
		})
	web.Register(r, web.Op{ID: "remove-passkey", Method: http.MethodDelete, Path: "/me/passkeys/{passkey}", Room: "sign-in", Who: web.SignedIn, Summary: "Forget a passkey", Status: http.StatusNoContent},
		func(ctx context.Context, in *passkeyInput) (*struct{}, error) {
			return nil, s.RemovePasskey(ctx, ActorFrom(ctx), in.Passkey)
		})
}

func (k Passkey) view() PasskeyView { return PasskeyView{k.ID, k.Name, k.CreatedAt, k.UsedAt} }

func ceremony(which uuid.UUID, options any) *ceremonyOutput {
	out := &ceremonyOutput{}
	out.Body.Challenge, out.Body.Options = which, options
	return out
}
