-- Times are microseconds since 1970 UTC (database.Stamp); JSON is text.

-- +goose Up
CREATE TABLE conversations (
	channel TEXT NOT NULL,
	thread  TEXT NOT NULL,
	version INTEGER NOT NULL,
	state   TEXT NOT NULL,
	PRIMARY KEY (channel, thread)
);

CREATE TABLE messages (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	channel TEXT NOT NULL,
	message TEXT NOT NULL,
	thread  TEXT NOT NULL,
	text    TEXT NOT NULL,
	asker   TEXT NOT NULL,
	at      INTEGER NOT NULL,
	reply   TEXT NOT NULL,
	-- answer is the key of votes on the reply; several replies may have none.
	answer  TEXT UNIQUE,
	UNIQUE (channel, message)
);
CREATE INDEX messages_thread ON messages (channel, thread, id);

CREATE TABLE votes (
	answer TEXT PRIMARY KEY REFERENCES messages (answer),
	useful INTEGER NOT NULL,
	reason TEXT NOT NULL,
	at     INTEGER NOT NULL
);

-- A gap keeps no link to its message: who asked is an audience only.
CREATE TABLE gaps (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	question TEXT NOT NULL,
	audience TEXT NOT NULL,
	channel  TEXT NOT NULL,
	looked   TEXT NOT NULL,
	at       INTEGER NOT NULL
);

-- +goose Down
DROP TABLE gaps;
DROP TABLE votes;
DROP TABLE messages;
DROP TABLE conversations;
