package bot_test

import (
	"strings"
	"testing"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/ledger"
)

// Whoever asks, however it is said, is told what they may see of a company and nothing else.
func TestStatusWithinTheAudience(t *testing.T) {
	c := open(t)
	book := func(n string, name, siren, epci string) ledger.Request {
		t.Helper()
		r, _, err := c.requests.Take(t.Context(), ledger.Intake{
			Channel: "web", Message: n, Thread: "fil " + n, Text: "Un prêt", At: morning, EntryPoint: "DAEN", Deadline: morning.Add(time.Hour),
			Company: ledger.Company{Name: name, SIREN: siren}, Place: ledger.Place{Commune: n, EPCI: epci}, Decision: routing.Decision{Lead: "MHDFF"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := book("1", "SARL Verlinor Bois", "123456782", "200000001")
	book("2", "Fabrique Zéphyr", "", "200000002")
	if _, err := c.requests.Answer(t.Context(), first.Reference, "Un prêt à taux nul est possible.", "Bo", morning); err != nil {
		t.Fatal(err)
	}
	staff := bot.Asker{Name: "Bo", Audience: knowledge.Staff}
	own := bot.Asker{Audience: knowledge.Partner, EPCI: "200000001"}
	other := bot.Asker{Audience: knowledge.Partner, EPCI: "200000002"}
	public := bot.Asker{Audience: knowledge.Public}
	n := 0
	ask := func(thread string, asker bot.Asker, text string) bot.Reply {
		t.Helper()
		n++
		reply, err := c.desk.Handle(t.Context(), bot.Message{Channel: "web", ID: "q" + strings.Repeat("i", n), Thread: thread, Text: text, Asker: asker, At: morning})
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	for _, text := range []string{
		"L'entreprise Verlinor Bois a-t-elle été accompagnée ?", "L’entreprise Verlinor Bois a-t-elle déjà été accompagnée, une réponse a-t-elle été apportée ?",
		"La société 123 456 782 a-t-elle reçu une réponse ?", "Est-ce que « verlinor bois » a été suivie par un agent ?", "Verlinor Bois a-t-elle été contactée ?",
		"Où en est la demande " + first.Reference + " ?", first.Reference, "Le SIRET 12345678200002 : où en est son dossier ?",
		"L'entreprise Verlinnor Bois a-t-elle été accompagnée ?", // a slip of a letter
	} {
		for _, asker := range []bot.Asker{staff, own} {
			reply := ask("ailleurs", asker, text)
			if reply.Kind != bot.ReplyStatus || len(reply.Fields) != 1 || reply.Fields[0].Label != first.Reference ||
				!strings.Contains(reply.Fields[0].Value, "MHDFF") || !strings.Contains(reply.Fields[0].Value, "Un prêt à taux nul") {
				t.Errorf("%v, %q: %+v", asker, text, reply)
			}
		}
		for _, asker := range []bot.Asker{other, public} {
			reply := ask("ailleurs", asker, text)
			if reply.Kind != bot.ReplyStatus || len(reply.Fields) != 0 || strings.Contains(reply.Text, "MHDFF") || reply.Request != "" {
				t.Errorf("%v, %q: told %+v", asker, text, reply)
			}
		}
		if reply := ask("fil 1", public, text); reply.Kind != bot.ReplyStatus || len(reply.Fields) != 1 {
			t.Errorf("the thread of the request, %q: %+v", text, reply)
		}
	}
	for _, text := range []string{"Où en est ma demande ?", "Quelle suite est donnée à notre dossier ?", "Avez-vous des nouvelles de ma demande ?"} {
		if reply := ask("fil 2", public, text); reply.Kind != bot.ReplyStatus || len(reply.Fields) != 1 || !strings.Contains(reply.Fields[0].Value, "Zéphyr") {
			t.Errorf("%q: %+v", text, reply)
		}
		if reply := ask("ailleurs", public, text); reply.Kind != bot.ReplyStatus || len(reply.Fields) != 0 {
			t.Errorf("%q elsewhere: %+v", text, reply)
		}
	}
	accesses, err := c.requests.Accesses(t.Context(), ledger.Viewer{Staff: true}, ledger.AccessFilter{Limit: 1000})
	if err != nil || len(accesses) != 9*3 { // the staff and two partners; nobody is noted for their own
		t.Errorf("%d accesses, %v", len(accesses), err)
	}
	for _, want := range []ledger.AccessFilter{{By: "Bo", About: "Verlinor Bois"}, {By: "Bo", About: first.Reference}} {
		if found, err := c.requests.Accesses(t.Context(), ledger.Viewer{Staff: true}, want); err != nil || len(found) == 0 || found[0].Channel != "web" {
			t.Errorf("%+v: %+v, %v", want, found, err)
		}
	}
	if reply := ask("ailleurs", staff, "Cette entreprise a-t-elle été accompagnée, une réponse a-t-elle été apportée ?"); len(reply.Fields) != 0 || !strings.Contains(reply.Text, "SIREN") {
		t.Errorf("which company? %+v", reply)
	}
	for _, text := range []string{
		"Qui accompagne les entreprises à l'export ?", "Comment une entreprise est-elle accompagnée par HDFID ?", "La convention 2021-2027 est-elle signée ?",
		"Combien d'entreprises la Région a-t-elle aidées ?", "Quel est le suivi des conventions ?", "Quel accompagnement pour une demande 2026-2027 de subvention ?",
		"Nous avons été accompagnés par la CCI et nous cherchons un prêt pour une machine.", "À qui envoyer ma demande de subvention ?",
	} {
		if reply := ask("autre "+text, staff, text); reply.Kind == bot.ReplyStatus {
			t.Errorf("%q is no question about a company's requests: %+v", text, reply)
		}
	}
}
