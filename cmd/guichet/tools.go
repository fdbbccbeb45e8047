package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"guichet/bot"
	"guichet/bot/access"
	"guichet/bot/api"
	"guichet/bot/calendar"
	"guichet/bot/webhook"
	"guichet/knowledge"
	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// openToTools puts the API and the calendars beside the pages.
func (a *app) openToTools(mux *http.ServeMux, o *office, db *database.DB) error {
	tokens := access.New(db)
	server, err := api.New(api.Config{
		Tokens: tokens, Desk: o.desk, Requests: o.ledger, Now: a.now, Log: a.log,
		Ask: func(ctx context.Context, v knowledge.Viewer, question string) (any, error) {
			return o.answerLine(ctx, api.Channel, v, queryLine{Q: question}, true, a.now())
		},
		Search: func(ctx context.Context, v knowledge.Viewer, query string, limit int) (any, error) {
			return searchLine(ctx, o.base, v, queryLine{Q: query}, limit, a.now())
		},
		Route: func(text, requester, territory, siren string) (any, error) {
			return o.route(messageLine{Text: text, Requester: requester, Territory: territory, SIREN: siren})
		},
		Reply:   func(r bot.Reply, thread string) any { return lineOfReply(r, thread) },
		Changed: func(r ledger.Request) any { return changedLine(r) },
		Company: func(ctx context.Context, v ledger.Viewer, sought string) (any, error) {
			out, _, err := companyLine(ctx, o.fundings, o.ledger, v, sought, a.now())
			return out, err
		},
	})
	if err != nil {
		return err
	}
	mux.Handle("/api/", server)
	mux.Handle(calendar.Path, &calendar.Feed{Tokens: tokens, Requests: o.ledger, Revues: o.revues.Calendar, Now: a.now, Log: a.log})
	return nil
}

type tokenCmd struct {
	Create tokenCreate `cmd:"" help:"Créer un jeton ; son secret n'est montré qu'une fois."`
	List   tokenList   `cmd:"" help:"Lister les jetons, sans leurs secrets."`
	Revoke tokenRevoke `cmd:"" help:"Révoquer un jeton."`
}

type tokenCreate struct {
	asker
	Scope     []bot.Scope `required:"" placeholder:"DROIT" help:"Ce que le jeton permet : ask, requests:read, requests:write, companies:read, calendar (plusieurs, séparés par des virgules)."`
	Label     string      `arg:"" name:"nom" help:"L'outil ou la personne qui aura le jeton."`
	Direction string      `placeholder:"DIRECTION" help:"Limiter le calendrier, et ce que le jeton peut changer, aux demandes que mène cette direction."`
	Person    string      `placeholder:"NOM" help:"Limiter le calendrier aux demandes que suit cette personne."`
}

func (c *tokenCreate) Run(ctx context.Context, a *app) error {
	if c.Direction != "" {
		r, err := loadRegion(a.RulesPath)
		if err != nil {
			return err
		}
		if codes := r.codes(); !slices.Contains(codes, c.Direction) {
			return fmt.Errorf("la direction « %s » est inconnue : %s", c.Direction, strings.Join(codes, ", "))
		}
	}
	return a.withDatabase(ctx, func(db *database.DB) error {
		token, secret, err := access.New(db).Create(ctx, bot.Token{
			Label: c.Label, Scopes: c.Scope, Audience: c.Audience, EPCI: string(c.EPCI), Direction: c.Direction, Person: c.Person,
		}, a.now())
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"token": token, "secret": secret})
		}
		fmt.Fprintf(a.stdout, "Jeton %s pour %s. Son secret, montré cette seule fois :\n\n    %s\n\n", token.ID, token.Label, secret)
		if token.May(bot.ScopeCalendar) {
			fmt.Fprintf(a.stdout, "Calendrier à suivre : https://ADRESSE-DU-GUICHET/calendrier/%s.ics\n", secret)
		}
		return nil
	})
}

type tokenList struct{}

func (c *tokenList) Run(ctx context.Context, a *app) error {
	return a.withDatabase(ctx, func(db *database.DB) error {
		tokens, err := access.New(db).List(ctx)
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"tokens": some(tokens)})
		}
		if len(tokens) == 0 {
			fmt.Fprintln(a.stdout, "Aucun jeton.")
		}
		for _, t := range tokens {
			state := "jamais employé"
			switch {
			case !t.RevokedAt.IsZero():
				state = "révoqué le " + ledger.Day(t.RevokedAt)
			case !t.UsedAt.IsZero():
				state = "employé le " + ledger.Day(t.UsedAt)
			}
			var scopes []string
			for _, s := range t.Scopes {
				scopes = append(scopes, string(s))
			}
			fmt.Fprintf(a.stdout, "%s  %s\n", t.ID, strings.Join(present(t.Label, strings.Join(scopes, ", "), t.Audience.String(), t.EPCI, t.Direction, t.Person, "créé le "+ledger.Day(t.CreatedAt), state), " · "))
		}
		return nil
	})
}

type tokenRevoke struct {
	ID string `arg:"" name:"jeton" help:"L'identifiant du jeton (« guichet token list »)."`
}

func (c *tokenRevoke) Run(ctx context.Context, a *app) error {
	return a.withDatabase(ctx, func(db *database.DB) error {
		if err := access.New(db).Revoke(ctx, c.ID, a.now()); errors.Is(err, bot.ErrNoToken) {
			return fmt.Errorf("aucun jeton en cours n'a l'identifiant « %s » : « guichet token list » les montre", c.ID)
		} else if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"revoked": c.ID})
		}
		fmt.Fprintf(a.stdout, "Jeton %s révoqué.\n", c.ID)
		return nil
	})
}

type webhookCmd struct {
	Add    webhookAdd    `cmd:"" help:"Ajouter une adresse ; le secret qui signe ce qu'elle reçoit n'est montré qu'une fois."`
	List   webhookList   `cmd:"" help:"Lister les adresses, sans leurs secrets."`
	Remove webhookRemove `cmd:"" help:"Retirer une adresse ; ce qui lui restait à envoyer est abandonné."`
}

type webhookAdd struct {
	URL      string             `arg:"" name:"adresse" help:"L'adresse, en https://."`
	Event    []string           `placeholder:"ÉVÉNEMENT" help:"Ce qu'elle reçoit, tout par défaut : request.received, request.decided, request.assigned, request.status, request.answered, request.reopened, request.part, request.escalated, request.merged (jointe à une autre), request.split (de nouveau seule)."`
	Audience knowledge.Audience `required:"" placeholder:"staff" help:"staff (toutes les demandes) ou partner (celles d'un EPCI)."`
	EPCI     siren              `name:"epci" placeholder:"SIREN" help:"SIREN de l'EPCI du partenaire."`
	Private  bool               `help:"Permettre une adresse de cette machine ou d'un réseau privé."`
}

func (c *webhookAdd) Run(ctx context.Context, a *app) error {
	return a.withDatabase(ctx, func(db *database.DB) error {
		hook, secret, err := webhook.New(db, a.now).Add(ctx, webhook.Hook{URL: c.URL, Events: c.Event, Audience: c.Audience, EPCI: string(c.EPCI), Private: c.Private})
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"webhook": hook, "secret": secret})
		}
		fmt.Fprintf(a.stdout, "Webhook %s vers %s. Le secret qui signe, montré cette seule fois :\n\n    %s\n", hook.ID, hook.URL, secret)
		return nil
	})
}

type webhookList struct{}

func (c *webhookList) Run(ctx context.Context, a *app) error {
	return a.withDatabase(ctx, func(db *database.DB) error {
		hooks, err := webhook.New(db, a.now).List(ctx)
		if err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"webhooks": some(hooks)})
		}
		if len(hooks) == 0 {
			fmt.Fprintln(a.stdout, "Aucun webhook.")
		}
		for _, h := range hooks {
			events := strings.Join(h.Events, ", ")
			if slices.Equal(h.Events, webhook.Names()) {
				events = "tous les événements"
			}
			fmt.Fprintf(a.stdout, "%s  %s\n", h.ID, strings.Join(present(h.URL, events, h.Audience.String(), h.EPCI, fmt.Sprintf("%d à envoyer", h.Waiting), fmt.Sprintf("%d abandonnés", h.Dead)), " · "))
		}
		return nil
	})
}

type webhookRemove struct {
	ID string `arg:"" name:"webhook" help:"L'identifiant du webhook (« guichet webhook list »)."`
}

func (c *webhookRemove) Run(ctx context.Context, a *app) error {
	return a.withDatabase(ctx, func(db *database.DB) error {
		if err := webhook.New(db, a.now).Remove(ctx, c.ID); err != nil {
			return err
		}
		if a.JSON {
			return writeJSON(a.stdout, map[string]any{"removed": c.ID})
		}
		fmt.Fprintf(a.stdout, "Webhook %s retiré.\n", c.ID)
		return nil
	})
}

func (a *app) withDatabase(ctx context.Context, do func(*database.DB) error) error {
	db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}

// checkWebhooks tells what could not be told to other tools.
func checkWebhooks(ctx context.Context, db *database.DB) check {
	hooks, err := webhook.New(db, time.Now).List(ctx)
	if err != nil {
		return check{Name: "webhooks", Needed: true, Detail: err.Error()}
	}
	var said []string
	for _, h := range hooks {
		if h.Dead > 0 {
			said = append(said, fmt.Sprintf("%d événements n'ont pas pu être envoyés à %s", h.Dead, h.URL))
		}
	}
	if len(said) > 0 {
		return check{Name: "webhooks", Detail: strings.Join(said, " ; "), Todo: "voyez le serveur qui les reçoit ; ce qui est abandonné se relit par l'API ou « guichet request export »"}
	}
	return check{Name: "webhooks", OK: true, Detail: fmt.Sprintf("%d %s", len(hooks), plural(int64(len(hooks)), "adresse", "adresses"))}
}
