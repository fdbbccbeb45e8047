// Package fetch reads pages and files by their address, for knowledge.Refresher: within a time and a size, through few
// redirections, and never on a private network unless it is told to. It may import knowledge.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"golang.org/x/net/html/charset"

	"guichet/knowledge"
)

const (
	// patience is how long an address has to give all of its content.
	patience = 60 * time.Second
	// redirections are followed, each to an address that is checked like the first.
	redirections = 5
	agent        = "guichet (lecture de sources publiques)"
)

// Client fetches.
type Client struct {
	http *http.Client
}

// New gives a client. Private opens the addresses of this machine and of private networks; otherwise a page that names one,
// or a name that leads to one, is refused, whatever the redirections.
func New(private bool) *Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if !private {
		dialer.Control = PublicOnly
	}
	return &Client{http: &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			// No proxy: the check of addresses would be that of the proxy's.
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second,
			MaxResponseHeaderBytes: 1 << 20, ForceAttemptHTTP2: true, DisableKeepAlives: true,
		},
		CheckRedirect: func(next *http.Request, before []*http.Request) error {
			if len(before) > redirections {
				return fmt.Errorf("plus de %d redirections", redirections)
			}
			return allowed(next.URL)
		},
	}}
}

// Address checks an address given by a person and writes it in the one way under which it is kept.
func Address(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return "", fmt.Errorf("adresse illisible : « https://SERVEUR/PAGE » est attendu, pas « %s »", text)
	}
	if err := allowed(u); err != nil {
		return "", err
	}
	u.Scheme, u.Host, u.Fragment, u.RawFragment = strings.ToLower(u.Scheme), strings.ToLower(u.Host), "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), nil
}

func allowed(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("seules les adresses http:// et https:// sont lues, pas « %s: »", u.Scheme)
	case u.Hostname() == "":
		return errors.New("l'adresse n'a pas de nom de serveur")
	case u.User != nil:
		return errors.New("l'adresse contient un mot de passe : elle serait montrée avec les citations")
	}
	return nil
}

// Fetch is a knowledge.Fetch.
func (c *Client) Fetch(ctx context.Context, r knowledge.Remote) (knowledge.Fetched, error) {
	var out knowledge.Fetched
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Address, nil)
	if err != nil {
		return out, fmt.Errorf("adresse illisible : %w", err)
	}
	request.Header.Set("User-Agent", agent)
	request.Header.Set("Accept", "text/html, text/markdown, text/plain, application/pdf, text/csv, application/json, */*;q=0.5")
	request.Header.Set("Accept-Language", "fr, en;q=0.5")
	if r.ETag != "" {
		request.Header.Set("If-None-Match", r.ETag)
	}
	if r.Modified != "" {
		request.Header.Set("If-Modified-Since", r.Modified)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return out, inFrench(err)
	}
	defer response.Body.Close()
	switch code := response.StatusCode; {
	case code == http.StatusNotModified && (r.ETag != "" || r.Modified != ""):
		out.Unchanged = true
		return out, nil
	case code == http.StatusNotFound || code == http.StatusGone:
		return out, fmt.Errorf("%w (réponse %d du serveur)", knowledge.ErrGone, code)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return out, fmt.Errorf("accès refusé par le serveur (réponse %d)", code)
	case code != http.StatusOK:
		return out, fmt.Errorf("réponse %d du serveur", code)
	}
	out.Content, err = io.ReadAll(io.LimitReader(response.Body, knowledge.MaxSize+1))
	switch {
	case err != nil:
		return out, inFrench(err)
	case len(out.Content) > knowledge.MaxSize:
		return out, fmt.Errorf("contenu trop gros : la limite est de %d Mo", knowledge.MaxSize>>20)
	}
	where := response.Request.URL
	out.Name, out.URL = named(where, response.Header.Get("Content-Type")), where.String()
	out.Content = inUTF8(out.Content, response.Header.Get("Content-Type"))
	out.ETag, out.Modified = response.Header.Get("ETag"), response.Header.Get("Last-Modified")
	if at, err := http.ParseTime(out.Modified); err == nil {
		out.Date = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	}
	return out, nil
}

// extensions are those of the types of content that are read.
var extensions = map[string]string{
	"text/html": ".html", "application/xhtml+xml": ".html", "text/markdown": ".md", "application/pdf": ".pdf", "text/csv": ".csv", "application/csv": ".csv",
	"text/tab-separated-values": ".tsv", "application/json": ".json", "application/ld+json": ".json", "application/geo+json": ".json",
	"application/vnd.oasis.opendocument.text":                                 ".odt",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       ".xlsx",
}

// named gives a file name: of the server and the path, with the extension of the type of content, else that of the path.
func named(u *url.URL, contentType string) string {
	kind, _, _ := mime.ParseMediaType(contentType)
	extension := strings.ToLower(path.Ext(u.Path))
	if known := extensions[kind]; known != "" {
		extension = known
	} else if extension == "" {
		extension = ".html"
		if kind == "text/plain" {
			extension = ".txt"
		}
	}
	var b strings.Builder
	for _, r := range strings.ToLower(u.Hostname() + "/" + strings.TrimSuffix(u.Path, path.Ext(u.Path)) + "?" + u.RawQuery) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-")
	if len(name) > longest {
		sum := sha256.Sum256([]byte(name))
		name = name[:longest-9] + "-" + hex.EncodeToString(sum[:4])
	}
	return name + extension
}

// longest is the most characters of a file name: it becomes the identifier of the document.
const longest = 100

// inUTF8 converts a text whose charset the server names.
func inUTF8(content []byte, contentType string) []byte {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || parameters["charset"] == "" || !strings.HasPrefix(kind, "text/") && kind != "application/json" {
		return content
	}
	encoding, name := charset.Lookup(parameters["charset"])
	if encoding == nil || name == "utf-8" {
		return content
	}
	if converted, err := encoding.NewDecoder().Bytes(content); err == nil {
		return converted
	}
	return content
}

// inFrench says what went wrong on the way.
func inFrench(err error) error {
	var refused *PrivateError
	var lookup *net.DNSError
	var way *url.Error
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return errors.New("le serveur met trop de temps à répondre")
	case errors.As(err, &lookup):
		return fmt.Errorf("le serveur %s est introuvable", lookup.Name)
	case errors.As(err, &way):
		return fmt.Errorf("serveur injoignable : %w", way.Err)
	}
	return fmt.Errorf("serveur injoignable : %w", err)
}
