package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing/convention"
	"guichet/routing/revue"
	"guichet/routing/revue/docx"
)

// Revues make the documents of the reviews of projects (bot.Revues does).
type Revues interface {
	Of(ctx context.Context, asker bot.Asker, scope string, since, now time.Time) (revue.Digest, error)
	Planned(ctx context.Context, now time.Time) ([]bot.Planned, error)
	IsEPCI(scope string) bool
}

type revuesPage struct {
	staffPage
	Planned []bot.Planned
}

func (s *site) showRevues(w http.ResponseWriter, r *http.Request, agent string) {
	planned, err := s.Revues.Planned(r.Context(), s.Now())
	if err != nil {
		s.staffProblem(w, r, err)
		return
	}
	s.render(w, http.StatusOK, revuesTemplate, revuesPage{staffPage{agent, "revues"}, planned})
}

type revuePage struct {
	staffPage
	Scope string
	// Partner tells that the version is that of the EPCI, EPCI that there is one; Since is the day that was asked for.
	Partner, EPCI bool
	Since         convention.Day
	Document      revue.Document
}

func (s *site) showRevue(w http.ResponseWriter, r *http.Request, agent string) {
	query, scope := r.URL.Query(), r.PathValue("scope")
	page := revuePage{staffPage: staffPage{agent, "revues"}, Scope: scope, EPCI: s.Revues.IsEPCI(scope)}
	asker := bot.Asker{Audience: knowledge.Staff}
	if page.Partner = page.EPCI && query.Get("version") == string(revue.ForEPCI); page.Partner {
		asker = bot.Asker{Audience: knowledge.Partner, EPCI: scope}
	}
	since, err := convention.ParseDay(query.Get("depuis"))
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, textWrongDay)
		return
	}
	page.Since = since
	d, err := s.Revues.Of(r.Context(), asker, scope, since.Begins(), s.Now())
	switch {
	case errors.Is(err, bot.ErrNoRevue):
		s.problem(w, r, http.StatusNotFound, textNoRevue)
		return
	case err != nil:
		s.staffProblem(w, r, err)
		return
	}
	page.Document = d.Document()
	switch name := "revue-" + scope + "-" + string(d.Version) + "-" + string(convention.DayOf(d.At)); query.Get("format") {
	case "md":
		s.file(w, name+".md", "text/markdown; charset=utf-8", []byte(page.Document.Markdown()))
	case "docx":
		var out bytes.Buffer
		if err := docx.Write(&out, page.Document); err != nil {
			s.staffProblem(w, r, err)
			return
		}
		s.file(w, name+".docx", docx.MediaType, out.Bytes())
	default:
		s.render(w, http.StatusOK, revueTemplate, page)
	}
}

// file gives a file to keep.
func (s *site) file(w http.ResponseWriter, name, mediaType string, content []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(content)
}
