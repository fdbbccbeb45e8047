package privacy

// shape is how a column holds text.
type shape int

const (
	words  shape = iota // free text
	object              // JSON, whose texts are looked at
)

// column is a text column that may hold the identity of a person.
type column struct {
	name  string
	shape shape
	// owner tells that a person named there is the one whom the row is about: all of it is theirs.
	owner bool
}

// table is a table that holds such columns. A migration that adds a text column says here, or in columns_test.go, what it may
// hold: a test compares both with the schema.
type table struct {
	name string
	// what names a row for people, in French.
	what string
	key  []string
	// at is the time of the row, request the number of the request that it belongs to; SQL, '0' without one.
	at, request string
	columns     []column
	// on says what an erasure does of a row.
	on fate
}

// fate is what becomes of a row that tells of a person.
type fate int

const (
	redact fate = iota // the words that were sought are taken out; a row that is all theirs is erased as when its time is over
	remove             // the row goes
	stays              // the row stays, and the report says why
)

// tables are those that may hold the identity of a person, requests first: what belongs to a request follows it.
var tables = []table{
	{name: "requests", what: "demande", key: []string{"id"}, at: "created_at", request: "id", columns: []column{
		{name: "channel", owner: true}, {name: "thread"}, {name: "author", owner: true}, {name: "person", owner: true}, {name: "text"},
		{name: "company", owner: true}, {name: "name", owner: true}, {name: "siren"}, {name: "siret"}, {name: "owner"}, {name: "search"},
		{name: "decision", shape: object}, {name: "pace", shape: object},
	}},
	{name: "request_events", what: "événement d'une demande", key: []string{"id"}, at: "at", request: "request_id", columns: []column{
		{name: "actor"}, {name: "why"}, {name: "owner"}, {name: "decision", shape: object},
	}},
	{name: "request_messages", what: "message d'une demande", key: []string{"channel", "message"}, at: "0", request: "request_id", on: remove, columns: []column{
		{name: "channel"}, {name: "message"}, {name: "origin", shape: object},
	}},
	{name: "request_keys", what: "clé de ressemblance d'une demande", key: []string{"key", "request_id"}, at: "0", request: "request_id", on: remove, columns: []column{{name: "key"}}},
	{name: "request_twins", what: "ressemblance de deux demandes", key: []string{"first_id", "second_id"}, at: "found_at", request: "first_id", columns: []column{
		{name: "reasons", shape: object},
	}},
	{name: "notices", what: "avis", key: []string{"key"}, at: "created_at", request: "coalesce(request_id, 0)", columns: []column{
		{name: "channel"}, {name: "thread"}, {name: "text"}, {name: "last_error"},
	}},
	// Outside chat platforms a conversation is one person's; on them each message names its own.
	{name: "messages", what: "message et sa réponse", key: []string{"id"}, at: "at", request: `CASE WHEN channel LIKE '%/%' THEN 0 ELSE ` + begun("messages") + ` END`, columns: []column{
		{name: "channel", owner: true}, {name: "message"}, {name: "thread"}, {name: "text"}, {name: "asker", shape: object, owner: true}, {name: "reply", shape: object},
	}},
	{name: "conversations", what: "conversation", key: []string{"channel", "thread"}, at: "0", on: remove,
		request: begun("conversations"),
		columns: []column{{name: "channel"}, {name: "thread"}, {name: "state", shape: object}}},
	{name: "chat_inbox", what: "message reçu d'une messagerie", key: []string{"channel", "message"}, at: "received_at", request: "0", on: remove, columns: []column{
		{name: "channel"}, {name: "message"}, {name: "thread"}, {name: "body", shape: object},
	}},
	{name: "votes", what: "raison d'un vote", key: []string{"answer"}, at: "at", request: "0", columns: []column{{name: "reason"}}},
	{name: "gaps", what: "question sans réponse", key: []string{"id"}, at: "at", request: "0", columns: []column{{name: "question"}, {name: "channel"}, {name: "looked"}}},
	{name: "chat_channels", what: "réglage d'un canal", key: []string{"channel"}, at: "at", request: "0", columns: []column{{name: "person"}}},
	{name: "conventions", what: "convention", key: []string{"id"}, at: "changed_at", request: "0", columns: []column{{name: "changed_by"}, {name: "document"}}},
	{name: "convention_alerts", what: "alerte de convention", key: []string{"key"}, at: "created_at", request: "0", columns: []column{{name: "text"}, {name: "last_error"}}},
	{name: "convention_events", what: "événement d'une convention", key: []string{"id"}, at: "at", request: "0", columns: []column{{name: "actor"}, {name: "why"}, {name: "body", shape: object}}},
	{name: "fundings", what: "financement", key: []string{"id"}, at: "updated_at", request: "0", on: stays, columns: []column{{name: "name"}, {name: "operator"}, {name: "body", shape: object}}},
	{name: "funding_events", what: "événement d'un financement", key: []string{"id"}, at: "at", request: "0", on: stays, columns: []column{{name: "actor"}, {name: "why"}, {name: "body", shape: object}}},
	{name: "funding_warnings", what: "avertissement sur un financement", key: []string{"first", "second"}, at: "at", request: "0", columns: []column{
		{name: "reasons", shape: object}, {name: "settled_by"}, {name: "settled_why"},
	}},
	{name: "sheets", what: "fiche projet", key: []string{"reference"}, at: "created_at", request: "0", columns: []column{{name: "body", shape: object}}},
	{name: "sheet_territories", what: "réponse d'un territoire à une fiche projet", key: []string{"reference", "epci"}, at: "0", request: "0", columns: []column{{name: "answer", shape: object}}},
	{name: "sheet_events", what: "événement d'une fiche projet", key: []string{"id"}, at: "at", request: "0", columns: []column{{name: "actor"}, {name: "why"}}},
	{name: "access_tokens", what: "jeton d'un autre outil", key: []string{"id"}, at: "created_at", request: "0", columns: []column{{name: "label"}, {name: "person"}}},
	{name: "webhook_deliveries", what: "envoi à un autre outil", key: []string{"id"}, at: "created_at", request: "0", columns: []column{{name: "body", shape: object}, {name: "last_error"}}},
	{name: "accesses", what: "accès noté", key: []string{"id"}, at: "at", request: "0", on: stays, columns: []column{{name: "person"}, {name: "channel"}, {name: "sought"}}},
	{name: "privacy_acts", what: "acte sur les données", key: []string{"id"}, at: "at", request: "0", on: stays, columns: []column{{name: "person"}, {name: "why"}}},
	{name: "documents", what: "document de la base", key: []string{"number"}, at: "0", request: "0", on: stays, columns: []column{{name: "title"}, {name: "source"}, {name: "url"}}},
	{name: "passages", what: "passage d'un document de la base", key: []string{"number"}, at: "0", request: "0", on: stays, columns: []column{{name: "text"}, {name: "path", shape: object}}},
}

// begun gives the request that a conversation began, an open one first; 0 for none.
func begun(table string) string {
	return `coalesce((SELECT requests.id FROM requests WHERE requests.channel = ` + table + `.channel AND requests.thread = ` + table + `.thread
		ORDER BY CASE WHEN ` + open + ` THEN 0 ELSE 1 END, requests.id DESC LIMIT 1), 0)`
}

// reasons say why a row stays, by table.
var reasons = map[string]string{
	"accesses":       "le journal des accès sert à la sécurité (règlement (UE) 2016/679, article 32) ; il s'efface de lui-même, voir retention.yaml",
	"fundings":       aid,
	"funding_events": aid,
	"privacy_acts":   "la trace des actes permet de les démontrer (article 5, 2) ; elle s'efface d'elle-même, voir retention.yaml",
	"documents":      "c'est un document de la base : corrigez-le à sa source, puis « guichet ingest » ou « guichet documents remove »",
	"passages":       "c'est un document de la base : corrigez-le à sa source, puis « guichet ingest » ou « guichet documents remove »",
}

const (
	aid        = "une aide publique se garde dix ans (règlement (UE) 2023/2831, article 6) ; les agents et les motifs s'effacent ensuite, voir retention.yaml"
	stillOpen  = "la demande est ouverte : elle est due à la personne ; close, elle pourra être effacée"
	joinedOpen = "la demande est jointe à une autre, ouverte : la réponse de celle-ci est due à la personne ; close, elle pourra être effacée"
	unsent     = "un avis n'est pas encore parti : recommencez quand il l'est"
	unserved   = "ce message n'a pas encore eu sa réponse"
	companies  = "l'entreprise d'une demande (nom, SIREN) est gardée pour les aides de minimis jusqu'au terme de « companies » dans retention.yaml"
)
