// Package access keeps the tokens by which other tools come in: only a digest of each secret, what it may do and on whose
// behalf. It may import bot, knowledge and migrations/database.
package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/bot"
	"guichet/knowledge"
	"guichet/migrations/database"
	"guichet/routing/ledger"
)

// prefix makes a secret that strays recognisable.
const prefix = "guichet_"

// Tokens are those of a database; it is a bot.Tokens.
type Tokens struct{ db *database.DB }

// New gives the tokens of a database.
func New(db *database.DB) *Tokens { return &Tokens{db} }

// Create keeps a token and gives its secret, which nobody can read again.
func (t *Tokens) Create(ctx context.Context, token bot.Token, at time.Time) (bot.Token, string, error) {
	token.Label = strings.TrimSpace(token.Label)
	for _, s := range token.Scopes {
		if !slices.Contains(bot.Scopes(), s) {
			return token, "", fmt.Errorf("le droit « %s » est inconnu : %s", s, listed(bot.Scopes()))
		}
	}
	switch {
	case len(token.Scopes) == 0:
		return token, "", errors.New("donnez ce que le jeton permet : " + listed(bot.Scopes()))
	case token.Label == "" || len(token.Label) > 100 || token.Label == ledger.Self:
		return token, "", errors.New("donnez le nom de l'outil ou de la personne qui aura le jeton, 100 caractères au plus")
	case token.Audience == knowledge.Partner && token.EPCI == "":
		return token, "", errors.New("un partenaire est un EPCI : donnez son SIREN (--epci)")
	case token.Audience != knowledge.Partner && token.EPCI != "":
		return token, "", errors.New("un EPCI va avec l'audience partner (--audience partner)")
	case token.Audience == knowledge.Public && (token.May(bot.ScopeCompaniesRead) || token.May(bot.ScopeCalendar)):
		return token, "", errors.New("les entreprises et les échéances ne sont pas publiques : donnez une audience, staff ou partner (--audience)")
	}
	secret := prefix + rand.Text()
	token.ID, token.CreatedAt = strings.ToLower(rand.Text()[:10]), at.UTC().Truncate(time.Microsecond)
	audience, err := token.Audience.MarshalText()
	if err != nil {
		return token, "", err
	}
	err = t.db.InTx(ctx, func(ctx context.Context) error {
		_, err := t.db.Conn(ctx).ExecContext(ctx, `INSERT INTO access_tokens (id, hash, label, scopes, audience, epci, direction, person, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			token.ID, digest(secret), token.Label, join(token.Scopes), string(audience), token.EPCI, token.Direction, token.Person, database.Stamp(at))
		return err
	})
	if err != nil {
		return token, "", fmt.Errorf("créer le jeton : %w", err)
	}
	return token, secret, nil
}

// A secret has 130 bits of chance: a plain digest cannot be guessed back.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

const columns = `id, label, scopes, audience, epci, direction, person, created_at, revoked_at, used_at`

func scan(row interface{ Scan(...any) error }) (t bot.Token, err error) {
	var scopes, audience string
	var created, revoked, used int64
	if err := row.Scan(&t.ID, &t.Label, &scopes, &audience, &t.EPCI, &t.Direction, &t.Person, &created, &revoked, &used); err != nil {
		return t, err
	}
	for _, s := range strings.Fields(scopes) {
		t.Scopes = append(t.Scopes, bot.Scope(s))
	}
	t.CreatedAt, t.RevokedAt, t.UsedAt = database.Time(created), database.Time(revoked), database.Time(used)
	return t, t.Audience.UnmarshalText([]byte(audience))
}

// usedEvery is how often the use of a token is written down.
const usedEvery = time.Hour

// Token implements bot.Tokens.
func (t *Tokens) Token(ctx context.Context, secret string, at time.Time) (bot.Token, error) {
	token, err := scan(t.db.Conn(ctx).QueryRowContext(ctx, `SELECT `+columns+` FROM access_tokens WHERE hash = $1 AND revoked_at = 0`, digest(secret)))
	if errors.Is(err, sql.ErrNoRows) {
		return bot.Token{}, bot.ErrNoToken
	}
	if err == nil && at.Sub(token.UsedAt) > usedEvery {
		err = t.db.InTx(ctx, func(ctx context.Context) error {
			_, err := t.db.Conn(ctx).ExecContext(ctx, `UPDATE access_tokens SET used_at = $2 WHERE id = $1`, token.ID, database.Stamp(at))
			return err
		})
	}
	if err != nil {
		return bot.Token{}, fmt.Errorf("lire le jeton : %w", err)
	}
	return token, nil
}

// Once implements bot.Tokens.
func (t *Tokens) Once(ctx context.Context, token, key, sum string, at time.Time) error {
	var known string
	err := t.db.InTx(ctx, func(ctx context.Context) error {
		return t.db.Conn(ctx).QueryRowContext(ctx, `INSERT INTO access_keys (token_id, key, digest, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (token_id, key) DO UPDATE SET digest = access_keys.digest RETURNING digest`, token, key, sum, database.Stamp(at)).Scan(&known)
	})
	switch {
	case err != nil:
		return fmt.Errorf("retenir la clé : %w", err)
	case known != sum:
		return bot.ErrOtherUse
	}
	return nil
}

// List gives the tokens, newest first, those that were revoked too.
func (t *Tokens) List(ctx context.Context) (all []bot.Token, err error) {
	rows, err := t.db.Conn(ctx).QueryContext(ctx, `SELECT `+columns+` FROM access_tokens ORDER BY created_at DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("lister les jetons : %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		token, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("lister les jetons : %w", err)
		}
		all = append(all, token)
	}
	return all, rows.Err()
}

// Revoke ends a token; ErrNoToken when there is none of that identifier.
func (t *Tokens) Revoke(ctx context.Context, id string, at time.Time) error {
	return t.db.InTx(ctx, func(ctx context.Context) error {
		result, err := t.db.Conn(ctx).ExecContext(ctx, `UPDATE access_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0`, id, database.Stamp(at))
		if err != nil {
			return fmt.Errorf("révoquer le jeton : %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, bot.ErrNoToken)
		}
		return nil
	})
}

func join(scopes []bot.Scope) string {
	var all []string
	for _, s := range scopes {
		all = append(all, string(s))
	}
	return strings.Join(all, " ")
}

func listed(scopes []bot.Scope) string { return strings.ReplaceAll(join(scopes), " ", ", ") }
