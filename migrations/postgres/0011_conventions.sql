-- The conventions with intercommunal bodies (EPCI). Days are ISO texts, '' for none; times are microseconds since 1970 UTC
-- (database.Stamp); JSON is text.

-- +goose Up
CREATE TABLE conventions (
	id         TEXT COLLATE "C" PRIMARY KEY,
	type       TEXT COLLATE "C" NOT NULL,
	epci       TEXT COLLATE "C" NOT NULL,
	-- themes is a JSON list of subjects.
	themes     TEXT COLLATE "C" NOT NULL,
	starts     TEXT COLLATE "C" NOT NULL,
	ends       TEXT COLLATE "C" NOT NULL,
	signed     TEXT COLLATE "C" NOT NULL,
	document   TEXT COLLATE "C" NOT NULL,
	-- renews is the id of the former convention, '' for none.
	renews     TEXT COLLATE "C" NOT NULL,
	-- Who wrote it last, and when.
	changed_by TEXT COLLATE "C" NOT NULL,
	changed_at BIGINT NOT NULL
);
CREATE INDEX conventions_epci ON conventions (epci, ends);
CREATE INDEX conventions_ends ON conventions (ends);
CREATE INDEX conventions_renews ON conventions (renews) WHERE renews <> '';

-- The ends that were told: an outbox beside that of requests.
CREATE TABLE convention_alerts (
	key        TEXT COLLATE "C" PRIMARY KEY,
	convention TEXT COLLATE "C" NOT NULL REFERENCES conventions (id),
	ends       TEXT COLLATE "C" NOT NULL,
	days       INTEGER NOT NULL,
	-- direction is who is told, '' for the EPCI.
	direction  TEXT COLLATE "C" NOT NULL,
	text       TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	sent_at    BIGINT NOT NULL DEFAULT 0,
	dead_at    BIGINT NOT NULL DEFAULT 0,
	tries      INTEGER NOT NULL DEFAULT 0,
	last_error TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX convention_alerts_created ON convention_alerts (created_at, key);

-- +goose Down
DROP TABLE convention_alerts;
DROP TABLE conventions;
