package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	agentCookie  = "guichet_agent"
	agentLasts   = 12 * time.Hour
	agentsPath   = "/agents"
	loginPath    = "/agents/connexion"
	maxAgentName = 80 // characters
)

// staffDoor lets in the agents who know the token. What it gives them is signed and not kept: it holds on every replica,
// and a new token shuts it.
type staffDoor struct {
	token string
	now   func() time.Time
}

func newStaffDoor(token string, now func() time.Time) *staffDoor {
	return &staffDoor{token: token, now: now}
}

func (d *staffDoor) open() bool { return d.token != "" }

// knows compares in a time that tells nothing of the token.
func (d *staffDoor) knows(token string) bool {
	given, expected := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(d.token))
	return d.open() && subtle.ConstantTimeCompare(given[:], expected[:]) == 1
}

// pass gives the cookie's value for an agent: name, end, signature.
func (d *staffDoor) pass(name string) string {
	signed := base64.RawURLEncoding.EncodeToString([]byte(name)) + "." + strconv.FormatInt(d.now().Add(agentLasts).Unix(), 10)
	return signed + "." + d.sign(signed)
}

// agent gives the name in a pass, and whether the pass is still good.
func (d *staffDoor) agent(pass string) (name string, ok bool) {
	cut := strings.LastIndexByte(pass, '.')
	if !d.open() || cut < 0 || !hmac.Equal([]byte(pass[cut+1:]), []byte(d.sign(pass[:cut]))) {
		return "", false
	}
	encoded, end, _ := strings.Cut(pass[:cut], ".")
	until, err := strconv.ParseInt(end, 10, 64)
	if err != nil || d.now().Unix() >= until {
		return "", false
	}
	bytes, err := base64.RawURLEncoding.DecodeString(encoded)
	return string(bytes), err == nil
}

func (d *staffDoor) sign(text string) string {
	mac := hmac.New(sha256.New, []byte("guichet agent pass "+d.token))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// agentHandler serves a page to an agent, known by name.
type agentHandler func(w http.ResponseWriter, r *http.Request, agent string)

// agent gives the name of the agent who asks for a page.
func (s *site) agent(r *http.Request) (name string, ok bool) {
	cookie, err := r.Cookie(agentCookie)
	if err != nil {
		return "", false
	}
	return s.staff.agent(cookie.Value)
}

// agents keeps a page for the agents; the others are sent to the login form.
func (s *site) agents(next agentHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.staff.open() {
			s.problem(w, r, http.StatusNotFound, textNoStaffView)
			return
		}
		if agent, ok := s.agent(r); ok {
			next(w, r, agent)
			return
		}
		login := loginPath
		if r.Method == http.MethodGet {
			login += "?" + url.Values{"vers": {r.URL.RequestURI()}}.Encode()
		}
		http.Redirect(w, r, login, http.StatusSeeOther)
	}
}

// loginPage is what login.html shows.
type loginPage struct{ Name, Next, Alert string }

func (s *site) showLogin(w http.ResponseWriter, r *http.Request) {
	if !s.staff.open() {
		s.problem(w, r, http.StatusNotFound, textNoStaffView)
		return
	}
	s.render(w, http.StatusOK, loginTemplate, loginPage{Next: r.URL.Query().Get("vers")})
}

func (s *site) postLogin(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	name := agentName(r.PostFormValue("nom"))
	page := loginPage{Name: name, Next: r.PostFormValue("vers")}
	refuse := func(code int, alert string) {
		page.Alert = alert
		s.render(w, code, loginTemplate, page)
	}
	switch {
	case !s.staff.open():
		s.problem(w, r, http.StatusNotFound, textNoStaffView)
	case !s.allowed(w, r):
		refuse(http.StatusTooManyRequests, textTooManyLogin)
	case !s.staff.knows(strings.TrimSpace(r.PostFormValue("jeton"))):
		s.Log.WarnContext(r.Context(), "staff login refused", "client", s.client(r))
		refuse(http.StatusUnauthorized, textWrongToken)
	case name == "":
		refuse(http.StatusUnprocessableEntity, textNoName)
	default:
		http.SetCookie(w, &http.Cookie{
			Name: agentCookie, Value: s.staff.pass(name), Path: agentsPath, MaxAge: int(agentLasts.Seconds()),
			HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
		})
		http.Redirect(w, r, insideAgents(page.Next), http.StatusSeeOther)
	}
}

// insideAgents gives the address asked for when it is one of the staff view, else its first page: a login never leads elsewhere.
func insideAgents(next string) string {
	u, err := url.Parse(next)
	inside := err == nil && u.Scheme == "" && u.Host == "" && path.Clean(u.Path) == u.Path &&
		(u.Path == agentsPath || strings.HasPrefix(u.Path, agentsPath+"/"))
	if !inside {
		return agentsPath
	}
	return u.RequestURI()
}

// agentName keeps the visible characters of a name, in one line.
func agentName(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return string(runes[:min(len(runes), maxAgentName)])
}

func (s *site) postLogout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: agentCookie, Path: agentsPath, MaxAge: -1, HttpOnly: true, Secure: s.secure(r)})
	http.Redirect(w, r, loginPath, http.StatusSeeOther)
}
