package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/routing"
	"guichet/routing/ledger"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// The pages; each is the layout with its own title and content.
var (
	chatTemplate         = page("chat.html", "turn.html")
	documentTemplate     = page("document.html")
	problemTemplate      = page("problem.html")
	staffProblemTemplate = page("problem.html", "staff.html")
	loginTemplate        = page("login.html")
	requestsTemplate     = page("requests.html", "staff.html")
	requestTemplate      = page("request.html", "twin.html", "staff.html", "funding-part.html")
	twinsTemplate        = page("twins.html", "twin.html", "staff.html")
	companyTemplate      = page("company.html", "staff.html", "funding-part.html")
	fundingsTemplate     = page("fundings.html", "staff.html", "funding-part.html")
	epcisTemplate        = page("epcis.html", "staff.html")
	epciTemplate         = page("epci.html", "staff.html")
	revuesTemplate       = page("revues.html", "staff.html")
	revueTemplate        = page("revue.html", "staff.html")
	projectsTemplate     = page("projects.html", "staff.html")
	projectTemplate      = page("project.html", "staff.html")
	steeringTemplate     = page("steering.html", "staff.html")
	noticesTemplate      = page("notices.html", "staff.html")
	gapsTemplate         = page("gaps.html", "staff.html")
)

func page(names ...string) *template.Template {
	files := []string{"templates/layout.html"}
	for _, name := range names {
		files = append(files, "templates/"+name)
	}
	return template.Must(template.New("layout.html").Funcs(templateFuncs).ParseFS(templateFiles, files...))
}

var templateFuncs = template.FuncMap{
	"asset":       assetPath,
	"paragraphs":  paragraphs,
	"passagePath": passagePath,
	"revuePath":   func(scope string) string { return "/agents/revues/" + url.PathEscape(scope) },
	"projectPath": projectPath,
	"isReference": requestReference.MatchString,
	"requestPath": func(reference string) string { return "/agents/demandes/" + url.PathEscape(reference) },
	"external":    external,
	"readable":    readable,
	"excerpt":     excerpt,
	"join":        strings.Join,
	"number":      func(index int) int { return index + 1 }, // of a quote, as sentences cite it
	"moment":      ledger.Moment,
	"day":         ledger.Day,
	"epciPath":    func(siren string) string { return "/agents/epci/" + url.PathEscape(siren) },
	"companyPath": func(name string) string { return "/agents/entreprise?nom=" + url.QueryEscape(name) },
	"silence": func(r ledger.Request) *ledger.Event {
		if e, ok := r.Silence(); ok {
			return &e
		}
		return nil
	},
	"place":    placeName,
	"channel":  channel,
	"iso":      func(t time.Time) string { return t.Format(time.RFC3339) },
	"kind":     func(k bot.ReplyKind) string { return label(kindLabels, k) },
	"status":   func(s ledger.Status) string { return strings.ReplaceAll(s.Label(), "'", "’") },
	"event":    func(k ledger.EventKind) string { return label(eventLabels, k) },
	"notice":   func(k ledger.NoticeKind) string { return k.Label() },
	"role":     func(r routing.Role) string { return label(roleLabels, r) },
	"audience": func(a knowledge.Audience) string { return label(audienceLabels, a.String()) },
	"action": func(p requestPage, name, label, ask string) actionForm {
		return actionForm{Page: p, Name: name, Label: label, Ask: ask}
	},
	"source": func(source string) string {
		if text, ok := sourceLabels[source]; ok {
			return text
		}
		return "«\u00a0" + source + "\u00a0»" // unbroken at the end of a line
	},
}

// actionForm is one thing to do to a request: its name in the address, its label and what is to be written.
type actionForm struct {
	Page             requestPage
	Name, Label, Ask string
}

// requestReference is how a request is named.
var requestReference = regexp.MustCompile(`^\d{4}-\d{4,}$`)

// placeName names a place of a request by the fact that gave it, with its code of the register; a code that no fact gave stays alone.
func placeName(r ledger.Request, fact, code string) string {
	if f, ok := r.Decision.Facts.Get(fact); ok && f.Value == code && f.Label != "" && f.Label != code {
		return f.Label + " (" + code + ")"
	}
	return code
}

// channel names where something was said; a place in it, and another tool's name, stay as they are.
func channel(name string) string {
	kind, rest, _ := strings.Cut(name, "/")
	if text, ok := channelLabels[kind]; ok {
		return strings.TrimSpace(text + " " + rest)
	}
	return name
}

// dayLayout is how the French write a day.
const dayLayout = "02/01/2006"

// paragraphs cuts a plain text at its empty lines.
func paragraphs(text string) []string {
	var out []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
			out = append(out, paragraph)
		}
	}
	return out
}

// passagePath is the address of a passage in its document.
func passagePath(document string, ordinal int) string {
	n := strconv.Itoa(ordinal)
	return "/document/" + url.PathEscape(document) + "?p=" + n + "#p-" + n
}

var (
	strong = regexp.MustCompile(`\*\*([^*\n]+)\*\*|__([^_\n]+)__`)
	link   = regexp.MustCompile(`(!?)\[([^\]]*)\]\(([^)\s]*)\)`)
	// marks stand for the tags of strong until the links are made.
	marks   = strings.NewReplacer("\x01", "<strong>", "\x02", "</strong>")
	noMarks = strings.NewReplacer("\x01", "", "\x02", "", "`", "")
)

// readable shows the inline Markdown of a passage (bold, links) as people read it. All the rest is escaped.
func readable(text string) template.HTML {
	text = template.HTMLEscapeString(noMarks.Replace(text))
	text = strong.ReplaceAllString(text, "\x01$1$2\x02")
	text = link.ReplaceAllStringFunc(text, func(whole string) string {
		parts := link.FindStringSubmatch(whole)
		label, address := parts[2], parts[3]
		switch mail, isMail := strings.CutPrefix(address, "mailto:"); {
		case parts[1] != "": // an image: what it says
			return label
		case external(address) != "":
			return `<a href="` + address + `" rel="noreferrer external">` + label + `</a>`
		case isMail && label != mail:
			return label + " (" + mail + ")"
		default:
			return label
		}
	})
	return template.HTML(marks.Replace(text)) // escaped above, the tags are ours
}

// excerpt gives the start of a text, for a list.
func excerpt(text string) string {
	const length = 240 // characters
	if runes := []rune(text); len(runes) > length {
		return string(runes[:length]) + "…"
	}
	return text
}

// external gives an address that a person may follow on the web, "" for anything else (a file path, another scheme).
func external(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return address
}

// render writes a page, or the failure page when its template fails: never half a page.
func (s *site) render(w http.ResponseWriter, code int, t *template.Template, data any) {
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		s.Log.Error("page not rendered", "template", t.Name(), "error", err)
		http.Error(w, textFailure, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = out.WriteTo(w)
}

// problem shows an error page: what happened and what to do. An agent in their own space stays there.
func (s *site) problem(w http.ResponseWriter, r *http.Request, code int, text string) {
	page := struct {
		staffPage
		Alert string
	}{Alert: text}
	t := problemTemplate
	if agent, ok := s.agent(r); ok && (r.URL.Path == agentsPath || strings.HasPrefix(r.URL.Path, agentsPath+"/")) {
		page.Agent, t = agent, staffProblemTemplate
	}
	s.render(w, code, t, page)
}

// assetVersions are the first digits of each asset's hash: a changed file has a new address, so browsers keep the old for ever.
var assetVersions = func() map[string]string {
	versions := map[string]string{}
	err := fs.WalkDir(assetFiles, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := assetFiles.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		versions[name] = hex.EncodeToString(sum[:4])
		return nil
	})
	if err != nil {
		panic(err) // the files are in the program
	}
	return versions
}()

func assetPath(name string) (string, error) {
	version, ok := assetVersions["assets/"+name]
	if !ok {
		return "", fmt.Errorf("asset %s does not exist", name)
	}
	return "/assets/" + name + "?v=" + version, nil
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	version, ok := assetVersions[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	file, err := assetFiles.Open(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer func() { _ = file.Close() }()
	if r.URL.Query().Get("v") == version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, file.(io.ReadSeeker))
}
