package rulebook

import (
	"io/fs"
	"time"

	"guichet/routing"
)

const conductFile = "conduct.yaml"

// Conduct holds the delays of the conduct of requests.
type Conduct struct {
	// WaitForFact is how long a request waits for the fact that decides before its entry point takes it.
	WaitForFact time.Duration
}

func loadConduct(folder fs.FS) (Conduct, error) {
	var y struct {
		WaitForFact string `yaml:"wait_for_fact"`
	}
	if err := readYAML(folder, conductFile, &y); err != nil {
		return Conduct{}, err
	}
	wait, err := time.ParseDuration(y.WaitForFact)
	if err != nil || wait <= 0 {
		return Conduct{}, routing.Problem{Pos: routing.Pos{File: conductFile}, Reason: "wait_for_fact : une durée comme « 48h » est attendue, pas « " + y.WaitForFact + " »"}
	}
	return Conduct{WaitForFact: wait}, nil
}
