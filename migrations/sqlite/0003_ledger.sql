-- Times are microseconds since 1970 UTC (database.Stamp); JSON is text.

-- +goose Up
-- The last number given in each year.
CREATE TABLE request_numbers (
	year INTEGER PRIMARY KEY,
	last INTEGER NOT NULL
);

-- A request as its events make it: status, lead, owner, associated and decision can be rebuilt from them.
CREATE TABLE requests (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	reference   TEXT NOT NULL UNIQUE,
	channel     TEXT NOT NULL,
	thread      TEXT NOT NULL,
	author      TEXT NOT NULL,
	text        TEXT NOT NULL,
	company     TEXT NOT NULL,
	-- name is the company's name as names are compared (ledger.CompanyKey).
	name        TEXT NOT NULL,
	siren       TEXT NOT NULL,
	siret       TEXT NOT NULL,
	commune     TEXT NOT NULL,
	epci        TEXT NOT NULL,
	departement TEXT NOT NULL,
	entry_point TEXT NOT NULL,
	deadline    INTEGER NOT NULL,
	status      TEXT NOT NULL,
	lead        TEXT NOT NULL,
	owner       TEXT NOT NULL,
	associated  TEXT NOT NULL,
	decision    TEXT NOT NULL,
	-- search holds every message, the name and the reference, folded (ledger.Fold).
	search      TEXT NOT NULL,
	created_at  INTEGER NOT NULL,
	updated_at  INTEGER NOT NULL
);
CREATE INDEX requests_siren ON requests (siren) WHERE siren <> '';
CREATE INDEX requests_name ON requests (name, commune) WHERE name <> '';
CREATE INDEX requests_thread ON requests (channel, thread);
CREATE INDEX requests_epci ON requests (epci) WHERE epci <> '';
CREATE INDEX requests_created ON requests (created_at, id);

-- Every message that a request was made of: the first and those that joined.
CREATE TABLE request_messages (
	channel    TEXT NOT NULL,
	message    TEXT NOT NULL,
	request_id INTEGER NOT NULL REFERENCES requests (id),
	-- joined is 0 for the message that made the request, 1 for the others.
	joined     INTEGER NOT NULL,
	PRIMARY KEY (channel, message)
);

CREATE TABLE request_events (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	request_id INTEGER NOT NULL REFERENCES requests (id),
	at         INTEGER NOT NULL,
	kind       TEXT NOT NULL,
	actor      TEXT NOT NULL,
	why        TEXT NOT NULL,
	status     TEXT NOT NULL,
	lead       TEXT NOT NULL,
	owner      TEXT NOT NULL,
	-- decision is empty but for a decided event.
	decision   TEXT NOT NULL
);
CREATE INDEX request_events_request ON request_events (request_id, id);

CREATE TABLE notices (
	key        TEXT PRIMARY KEY,
	request_id INTEGER NOT NULL REFERENCES requests (id),
	kind       TEXT NOT NULL,
	direction  TEXT NOT NULL,
	text       TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	sent_at    INTEGER NOT NULL DEFAULT 0,
	dead_at    INTEGER NOT NULL DEFAULT 0,
	tries      INTEGER NOT NULL DEFAULT 0,
	last_error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX notices_created ON notices (created_at, key);

-- +goose Down
DROP TABLE notices;
DROP TABLE request_events;
DROP TABLE request_messages;
DROP TABLE requests;
DROP TABLE request_numbers;
