package rulebook

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"guichet/routing"
)

const conductFile = "conduct.yaml"

// Conduct holds the delays of the conduct of requests.
type Conduct struct {
	// WaitForFact is how long a request waits for the fact that decides before its entry point takes it.
	WaitForFact time.Duration
	// Delays are the working days of what follows.
	Delays routing.Delays
}

type conductYAML struct {
	WaitForFact *placed[string]    `yaml:"wait_for_fact"`
	Transmitted *placed[stageYAML] `yaml:"transmitted"`
	Taken       *placed[stageYAML] `yaml:"taken"`
	Part        *placed[stageYAML] `yaml:"part"`
}

type stageYAML struct {
	Due        placed[int]   `yaml:"due"`
	Reminders  []placed[int] `yaml:"reminders"`
	Escalation placed[int]   `yaml:"escalation"`
	NoNews     []placed[int] `yaml:"no_news"`
}

// loadConduct reads the delays; those that the Region's file leaves out are the default ones.
func loadConduct(folder fs.FS) (Conduct, error) {
	var y, shipped conductYAML
	if err := errors.Join(readYAML(folder, conductFile, &y), readYAML(Default(), conductFile, &shipped)); err != nil {
		return Conduct{}, err
	}
	if y.WaitForFact == nil {
		y.WaitForFact = shipped.WaitForFact
	}
	if y.Transmitted == nil {
		y.Transmitted = shipped.Transmitted
	}
	if y.Taken == nil {
		y.Taken = shipped.Taken
	}
	if y.Part == nil {
		y.Part = shipped.Part
	}
	var c Conduct
	var waitErr error
	wait, err := time.ParseDuration(y.WaitForFact.value)
	if err != nil || wait <= 0 {
		waitErr = wrongDelay(y.WaitForFact.line, "wait_for_fact : une durée comme « 48h » est attendue, pas « %s »", y.WaitForFact.value)
	}
	c.WaitForFact = wait
	var transmittedErr, takenErr, partErr error
	c.Delays.Transmitted, transmittedErr = y.Transmitted.value.stage("transmitted", y.Transmitted.line)
	c.Delays.Taken, takenErr = y.Taken.value.stage("taken", y.Taken.line)
	c.Delays.Part, partErr = y.Part.value.stage("part", y.Part.line)
	if told := y.Part.value.NoNews; len(told) > 0 {
		partErr = errors.Join(partErr, wrongDelay(told[0].line, "part, no_news : la personne n'a de nouvelles que de sa demande"))
	}
	return c, errors.Join(waitErr, transmittedErr, takenErr, partErr)
}

// longest is the longest delay in working days, about a year: more is a mistake.
const longest = 250

func (y stageYAML) stage(name string, line int) (s routing.Stage, err error) {
	if s.Due = y.Due.value; s.Due < 1 || s.Due > longest {
		err = wrongDelay(max(y.Due.line, line), "%s, due : un nombre de jours ouvrés de 1 à %d est attendu", name, longest)
	}
	var remindersErr, noNewsErr error
	s.Reminders, remindersErr = days(name+", reminders", y.Reminders)
	s.NoNews, noNewsErr = days(name+", no_news", y.NoNews)
	err = errors.Join(err, remindersErr, noNewsErr)
	last := 0
	if len(s.Reminders) > 0 {
		last = s.Reminders[len(s.Reminders)-1]
	}
	switch s.Escalation = y.Escalation.value; {
	case s.Escalation == 0 && y.Escalation.line == 0: // not wanted
	case s.Escalation <= last || s.Escalation > longest:
		err = errors.Join(err, wrongDelay(y.Escalation.line, "%s, escalation : un jour ouvré après le dernier rappel (%d) est attendu, %d au plus", name, last, longest))
	}
	return s, err
}

// days reads days that follow each other.
func days(name string, list []placed[int]) (all []int, err error) {
	last := 0
	for _, d := range list {
		if d.value <= last || d.value > longest {
			err = errors.Join(err, wrongDelay(d.line, "%s : des jours ouvrés croissants, de 1 à %d, sont attendus, pas %d après %d", name, longest, d.value, last))
		}
		last = d.value
		all = append(all, d.value)
	}
	return all, err
}

func wrongDelay(line int, format string, args ...any) error {
	return routing.Problem{Pos: routing.Pos{File: conductFile, Line: line}, Reason: fmt.Sprintf(format, args...)}
}
