package bot

import (
	"context"
	"errors"
	"slices"
	"time"

	"guichet/knowledge"
	"guichet/routing/ledger"
)

// Scope is something that a token may do.
type Scope string

// The scopes.
const (
	ScopeAsk           Scope = "ask" // ask, search, route
	ScopeRequestsRead  Scope = "requests:read"
	ScopeRequestsWrite Scope = "requests:write"
	ScopeCompaniesRead Scope = "companies:read"
	ScopeCalendar      Scope = "calendar"
)

// Scopes are all of them.
func Scopes() []Scope {
	return []Scope{ScopeAsk, ScopeRequestsRead, ScopeRequestsWrite, ScopeCompaniesRead, ScopeCalendar}
}

// Errors of Tokens.
var (
	// ErrNoToken is returned for a secret that opens nothing, or no longer.
	ErrNoToken = errors.New("jeton inconnu ou révoqué")
	// ErrOtherUse is returned for a key that was given to something else.
	ErrOtherUse = errors.New("cette clé a servi à une autre création")
)

// Token lets another tool in: what it may do, and on whose behalf.
type Token struct {
	ID string `json:"id"`
	// Label says whose it is; it signs what the tool does.
	Label    string             `json:"label"`
	Scopes   []Scope            `json:"scopes"`
	Audience knowledge.Audience `json:"audience"`
	EPCI     string             `json:"epci,omitempty"`
	// Direction and Person narrow a calendar, and Direction what may be changed, to what that direction leads or that person follows.
	Direction string    `json:"direction,omitempty"`
	Person    string    `json:"person,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// May tells whether the token may do something.
func (t Token) May(s Scope) bool { return slices.Contains(t.Scopes, s) }

// Reader gives on whose behalf the base is read.
func (t Token) Reader() knowledge.Viewer {
	return knowledge.Viewer{Audience: t.Audience, EPCI: t.EPCI}
}

// Viewer gives on whose behalf the ledger is read: whoever the token stands for sees also what came by it.
func (t Token) Viewer() ledger.Viewer {
	v := ledger.Viewer{Staff: t.Audience == knowledge.Staff, Person: t.Asker("").ID}
	if t.Audience == knowledge.Partner {
		v.EPCI = t.EPCI
	}
	return v
}

// Asker gives who writes by the token; the name is what the tool says of the person, or the token's label.
func (t Token) Asker(name string) Asker {
	if name == "" {
		name = t.Label
	}
	return Asker{ID: "api/" + t.ID, Name: name, Audience: t.Audience, EPCI: t.EPCI}
}

// Tokens knows the tokens.
type Tokens interface {
	// Token gives the token of a secret and notes its use, or ErrNoToken.
	Token(ctx context.Context, secret string, at time.Time) (Token, error)
	// Once keeps what a key was given to: ErrOtherUse when it was something else.
	Once(ctx context.Context, token, key, digest string, at time.Time) error
}
