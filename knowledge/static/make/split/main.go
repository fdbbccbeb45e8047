// Command split cuts texts into words for the making script, so that the model learns from the very words that the Go
// package will see. It reads one JSON string a line and writes the folded words of each on a line, separated by tabs.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"guichet/knowledge/french"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	w := bufio.NewWriter(out)
	d := json.NewDecoder(in)
	for {
		var text string
		if err := d.Decode(&text); errors.Is(err, io.EOF) {
			return w.Flush()
		} else if err != nil {
			return fmt.Errorf("lecture d'un texte : %w", err)
		}
		first := true
		for _, word := range french.Words(text) {
			if word.Elided {
				continue
			}
			if !first {
				w.WriteByte('\t')
			}
			first = false
			w.WriteString(word.Fold)
		}
		w.WriteByte('\n')
	}
}
