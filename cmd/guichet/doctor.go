package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"guichet/bot"
	"guichet/bot/courier"
	"guichet/bot/sqljournal"
	"guichet/knowledge"
	"guichet/knowledge/sqlstore"
	"guichet/migrations"
	"guichet/migrations/database"
	"guichet/routing/ledger"
	"guichet/routing/ledger/sqlledger"
)

type doctorCmd struct{}

// check is one thing that works or does not.
type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	// Todo is what to do when it does not work.
	Todo string `json:"todo,omitempty"`
	// Absent tells that this version does not have it yet, and works without.
	Absent bool `json:"absent,omitempty"`
	// Needed tells that guichet cannot do its work without it.
	Needed bool `json:"needed"`
}

func (c *doctorCmd) Run(ctx context.Context, a *app) error {
	db, err := a.open(ctx)
	var said map[string]bot.ChannelSettings
	if err == nil {
		defer db.Close()
		said, err = sqljournal.New(db).ChannelSettings(ctx)
	}
	rules, channels := a.checkRules(said)
	checks := append(a.checkDatabase(ctx, db, err), rules...)
	checks = append(checks, a.checkDiscord(ctx, channels)...)
	checks = append(checks, a.checkSlack(ctx, channels)...)
	broken := 0
	for _, k := range checks {
		if k.Needed && !k.OK {
			broken++
		}
	}
	if a.JSON {
		if err := writeJSON(a.stdout, map[string]any{"ok": broken == 0, "checks": checks}); err != nil {
			return err
		}
	} else {
		for _, k := range checks {
			state := "ok"
			switch {
			case k.Absent:
				state = "absent"
			case !k.OK:
				state = "à faire"
			}
			fmt.Fprintf(a.stdout, "%-8s %-11s %s\n", state, k.Name, k.Detail)
			if k.Todo != "" {
				fmt.Fprintf(a.stdout, "%20s → %s\n", "", k.Todo)
			}
		}
	}
	if broken > 0 {
		return errors.New(howMany(broken, "point empêche", "points empêchent") + " guichet de travailler")
	}
	return nil
}

// found gives what a chat platform's check found.
func found(platform string, findings []bot.Finding) []check {
	checks := make([]check, 0, len(findings))
	for _, f := range findings {
		checks = append(checks, check{Name: platform, OK: f.OK, Detail: f.Detail, Todo: f.Todo})
	}
	return checks
}

// checkDatabase checks a database that was opened; err is why it is of no use.
func (a *app) checkDatabase(ctx context.Context, db *database.DB, err error) []check {
	if err != nil {
		todo := "donnez un fichier que vous pouvez écrire, --database sqlite:CHEMIN, ou un serveur, postgres://…"
		switch {
		case errors.As(err, new(migrations.NewerError)):
			todo = "installez la version de guichet qui a créé cette base"
		case errors.Is(err, database.ErrUnreachable):
			todo = "démarrez le serveur PostgreSQL, ou corrigez son adresse dans GUICHET_DATABASE_URL"
		case strings.HasPrefix(a.Database, "postgres"):
			todo = "suivez l'indication, puis relancez : guichet doctor"
		}
		return []check{{Name: "database", Needed: true, Detail: err.Error(), Todo: todo}}
	}
	checks := []check{{Name: "database", Needed: true, OK: true, Detail: "la base s'ouvre"}}
	schema := check{Name: "schema", Needed: true}
	if version, program, err := migrations.Status(ctx, db.Writer(), db.Dialect); err != nil {
		schema.Detail, schema.Todo = err.Error(), "restaurez une sauvegarde"
	} else {
		schema.OK, schema.Detail = version == program, fmt.Sprintf("version %d, le programme connaît la %d", version, program)
	}
	index := check{Name: "index", Needed: true}
	base, err := a.openBase(ctx, db, nil)
	if err == nil {
		var documents []knowledge.Document
		documents, err = base.Documents(ctx, knowledge.Viewer{Audience: knowledge.Staff})
		count := map[knowledge.Audience]int{}
		for _, d := range documents {
			count[d.Audience]++
		}
		var total knowledge.Frequency
		if err == nil {
			_, total, err = sqlstore.New(db, nil).Frequencies(ctx, knowledge.Viewer{Audience: knowledge.Staff}, nil)
		}
		index.OK = len(documents) > 0
		index.Detail = fmt.Sprintf("%d documents (public %d, partner %d, staff %d), %d passages", len(documents), count[knowledge.Public], count[knowledge.Partner], count[knowledge.Staff], total.Passages)
	}
	if err != nil {
		index.OK, index.Detail, index.Todo = false, err.Error(), "rechargez les documents : guichet ingest DOSSIER"
	}
	return append(checks, schema, index, a.checkSources(ctx, db), a.checkEmbeddings(ctx, db), a.checkModel(ctx, db, base), checkJobs(ctx, db), checkNotices(ctx, db), checkWebhooks(ctx, db))
}

// checkSources tells the addresses whose text is not what they have now.
func (a *app) checkSources(ctx context.Context, db *database.DB) check {
	remotes, err := sqlstore.New(db, nil).Remotes(ctx)
	if err != nil {
		return check{Name: "sources", Detail: err.Error()}
	}
	var failed []string
	for _, r := range remotes {
		switch {
		case r.Gone:
			failed = append(failed, r.Address+" ("+r.Failure+")")
		case r.Failure != "":
			failed = append(failed, fmt.Sprintf("%s (%s ; le texte est celui du %s)", r.Address, inFrench(r.Failure), r.Seen.Format(time.DateOnly)))
		}
	}
	switch {
	case len(remotes) == 0:
		return check{Name: "sources", OK: true, Detail: "aucune adresse suivie"}
	case len(failed) == 0:
		return check{Name: "sources", OK: true, Detail: howMany(len(remotes), "adresse suivie, à jour à sa dernière lecture", "adresses suivies, à jour à leur dernière lecture")}
	}
	return check{
		Name: "sources", Detail: fmt.Sprintf("%s sur %d en échec : %s", howMany(len(failed), "adresse", "adresses"), len(remotes), strings.Join(failed[:min(len(failed), shownJobs)], " ; ")),
		Todo: "guichet serve réessaie ; une adresse qui ne sert plus se retire par « guichet documents remove ADRESSE »",
	}
}

// shownJobs is how many of the jobs that were given up are named.
const shownJobs = 3

func checkJobs(ctx context.Context, db *database.DB) check {
	var dead []courier.Dead
	jobs, err := courier.New(ctx, db)
	if err == nil {
		dead, err = jobs.Dead(ctx)
	}
	if err != nil {
		return check{Name: "jobs", Needed: true, Detail: err.Error()}
	}
	if len(dead) == 0 {
		return check{Name: "jobs", OK: true, Detail: "aucune tâche abandonnée"}
	}
	said := make([]string, 0, shownJobs)
	for _, d := range dead[:min(len(dead), shownJobs)] {
		said = append(said, d.What+" ("+d.Why+")")
	}
	return check{
		Name: "jobs", Detail: fmt.Sprintf("%s : %s", howMany(len(dead), "tâche abandonnée", "tâches abandonnées"), strings.Join(said, " ; ")),
		Todo: "toutes se lisent dans l'espace des agents, « Avis envoyés » ; prévenez les directions à qui un avis manque",
	}
}

// checkNotices names the directions whose channel does not take what is sent to them.
func checkNotices(ctx context.Context, db *database.DB) check {
	unreached, err := sqlledger.New(db, nil, nil, ledger.Agenda{}).Unreached(ctx)
	if err != nil {
		return check{Name: "notices", Needed: true, Detail: err.Error()}
	}
	if len(unreached) == 0 {
		return check{Name: "notices", OK: true, Detail: "aucune direction injoignable"}
	}
	var said []string
	for _, direction := range slices.Sorted(maps.Keys(unreached)) {
		said = append(said, fmt.Sprintf("%s (%s)", direction, howMany(unreached[direction], "avis non remis", "avis non remis")))
	}
	return check{
		Name: "notices", Detail: "directions injoignables : " + strings.Join(said, ", ") + " ; la porte d'entrée en est prévenue, sauf d'elle-même",
		Todo: "rétablissez leur canal (" + bot.ChannelsFile + ", ou « /guichet canal ») et prévenez-les ; l'histoire de chaque demande dit ce qui n'est pas parti",
	}
}

func (a *app) checkEmbeddings(ctx context.Context, db *database.DB) check {
	k := check{Name: "embeddings"}
	embedder, err := a.Embeddings.embedder()
	switch {
	case err != nil:
		k.Detail, k.Todo = err.Error(), "corrigez les réglages GUICHET_EMBEDDINGS_…, ou retirez-les : la recherche se fait alors par les mots"
		return k
	case a.Embeddings.builtIn():
		k.OK, k.Detail = true, fmt.Sprintf("vecteurs du modèle livré, %s ; un serveur les remplace (GUICHET_EMBEDDINGS_URL)", embedder.Model().Name)
		return k
	}
	wanted := embedder.Model()
	store := sqlstore.New(db, nil)
	missing, err := store.Use(ctx, wanted)
	var answering knowledge.Model
	var ready bool
	if err == nil {
		answering, ready, err = store.Answering(ctx, wanted)
	}
	if err != nil {
		k.Detail, k.Todo = err.Error(), "relancez guichet ingest, ou guichet serve"
		return k
	}
	switch {
	case ready && answering.ID() == wanted.ID():
		k.Detail = fmt.Sprintf("modèle %s", wanted.Name)
	case ready:
		k.Detail = fmt.Sprintf("le modèle %s répond en attendant %s", answering.Name, wanted.Name)
	default:
		k.Detail = fmt.Sprintf("le modèle %s n'a pas encore ses vecteurs : la recherche se fait par les mots", wanted.Name)
	}
	if len(missing) > 0 {
		k.Detail += ", " + howMany(len(missing), "document attend ses vecteurs", "documents attendent leurs vecteurs")
		k.Todo = "laissez tourner guichet serve, ou relancez guichet ingest"
	}
	model := wanted
	if ready {
		model = answering
	}
	asked, cancel := context.WithTimeout(ctx, 10*knowledge.Patience)
	defer cancel()
	start := time.Now()
	_, err = embedder.Query(asked, model, "bonjour")
	switch took := time.Since(start); {
	case err != nil:
		k.Detail, k.Todo = k.Detail+" ; "+err.Error(), "vérifiez le serveur de vecteurs ; sans lui, la recherche se fait par les mots"
	case took > knowledge.Patience:
		k.Detail += fmt.Sprintf(" ; le serveur répond en %d ms, une question n'en attend que %d : elle est cherchée par les mots seuls", took.Milliseconds(), knowledge.Patience.Milliseconds())
		k.Todo = "donnez au serveur de vecteurs une machine plus rapide, ou un modèle plus petit"
	default:
		k.OK = len(missing) == 0
		k.Detail += fmt.Sprintf(" ; le serveur répond en %d ms", took.Milliseconds())
	}
	return k
}

// trial is what a model is tried on: a fictional passage, and a question that it answers.
var (
	trialQuestion = "Quel est le taux de l'aide fictive ?"
	trialAnswer   = knowledge.Answer{Text: "Extrait.", Quotes: []knowledge.Quote{{
		Document: "essai", Title: "Aide fictive", Section: "Montant", Text: "Le taux de l'aide fictive est de 40 %, dans la limite de 12 000 €.", Audience: knowledge.Public,
	}}}
)

// trialTime is what the trial waits for: a model that is only slow is told from one that does not answer.
const trialTime = 20 * time.Second

const tooSlow = "donnez une machine plus rapide, un modèle plus petit ou une GUICHET_MODEL_PATIENCE plus longue ; en attendant, les réponses sont des extraits"

// noBudget lets a trial through: it is no person's answer.
type noBudget struct{}

func (noBudget) Spend(context.Context, string, time.Time) error { return nil }

// checkModel has the model word a fictional passage as it would word an answer.
func (a *app) checkModel(ctx context.Context, db *database.DB, base *knowledge.Base) check {
	k := check{Name: "model"}
	wanted, err := a.Model.check()
	switch {
	case err != nil:
		k.Detail, k.Todo = err.Error(), "corrigez les réglages GUICHET_MODEL_…, ou retirez-les : les réponses sont alors des extraits"
		return k
	case !wanted:
		k.Absent, k.Detail = true, "pas de modèle : les réponses sont des extraits ; un serveur les rédige (GUICHET_MODEL_URL)"
		return k
	case base == nil: // said by another check
		k.Detail = "pas essayé : la base ne répond pas"
		return k
	}
	spent, err := sqlstore.NewBudget(db, a.Model.PerPerson, a.Model.PerDay).Spent(ctx, a.now())
	if err != nil {
		k.Detail = err.Error()
		return k
	}
	wording, _, err := a.openWording(db, base)
	if err != nil {
		k.Detail = err.Error()
		return k
	}
	var told knowledge.Telling
	wording.Budget, wording.Patience, wording.Told = noBudget{}, max(trialTime, a.Model.Patience), func(t knowledge.Telling) { told = t }
	wording.Word(ctx, knowledge.Asked{Viewer: knowledge.Viewer{Audience: knowledge.Public}, Question: trialQuestion, At: a.now()}, trialAnswer, nil)
	k.Detail = fmt.Sprintf("%s, %s au modèle aujourd'hui sur %d", a.Model.Name, howMany(spent, "réponse confiée", "réponses confiées"), a.Model.PerDay)
	switch {
	case told.Outcome == knowledge.Refused || told.Outcome == knowledge.Declined:
		k.Detail += " ; il répond, mais aucune phrase de son essai n'est tenue par le passage : " + strings.Join(told.Dropped, ", ")
		k.Todo = "donnez un modèle plus grand, qui écrive le français et cite ses sources ; en attendant, les réponses sont des extraits"
	case told.Outcome == knowledge.Slow:
		k.Detail += fmt.Sprintf(" ; il ne répond pas en %s", wording.Patience)
		k.Todo = tooSlow
	case told.Outcome != knowledge.Worded:
		k.Detail += " ; " + told.Err.Error()
		k.Todo = "vérifiez le serveur du modèle ; sans lui, les réponses sont des extraits"
	case told.Took > a.Model.Patience:
		k.Detail += fmt.Sprintf(" ; il répond en %d ms, une question n'en attend que %d", told.Took.Milliseconds(), a.Model.Patience.Milliseconds())
		k.Todo = tooSlow
	case spent >= a.Model.PerDay:
		k.Detail += " ; budget épuisé : les réponses sont des extraits jusqu'à demain"
		k.Todo = "augmentez GUICHET_MODEL_PER_DAY, si les réponses rédigées doivent reprendre"
	default:
		k.OK = true
		k.Detail += fmt.Sprintf(" ; son essai est vérifié en %d ms", told.Took.Milliseconds())
	}
	return k
}

// checkRules checks the Region's files; said is what administrators said of channels over them.
func (a *app) checkRules(said map[string]bot.ChannelSettings) ([]check, bot.Channels) {
	r, err := loadRegion(a.RulesPath)
	if err != nil {
		return []check{{Name: "rules", Needed: true, Detail: strings.ReplaceAll(inFrench(err.Error()), "\n", " ; "), Todo: "corrigez les fichiers : guichet rules check"}}, bot.Channels{}
	}
	r.channels = r.channels.With(said)
	set := r.book.Rules.Set()
	rules := check{Name: "rules", Needed: true, OK: true, Detail: fmt.Sprintf("%d règles, %d directions, version %s", len(set.Rules), len(set.Directions), set.Version)}
	never := check{Name: "dead-rules", OK: true, Detail: "toutes les règles peuvent s'appliquer"}
	if dead := r.book.Rules.NeverFires(); len(dead) > 0 {
		never.OK, never.Detail = false, "ne peuvent jamais s'appliquer : "+strings.Join(dead, ", ")
		never.Todo = "montez-les, ou retirez-les : guichet rules check"
	}
	var without []string
	for _, d := range set.Directions {
		if !slices.ContainsFunc(r.channels.Named(), func(channel string) bool { return r.channels.Direction(channel) == d.Code }) {
			without = append(without, d.Code)
		}
	}
	channels := check{Name: "channels", OK: true, Detail: "chaque direction a son canal"}
	if len(without) > 0 {
		channels.OK, channels.Detail = false, "sans canal à elles : "+strings.Join(without, ", ")
		channels.Todo = "leurs avis se lisent dans l'espace des agents de la page web et dans le journal du programme ; donnez-leur un canal dans " + bot.ChannelsFile + ", ou par la commande « /guichet canal direction »"
	}
	return []check{rules, never, channels}, r.channels
}
