package knowledge

// answered tells whether the best passages hold an answer.
func (q question) answered(found []candidate) bool {
	return len(found) > 0
}
