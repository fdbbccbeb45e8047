package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"guichet/bot/webhook"
	"guichet/knowledge"
	"guichet/routing/convention"
	"guichet/routing/funding"
	"guichet/routing/ledger"
	"guichet/routing/sheet"
)

// helpWords are kong's own words in a help page.
var helpWords = strings.NewReplacer(
	"Usage: ", "Usage : ", "Arguments:", "Arguments :", "Commands:", "Commandes :", "Flags:", "Options :",
	"Show context-sensitive help.", "Afficher cette aide.", "<command>", "<commande>", "[flags]", "[options]",
	`Run "`, "Tapez « ", ` <command> --help" for more information on a command.`, ` <commande> --help » pour l'aide d'une commande.`,
	` --help" for more information.`, " --help » pour l'aide.",
)

// frenchHelp prints kong's help page in French.
func frenchHelp(options kong.HelpOptions, ctx *kong.Context) error {
	var page bytes.Buffer
	out := ctx.Stdout
	ctx.Stdout = &page
	err := kong.DefaultHelpPrinter(options, ctx)
	ctx.Stdout = out
	if err != nil {
		return err
	}
	_, err = helpWords.WriteString(out, page.String())
	return err
}

// usageMessages are kong's messages and what they say in French; $1, $2 are their parts.
var usageMessages = []struct {
	english *regexp.Regexp
	french  string
}{
	{regexp.MustCompile(`^unknown flag (\S+), did you mean (?:one of )?(.*)\?$`), "option inconnue $1 ; vouliez-vous dire $2 ?"},
	{regexp.MustCompile(`^unknown flag (\S+)$`), "option inconnue $1"},
	{regexp.MustCompile(`^unexpected argument (.*), did you mean (?:one of )?(.*)\?$`), "« $1 » n'est pas attendu ici ; vouliez-vous dire $2 ? (un texte de plusieurs mots se met entre guillemets)"},
	{regexp.MustCompile(`^unexpected argument (.*)$`), "« $1 » n'est pas attendu ici (un texte de plusieurs mots se met entre guillemets)"},
	{regexp.MustCompile(`^unexpected flag argument (.*)$`), "la valeur $1 n'est pas attendue ici"},
	{regexp.MustCompile(`^expected one of (.*)$`), "il manque une commande : $1"},
	{regexp.MustCompile(`^expected "(.*)"$`), "il manque $1"},
	{regexp.MustCompile(`^missing flags: (\S+) or (\S+)$`), "il manque l'option $1 ou $2"},
	{regexp.MustCompile(`^missing flags: (.*, .*)$`), "il manque les options $1"},
	{regexp.MustCompile(`^missing flags: (.*)$`), "il manque l'option $1"},
	{regexp.MustCompile(`^missing positional arguments (.*)$`), "il manque $1"},
	{regexp.MustCompile(`^(\S+) must be one of (.*) but got (.*)$`), "$1 : $3 n'est pas une valeur possible ; choisissez parmi $2"},
	{regexp.MustCompile(`^(--\S+) and (--\S+) can't be used together$`), "$1 et $2 ne vont pas ensemble"},
	{regexp.MustCompile(`^(--[^:=]+)(?:=\S*)?: expected a(?:n| valid \d+ bit u?)int but got (.*)$`), "$1 : un nombre entier est attendu, pas $2"},
	{regexp.MustCompile(`^(--[^:=]+)(?:=\S*)?: expected (?:\w+ value|bool) but got "EOL".*$`), "$1 : il manque une valeur"},
	{regexp.MustCompile(`^(--[^:=]+)(?:=\S*)?: missing value, .*$`), "$1 : il manque une valeur"},
	{regexp.MustCompile(`^(--[^:=]+)(?:=\S*)?: bool value must be .* but got (.*)$`), "$1 : true ou false est attendu, pas $2"},
	{regexp.MustCompile(`^(--[^:=]+)(?:=\S*)?: expected .* but got (.*) \(.*\)(?:; perhaps try (.*)\?)?$`), "$1 : une valeur est attendue, pas $2"},
	// What our own types say is in French already.
	{regexp.MustCompile(`^(--[^:=]+)(?:=\S*)?: (.* « .*)$`), "$1 : $2"},
}

// frenchUsage says in French what kong found wrong in a command line.
func frenchUsage(err error) string {
	text := err.Error()
	said := "ligne de commande non comprise : " + text
	for _, m := range usageMessages {
		if m.english.MatchString(text) {
			said = m.english.ReplaceAllString(text, m.french)
			break
		}
	}
	return strings.ReplaceAll(quoted.ReplaceAllString(said, "« $1 »"), "»,«", "», «")
}

// quoted is what kong quotes.
var quoted = regexp.MustCompile(`"([^"]*)"`)

// libraryMessages are what the libraries that read JSON, YAML, conditions, templates and files say of a mistake, and the same in
// French.
var libraryMessages = []struct {
	english *regexp.Regexp
	french  string
}{
	// JSON.
	{regexp.MustCompile(`invalid character '\\?(.[^']*)' (?:looking|after|in|before)[^:;]*`), "JSON incorrect près de « $1 »"},
	{regexp.MustCompile(`unexpected end of JSON input`), "le JSON n'est pas fini"},
	{regexp.MustCompile(`json: cannot unmarshal .*? into Go struct field \S*\.(\w+) of type \S+`), "le champ « $1 » n'a pas le type attendu"},
	{regexp.MustCompile(`json: cannot unmarshal .*? into Go value of type \S+`), "un objet JSON est attendu"},
	// Conditions (CEL).
	{regexp.MustCompile(`ERROR: <input>:\d+:(\d+): `), "caractère $1, "},
	{regexp.MustCompile(`undeclared reference to '([^']*)'(?: \(in container '[^']*'\))? \(did you mean '([^']*)'\?\)`), "« $1 » n'est pas un fait déclaré ; vouliez-vous dire « $2 » ?"},
	{regexp.MustCompile(`undeclared reference to '([^']*)'(?: \(in container '[^']*'\))?`), "« $1 » n'est pas un fait déclaré"},
	{regexp.MustCompile(`found no matching overload for '_?([^'_]*)_?' applied to '\((.*)\)'`), "« $1 » ne s'applique pas aux types ($2)"},
	{regexp.MustCompile(`Syntax error: (?:mismatched|extraneous) input '<EOF>'.*`), "la condition n'est pas finie"},
	{regexp.MustCompile(`Syntax error: [^']*'([^']*)'.*`), "écriture incorrecte près de « $1 »"},
	// YAML.
	{regexp.MustCompile(`unknown field "([^"]*)"`), "champ inconnu « $1 »"},
	{regexp.MustCompile(`mapping key "([^"]*)" already defined at \[(\d+):\d+\]`), "« $1 » est déjà écrit ligne $2"},
	{regexp.MustCompile(`',' or '(.)' must be specified`), "il manque « , » ou « $1 »"},
	{regexp.MustCompile(`sequence end token '\]' not found`), "le crochet « [ » n'est pas fermé"},
	{regexp.MustCompile(`could not find flow mapping end token '\}'`), "l'accolade « { » n'est pas fermée"},
	{regexp.MustCompile(`could not find flow map content`), "l'accolade « { » n'a pas de contenu"},
	{regexp.MustCompile(`could not find end character of (?:double|single)-quoted text`), "le guillemet n'est pas fermé"},
	{regexp.MustCompile(`(?:mapping )?value is not allowed in this context`), "« : » n'est pas à sa place"},
	{regexp.MustCompile(`non-map value is specified|unexpected key name|found an invalid key for this map`), "« clé : valeur » est attendu"},
	{regexp.MustCompile(`found character '[^']*' that cannot start any token`), "un caractère n'est pas à sa place (une tabulation en retrait ?)"},
	{regexp.MustCompile(`cannot unmarshal .*? into Go .*`), "cette valeur n'est pas de la forme attendue"},
	{regexp.MustCompile(`\[(\d+):(\d+)\] `), "ligne $1, colonne $2 : "},
	// Templates.
	{regexp.MustCompile(`template: ([\w-]+):\d+(?::\d+)?: (?:executing .*? at <[^>]*>: )?`), "« $1 », "},
	{regexp.MustCompile(`map has no entry for key "([^"]*)"`), "« $1 » n'est pas une valeur de ce texte"},
	{regexp.MustCompile(`can't evaluate field (\w+) in type \S+`), "« $1 » n'est pas une valeur de ce texte"},
	{regexp.MustCompile(`unclosed action.*|unexpected "." in .*|unexpected EOF|expected :=`), "l'écriture entre {{ et }} est incorrecte"},
	// The system and its files.
	{regexp.MustCompile(`(?:open|read|write|stat|lstat|mkdir|readdirent|fdopendir) (\S.*?): (no such file or directory|permission denied|is a directory|not a directory|no space left on device|read-only file system)`), "$1 : $2"},
	{regexp.MustCompile(`\bno such file or directory`), "fichier ou dossier introuvable"},
	{regexp.MustCompile(`\bpermission denied`), "accès interdit"},
	{regexp.MustCompile(`\bis a directory`), "c'est un dossier, un fichier est attendu"},
	{regexp.MustCompile(`\bnot a directory`), "ce n'est pas un dossier"},
	{regexp.MustCompile(`\bno space left on device`), "le disque est plein"},
	{regexp.MustCompile(`\bread-only file system`), "le disque est en lecture seule"},
}

// inFrench says in French what the libraries say in English inside an error.
func inFrench(text string) string {
	for _, m := range libraryMessages {
		text = m.english.ReplaceAllString(text, m.french)
	}
	return text
}

// advices say what to do about an error that is said the same to everyone: where what was not found is listed, which flag is missing.
var advices = []struct {
	err   error
	begin string // of the advice, which an error that gives its own has
	end   string
}{
	{ledger.ErrNotFound, "guichet request list", " » montre celles que vous pouvez voir (un numéro s'écrit 2026-0042)"},
	{sheet.ErrNotFound, "guichet sheet list", " » montre celles que vous pouvez voir (un numéro s'écrit P-2026-0003)"},
	{convention.ErrNotFound, "guichet convention list", " » montre celles que vous pouvez voir"},
	{funding.ErrNoWarning, "guichet funding warnings", " --audience staff » montre ceux dont il faut décider"},
	{funding.ErrNotFound, "guichet funding list", " --audience staff » les montre (un numéro s'écrit F-2026-0007)"},
	{knowledge.ErrNotFound, "guichet documents list", " » montre ceux de votre audience (--audience)"},
	{webhook.ErrNotFound, "guichet webhook list", " » les montre"},
}

// advice gives what to add to an error told at the terminal, ” for nothing.
func advice(err error) string {
	for _, a := range advices {
		if errors.Is(err, a.err) && !strings.Contains(err.Error(), a.begin) {
			return " ; « " + a.begin + a.end
		}
	}
	for _, ended := range []ledger.Status{ledger.Answered, ledger.Closed, ledger.Unreachable} {
		if errors.Is(err, ledger.ErrTransition) && strings.Contains(err.Error(), "la demande est "+ended.Label()) {
			return " ; « guichet request reopen » la rouvre d'abord"
		}
	}
	if (errors.Is(err, ledger.ErrStaffOnly) || errors.Is(err, convention.ErrStaffOnly)) && !strings.Contains(err.Error(), "--audience") {
		return " : ajoutez --audience staff"
	}
	if errors.Is(err, ledger.ErrNoReason) {
		return " ; ajoutez --why « la raison »"
	}
	return ""
}

// plural gives the form of a word that goes with a number; zero is singular in French.
func plural[N int | int64](n N, one, many string) string {
	if n < 2 {
		return one
	}
	return many
}

// howMany writes a number and what it counts.
func howMany[N int | int64](n N, one, many string) string {
	return fmt.Sprintf("%d %s", n, plural(n, one, many))
}

// create makes a file that a command writes; one that is there is an error, unless it may be replaced.
func create(path string, replace bool) (*os.File, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if replace {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, flags, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s : le dossier « %s » n'existe pas", path, filepath.Dir(path))
	}
	return file, frenchFile(err)
}

// frenchFile says in French the errors of the system that people meet with a file.
func frenchFile(err error) error {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s : fichier introuvable", path.Path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s : accès interdit", path.Path)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%s : c'est un dossier, un fichier est attendu", path.Path)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s existe déjà", path.Path)
	}
	return err
}
