-- The sheets of investment projects that are sent to territories. Times are microseconds since 1970 UTC (database.Stamp), days
-- ISO texts; JSON is text.

-- +goose Up
-- The last number given in each year.
CREATE TABLE sheet_numbers (
	year INTEGER PRIMARY KEY,
	last INTEGER NOT NULL
);

CREATE TABLE sheets (
	reference  TEXT PRIMARY KEY,
	-- body is JSON, sheet.Sheet, without what the other columns and tables hold.
	body       TEXT NOT NULL,
	stage      TEXT NOT NULL,
	deadline   TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	sent_at    INTEGER NOT NULL DEFAULT 0,
	-- reminded is the last reminder made, in days before the deadline, 0 for none.
	reminded   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sheets_created ON sheets (created_at);

-- Who a sheet is sent to, and what they said.
CREATE TABLE sheet_territories (
	reference TEXT NOT NULL REFERENCES sheets (reference),
	epci      TEXT NOT NULL,
	-- answer is JSON, sheet.Answer, '' until there is one.
	answer    TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (reference, epci)
);
CREATE INDEX sheet_territories_epci ON sheet_territories (epci);

CREATE TABLE sheet_events (
	id        INTEGER PRIMARY KEY,
	reference TEXT NOT NULL REFERENCES sheets (reference),
	at        INTEGER NOT NULL,
	kind      TEXT NOT NULL,
	actor     TEXT NOT NULL,
	epci      TEXT NOT NULL,
	why       TEXT NOT NULL
);
CREATE INDEX sheet_events_reference ON sheet_events (reference);

-- +goose Down
DROP TABLE sheet_events;
DROP TABLE sheet_territories;
DROP TABLE sheets;
DROP TABLE sheet_numbers;
