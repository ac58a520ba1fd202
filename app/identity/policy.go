package identity

import "timebank/app/platform/words"

// This file is the whole policy: what each role may do, in words that a
// coordinator reads on the page of roles, which is made from it.

// Role is what a person is in one bank.
type Role string

// The roles of a bank, of those who act for its members, and of the surgeries
// that refer to it.
const (
	Member           Role = "member"
	StandIn          Role = "stand-in" // a carer, or somebody of an organisation
	Broker           Role = "broker"
	Coordinator      Role = "coordinator"       // a broker who also sets policy
	SafeguardingLead Role = "safeguarding-lead" // reads concerns about people
	CoChair          Role = "co-chair"          // a service user who helps to steer: figures, no names
	Receptionist     Role = "receptionist"
	PracticeManager  Role = "practice-manager"
	// Operator runs the platform. It is no role of a bank and opens none.
	Operator Role = "operator"
)

// The permissions that operations ask for.
const (
	TakePart    = "take-part"     // ask, offer, agree, confirm: as oneself, or for a member where WorkDesk or a standing allows it
	WorkDesk    = "work-the-desk" // the broker's queue, everybody's record, acting on a member's behalf
	Refer       = "refer"         // hand people over, and see what became of them
	SetPolicy   = "set-policy"    // what sets a coordinator apart: who is staff, and how the bank works
	SeeConcerns = "see-concerns"  // what people told because they worry about somebody
	SeeFigures  = "see-figures"   // counts, with small ones hidden; nobody's name
	RunPlatform = "run-platform"  // the list of banks with counts, and nothing in them
)

// permissions is what each role may do.
var permissions = map[Role][]string{
	Member:           {TakePart},
	StandIn:          {TakePart},
	Broker:           {TakePart, WorkDesk, SeeFigures},
	Coordinator:      {TakePart, WorkDesk, SeeFigures, SeeConcerns, SetPolicy},
	SafeguardingLead: {SeeConcerns},
	CoChair:          {SeeFigures},
	Receptionist:     {Refer},
	PracticeManager:  {Refer},
	Operator:         {RunPlatform},
}

// RoleWords is a role as a coordinator reads it.
type RoleWords struct {
	Role    Role
	Name    words.Text
	Who     words.Text // who has it
	May     []string   // permissions
	CanGive bool       // on the staff page
}

// Policy lists the roles in the order in which a coordinator reads them.
func Policy() []RoleWords {
	out := []RoleWords{
		{Role: Member, Name: "Member", Who: "Everybody who has joined."},
		{Role: StandIn, Name: "Stand-in", Who: "A carer, or somebody of an organisation. They act for the members who chose them, and only as far as each one allows."},
		{Role: Broker, Name: "Broker", Who: "Staff who match, ring and write down for people.", CanGive: true},
		{Role: Coordinator, Name: "Coordinator", Who: "A broker who also decides how the time bank works.", CanGive: true},
		{Role: SafeguardingLead, Name: "Safeguarding lead", Who: "Reads and answers worries about somebody's safety.", CanGive: true},
		{Role: CoChair, Name: "Service-user co-chair", Who: "A member who helps to steer the time bank. Sees figures, and nobody's name.", CanGive: true},
		{Role: Receptionist, Name: "Receptionist", Who: "Works at a surgery, and hands people over to the time bank."},
		{Role: PracticeManager, Name: "Practice manager", Who: "Runs a surgery. May do what its receptionists may."},
	}
	for i := range out {
		out[i].May = permissions[out[i].Role]
	}
	return out
}

// PermissionWords says each permission of a bank's roles so that it completes
// "They may …".
var PermissionWords = map[string]words.Text{
	TakePart:    "ask for help, offer it, say yes or no, and confirm hours",
	WorkDesk:    "see every member's record, look after the list of tasks, and act for a member who has agreed. Each look is written down, and the member can read it",
	Refer:       "hand somebody over who agrees, and read what that person allows about how it went",
	SetPolicy:   "choose who works here, and change how the time bank works",
	SeeConcerns: "read worries about somebody's safety, and write down what was done",
	SeeFigures:  "see counts. Numbers under 5 are hidden, and no names are shown",
}

// Given are the roles that a coordinator gives and ends.
func Given() []Role {
	var out []Role
	for _, r := range Policy() {
		if r.CanGive {
			out = append(out, r.Role)
		}
	}
	return out
}

// What a member may let somebody do for them. A carer never gets SayHours, which
// gives hours away; somebody of an organisation has all of them.
const (
	ReadDiary   = "read-diary"   // what is planned and what waits
	AskHelp     = "ask-for-help" // and take it back
	OfferHelp   = "offer-help"
	AnswerPlans = "answer-plans" // say yes or no, call off
	SayHours    = "say-hours"    // say how long it took, confirm, read the hours
)

// CarerMay are the limits that can be chosen for a carer.
var CarerMay = []string{ReadDiary, AskHelp, AnswerPlans}

// OrganisationMay is what people of an organisation do for it.
var OrganisationMay = []string{ReadDiary, AskHelp, OfferHelp, AnswerPlans, SayHours}
