package main

import (
	"errors"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

type helpCmd struct {
	Command []string `arg:"" optional:"" name:"commande" help:"La commande, par exemple « request show »."`
}

func (c *helpCmd) Run(parsed *kong.Context) error {
	asked, err := kong.Trace(parsed.Kong, c.Command)
	if err == nil {
		err = asked.Error
	}
	if err != nil {
		return usageError{errors.New(frenchUsage(err))}
	}
	return asked.PrintUsage(false)
}

// version gives the version of the module, or the commit that the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(version inconnue)"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "(version inconnue)"
}
