-- What chat platforms need. Times are microseconds since 1970 UTC (database.Stamp); JSON is text.

-- +goose Up
-- person is who asked, as the channel identifies people (« slack/U012 »), '' when it does not.
ALTER TABLE requests ADD COLUMN person TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX requests_person ON requests (person) WHERE person <> '';

-- A notice goes to a direction, or to a conversation: then its direction is ''.
ALTER TABLE notices ADD COLUMN channel TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN thread TEXT COLLATE "C" NOT NULL DEFAULT '';

-- What an administrator said of a channel, over the Region's file.
CREATE TABLE chat_channels (
	channel  TEXT COLLATE "C" PRIMARY KEY,
	settings TEXT COLLATE "C" NOT NULL, -- JSON, bot.ChannelSettings
	person   TEXT COLLATE "C" NOT NULL,
	at       BIGINT NOT NULL
);

-- The messages of chat platforms, each handled once whatever the replicas: held by one of them until claimed_until, then
-- by another; done_at is 0 until its reply was shown.
CREATE TABLE chat_inbox (
	channel       TEXT COLLATE "C" NOT NULL,
	message       TEXT COLLATE "C" NOT NULL,
	thread        TEXT COLLATE "C" NOT NULL,
	body          TEXT COLLATE "C" NOT NULL, -- JSON, bot.Incoming
	received_at   BIGINT NOT NULL,
	claimed_until BIGINT NOT NULL,
	tries         INTEGER NOT NULL,
	done_at       BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (channel, message)
);
CREATE INDEX chat_inbox_left ON chat_inbox (claimed_until) WHERE done_at = 0;
CREATE INDEX chat_inbox_received ON chat_inbox (received_at);

-- The last message seen in each channel, as its platform numbers them.
CREATE TABLE chat_seen (
	channel TEXT COLLATE "C" PRIMARY KEY,
	message TEXT COLLATE "C" NOT NULL
);

-- Who does what only one replica may do.
CREATE TABLE leases (
	name   TEXT COLLATE "C" PRIMARY KEY,
	holder TEXT COLLATE "C" NOT NULL,
	until  BIGINT NOT NULL
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
