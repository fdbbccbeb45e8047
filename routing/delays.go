package routing

// Delays are the working days that the Region gives to requests, at each stage of their life.
type Delays struct {
	// Transmitted counts from the day a direction got the request, Taken from the day somebody took care of it.
	Transmitted, Taken Stage
	// Part counts from the day an associated direction was told of its part; nobody but directions is told of it.
	Part Stage
}

// Stage is what a stage of a request's life must come to, in working days after its first day.
type Stage struct {
	// Due is the last day of the stage; 0 when it has none.
	Due int
	// Reminders are the days on which the lead is reminded, in order; Escalation, after the last one, the day on which the
	// entry point is told, 0 for never. Of a part, the associated direction is reminded, and the lead told.
	Reminders  []int
	Escalation int
	// NoNews are the days on which the person who asked is told that there is no news yet, in order.
	NoNews []int
}
