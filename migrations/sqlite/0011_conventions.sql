-- The conventions with intercommunal bodies (EPCI). Days are ISO texts, '' for none; times are microseconds since 1970 UTC
-- (database.Stamp); JSON is text.

-- +goose Up
CREATE TABLE conventions (
	id         TEXT PRIMARY KEY,
	type       TEXT NOT NULL,
	epci       TEXT NOT NULL,
	-- themes is a JSON list of subjects.
	themes     TEXT NOT NULL,
	starts     TEXT NOT NULL,
	ends       TEXT NOT NULL,
	signed     TEXT NOT NULL,
	document   TEXT NOT NULL,
	-- renews is the id of the former convention, '' for none.
	renews     TEXT NOT NULL,
	-- Who wrote it last, and when.
	changed_by TEXT NOT NULL,
	changed_at INTEGER NOT NULL
);
CREATE INDEX conventions_epci ON conventions (epci, ends);
CREATE INDEX conventions_ends ON conventions (ends);
CREATE INDEX conventions_renews ON conventions (renews) WHERE renews <> '';

-- The ends that were told: an outbox beside that of requests.
CREATE TABLE convention_alerts (
	key        TEXT PRIMARY KEY,
	convention TEXT NOT NULL REFERENCES conventions (id),
	ends       TEXT NOT NULL,
	days       INTEGER NOT NULL,
	-- direction is who is told, '' for the EPCI.
	direction  TEXT NOT NULL,
	text       TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	sent_at    INTEGER NOT NULL DEFAULT 0,
	dead_at    INTEGER NOT NULL DEFAULT 0,
	tries      INTEGER NOT NULL DEFAULT 0,
	last_error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX convention_alerts_created ON convention_alerts (created_at, key);

-- +goose Down
DROP TABLE convention_alerts;
DROP TABLE conventions;
