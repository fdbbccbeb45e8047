// Package privacy keeps what identifies people no longer than the Region says, and gives or erases on demand what is held of
// a person. It works on the tables of the journal and of the ledger together: columns.go names every text column of them that may hold
// an identity. It may import bot, knowledge, routing/ledger and migrations/database.
package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"guichet/migrations/database"
	"guichet/routing"
	"guichet/routing/ledger"
)

const (
	// Mark stands for a text that was erased, in French for whoever reads it later.
	Mark = "[effacé]"
	// Somebody stands for an agent or a person whose name was erased: that there was one still counts.
	Somebody = "anonyme"
)

// Jobs is what the jobs that were given up hold.
type Jobs interface {
	// ForgetDead removes those that ended before a time and tells how many.
	ForgetDead(ctx context.Context, before time.Time) (int, error)
	// AboutDead gives what those tell that match, and removes them when it is asked to; it needs the transaction of the context.
	AboutDead(ctx context.Context, match func(text string) bool, remove bool) ([]string, error)
}

// Keeper keeps what identifies people.
type Keeper struct {
	db      *database.DB
	jobs    Jobs
	periods routing.Retention
}

// New gives the keeper of a database.
func New(db *database.DB, jobs Jobs, periods routing.Retention) *Keeper {
	return &Keeper{db: db, jobs: jobs, periods: periods}
}

// before gives the time before which a period is over.
func before(p routing.Period, now time.Time) time.Time { return now.AddDate(0, -p.Months, -p.Days) }

// The kinds of acts.
const (
	actForget = "forget"
	actExport = "export"
	actErase  = "erase"
)

// act records what was done, in the transaction of the context. It holds no identity of the person that it was about.
func (k *Keeper) act(ctx context.Context, act, by, why string, report any, at time.Time) error {
	data, err := json.Marshal(report)
	if err != nil {
		return err
	}
	_, err = k.db.Conn(ctx).ExecContext(ctx, `INSERT INTO privacy_acts (at, act, person, why, report) VALUES ($1, $2, $3, $4, $5)`,
		database.Stamp(at), act, by, why, string(data))
	if err != nil {
		return fmt.Errorf("noter l'acte sur les données personnelles : %w", err)
	}
	return nil
}

// open writes the condition that a request of the table requests is open, or joined to one that is: the split of a joined request
// opens it again, and its person is owed the answer of the other.
var open = openStatus("requests.status") + ` OR requests.merged_into <> '' AND EXISTS (
	WITH RECURSIVE held (status, merged_into) AS (
		SELECT kept.status, kept.merged_into FROM requests AS kept WHERE kept.reference = requests.merged_into
		UNION SELECT kept.status, kept.merged_into FROM requests AS kept JOIN held ON kept.reference = held.merged_into)
	SELECT 1 FROM held WHERE ` + openStatus("held.status") + `)`

func openStatus(column string) string {
	list := ""
	for i, s := range ledger.OpenStatuses() {
		if i > 0 {
			list += ", "
		}
		list += "'" + string(s) + "'"
	}
	return column + " IN (" + list + ")"
}
