-- What comes with time in the life of a request. Times are microseconds since 1970 UTC (database.Stamp); JSON is text.

-- +goose Up
-- pace is JSON, ledger.Pace, made by the events like the status; '' until it is read again from them.
ALTER TABLE requests ADD COLUMN pace TEXT COLLATE "C" NOT NULL DEFAULT '';
-- due_at is the last second of the due date, next_at when something comes of itself; 0 for none.
ALTER TABLE requests ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX requests_due ON requests (due_at) WHERE due_at <> 0;
CREATE INDEX requests_next ON requests (next_at) WHERE next_at <> 0;
-- The open requests are looked at once, to give them their dates.
UPDATE requests SET next_at = 1 WHERE status IN ('waiting', 'transmitted', 'taken');

-- +goose Down
DROP INDEX requests_next;
DROP INDEX requests_due;
ALTER TABLE requests DROP COLUMN next_at;
ALTER TABLE requests DROP COLUMN due_at;
ALTER TABLE requests DROP COLUMN pace;
