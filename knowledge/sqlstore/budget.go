package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"guichet/knowledge"
	"guichet/migrations/database"
)

// Budget is a knowledge.Budget, the same for all processes on one database.
type Budget struct {
	db *database.DB
	// PerPerson and PerDay are how many answers a person, and all together, may have worded in a day.
	PerPerson, PerDay int
}

// NewBudget gives the budget of a database.
func NewBudget(db *database.DB, perPerson, perDay int) *Budget {
	return &Budget{db: db, PerPerson: perPerson, PerDay: perDay}
}

// everyone is the line that counts all answers of a day.
const everyone = ""

// Spend implements knowledge.Budget. Who asked is kept as a digest that differs from one day to the next, and for the day.
func (b *Budget) Spend(ctx context.Context, who string, day time.Time) error {
	today := day.Format(time.DateOnly)
	err := b.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := b.db.Conn(ctx).ExecContext(ctx, `DELETE FROM model_answers WHERE day < $1`, today); err != nil {
			return err
		}
		if who != "" {
			sum := sha256.Sum256([]byte(today + "\x00" + who))
			if err := b.count(ctx, today, hex.EncodeToString(sum[:]), b.PerPerson); err != nil {
				return err
			}
		}
		return b.count(ctx, today, everyone, b.PerDay)
	})
	if err != nil {
		return fmt.Errorf("compter la réponse d'un modèle : %w", err)
	}
	return nil
}

func (b *Budget) count(ctx context.Context, day, who string, limit int) error {
	result, err := b.db.Conn(ctx).ExecContext(ctx, `INSERT INTO model_answers (day, who, answers) VALUES ($1, $2, 1)
		ON CONFLICT (day, who) DO UPDATE SET answers = model_answers.answers + 1 WHERE model_answers.answers < $3`, day, who, limit)
	if err != nil {
		return err
	}
	counted, err := result.RowsAffected()
	if err == nil && counted == 0 {
		err = knowledge.ErrSpent
	}
	return err
}

// Spent gives how many answers were worded in a day.
func (b *Budget) Spent(ctx context.Context, day time.Time) (answers int, err error) {
	err = b.db.Conn(ctx).QueryRowContext(ctx, `SELECT coalesce(max(answers), 0) FROM model_answers WHERE day = $1 AND who = $2`, day.Format(time.DateOnly), everyone).Scan(&answers)
	if err != nil {
		return 0, fmt.Errorf("lire le budget du modèle : %w", err)
	}
	return answers, nil
}
