package knowledge

import "testing"

// What goes wrong with one passage must reach who asked, who recovers from it, and not end the program.
func TestEvenlyPanicsForItsCaller(t *testing.T) {
	defer func() {
		if p := recover(); p != "passage 3" {
			t.Errorf("recovered %v", p)
		}
	}()
	evenly(10, func(i int) {
		if i == 3 {
			panic("passage 3")
		}
	})
	t.Error("it went on")
}
