package routing

// Retention is how long what identifies people is kept. Past it the identity goes and the facts stay.
type Retention struct {
	// Conversations counts from a message, Votes from its vote, Gaps from its question.
	Conversations, Votes, Gaps Period
	// Requests counts from the last event of a request that is done with: its texts, and who is in it. Companies likewise: its
	// company's name and numbers, which may be a person's; never shorter than Requests.
	Requests, Companies Period
	// Fundings counts from an event of a funding: who did it and why. The funding itself stays.
	Fundings Period
	// Notices counts from a notice, or a call to another tool, that was sent or given up, Jobs from the end of a job that was given up.
	Notices, Jobs Period
	// Accesses counts from the reading of a request or of a company's card, Acts from an export or an erasure.
	Accesses, Acts Period
}

// Period is a length of time as calendars count it.
type Period struct{ Days, Months int }
