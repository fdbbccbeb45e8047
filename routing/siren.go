package routing

// IsSIREN tells whether a text is a SIREN: nine digits that check.
func IsSIREN(text string) bool { return len(text) == 9 && Checks(text) }

// Checks tells whether the last digit of a SIREN or SIRET checks the others (ISO/IEC 7812-1, annex B).
func Checks(number string) bool {
	sum := 0
	for i := range len(number) {
		c := number[len(number)-1-i]
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
