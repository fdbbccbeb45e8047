-- Fundings that companies and operators ask for or hold. Times are microseconds since 1970 UTC (database.Stamp), days are
-- « 2026-03-31 » or '', amounts are cents of euro; JSON is text.

-- +goose Up
-- The last number given in each year.
CREATE TABLE funding_numbers (
	year INTEGER PRIMARY KEY,
	last INTEGER NOT NULL
);

-- A funding as its last event tells it.
CREATE TABLE fundings (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	reference   TEXT NOT NULL UNIQUE,
	-- source and external_id are both '' for what was recorded by hand.
	source      TEXT NOT NULL,
	external_id TEXT NOT NULL,
	siren       TEXT NOT NULL,
	-- name is the company's name, or the operator's when it has no company, as names are compared (ledger.CompanyKey);
	-- operator is the operator's, likewise.
	name        TEXT NOT NULL,
	operator    TEXT NOT NULL,
	direction   TEXT NOT NULL,
	request     TEXT NOT NULL,
	stage       TEXT NOT NULL,
	-- body is JSON, funding.Funding.
	body        TEXT NOT NULL,
	created_at  INTEGER NOT NULL,
	updated_at  INTEGER NOT NULL
);
CREATE UNIQUE INDEX fundings_source ON fundings (source, external_id) WHERE source <> '';
CREATE INDEX fundings_siren ON fundings (siren) WHERE siren <> '';
CREATE INDEX fundings_name ON fundings (name) WHERE name <> '';
CREATE INDEX fundings_operator ON fundings (operator) WHERE operator <> '';
CREATE INDEX fundings_direction ON fundings (direction) WHERE direction <> '';
CREATE INDEX fundings_request ON fundings (request) WHERE request <> '';
CREATE INDEX fundings_created ON fundings (created_at, id);

-- Every version of a funding: who, when, why.
CREATE TABLE funding_events (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	funding_id INTEGER NOT NULL REFERENCES fundings (id),
	at         INTEGER NOT NULL,
	actor      TEXT NOT NULL,
	why        TEXT NOT NULL,
	body       TEXT NOT NULL
);
CREATE INDEX funding_events_funding ON funding_events (funding_id, id);

-- Pairs that look like the same expense, each warned of once: first is a funding's reference, second another one's, which
-- comes after it, or a request's.
CREATE TABLE funding_warnings (
	first       TEXT NOT NULL,
	second      TEXT NOT NULL,
	verdict     TEXT NOT NULL,
	reasons     TEXT NOT NULL, -- JSON, a list of texts
	at          INTEGER NOT NULL,
	settled     TEXT NOT NULL DEFAULT '',
	settled_by  TEXT NOT NULL DEFAULT '',
	settled_why TEXT NOT NULL DEFAULT '',
	settled_at  INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (first, second)
);
CREATE INDEX funding_warnings_second ON funding_warnings (second);
CREATE INDEX funding_warnings_at ON funding_warnings (at);

-- A notice may be about no request.
CREATE TABLE notices_rebuilt (
	key        TEXT PRIMARY KEY,
	request_id INTEGER REFERENCES requests (id),
	kind       TEXT NOT NULL,
	direction  TEXT NOT NULL,
	text       TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	sent_at    INTEGER NOT NULL DEFAULT 0,
	dead_at    INTEGER NOT NULL DEFAULT 0,
	tries      INTEGER NOT NULL DEFAULT 0,
	last_error TEXT NOT NULL DEFAULT '',
	channel    TEXT NOT NULL DEFAULT '',
	thread     TEXT NOT NULL DEFAULT ''
);
INSERT INTO notices_rebuilt (key, request_id, kind, direction, text, created_at, sent_at, dead_at, tries, last_error, channel, thread)
	SELECT key, request_id, kind, direction, text, created_at, sent_at, dead_at, tries, last_error, channel, thread FROM notices;
DROP TABLE notices;
ALTER TABLE notices_rebuilt RENAME TO notices;
CREATE INDEX notices_created ON notices (created_at, key);

-- +goose Down
CREATE TABLE notices_rebuilt (
	key        TEXT PRIMARY KEY,
	request_id INTEGER NOT NULL REFERENCES requests (id),
	kind       TEXT NOT NULL,
	direction  TEXT NOT NULL,
	text       TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	sent_at    INTEGER NOT NULL DEFAULT 0,
	dead_at    INTEGER NOT NULL DEFAULT 0,
	tries      INTEGER NOT NULL DEFAULT 0,
	last_error TEXT NOT NULL DEFAULT '',
	channel    TEXT NOT NULL DEFAULT '',
	thread     TEXT NOT NULL DEFAULT ''
);
INSERT INTO notices_rebuilt (key, request_id, kind, direction, text, created_at, sent_at, dead_at, tries, last_error, channel, thread)
	SELECT key, request_id, kind, direction, text, created_at, sent_at, dead_at, tries, last_error, channel, thread FROM notices WHERE request_id IS NOT NULL;
DROP TABLE notices;
ALTER TABLE notices_rebuilt RENAME TO notices;
CREATE INDEX notices_created ON notices (created_at, key);
DROP TABLE funding_warnings;
DROP TABLE funding_events;
DROP TABLE fundings;
DROP TABLE funding_numbers;
