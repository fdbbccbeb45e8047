-- What is kept of people, and for how long (package privacy). Times are microseconds since 1970 UTC (database.Stamp); JSON is text.

-- +goose Up
-- When the identity of people was removed from a request, from a message; company_erased_at, its company's. 0 for never.
ALTER TABLE requests ADD COLUMN erased_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN company_erased_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN erased_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX requests_updated ON requests (updated_at, id);
CREATE INDEX messages_kept ON messages (at, id) WHERE erased_at = 0;

-- Who opened the page of a request or the card of a company.
CREATE TABLE accesses (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	at        INTEGER NOT NULL,
	person    TEXT NOT NULL,
	channel   TEXT NOT NULL,
	reference TEXT NOT NULL, -- of the request; '' for a card
	sought    TEXT NOT NULL  -- the company that was asked for; '' for a request
);
CREATE INDEX accesses_at ON accesses (at, id);

-- What was exported and erased, told without telling about whom: figures only.
CREATE TABLE privacy_acts (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	at     INTEGER NOT NULL,
	act    TEXT NOT NULL, -- forget, export, erase
	person TEXT NOT NULL, -- who did it
	why    TEXT NOT NULL,
	report TEXT NOT NULL  -- JSON
);
CREATE INDEX privacy_acts_at ON privacy_acts (at, id);

-- step is the id of the step of its request's path that an event is about.
ALTER TABLE request_events ADD COLUMN step TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE request_events DROP COLUMN step;
DROP TABLE privacy_acts;
DROP TABLE accesses;
DROP INDEX messages_kept;
DROP INDEX requests_updated;
ALTER TABLE messages DROP COLUMN erased_at;
ALTER TABLE requests DROP COLUMN company_erased_at;
ALTER TABLE requests DROP COLUMN erased_at;
