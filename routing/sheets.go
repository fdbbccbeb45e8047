package routing

// Sheets is what the Region says of the sheets of investment projects that it sends to territories.
type Sheets struct {
	// Direction is the code of the one that passes a sheet on to an EPCI without a channel, and gets the answers to a sheet that
	// comes of no request.
	Direction string
	// Reminders are the days before the deadline on which those who have not answered are reminded, in decreasing order.
	Reminders []int
	// Reasons are those that a territory may give for offering nothing.
	Reasons []SheetReason
}

// SheetReason is a reason for offering nothing.
type SheetReason struct{ Code, Label string }

// Reason gives the label of a reason; the code itself when the Region no longer has it.
func (s Sheets) Reason(code string) string {
	for _, r := range s.Reasons {
		if r.Code == code {
			return r.Label
		}
	}
	return code
}
