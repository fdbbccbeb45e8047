package ledger

import "time"

// Access is a reading of the page of a request, or of the card of a company: who, when, through which channel. A person who
// reads their own requests leaves none.
type Access struct {
	At time.Time `json:"at"`
	// By is the agent or the partner as the channel knows them, Channel where they read (« web », « cli », « slack/C012 »).
	By      string `json:"by"`
	Channel string `json:"channel"`
	// Reference is the request's; Sought the company that was asked for, for a card.
	Reference string `json:"reference,omitempty"`
	Sought    string `json:"sought,omitempty"`
}

// AccessFilter narrows Accesses; empty fields do not.
type AccessFilter struct {
	// By and About are found in who read and in what was read, accents and case aside.
	By, About string
	// Limit is 100 when it is 0.
	Limit int
}
