package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"guichet/knowledge"
	"guichet/knowledge/openai"
	"guichet/knowledge/static"
	"guichet/routing"
	"guichet/routing/ledger"
)

const description = "Le guichet unique de la Région pour les entreprises : il répond avec ses sources, transmet chaque demande à la direction " +
	"chef de file et n'en perd aucune."

// cli is the whole command line; each command is in the file of its name.
type cli struct {
	config

	Serve      serveCmd      `cmd:"" help:"Tout démarrer : page web, Slack et Discord s'ils sont réglés, tâches."`
	Ingest     ingestCmd     `cmd:"" help:"Ajouter ou rafraîchir des documents."`
	Documents  documentsCmd  `cmd:"" help:"Lister, montrer ou retirer les documents de la base."`
	Base       baseCmd       `cmd:"" help:"Relire la base."`
	Ask        askCmd        `cmd:"" help:"Répondre à une question depuis la base."`
	Search     searchCmd     `cmd:"" help:"Trouver les passages, sans rédiger de réponse."`
	Route      routeCmd      `cmd:"" help:"Dire quelle direction mène une demande, et pourquoi, sans rien enregistrer."`
	Request    requestCmd    `cmd:"" help:"Le registre des demandes."`
	Company    companyCmd    `cmd:"" help:"Dire si une entreprise a été accompagnée et ce qui lui a été répondu."`
	Person     personCmd     `cmd:"" help:"Donner ou effacer ce qui est gardé d'une personne, ou ce qui l'est depuis trop longtemps."`
	Access     accessCmd     `cmd:"" help:"Le journal des accès aux demandes et aux fiches d'entreprises."`
	Funding    fundingCmd    `cmd:"" help:"Les financements demandés et tenus, et ceux qui semblent viser la même dépense."`
	EPCI       epciCmd       `cmd:"" name:"epci" help:"Ce que guichet sait d'un EPCI : ses conventions, ce que la Région peut y faire, ses demandes."`
	Convention conventionCmd `cmd:"" help:"Les conventions entre la Région et les EPCI."`
	Revue      revueCmd      `cmd:"" help:"Le document d'une revue de projets : un EPCI, un comité ou la Région entière."`
	Sheet      sheetCmd      `cmd:"" help:"Les fiches projets envoyées aux territoires, leurs réponses et leur comparaison."`
	Steering   steeringCmd   `cmd:"" help:"Les chiffres du pilotage : délais, retards, réorientations, zones blanches, par direction et par territoire."`
	Token      tokenCmd      `cmd:"" help:"Les jetons par lesquels d'autres outils entrent : API et calendriers."`
	Webhook    webhookCmd    `cmd:"" help:"Les adresses d'autres outils à qui dire ce qui arrive aux demandes."`
	Gaps       gapsCmd       `cmd:"" help:"Les questions restées sans réponse, par sens, et les fiches à écrire."`
	Eval       evalCmd       `cmd:"" help:"Mesurer sur des cas étiquetés."`
	Doctor     doctorCmd     `cmd:"" help:"Dire ce qui marche, ce qui ne marche pas et quoi faire."`
	Migrate    migrateCmd    `cmd:"" help:"Le schéma de la base."`
	Copy       copyCmd       `cmd:"" help:"Copier une base dans une autre, neuve, et vérifier la copie."`
	Rules      rulesCmd      `cmd:"" help:"Exporter ou vérifier les règles de la Région."`
	Help       helpCmd       `cmd:"" help:"Afficher l'aide d'une commande."`

	Version kong.VersionFlag `name:"version" help:"Écrire la version du programme."`
}

// config are the flags of every command.
type config struct {
	Database  string `env:"GUICHET_DATABASE_URL" placeholder:"URL" help:"Base de données, « sqlite:CHEMIN » (par défaut dans le dossier de données de l'utilisateur) ou « postgres://… »."`
	RulesPath string `name:"rules" env:"GUICHET_RULES" placeholder:"DOSSIER" help:"Dossier des règles de la Région, posé sur les règles livrées."`
	Now       moment `placeholder:"DATE" help:"Date (AAAA-MM-JJ) que lisent validités, délais et rappels, au lieu d'aujourd'hui ; « @FICHIER » pour une horloge qu'un autre programme avance."`
	JSON      bool   `name:"json" help:"Écrire un objet JSON sur une ligne."`

	Embeddings embeddings `embed:"" prefix:"embeddings-" group:"vecteurs"`
	Model      model      `embed:"" prefix:"model-" group:"modèle"`
}

// embeddings name the server that makes vectors; without a URL they are those of the model that is built in.
type embeddings struct {
	URL        string `name:"url" env:"GUICHET_EMBEDDINGS_URL" placeholder:"URL" help:"Serveur de vecteurs, au langage d'OpenAI (« https://…/v1 »)."`
	Name       string `name:"model" env:"GUICHET_EMBEDDINGS_MODEL" placeholder:"NOM" help:"Modèle de vecteurs."`
	Dimensions int    `name:"dimensions" env:"GUICHET_EMBEDDINGS_DIMENSIONS" placeholder:"N" help:"Dimensions de ses vecteurs."`
	Key        string `name:"key" env:"GUICHET_EMBEDDINGS_KEY" hidden:""`
	// Some models read questions and passages differently: by a prefix (« query:  »), or under two names.
	QueryName     string `name:"query-model" env:"GUICHET_EMBEDDINGS_QUERY_MODEL" hidden:""`
	QueryPrefix   string `name:"query-prefix" env:"GUICHET_EMBEDDINGS_QUERY_PREFIX" hidden:""`
	PassagePrefix string `name:"passage-prefix" env:"GUICHET_EMBEDDINGS_PASSAGE_PREFIX" hidden:""`
}

// builtIn tells that the vectors are made here, at once.
func (e embeddings) builtIn() bool { return e.URL == "" }

// embedder gives what makes the vectors.
func (e embeddings) embedder() (knowledge.Embedder, error) {
	if e.builtIn() {
		return static.Embedder{}, nil
	}
	address, err := url.Parse(e.URL)
	switch {
	case err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "":
		return nil, errors.New("GUICHET_EMBEDDINGS_URL illisible : donnez « https://SERVEUR/v1 »")
	case e.Name == "":
		return nil, errors.New("GUICHET_EMBEDDINGS_MODEL manque : donnez le nom du modèle de vecteurs")
	case e.Dimensions < 1 || e.Dimensions > mostDimensions:
		return nil, fmt.Errorf("GUICHET_EMBEDDINGS_DIMENSIONS : donnez le nombre de dimensions du modèle, de 1 à %d", mostDimensions)
	}
	return openai.New(e.URL, e.Key, knowledge.Model{
		Name: e.Name, Dimensions: e.Dimensions, QueryName: e.QueryName, QueryPrefix: spaced(e.QueryPrefix), PassagePrefix: spaced(e.PassagePrefix),
	}), nil
}

// model names the chat server that words answers; without a URL they are extracts.
type model struct {
	URL  string `name:"url" env:"GUICHET_MODEL_URL" placeholder:"URL" help:"Serveur du modèle qui rédige les réponses, au langage d'OpenAI (« https://…/v1 »)."`
	Name string `name:"name" env:"GUICHET_MODEL" placeholder:"NOM" help:"Modèle qui rédige les réponses."`
	Key  string `name:"key" env:"GUICHET_MODEL_KEY" hidden:""`
	// Patience is longer than the default for a slow server of one's own.
	Patience  time.Duration `name:"patience" env:"GUICHET_MODEL_PATIENCE" default:"1.8s" placeholder:"DURÉE" help:"Ce qu'une question attend du modèle avant l'extrait (1.8s par défaut)."`
	PerPerson int           `name:"per-person" env:"GUICHET_MODEL_PER_PERSON" default:"100" placeholder:"N" help:"Réponses rédigées par personne et par jour (100 par défaut)."`
	PerDay    int           `name:"per-day" env:"GUICHET_MODEL_PER_DAY" default:"2000" placeholder:"N" help:"Réponses rédigées par jour, en tout (2000 par défaut)."`
}

// check tells whether there is a model, and what is wrong in its settings.
func (m model) check() (wanted bool, err error) {
	switch address, err := url.Parse(m.URL); {
	case m.URL == "":
		return false, nil
	case err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "":
		return true, errors.New("GUICHET_MODEL_URL illisible : donnez « https://SERVEUR/v1 »")
	case m.Name == "":
		return true, errors.New("GUICHET_MODEL manque : donnez le nom du modèle qui rédige les réponses")
	case m.Patience <= 0:
		return true, errors.New("GUICHET_MODEL_PATIENCE : donnez une durée, « 1.8s »")
	case m.PerPerson < 1 || m.PerDay < 1:
		return true, errors.New("GUICHET_MODEL_PER_PERSON et GUICHET_MODEL_PER_DAY : donnez des nombres d'au moins 1, ou retirez GUICHET_MODEL_URL pour se passer du modèle")
	}
	return true, nil
}

// mostDimensions is what pgvector indexes.
const mostDimensions = 4000

// spaced puts back the space that ends « query: », which is easily lost on the way.
func spaced(prefix string) string {
	if strings.HasSuffix(prefix, ":") {
		return prefix + " "
	}
	return prefix
}

// asker is on whose behalf the base is read.
type asker struct {
	Audience knowledge.Audience `default:"public" placeholder:"public" help:"Qui demande : public, partner ou staff (public par défaut)."`
	EPCI     siren              `name:"epci" placeholder:"SIREN" help:"SIREN de l'EPCI du partenaire."`
}

func (a asker) viewer() knowledge.Viewer {
	return knowledge.Viewer{Audience: a.Audience, EPCI: string(a.EPCI)}
}

// staffOnly is who reads what only agents may.
type staffOnly struct {
	Audience knowledge.Audience `default:"public" placeholder:"staff" help:"Qui lit : les agents seuls, avec --audience staff."`
}

func (s staffOnly) viewer() (ledger.Viewer, error) {
	if s.Audience != knowledge.Staff {
		return ledger.Viewer{}, errors.New("réservé aux agents : ajoutez --audience staff")
	}
	return ledger.Viewer{Staff: true}, nil
}

// siren is a SIREN given by a person.
type siren string

// UnmarshalText refuses what is no SIREN: a wrong one would show nothing, or be seen by nobody, without a word.
func (s *siren) UnmarshalText(text []byte) error {
	number := strings.ReplaceAll(string(text), " ", "")
	if !routing.IsSIREN(number) {
		return fmt.Errorf("SIREN « %s » erroné : il lui faut neuf chiffres, dont le dernier vérifie les autres", text)
	}
	*s = siren(number)
	return nil
}

// moment is a date or a time given by a person, or a clock that another program moves.
type moment struct {
	time.Time
	// file, if any, holds the time, and is read whenever the time is needed: a half-year passes in minutes.
	file string
}

// UnmarshalText reads an ISO date, held to be noon so that it is the same day in every time zone of France, an ISO time, or
// « @ » and the file that holds one.
func (m *moment) UnmarshalText(text []byte) error {
	if file, ok := strings.CutPrefix(string(text), "@"); ok {
		m.file = file
		return m.read()
	}
	at, err := parseMoment(string(text))
	m.Time = at
	return err
}

func parseMoment(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.Add(12 * time.Hour), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("date « %s » illisible : écrivez AAAA-MM-JJ", text)
	}
	return at, nil
}

// read reads the clock's file.
func (m *moment) read() error {
	content, err := os.ReadFile(m.file)
	if err != nil {
		return fmt.Errorf("lire l'horloge : %w", err)
	}
	m.Time, err = parseMoment(strings.TrimSpace(string(content)))
	return err
}

// clock gives the time from now on: that of the clock's file, which keeps its last time while it cannot be read, else the
// time given, from which it goes on.
func (m moment) clock() func() time.Time {
	switch {
	case m.file != "":
		var mu sync.Mutex
		return func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			last := m.Time
			if m.read() != nil {
				m.Time = last
			}
			return m.Time
		}
	case !m.IsZero():
		start := time.Now()
		return func() time.Time { return m.Add(time.Since(start)) }
	}
	return time.Now
}

// day is a day of France given by a person: its first instant.
type day struct{ time.Time }

// UnmarshalText reads an ISO date.
func (d *day) UnmarshalText(text []byte) error {
	read, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("date « %s » illisible : écrivez AAAA-MM-JJ", text)
	}
	d.Time = ledger.Midnight(read.Add(12 * time.Hour))
	return nil
}

// end gives the first instant after the day, zero when none was given.
func (d day) end() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return d.AddDate(0, 0, 1)
}

// defaultDatabase is a file in the user's data folder.
func defaultDatabase() (string, error) {
	folder, err := dataFolder()
	if err != nil {
		return "", errors.New("le dossier de données de l'utilisateur est inconnu : donnez --database sqlite:CHEMIN")
	}
	return "sqlite:" + filepath.Join(folder, "guichet", "guichet.db"), nil
}

func dataFolder() (string, error) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return os.UserConfigDir() // there, data and configuration live together
	}
	if folder := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(folder) {
		return folder, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "share"), err
}

// secret reads a secret from a variable, or from the file that the variable of the same name and _FILE gives.
func secret(name string) (string, error) {
	value, path := os.Getenv(name), os.Getenv(name+"_FILE")
	if path == "" {
		return value, nil
	}
	if value != "" {
		return "", fmt.Errorf("%s et %s_FILE sont donnés tous les deux : gardez-en un", name, name)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("lire %s_FILE : %w", name, frenchFile(err))
	}
	return strings.TrimSpace(string(content)), nil
}
