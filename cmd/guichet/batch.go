package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"
)

// id is the input's own identifier, given back as it came; null when there is none.
type id = json.RawMessage

// batchFlag is the flag of the commands that take many inputs.
type batchFlag struct {
	Batch string `placeholder:"FICHIER" help:"Lire des lignes JSON dans un fichier (« - » : entrée standard) et écrire une ligne par ligne lue."`
}

// each treats one text, or each line of a batch. show writes a result for people.
func each[In, Out any](a *app, b batchFlag, text *string, argument string, single func(text string) In, treat func(In) (Out, error), show func(io.Writer, Out)) error {
	switch {
	case text == nil && b.Batch == "":
		return usageError{fmt.Errorf("il manque %s, ou --batch FICHIER", argument)}
	case text != nil && b.Batch != "":
		return usageError{fmt.Errorf("donnez %s ou --batch FICHIER, pas les deux", argument)}
	case text != nil:
		out, err := treat(single(*text))
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, out)
		}
		show(a.stdout, out)
		return nil
	}
	in := a.stdin
	if b.Batch != "-" {
		file, err := os.Open(b.Batch)
		if err != nil {
			return fmt.Errorf("ouvrir le lot : %w", frenchFile(err))
		}
		defer file.Close()
		in = file
	}
	return batch(in, a.stdout, treat)
}

// batch treats JSON Lines: one line out for each line in, in the same order, whatever is wrong with a line.
func batch[In, Out any](in io.Reader, out io.Writer, treat func(In) (Out, error)) error {
	reader, writer := bufio.NewReaderSize(in, 1<<16), bufio.NewWriter(out)
	for first := true; ; first = false {
		line, err := reader.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return errors.Join(fmt.Errorf("lire le lot : %w", frenchFile(err)), writer.Flush())
		}
		if len(line) > 0 {
			if first {
				line = bytes.TrimPrefix(line, []byte("\ufeff"))
			}
			if err := writeJSON(writer, treatLine(line, treat)); err != nil {
				return err
			}
		}
		if reader.Buffered() == 0 { // whoever feeds the lines one by one waits for this one's answer
			if err := writer.Flush(); err != nil {
				return fmt.Errorf("écrire les résultats : %w", err)
			}
		}
		if err != nil {
			return nil
		}
	}
}

// failed is the output of a line in error.
type failed struct {
	ID    id     `json:"id"`
	Error string `json:"error"`
}

func treatLine[In, Out any](line []byte, treat func(In) (Out, error)) any {
	var in In
	err := decodeLine(line, &in)
	if err == nil {
		var out Out
		if out, err = treat(in); err == nil {
			return out
		}
	}
	var key struct {
		ID id `json:"id"`
	}
	_ = json.Unmarshal(line, &key) // a line that cannot be read has no identifier
	return failed{ID: key.ID, Error: err.Error()}
}

func decodeLine(line []byte, into any) error {
	if !utf8.Valid(line) {
		return errors.New("la ligne n'est pas un texte UTF-8 valide")
	}
	err := json.Unmarshal(line, into)
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(line)) == 0:
		return errors.New("la ligne est vide")
	case errors.As(err, &kind) && kind.Field == "":
		return errors.New("la ligne n'est pas un objet JSON")
	case errors.As(err, &kind):
		return fmt.Errorf("le champ « %s » n'a pas le type attendu", kind.Field)
	case errors.As(err, &syntax):
		return fmt.Errorf("la ligne n'est pas du JSON valide (caractère %d)", syntax.Offset)
	}
	return err
}

// writeJSON writes one object on one line.
func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("écrire le résultat : %w", err)
	}
	return nil
}

// elapsed gives the milliseconds since a time, to the microsecond.
func elapsed(start time.Time) float64 { return float64(time.Since(start).Microseconds()) / 1000 }

// isoDay writes a day as in JSON; empty when it is not known.
func isoDay(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return day.Format(time.DateOnly)
}
