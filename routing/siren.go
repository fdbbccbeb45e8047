package routing

// IsSIREN tells whether a text is a SIREN: nine digits, the last of which checks the others (ISO/IEC 7812-1, annex B).
func IsSIREN(text string) bool {
	if len(text) != 9 {
		return false
	}
	sum := 0
	for i := range len(text) {
		c := text[len(text)-1-i]
		if c < '0' || c > '9' {
			return false
		}
		d := int(c - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
