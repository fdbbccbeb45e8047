// Command guichet is the one entry point of the Region's services to companies: it answers from a base of documents, hands
// requests to the direction that leads them, and keeps their ledger. This package puts the parts together: one file per
// command, what they share in config.go (flags), wire.go (drivers), batch.go (JSON Lines) and french.go (what libraries say in English).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"guichet/bot"
	"guichet/routing/ledger"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes, part of the contract.
const (
	exitDone  = 0
	exitError = 1
	exitUsage = 2
)

// usageError is a command that cannot be understood, in French.
type usageError struct{ error }

// run reads the command line, runs the command and gives the exit code. Errors are told on stderr, in French.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	for _, arg := range args {
		if !utf8.ValidString(arg) { // kong would replace what it cannot read
			fmt.Fprintf(stderr, "guichet : %v\n", bot.CheckText(arg))
			return exitError
		}
	}
	var grammar cli
	helped := false
	parser := kong.Must(&grammar,
		kong.Name("guichet"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.Help(frenchHelp),
		kong.Vars{
			"version": "guichet " + version(), "statuses": listed(ledger.Statuses()),
			"set_statuses": strings.Join(statusNames(ledger.SetStatuses()), ","), "set_statuses_said": said(ledger.SetStatuses()), "set_statuses_bare": listed(ledger.BareStatuses()),
		},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	parsed, err := parser.Parse(args)
	if helped {
		return exitDone
	}
	if err == nil {
		app := newApp(grammar.config, stdin, stdout, stderr)
		parsed.BindTo(ctx, (*context.Context)(nil))
		err = parsed.Run(app)
	} else {
		var wrong *kong.ParseError
		if errors.As(err, &wrong) {
			parsed = wrong.Context
		}
		err = usageError{errors.New(frenchUsage(err))}
	}
	if err == nil {
		return exitDone
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrompu")
	}
	fmt.Fprintf(stderr, "guichet : %s\n", inFrench(err.Error())+advice(err))
	if errors.As(err, new(usageError)) {
		command := "guichet"
		if parsed != nil && parsed.Selected() != nil {
			command = parsed.Selected().FullPath()
		}
		fmt.Fprintf(stderr, "Pour l'aide : %s --help\n", command)
		return exitUsage
	}
	return exitError
}
