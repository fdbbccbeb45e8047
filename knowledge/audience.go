package knowledge

import (
	"errors"
	"fmt"
)

// Audience is who may see a document, or who is asking. Each audience sees its own documents and those of the wider ones.
// The zero value is refused everywhere: there is no search without an audience.
type Audience uint8

// The audiences, from the widest to the narrowest.
const (
	Public  Audience = 1
	Partner Audience = 2
	Staff   Audience = 3
)

// ErrNoAudience is returned by every read that was asked without an audience.
var ErrNoAudience = errors.New("lecture demandée sans audience")

var audienceNames = map[Audience]string{Public: "public", Partner: "partner", Staff: "staff"}

// String gives the name used in flags, JSON and files: public, partner or staff.
func (a Audience) String() string {
	if name, ok := audienceNames[a]; ok {
		return name
	}
	return "aucune"
}

// MarshalText gives String, so that JSON and flags carry the name.
func (a Audience) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads a name; the empty text is refused like any other unknown one.
func (a *Audience) UnmarshalText(text []byte) error {
	for value, name := range audienceNames {
		if name == string(text) {
			*a = value
			return nil
		}
	}
	return fmt.Errorf("audience « %s » inconnue : public, partner ou staff", text)
}

// Viewer is the person on whose behalf the base is read.
type Viewer struct {
	Audience Audience
	// EPCI is the SIREN of the intercommunal body of a partner: it opens the documents kept for that EPCI, and no other's.
	EPCI string
}

// Check refuses a viewer without an audience.
func (v Viewer) Check() error {
	if _, ok := audienceNames[v.Audience]; !ok {
		return ErrNoAudience
	}
	return nil
}
