package bot

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is the longest message that is read, in characters. A company tells its need in a few sentences; more is a
// document, which belongs in the base or in the request's file.
const MaxText = 8000

// CheckText refuses a text that cannot be read. The error is a French sentence that says what is wrong, where, and what to do.
func CheckText(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("le message est vide : écrivez votre question ou votre demande")
	case !utf8.ValidString(text):
		place := 0
		for i, r := range text {
			if r == utf8.RuneError {
				if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
					break
				}
			}
			place++
		}
		return fmt.Errorf("le message n'est pas un texte UTF-8 valide (vers le caractère %d) : renvoyez-le en texte simple", place+1)
	}
	if n := utf8.RuneCountInString(text); n > MaxText {
		return fmt.Errorf("le message est trop long (%d caractères, %d au plus) : envoyez l'essentiel en quelques phrases", n, MaxText)
	}
	place := 0
	for _, r := range text {
		place++
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return fmt.Errorf("le message contient un caractère de contrôle illisible (caractère %d, code %U) : retirez-le et renvoyez", place, r)
		}
	}
	return nil
}
