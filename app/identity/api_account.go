package identity

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/web"
)

// DeviceView is one signed-in device.
type DeviceView struct {
	ID       uuid.UUID `json:"id"`
	Words    string    `json:"words" doc:"\"Firefox on a Windows computer\""`
	Since    time.Time `json:"since"`
	LastUsed time.Time `json:"last_used" doc:"To about ten minutes"`
	This     bool      `json:"this" doc:"The device that asks"`
}

// StaffView is one person's role in a bank.
type StaffView struct {
	PersonID       uuid.UUID  `json:"person_id"`
	Name           string     `json:"name"`
	Called         string     `json:"called"`
	Role           Role       `json:"role" enum:"broker,coordinator,safeguarding-lead,co-chair,receptionist,practice-manager"`
	OrganisationID *uuid.UUID `json:"organisation_id,omitempty"`
	Since          time.Time  `json:"since"`
}

type devicesOutput struct {
	Body struct {
		Devices []DeviceView `json:"devices" doc:"Last used first"`
	}
}

type deviceInput struct {
	Device uuid.UUID `path:"device" format:"uuid"`
}

type bankInput struct {
	Bank string `path:"bank"`
}

type staffOutput struct {
	Body struct {
		Staff []StaffView `json:"staff"`
	}
}

type giveRoleInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	Body   struct {
		Role Role `json:"role" enum:"broker,coordinator,safeguarding-lead,co-chair"`
	}
}

type endRoleInput struct {
	Bank   string    `path:"bank"`
	Person uuid.UUID `path:"person" format:"uuid"`
	Body   struct {
		Role Role `json:"role" enum:"broker,coordinator,safeguarding-lead,co-chair,receptionist,practice-manager"`
	}
}

type emailInput struct {
	Body struct {
		Email string `json:"email" maxLength:"300"`
	}
}

type codeInput struct {
	Body struct {
		Code string `json:"code" maxLength:"30" doc:"Six digits, any spacing"`
	}
}

type tokenInput struct {
	Body struct {
		ClientID uuid.UUID `json:"client_id" format:"uuid"`
		Secret   string    `json:"client_secret" maxLength:"200"`
	}
}

type tokenOutput struct {
	Body struct {
		Token     string   `json:"access_token"`
		Type      string   `json:"token_type" enum:"Bearer"`
		ExpiresIn int      `json:"expires_in" doc:"Seconds"`
		May       []string `json:"may" doc:"Permissions it carries, in its own bank"`
	}
}

func (s *Service) accountRoutes(r *web.Routes) {
	s.secondRoutes(r)
	s.passkeyRoutes(r)
	web.Register(r, web.Op{ID: "change-my-email", Method: http.MethodPost, Path: "/me/email", Room: "sign-in", Who: web.SignedIn, Summary: "Send a code to a new e-mail address", Status: http.StatusAccepted},
		func(ctx context.Context, in *emailInput) (*struct{}, error) {
			return nil, s.AskEmailChange(ctx, ActorFrom(ctx), in.Body.Email)
		})
	web.Register(r, web.Op{ID: "confirm-my-email", Method: http.MethodPost, Path: "/me/email/confirm", Room: "sign-in", Who: web.SignedIn, Summary: "Use the new address, with the code that came to it", Status: http.StatusNoContent},
		func(ctx context.Context, in *codeInput) (*struct{}, error) {
			return nil, s.ConfirmEmail(ctx, ActorFrom(ctx), in.Body.Code)
		})
	web.Register(r, web.Op{ID: "program-token", Method: http.MethodPost, Path: "/token", Room: "sign-in", Who: web.Anyone, Summary: "Trade a program's secret for a token of ten minutes"},
		func(ctx context.Context, in *tokenInput) (*tokenOutput, error) {
			token, may, err := s.ProgramToken(ctx, in.Body.ClientID, in.Body.Secret, web.From(ctx).IP)
			out := &tokenOutput{}
			out.Body.Token, out.Body.Type, out.Body.ExpiresIn, out.Body.May = token, "Bearer", int(accessLife/time.Second), may
			return out, err
		})
	web.Register(r, web.Op{ID: "my-devices", Method: http.MethodGet, Path: "/me/devices", Room: "sign-in", Who: web.SignedIn, Summary: "Where I am signed in"},
		func(ctx context.Context, _ *struct{}) (*devicesOutput, error) {
			all, err := s.Devices(ctx, ActorFrom(ctx))
			out := &devicesOutput{}
			out.Body.Devices = make([]DeviceView, len(all))
			for i, d := range all {
				out.Body.Devices[i] = DeviceView(d)
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "end-device", Method: http.MethodDelete, Path: "/me/devices/{device}", Room: "sign-in", Who: web.SignedIn, Summary: "Sign one device out", Status: http.StatusNoContent},
		func(ctx context.Context, in *deviceInput) (*struct{}, error) {
			return nil, s.EndDevice(ctx, ActorFrom(ctx), in.Device)
		})
	web.Register(r, web.Op{ID: "end-other-devices", Method: http.MethodDelete, Path: "/me/devices", Room: "sign-in", Who: web.SignedIn, Summary: "Sign out everywhere else", Status: http.StatusNoContent},
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			return nil, s.EndOtherDevices(ctx, ActorFrom(ctx))
		})
	s.staffRoutes(r)
	s.policyRoutes(r)
}

func (s *Service) staffRoutes(r *web.Routes) {
	web.Register(r, web.Op{ID: "staff", Method: http.MethodGet, Path: "/banks/{bank}/staff", Room: "staff", Who: SetPolicy, Summary: "Who may see other people's records"},
		func(ctx context.Context, _ *bankInput) (*staffOutput, error) {
			all, err := s.Staff(ctx, ActorFrom(ctx))
			out := &staffOutput{}
			out.Body.Staff = make([]StaffView, len(all))
			for i, x := range all {
				out.Body.Staff[i] = StaffView{x.PersonID, x.Name, x.Called, x.Role, x.OrganisationID, x.GrantedAt}
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "give-role", Method: http.MethodPost, Path: "/banks/{bank}/members/{member}/roles", Room: "staff", Who: SetPolicy, Summary: "Give a member a role", Status: http.StatusNoContent},
		func(ctx context.Context, in *giveRoleInput) (*struct{}, error) {
			a := ActorFrom(ctx)
			var person uuid.UUID
			err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
				person, err = s.PersonOf(ctx, tx, a.Bank.ID, in.Member)
				return err
			})
			if err != nil {
				return nil, err
			}
			return nil, s.GiveRole(ctx, a, person, in.Body.Role)
		})
	web.Register(r, web.Op{ID: "end-role", Method: http.MethodPost, Path: "/banks/{bank}/staff/{person}/end", Room: "staff", Who: SetPolicy, Summary: "Take a role away, at once", Status: http.StatusNoContent},
		func(ctx context.Context, in *endRoleInput) (*struct{}, error) {
			return nil, s.EndRole(ctx, ActorFrom(ctx), in.Person, in.Body.Role)
		})
}
