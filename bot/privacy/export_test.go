package privacy

// Words and Without let the tests of the outside look for a person in a text.
func Words(s Sought, text string) []string { return s.words(text) }

func Without(s Sought, text string) string { return s.without(text) }

// Tables gives the columns that may hold an identity, « table.column ».
func Tables() (all []string) {
	for _, t := range tables {
		for _, c := range t.columns {
			all = append(all, t.name+"."+c.name)
		}
	}
	return all
}
