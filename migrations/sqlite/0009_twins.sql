-- Requests that look like one another, joined and split by a person. Times are microseconds since 1970 UTC (database.Stamp);
-- JSON is text.

-- +goose Up
-- other is the reference of the request that an event speaks of beside its own; '' for none.
ALTER TABLE request_events ADD COLUMN other TEXT NOT NULL DEFAULT '';
-- merged_into is the reference of the request that this one was joined to, made by the events like the status.
ALTER TABLE requests ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';
CREATE INDEX requests_merged ON requests (merged_into) WHERE merged_into <> '';
-- event_id is the received event of the message; origin is JSON, what the message said of its company and where it came
-- from: enough to make a request of its own. 0 and '' for the messages that came before.
ALTER TABLE request_messages ADD COLUMN event_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request_messages ADD COLUMN origin TEXT NOT NULL DEFAULT '';
CREATE INDEX request_messages_request ON request_messages (request_id);

-- What a request shares with those that may look like it (ledger.LikenessKeys).
CREATE TABLE request_keys (
	key        TEXT NOT NULL,
	request_id INTEGER NOT NULL REFERENCES requests (id),
	PRIMARY KEY (key, request_id)
);
CREATE INDEX request_keys_request ON request_keys (request_id);

-- Two requests that look alike, the older first. told_at is when a person said that they are not the same, 0 until then.
CREATE TABLE request_twins (
	first_id  INTEGER NOT NULL REFERENCES requests (id),
	second_id INTEGER NOT NULL REFERENCES requests (id),
	-- reasons is JSON, ledger.Reason.
	reasons   TEXT NOT NULL,
	found_at  INTEGER NOT NULL,
	told_at   INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (first_id, second_id)
);
CREATE INDEX request_twins_second ON request_twins (second_id);
CREATE INDEX request_twins_found ON request_twins (found_at) WHERE told_at = 0;
-- The open requests are looked at once, to be given their keys.
UPDATE requests SET next_at = 1 WHERE status IN ('waiting', 'transmitted', 'taken');

-- +goose Down
DROP TABLE request_twins;
DROP TABLE request_keys;
DROP INDEX request_messages_request;
ALTER TABLE request_messages DROP COLUMN origin;
ALTER TABLE request_messages DROP COLUMN event_id;
DROP INDEX requests_merged;
ALTER TABLE requests DROP COLUMN merged_into;
ALTER TABLE request_events DROP COLUMN other;
