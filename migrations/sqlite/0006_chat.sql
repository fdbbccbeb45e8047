-- What chat platforms need. Times are microseconds since 1970 UTC (database.Stamp); JSON is text.

-- +goose Up
-- person is who asked, as the channel identifies people (« slack/U012 »), '' when it does not.
ALTER TABLE requests ADD COLUMN person TEXT NOT NULL DEFAULT '';
CREATE INDEX requests_person ON requests (person) WHERE person <> '';

-- A notice goes to a direction, or to a conversation: then its direction is ''.
ALTER TABLE notices ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN thread TEXT NOT NULL DEFAULT '';

-- What an administrator said of a channel, over the Region's file.
CREATE TABLE chat_channels (
	channel  TEXT PRIMARY KEY,
	settings TEXT NOT NULL, -- JSON, bot.ChannelSettings
	person   TEXT NOT NULL,
	at       INTEGER NOT NULL
);

-- The messages of chat platforms, each handled once whatever the replicas: held by one of them until claimed_until, then
-- by another; done_at is 0 until its reply was shown.
CREATE TABLE chat_inbox (
	channel       TEXT NOT NULL,
	message       TEXT NOT NULL,
	thread        TEXT NOT NULL,
	body          TEXT NOT NULL, -- JSON, bot.Incoming
	received_at   INTEGER NOT NULL,
	claimed_until INTEGER NOT NULL,
	tries         INTEGER NOT NULL,
	done_at       INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (channel, message)
);
CREATE INDEX chat_inbox_left ON chat_inbox (claimed_until) WHERE done_at = 0;
CREATE INDEX chat_inbox_received ON chat_inbox (received_at);

-- The last message seen in each channel, as its platform numbers them.
CREATE TABLE chat_seen (
	channel TEXT PRIMARY KEY,
	message TEXT NOT NULL
);

-- Who does what only one replica may do.
CREATE TABLE leases (
	name   TEXT PRIMARY KEY,
	holder TEXT NOT NULL,
	until  INTEGER NOT NULL
);

-- +goose Down
DROP TABLE leases;
DROP TABLE chat_seen;
DROP TABLE chat_inbox;
DROP TABLE chat_channels;
ALTER TABLE notices DROP COLUMN thread;
ALTER TABLE notices DROP COLUMN channel;
DROP INDEX requests_person;
ALTER TABLE requests DROP COLUMN person;
