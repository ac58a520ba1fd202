package identity

import (
	"context"
	"net/http"

	"timebank/app/platform/web"
)

type secondOutput struct {
	Body struct {
		On       bool  `json:"on" doc:"An authenticator app is set up"`
		Left     int64 `json:"recovery_codes_left"`
		Done     bool  `json:"done" doc:"This session has done the second step"`
		Demanded bool  `json:"demanded" doc:"A bank one works for asks for it, or one runs the platform"`
		Passkeys int64 `json:"passkeys" doc:"How many one has; each does for both steps"`
	}
}

type secondInput struct {
	refreshInput
	Body struct {
		Code     string `json:"code" maxLength:"30" doc:"Six digits, any spacing, or a recovery code"`
		Remember bool   `json:"remember,omitempty" doc:"Do not ask again in this browser for thirty days"`
	}
}

type authenticatorOutput struct {
	Body struct {
		Secret string `json:"secret" doc:"To type into an app"`
		URI    string `json:"uri" doc:"What the QR code says; it must not leave the device"`
		QR     QR     `json:"qr"`
	}
}

type recoveryOutput struct {
	Body struct {
		Codes []string `json:"recovery_codes" doc:"Shown once; each works once"`
	}
}

type demandInput struct {
	Bank string `path:"bank"`
	Body struct {
		Required bool `json:"required"`
	}
}

func (s *Service) secondRoutes(r *web.Routes) {
	web.Register(r, web.Op{ID: "second-step", Method: http.MethodPost, Path: "/session/second", Room: "sign-in", Who: HalfSignedIn, Summary: "Finish signing in with a code from the app, or a recovery code", Status: http.StatusNoContent},
		func(ctx context.Context, in *secondInput) (*struct{}, error) {
			return nil, s.SecondStep(ctx, ActorFrom(ctx), in.Body.Code, in.Body.Remember, s.knock(ctx, &in.refreshInput))
		})
	web.Register(r, web.Op{ID: "second-factor", Method: http.MethodGet, Path: "/me/authenticator", Room: "sign-in", Who: HalfSignedIn, Summary: "Whether I have a second step"},
		func(ctx context.Context, _ *struct{}) (*secondOutput, error) {
			out := &secondOutput{}
			state, err := s.SecondFactor(ctx, ActorFrom(ctx))
			out.Body.On, out.Body.Left, out.Body.Done, out.Body.Demanded, out.Body.Passkeys = state.On, state.Left, state.Done, state.Demanded, state.Passkeys
			return out, err
		})
	web.Register(r, web.Op{ID: "begin-authenticator", Method: http.MethodPost, Path: "/me/authenticator", Room: "sign-in", Who: web.SignedIn, Summary: "Begin to set up an authenticator app"},
		func(ctx context.Context, _ *struct{}) (*authenticatorOutput, error) {
			out := &authenticatorOutput{}
			var err error
			if out.Body.Secret, out.Body.URI, err = s.BeginAuthenticator(ctx, ActorFrom(ctx)); err != nil {
				return nil, err
			}
			out.Body.QR, err = drawQR(out.Body.URI)
			return out, err
		})
	web.Register(r, web.Op{ID: "confirm-authenticator", Method: http.MethodPost, Path: "/me/authenticator/confirm", Room: "sign-in", Who: web.SignedIn, Summary: "Switch the second step on with a code from the app"},
		func(ctx context.Context, in *codeInput) (*recoveryOutput, error) {
			out := &recoveryOutput{}
			var err error
			out.Body.Codes, err = s.ConfirmAuthenticator(ctx, ActorFrom(ctx), in.Body.Code)
			return out, err
		})
	web.Register(r, web.Op{ID: "renew-recovery-codes", Method: http.MethodPost, Path: "/me/authenticator/recovery", Room: "sign-in", Who: web.SignedIn, Summary: "New recovery codes in place of the old ones, with a code from the app"},
		func(ctx context.Context, in *codeInput) (*recoveryOutput, error) {
			out := &recoveryOutput{}
			var err error
			out.Body.Codes, err = s.NewRecovery(ctx, ActorFrom(ctx), in.Body.Code)
			return out, err
		})
	web.Register(r, web.Op{ID: "remove-authenticator", Method: http.MethodPost, Path: "/me/authenticator/remove", Room: "sign-in", Who: web.SignedIn, Summary: "Switch the second step off with a last code", Status: http.StatusNoContent},
		func(ctx context.Context, in *codeInput) (*struct{}, error) {
			return nil, s.RemoveAuthenticator(ctx, ActorFrom(ctx), in.Body.Code)
		})
	web.Register(r, web.Op{ID: "demand-second-factor", Method: http.MethodPut, Path: "/banks/{bank}/policy/second-factor", Room: "staff", Who: SetPolicy, Summary: "Whether staff and surgeries need a second step", Status: http.StatusNoContent},
		func(ctx context.Context, in *demandInput) (*struct{}, error) {
			return nil, s.DemandSecond(ctx, ActorFrom(ctx), in.Body.Required)
		})
}
