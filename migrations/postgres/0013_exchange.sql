-- What goes between guichet and other tools. Times are microseconds since 1970 UTC (database.Stamp); JSON is text.

-- +goose Up
-- The requests that came from a file of another tool; digest sums up the row, which need not be looked at while it is the same.
CREATE TABLE imports (
	source      TEXT COLLATE "C" NOT NULL,
	external_id TEXT COLLATE "C" NOT NULL,
	request_id  BIGINT NOT NULL REFERENCES requests (id),
	digest      TEXT COLLATE "C" NOT NULL,
	imported_at BIGINT NOT NULL,
	PRIMARY KEY (source, external_id)
);
CREATE INDEX imports_request ON imports (request_id);

-- The tokens by which other tools come in. hash is all that is kept of the secret.
CREATE TABLE access_tokens (
	id         TEXT COLLATE "C" PRIMARY KEY,
	hash       TEXT COLLATE "C" NOT NULL UNIQUE,
	label      TEXT COLLATE "C" NOT NULL,
	scopes     TEXT COLLATE "C" NOT NULL,
	audience   TEXT COLLATE "C" NOT NULL,
	epci       TEXT COLLATE "C" NOT NULL,
	direction  TEXT COLLATE "C" NOT NULL,
	person     TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL DEFAULT 0,
	used_at    BIGINT NOT NULL DEFAULT 0
);

-- A key that a tool gave to a creation, with what it asked: the same key is the same creation.
CREATE TABLE access_keys (
	token_id TEXT COLLATE "C" NOT NULL REFERENCES access_tokens (id),
	key      TEXT COLLATE "C" NOT NULL,
	digest   TEXT COLLATE "C" NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (token_id, key)
);

-- Where events are sent. The secret signs them, so it is kept as it is.
CREATE TABLE webhooks (
	id         TEXT COLLATE "C" PRIMARY KEY,
	url        TEXT COLLATE "C" NOT NULL,
	events     TEXT COLLATE "C" NOT NULL,
	audience   TEXT COLLATE "C" NOT NULL,
	epci       TEXT COLLATE "C" NOT NULL,
	secret     TEXT COLLATE "C" NOT NULL,
	private    BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	removed_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE webhook_deliveries (
	id         TEXT COLLATE "C" PRIMARY KEY,
	webhook_id TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id),
	kind       TEXT COLLATE "C" NOT NULL,
	reference  TEXT COLLATE "C" NOT NULL,
	body       TEXT COLLATE "C" NOT NULL,
	created_at BIGINT NOT NULL,
	sent_at    BIGINT NOT NULL DEFAULT 0,
	dead_at    BIGINT NOT NULL DEFAULT 0,
	tries      BIGINT NOT NULL DEFAULT 0,
	last_error TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created_at);

-- +goose Down
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
DROP TABLE access_keys;
DROP TABLE access_tokens;
DROP TABLE imports;
