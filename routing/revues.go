package routing

// Revues is what the Region says of its reviews of projects (« revues de projets », conduct rule 8) and of the committees that
// get the same at the level of the Region.
type Revues struct {
	// Weeks is the period of the revues of an EPCI, Except those of the EPCIs that have another one, by SIREN.
	Weeks  int
	Except map[string]int
	// Start is the Monday from which periods are counted, « 2026-01-05 ».
	Start string
	// Direction is the code of the direction that gets the revue of an EPCI without a channel.
	Direction string
	// QuietLine tells that an EPCI with nothing to say gets a line in its channel all the same.
	QuietLine bool
	// EndingDays are the days within which the end of a convention is told.
	EndingDays int
	// Listed is how many requests or questions are listed at most in a part of a document; the others are counted.
	Listed     int
	Committees []Committee
}

// Committee is a committee of the Region; Direction is the code of the one that gets its document.
type Committee struct {
	Code, Label, Direction string
	Weeks                  int
	Start                  string
}
