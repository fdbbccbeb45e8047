package sqlsheet_test

import (
	"testing"

	"guichet/migrations/databasetest"
	"guichet/routing/ledger"
	"guichet/routing/ledger/ledgertest"
	"guichet/routing/ledger/sqlledger"
	"guichet/routing/sheet/sheettest"
	"guichet/routing/sheet/sqlsheet"
)

func TestSheets(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, e databasetest.Engine) {
		sheettest.Run(t, func(t *testing.T) sheettest.Office {
			db := e.New(t)
			requests := sqlledger.New(db, &ledgertest.Jobs{}, ledger.DefaultTexts(), ledger.Agenda{})
			return sheettest.Office{Sheets: sqlsheet.New(db, requests, sheettest.Settings, sheettest.Names, sheettest.Officers), Requests: requests}
		})
	})
}
