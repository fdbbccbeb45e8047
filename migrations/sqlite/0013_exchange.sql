-- What goes between guichet and other tools. Times are microseconds since 1970 UTC (database.Stamp); JSON is text.

-- +goose Up
-- The requests that came from a file of another tool; digest sums up the row, which need not be looked at while it is the same.
CREATE TABLE imports (
	source      TEXT NOT NULL,
	external_id TEXT NOT NULL,
	request_id  INTEGER NOT NULL REFERENCES requests (id),
	digest      TEXT NOT NULL,
	imported_at INTEGER NOT NULL,
	PRIMARY KEY (source, external_id)
);
CREATE INDEX imports_request ON imports (request_id);

-- The tokens by which other tools come in. hash is all that is kept of the secret.
CREATE TABLE access_tokens (
	id         TEXT PRIMARY KEY,
	hash       TEXT NOT NULL UNIQUE,
	label      TEXT NOT NULL,
	scopes     TEXT NOT NULL,
	audience   TEXT NOT NULL,
	epci       TEXT NOT NULL,
	direction  TEXT NOT NULL,
	person     TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	revoked_at INTEGER NOT NULL DEFAULT 0,
	used_at    INTEGER NOT NULL DEFAULT 0
);

-- A key that a tool gave to a creation, with what it asked: the same key is the same creation.
CREATE TABLE access_keys (
	token_id TEXT NOT NULL REFERENCES access_tokens (id),
	key      TEXT NOT NULL,
	digest   TEXT NOT NULL,
	at       INTEGER NOT NULL,
	PRIMARY KEY (token_id, key)
);

-- Where events are sent. The secret signs them, so it is kept as it is.
CREATE TABLE webhooks (
	id         TEXT PRIMARY KEY,
	url        TEXT NOT NULL,
	events     TEXT NOT NULL,
	audience   TEXT NOT NULL,
	epci       TEXT NOT NULL,
	secret     TEXT NOT NULL,
	private    INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	removed_at INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE webhook_deliveries (
	id         TEXT PRIMARY KEY,
	webhook_id TEXT NOT NULL REFERENCES webhooks (id),
	kind       TEXT NOT NULL,
	reference  TEXT NOT NULL,
	body       TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	sent_at    INTEGER NOT NULL DEFAULT 0,
	dead_at    INTEGER NOT NULL DEFAULT 0,
	tries      INTEGER NOT NULL DEFAULT 0,
	last_error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created_at);

-- +goose Down
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
DROP TABLE access_keys;
DROP TABLE access_tokens;
DROP TABLE imports;
