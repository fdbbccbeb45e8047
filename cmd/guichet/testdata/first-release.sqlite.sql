-- A base of the first release (schema 4), written by « sqlite3 FILE .dump ».
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
INSERT INTO goose_db_version VALUES(1,0,1,'2026-11-24 01:58:46');
INSERT INTO goose_db_version VALUES(2,1,1,'2026-11-24 01:58:46');
INSERT INTO goose_db_version VALUES(3,2,1,'2026-11-24 01:58:46');
INSERT INTO goose_db_version VALUES(4,3,1,'2026-11-24 01:58:46');
INSERT INTO goose_db_version VALUES(5,4,1,'2026-11-24 01:58:46');
CREATE TABLE documents (
	number      INTEGER PRIMARY KEY,
	id          TEXT NOT NULL UNIQUE,
	title       TEXT NOT NULL,
	source      TEXT NOT NULL UNIQUE,
	url         TEXT NOT NULL,
	audience    INTEGER NOT NULL CHECK (audience BETWEEN 1 AND 3),
	epci        TEXT NOT NULL,
	date        TEXT NOT NULL,
	valid_from  TEXT NOT NULL,
	valid_until TEXT NOT NULL,
	unavailable INTEGER NOT NULL,
	words       INTEGER NOT NULL, -- analysed words of the text
	passages    INTEGER NOT NULL, -- how many there are
	hash        TEXT NOT NULL
, changed INTEGER NOT NULL DEFAULT 0);
INSERT INTO documents VALUES(1,'houblon','Aide fictive au houblon','/documents/public/houblon.md','',1,'','','2026-01-01','',0,14,3,'72b299dd3e2085aaedeb7a6ad7b20b9d73eca244b6e66269494563e7e4273826',145);
INSERT INTO documents VALUES(2,'velo','Les deux-roues','/documents/public/velo.txt','',1,'','','','',0,7,2,'bda780827af1ca41af807f98d9c2b6a8df8d599ed95749290bf36a0cb65e877f',187);
INSERT INTO documents VALUES(189,'consignes','Consignes aux agents','/documents/staff/consignes.txt','',3,'','','','',0,9,2,'c116a70c0d9679a33cff7a46e8a40b3e8a8e9984d39ee691d6f697307d30719b',190);
CREATE TABLE passages (
	number   INTEGER PRIMARY KEY,
	document INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
	ordinal  INTEGER NOT NULL,
	kind     INTEGER NOT NULL,
	path     TEXT NOT NULL, -- JSON list of titles, outermost first
	text     TEXT NOT NULL,
	offset   INTEGER NOT NULL,
	page     INTEGER NOT NULL,
	-- The analysed words, as given to the full-text table.
	title_words TEXT NOT NULL,
	path_words  TEXT NOT NULL,
	body_words  TEXT NOT NULL, length INTEGER NOT NULL DEFAULT 0, meaning TEXT NOT NULL DEFAULT '',
	UNIQUE (document, ordinal)
);
INSERT INTO passages VALUES(1048576,1,0,4,'null','Aide fictive au houblon',23,0,'aid fictiv houblon','','aid fictiv houblon',6,'0bdf2a148059645dfd07bfa25396344b863b41e1debbb16c257c58817ad656d1');
INSERT INTO passages VALUES(1048577,1,1,3,'["Début de validité"]','2026-01-01',66,0,'aid fictiv houblon','debut validit','2026 01 202601 01 0101',10,'094d57ab163eb0864da20aa7918a57338ee032fe466238a0ea63f8f7267f0797');
INSERT INTO passages VALUES(1048578,1,2,0,'["Taux"]','L''aide fictive couvre 40 % d''un séchoir à houblon.',90,0,'aid fictiv houblon','taux','aid fictiv couvr 40 sechoir houblon',10,'8698ffad4da5c558abb1510c79bfbd499f4b46e5671dba3c7392d665b2ec4272');
INSERT INTO passages VALUES(2097152,2,0,4,'null','Les deux-roues',0,0,'deux rou deuxrou','','deux rou deuxrou',6,'cffc0d04bf987c5c19ab3137f12e56b830e0e58a216a625bff8200a0336a4092');
INSERT INTO passages VALUES(2097153,2,1,0,'null','Une bicyclette cargo est prêtée aux livreurs.',16,0,'deux rou deuxrou','','bicyclet cargo pret livreur',7,'c1decd89aee01fbc98fc7bc41c416f48f3c83d457dfd8962fed14ace0214f3eb');
INSERT INTO passages VALUES(198180864,189,0,4,'null','Consignes aux agents',0,0,'consign agent','','consign agent',4,'dc8acb31768508f0b144d6781472f990c434f29df2bb4e87ffdf3a7480607f00');
INSERT INTO passages VALUES(198180865,189,1,0,'null','Le séchoir à houblon de la coopérative fictive a déjà été aidé en 2025.',22,0,'consign agent','','sechoir houblon cooper fictiv dej aid 2025',9,'96a0a351aa7ba6fb80461851d82a9977cf8f2b8531758cd7ec0d204047e91bc9');
CREATE TABLE conversations (
	channel TEXT NOT NULL,
	thread  TEXT NOT NULL,
	version INTEGER NOT NULL,
	state   TEXT NOT NULL,
	PRIMARY KEY (channel, thread)
);
INSERT INTO conversations VALUES('web','8ebb8d4ad58919ecd275c58029adc5b0',3,'{"request":"2026-0001"}');
INSERT INTO conversations VALUES('web','0123456789abcdef0123456789abcdef',1,'{"request":"2026-0002","asked":"origin","facts":[{"name":"subject","value":"implantation","source":"cherche 5 hectares"},{"name":"requester","value":"company","source":"Notre groupe"},{"name":"industrial","value":true,"source":"usine"},{"name":"territory","value":"59122","source":"Cambrai","label":"Cambrai"},{"name":"epci","value":"200068500","source":"register","label":"CA de Cambrai"},{"name":"departement","value":"59","source":"register","label":"Nord"}]}');
INSERT INTO conversations VALUES('cli','LE7OIKEIYQ2DJ7U3SO5K3IF7MW',1,'{"request":"2026-0003"}');
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
INSERT INTO messages VALUES(1,'web','8d7ee0c2661e75760ed4ff3557e24593','8ebb8d4ad58919ecd275c58029adc5b0','Quel taux couvre l''aide fictive pour un séchoir à houblon ?','{"Name":"","Audience":"public","EPCI":""}',1795485527464875,'{"Kind":"answer","Text":"L''aide fictive couvre 40 % d''un séchoir à houblon.\n\nSi c''est pour une entreprise, je peux transmettre la demande à la direction qui la prend en charge.","Quotes":[{"Document":"houblon","Title":"Aide fictive au houblon","Section":"Taux","Text":"L''aide fictive couvre 40 % d''un séchoir à houblon.","URL":"","Date":"","Ordinal":2,"Closed":false}],"Choices":[{"Label":"Transmettre la demande","Text":"Transmettre la demande"}],"Answer":"ebc8045396a6685d138106c2487b4191"}','ebc8045396a6685d138106c2487b4191');
INSERT INTO messages VALUES(2,'web','a2a47ce27b23853845d49abdae273fb3','8ebb8d4ad58919ecd275c58029adc5b0','Quelle est la hauteur du beffroi de Bruges en pieds ?','{"Name":"","Audience":"public","EPCI":""}',1795485527528521,'{"Kind":"unknown","Text":"Je ne sais pas : rien dans la base que vous pouvez consulter ne répond à cette question. J''ai cherché : hauteur, beffroi, Bruges, pieds.\n\nVotre question est notée, pour que la base soit complétée. Vous pouvez la reformuler, ou la confier à DAEN, le point d''entrée.","Choices":[{"Label":"Transmettre la demande","Text":"Transmettre la demande"},{"Label":"Parler à quelqu''un","Text":"Parler à quelqu''un"}]}',NULL);
INSERT INTO messages VALUES(3,'web','c18ba5eee9e395c5c3e305caa51b1cb3','8ebb8d4ad58919ecd275c58029adc5b0','Nous sommes une menuiserie de 12 salariés à Amiens et nous cherchons un prêt pour une machine.','{"Name":"","Audience":"public","EPCI":""}',1795485527548684,'{"Kind":"routed","Text":"Votre demande est enregistrée sous le numéro 2026-0001 et transmise à MHDFF.\n\nCe que fait MHDFF : Mission HDF Financement, instruments financiers (prêts, garanties, fonds propres), et non des subventions.\n\nPour être recontacté, écrivez ici un téléphone ou un courriel.","Fields":[{"Label":"Demande","Value":"2026-0001"},{"Label":"Chef de file","Value":"MHDFF"},{"Label":"Directions associées","Value":"DAEN"},{"Label":"Opérateurs et réseaux","Value":"partenaires financiers"},{"Label":"Pourquoi","Value":"Nature du financement demandé : prêt, garantie ou fonds propres (« prêt »).\nRègle instrument-financier : la Mission HDF Financement porte les prêts, garanties et fonds propres."},{"Label":"Ce qui aurait changé","Value":"Nature du financement demandé : subvention → DAEN\nNature du financement demandé : fonds européens (FEDER) → FCFE"},{"Label":"Fondement","Value":"Finances"},{"Label":"Territoire","Value":"Amiens, CA Amiens Métropole, Somme"}],"Request":"2026-0001"}',NULL);
INSERT INTO messages VALUES(4,'web','0547424f825913301247d4bf19123fb1','0123456789abcdef0123456789abcdef','Notre groupe cherche 5 hectares près de Cambrai pour une usine.','{"Name":"","Audience":"public","EPCI":""}',1795485528544913,'{"Kind":"ask","Text":"Votre demande est enregistrée sous le numéro 2026-0002. Il manque un seul renseignement pour savoir qui la prend en charge.\n\nL''entreprise qui décide du projet, ou sa maison mère, a-t-elle son siège en France ou à l''étranger ?","Choices":[{"Label":"En France","Text":"Son siège est en France"},{"Label":"À l''étranger","Text":"Son siège est à l''étranger"}],"Request":"2026-0002"}',NULL);
INSERT INTO messages VALUES(5,'cli','4W62F2BGMGCN5TMKCEIMPLFY62','LE7OIKEIYQ2DJ7U3SO5K3IF7MW','Boulanger à Amiens, nous cherchons un prêt.','{"Name":"Agente","Audience":"public","EPCI":""}',1795485528797823,'{"Kind":"routed","Text":"Votre demande est enregistrée sous le numéro 2026-0003 et transmise à MHDFF.\n\nCe que fait MHDFF : Mission HDF Financement, instruments financiers (prêts, garanties, fonds propres), et non des subventions.\n\nPour être recontacté, écrivez ici un téléphone ou un courriel.","Fields":[{"Label":"Demande","Value":"2026-0003"},{"Label":"Chef de file","Value":"MHDFF"},{"Label":"Directions associées","Value":"DAEN"},{"Label":"Opérateurs et réseaux","Value":"partenaires financiers"},{"Label":"Pourquoi","Value":"Nature du financement demandé : prêt, garantie ou fonds propres (« prêt »).\nRègle instrument-financier : la Mission HDF Financement porte les prêts, garanties et fonds propres."},{"Label":"Ce qui aurait changé","Value":"Nature du financement demandé : fonds européens (FEDER) → FCFE"},{"Label":"Fondement","Value":"Finances"},{"Label":"Territoire","Value":"Amiens, CA Amiens Métropole, Somme"}],"Request":"2026-0003"}',NULL);
CREATE TABLE votes (
	answer TEXT PRIMARY KEY REFERENCES messages (answer),
	useful INTEGER NOT NULL,
	reason TEXT NOT NULL,
	at     INTEGER NOT NULL
);
INSERT INTO votes VALUES('ebc8045396a6685d138106c2487b4191',0,'Et pour un pressoir ?',1795485527523552);
CREATE TABLE gaps (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	question TEXT NOT NULL,
	audience TEXT NOT NULL,
	channel  TEXT NOT NULL,
	looked   TEXT NOT NULL,
	at       INTEGER NOT NULL
);
INSERT INTO gaps VALUES(1,'Quelle est la hauteur du beffroi de Bruges en pieds ?','public','web','hauteur, beffroi, Bruges, pieds',1795485527528521);
CREATE TABLE request_numbers (
	year INTEGER PRIMARY KEY,
	last INTEGER NOT NULL
);
INSERT INTO request_numbers VALUES(2026,3);
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
INSERT INTO requests VALUES(1,'2026-0001','web','8ebb8d4ad58919ecd275c58029adc5b0','','Nous sommes une menuiserie de 12 salariés à Amiens et nous cherchons un prêt pour une machine.','','','','','80021','248000531','80','DAEN',1795658327548684,'taken','MHDFF','Agente d''essai','["DAEN"]','{"Lead":"MHDFF","Rule":"instrument-financier","Associated":["DAEN"],"Operators":["partenaires financiers"],"Facts":[{"name":"subject","value":"investissement","source":"une machine","label":"aide ou investissement de développement","title":"objet"},{"name":"subject","value":"artisanat-commerce","source":"menuiserie","role":"status","label":"artisanat ou commerce","title":"objet"},{"name":"headcount","value":12,"source":"sommes une menuiserie de 12","label":"12","title":"effectif"},{"name":"origin","value":"french","source":"menuiserie de 12 salariés à Amiens","label":"française","title":"origine de l''entreprise qui décide"},{"name":"requester","value":"company","source":"12 salariés","label":"une entreprise","title":"demandeur"},{"name":"fund_kind","value":"financial_instrument","source":"prêt","label":"prêt, garantie ou fonds propres","title":"nature du financement demandé"},{"name":"territory","value":"80021","source":"Amiens","label":"Amiens","title":"commune"},{"name":"epci","value":"248000531","source":"register","label":"CA Amiens Métropole","title":"EPCI"},{"name":"departement","value":"80","source":"register","label":"Somme","title":"département"}],"Missing":null,"Question":"","Choices":null,"Arbitrate":false,"Reasons":["Nature du financement demandé : prêt, garantie ou fonds propres (« prêt »).","Règle instrument-financier : la Mission HDF Financement porte les prêts, garanties et fonds propres."],"Section":"Finances","Alternatives":[{"fact":"fund_kind","value":"grant","lead":"DAEN","rule":"aide-directe","title":"nature du financement demandé","label":"subvention"},{"fact":"fund_kind","value":"feder","lead":"FCFE","rule":"feder","title":"nature du financement demandé","label":"fonds européens (FEDER)"}],"Version":"db925f784d85"}',replace('\n2026-0001\n\nnous sommes une menuiserie de 12 salaries a amiens et nous cherchons un pret pour une machine.','\n',char(10)),1795485527548684,1795485528541596);
INSERT INTO requests VALUES(2,'2026-0002','web','0123456789abcdef0123456789abcdef','','Notre groupe cherche 5 hectares près de Cambrai pour une usine.','','','','','59122','200068500','59','DAEN',1795658328544913,'waiting','','','null','{"Lead":"","Rule":"","Associated":null,"Operators":null,"Facts":[{"name":"subject","value":"implantation","source":"cherche 5 hectares","label":"implantation, extension, foncier ou immobilier d''entreprise","title":"objet"},{"name":"requester","value":"company","source":"Notre groupe","label":"une entreprise","title":"demandeur"},{"name":"industrial","value":true,"source":"usine","label":"oui","title":"entreprise industrielle"},{"name":"territory","value":"59122","source":"Cambrai","label":"Cambrai","title":"commune"},{"name":"epci","value":"200068500","source":"register","label":"CA de Cambrai","title":"EPCI"},{"name":"departement","value":"59","source":"register","label":"Nord","title":"département"}],"Missing":["origin"],"Question":"L''entreprise qui décide du projet, ou sa maison mère, a-t-elle son siège en France ou à l''étranger ?","Choices":[{"Label":"En France","Text":"Son siège est en France"},{"Label":"À l''étranger","Text":"Son siège est à l''étranger"}],"Arbitrate":false,"Reasons":["Objet de la demande : implantation, extension, foncier ou immobilier d''entreprise (« cherche 5 hectares »).","Il manque un renseignement qui change la direction chef de file : origine de l''entreprise qui décide."],"Section":"","Alternatives":[{"fact":"origin","value":"french","lead":"DAEN","rule":"implantation-francaise","title":"origine de l''entreprise qui décide","label":"française"},{"fact":"origin","value":"foreign","lead":"NFI","rule":"implantation-etrangere","title":"origine de l''entreprise qui décide","label":"étrangère"}],"Version":"db925f784d85"}',replace('\n2026-0002\n\nnotre groupe cherche 5 hectares pres de cambrai pour une usine.','\n',char(10)),1795485528544913,1795485528544913);
INSERT INTO requests VALUES(3,'2026-0003','cli','LE7OIKEIYQ2DJ7U3SO5K3IF7MW','Agente d''essai','Boulanger à Amiens, nous cherchons un prêt.','','','','','80021','248000531','80','DAEN',1795658328797823,'transmitted','MHDFF','','["DAEN"]','{"Lead":"MHDFF","Rule":"instrument-financier","Associated":["DAEN"],"Operators":["partenaires financiers"],"Facts":[{"name":"subject","value":"artisanat-commerce","source":"Boulanger","role":"status","label":"artisanat ou commerce","title":"objet"},{"name":"origin","value":"french","source":"Boulanger à Amiens","label":"française","title":"origine de l''entreprise qui décide"},{"name":"fund_kind","value":"financial_instrument","source":"prêt","label":"prêt, garantie ou fonds propres","title":"nature du financement demandé"},{"name":"territory","value":"80021","source":"Amiens","label":"Amiens","title":"commune"},{"name":"epci","value":"248000531","source":"register","label":"CA Amiens Métropole","title":"EPCI"},{"name":"departement","value":"80","source":"register","label":"Somme","title":"département"}],"Missing":null,"Question":"","Choices":null,"Arbitrate":false,"Reasons":["Nature du financement demandé : prêt, garantie ou fonds propres (« prêt »).","Règle instrument-financier : la Mission HDF Financement porte les prêts, garanties et fonds propres."],"Section":"Finances","Alternatives":[{"fact":"fund_kind","value":"feder","lead":"FCFE","rule":"feder","title":"nature du financement demandé","label":"fonds européens (FEDER)"}],"Version":"db925f784d85"}',replace('\n2026-0003\n\nboulanger a amiens, nous cherchons un pret.','\n',char(10)),1795485528797823,1795485528797823);
CREATE TABLE request_messages (
	channel    TEXT NOT NULL,
	message    TEXT NOT NULL,
	request_id INTEGER NOT NULL REFERENCES requests (id),
	-- joined is 0 for the message that made the request, 1 for the others.
	joined     INTEGER NOT NULL,
	PRIMARY KEY (channel, message)
);
INSERT INTO request_messages VALUES('web','c18ba5eee9e395c5c3e305caa51b1cb3',1,0);
INSERT INTO request_messages VALUES('web','0547424f825913301247d4bf19123fb1',2,0);
INSERT INTO request_messages VALUES('cli','4W62F2BGMGCN5TMKCEIMPLFY62',3,0);
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
INSERT INTO request_events VALUES(1,1,1795485527548684,'received','','Nous sommes une menuiserie de 12 salariés à Amiens et nous cherchons un prêt pour une machine.','','','','');
INSERT INTO request_events VALUES(2,1,1795485527548684,'decided','guichet','','','MHDFF','','{"Lead":"MHDFF","Rule":"instrument-financier","Associated":["DAEN"],"Operators":["partenaires financiers"],"Facts":[{"name":"subject","value":"investissement","source":"une machine","label":"aide ou investissement de développement","title":"objet"},{"name":"subject","value":"artisanat-commerce","source":"menuiserie","role":"status","label":"artisanat ou commerce","title":"objet"},{"name":"headcount","value":12,"source":"sommes une menuiserie de 12","label":"12","title":"effectif"},{"name":"origin","value":"french","source":"menuiserie de 12 salariés à Amiens","label":"française","title":"origine de l''entreprise qui décide"},{"name":"requester","value":"company","source":"12 salariés","label":"une entreprise","title":"demandeur"},{"name":"fund_kind","value":"financial_instrument","source":"prêt","label":"prêt, garantie ou fonds propres","title":"nature du financement demandé"},{"name":"territory","value":"80021","source":"Amiens","label":"Amiens","title":"commune"},{"name":"epci","value":"248000531","source":"register","label":"CA Amiens Métropole","title":"EPCI"},{"name":"departement","value":"80","source":"register","label":"Somme","title":"département"}],"Missing":null,"Question":"","Choices":null,"Arbitrate":false,"Reasons":["Nature du financement demandé : prêt, garantie ou fonds propres (« prêt »).","Règle instrument-financier : la Mission HDF Financement porte les prêts, garanties et fonds propres."],"Section":"Finances","Alternatives":[{"fact":"fund_kind","value":"grant","lead":"DAEN","rule":"aide-directe","title":"nature du financement demandé","label":"subvention"},{"fact":"fund_kind","value":"feder","lead":"FCFE","rule":"feder","title":"nature du financement demandé","label":"fonds européens (FEDER)"}],"Version":"db925f784d85"}');
INSERT INTO request_events VALUES(3,1,1795485528532298,'notice_sent','guichet','associated → DAEN','','','','');
INSERT INTO request_events VALUES(4,1,1795485528532911,'notice_sent','guichet','new_request → MHDFF','','','','');
INSERT INTO request_events VALUES(5,1,1795485528541596,'status','Agente d''essai','','taken','','Agente d''essai','');
INSERT INTO request_events VALUES(6,2,1795485528544913,'received','','Notre groupe cherche 5 hectares près de Cambrai pour une usine.','','','','');
INSERT INTO request_events VALUES(7,2,1795485528544913,'decided','guichet','','','','','{"Lead":"","Rule":"","Associated":null,"Operators":null,"Facts":[{"name":"subject","value":"implantation","source":"cherche 5 hectares","label":"implantation, extension, foncier ou immobilier d''entreprise","title":"objet"},{"name":"requester","value":"company","source":"Notre groupe","label":"une entreprise","title":"demandeur"},{"name":"industrial","value":true,"source":"usine","label":"oui","title":"entreprise industrielle"},{"name":"territory","value":"59122","source":"Cambrai","label":"Cambrai","title":"commune"},{"name":"epci","value":"200068500","source":"register","label":"CA de Cambrai","title":"EPCI"},{"name":"departement","value":"59","source":"register","label":"Nord","title":"département"}],"Missing":["origin"],"Question":"L''entreprise qui décide du projet, ou sa maison mère, a-t-elle son siège en France ou à l''étranger ?","Choices":[{"Label":"En France","Text":"Son siège est en France"},{"Label":"À l''étranger","Text":"Son siège est à l''étranger"}],"Arbitrate":false,"Reasons":["Objet de la demande : implantation, extension, foncier ou immobilier d''entreprise (« cherche 5 hectares »).","Il manque un renseignement qui change la direction chef de file : origine de l''entreprise qui décide."],"Section":"","Alternatives":[{"fact":"origin","value":"french","lead":"DAEN","rule":"implantation-francaise","title":"origine de l''entreprise qui décide","label":"française"},{"fact":"origin","value":"foreign","lead":"NFI","rule":"implantation-etrangere","title":"origine de l''entreprise qui décide","label":"étrangère"}],"Version":"db925f784d85"}');
INSERT INTO request_events VALUES(8,3,1795485528797823,'received','Agente d''essai','Boulanger à Amiens, nous cherchons un prêt.','','','','');
INSERT INTO request_events VALUES(9,3,1795485528797823,'decided','guichet','','','MHDFF','','{"Lead":"MHDFF","Rule":"instrument-financier","Associated":["DAEN"],"Operators":["partenaires financiers"],"Facts":[{"name":"subject","value":"artisanat-commerce","source":"Boulanger","role":"status","label":"artisanat ou commerce","title":"objet"},{"name":"origin","value":"french","source":"Boulanger à Amiens","label":"française","title":"origine de l''entreprise qui décide"},{"name":"fund_kind","value":"financial_instrument","source":"prêt","label":"prêt, garantie ou fonds propres","title":"nature du financement demandé"},{"name":"territory","value":"80021","source":"Amiens","label":"Amiens","title":"commune"},{"name":"epci","value":"248000531","source":"register","label":"CA Amiens Métropole","title":"EPCI"},{"name":"departement","value":"80","source":"register","label":"Somme","title":"département"}],"Missing":null,"Question":"","Choices":null,"Arbitrate":false,"Reasons":["Nature du financement demandé : prêt, garantie ou fonds propres (« prêt »).","Règle instrument-financier : la Mission HDF Financement porte les prêts, garanties et fonds propres."],"Section":"Finances","Alternatives":[{"fact":"fund_kind","value":"feder","lead":"FCFE","rule":"feder","title":"nature du financement demandé","label":"fonds européens (FEDER)"}],"Version":"db925f784d85"}');
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
INSERT INTO notices VALUES('2026-0001/2/new_request/MHDFF',1,'new_request','MHDFF','Demande 2026-0001 : votre direction (MHDFF) est chef de file.',1795485527548684,1795485528532911,0,0,'');
INSERT INTO notices VALUES('2026-0001/2/associated/DAEN',1,'associated','DAEN','Demande 2026-0001 : votre direction (DAEN) est associée. Chef de file : MHDFF.',1795485527548684,1795485528532298,0,0,'');
INSERT INTO notices VALUES('2026-0003/9/new_request/MHDFF',3,'new_request','MHDFF','Demande 2026-0003 : votre direction (MHDFF) est chef de file.',1795485528797823,0,0,0,'');
INSERT INTO notices VALUES('2026-0003/9/associated/DAEN',3,'associated','DAEN','Demande 2026-0003 : votre direction (DAEN) est associée. Chef de file : MHDFF.',1795485528797823,0,0,0,'');
CREATE TABLE base_changes (last INTEGER NOT NULL);
INSERT INTO base_changes VALUES(193);
PRAGMA writable_schema=ON;
INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','passage_words','passage_words',0,'CREATE VIRTUAL TABLE passage_words USING fts5 (words, content='''', contentless_delete=1, detail=none, tokenize=''ascii'')');
CREATE TABLE IF NOT EXISTS 'passage_words_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO passage_words_data VALUES(1,X'0734');
INSERT INTO passage_words_data VALUES(10,X'00000000ff0000010701836b00000000000000000001020101015e00000700000000');
INSERT INTO passage_words_data VALUES(274877906945,X'0000010e03303031c0800103023031c08001010432303235dec08001040136c0800105023031c0800101023430c0800201056167656e74dec080000102026964c080000101ddffff7f010862696379636c6574818080010105636172676f8180800102066f6e7369676edec080000103046f706572dec080010303757672c0800201056465627574c0800103016adec080010302757881808000010503726f7581808000010106666963746976c080000101ddffff7f0107686f75626c6f6ec080000101ddffff7f01076c69767265757281808001010470726574818080010103726f7581808000010107736563686f6972c08002ddffff7f010474617578c08002010776616c69646974c080010407070a0607070c0d0e0b0d0a080a07090a11120d0a0a1009');
CREATE TABLE IF NOT EXISTS 'passage_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO passage_words_idx VALUES(2,X'',2);
CREATE TABLE IF NOT EXISTS 'passage_words_docsize'(id INTEGER PRIMARY KEY, sz BLOB, origin INTEGER);
INSERT INTO passage_words_docsize VALUES(1048576,X'06',1);
INSERT INTO passage_words_docsize VALUES(1048577,X'0a',1);
INSERT INTO passage_words_docsize VALUES(1048578,X'0a',1);
INSERT INTO passage_words_docsize VALUES(2097152,X'06',2);
INSERT INTO passage_words_docsize VALUES(2097153,X'07',2);
INSERT INTO passage_words_docsize VALUES(198180864,X'04',94);
INSERT INTO passage_words_docsize VALUES(198180865,X'09',94);
CREATE TABLE IF NOT EXISTS 'passage_words_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO passage_words_config VALUES('version',4);
CREATE TABLE word_counts (
	word      TEXT NOT NULL,
	audience  INTEGER NOT NULL,
	epci      TEXT NOT NULL,
	passages  INTEGER NOT NULL,
	documents INTEGER NOT NULL,
	PRIMARY KEY (word, audience, epci)
) WITHOUT ROWID;
INSERT INTO word_counts VALUES('',1,'',5,2);
INSERT INTO word_counts VALUES('',3,'',2,1);
INSERT INTO word_counts VALUES('01',1,'',1,1);
INSERT INTO word_counts VALUES('0101',1,'',1,1);
INSERT INTO word_counts VALUES('2025',3,'',1,1);
INSERT INTO word_counts VALUES('2026',1,'',1,1);
INSERT INTO word_counts VALUES('202601',1,'',1,1);
INSERT INTO word_counts VALUES('40',1,'',1,1);
INSERT INTO word_counts VALUES('agent',3,'',2,1);
INSERT INTO word_counts VALUES('aid',1,'',3,1);
INSERT INTO word_counts VALUES('aid',3,'',1,1);
INSERT INTO word_counts VALUES('bicyclet',1,'',1,1);
INSERT INTO word_counts VALUES('cargo',1,'',1,1);
INSERT INTO word_counts VALUES('consign',3,'',2,1);
INSERT INTO word_counts VALUES('cooper',3,'',1,1);
INSERT INTO word_counts VALUES('couvr',1,'',1,1);
INSERT INTO word_counts VALUES('debut',1,'',1,1);
INSERT INTO word_counts VALUES('dej',3,'',1,1);
INSERT INTO word_counts VALUES('deux',1,'',2,1);
INSERT INTO word_counts VALUES('deuxrou',1,'',2,1);
INSERT INTO word_counts VALUES('fictiv',1,'',3,1);
INSERT INTO word_counts VALUES('fictiv',3,'',1,1);
INSERT INTO word_counts VALUES('houblon',1,'',3,1);
INSERT INTO word_counts VALUES('houblon',3,'',1,1);
INSERT INTO word_counts VALUES('livreur',1,'',1,1);
INSERT INTO word_counts VALUES('pret',1,'',1,1);
INSERT INTO word_counts VALUES('rou',1,'',2,1);
INSERT INTO word_counts VALUES('sechoir',1,'',1,1);
INSERT INTO word_counts VALUES('sechoir',3,'',1,1);
INSERT INTO word_counts VALUES('taux',1,'',1,1);
INSERT INTO word_counts VALUES('validit',1,'',1,1);
CREATE TABLE models (
	number     INTEGER PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE,
	dimensions INTEGER NOT NULL,
	settings   TEXT NOT NULL, -- JSON, knowledge.Model
	ready      INTEGER NOT NULL DEFAULT 0
);
INSERT INTO models VALUES(1,'essai/3',3,'{"name":"essai","dimensions":3}',188);
CREATE TABLE vectors (
	model   INTEGER NOT NULL REFERENCES models (number) ON DELETE CASCADE,
	meaning TEXT NOT NULL,
	vector  BLOB NOT NULL,
	PRIMARY KEY (model, meaning)
) WITHOUT ROWID;
INSERT INTO vectors VALUES(1,'094d57ab163eb0864da20aa7918a57338ee032fe466238a0ea63f8f7267f0797',X'4279ff3b0d0d7f');
INSERT INTO vectors VALUES(1,'0bdf2a148059645dfd07bfa25396344b863b41e1debbb16c257c58817ad656d1',X'4279ff3b0d0d7f');
INSERT INTO vectors VALUES(1,'8698ffad4da5c558abb1510c79bfbd499f4b46e5671dba3c7392d665b2ec4272',X'4279ff3b0d0d7f');
INSERT INTO vectors VALUES(1,'96a0a351aa7ba6fb80461851d82a9977cf8f2b8531758cd7ec0d204047e91bc9',X'4279ff3b0d0d7f');
INSERT INTO vectors VALUES(1,'c1decd89aee01fbc98fc7bc41c416f48f3c83d457dfd8962fed14ace0214f3eb',X'0402013c7f0000');
INSERT INTO vectors VALUES(1,'cffc0d04bf987c5c19ab3137f12e56b830e0e58a216a625bff8200a0336a4092',X'4279ff3b0d0d7f');
INSERT INTO vectors VALUES(1,'dc8acb31768508f0b144d6781472f990c434f29df2bb4e87ffdf3a7480607f00',X'4279ff3b0d0d7f');
CREATE TABLE river_leader (
    elected_at timestamp NOT NULL,
    expires_at timestamp NOT NULL,
    leader_id text NOT NULL,
    name text PRIMARY KEY NOT NULL DEFAULT 'default' CHECK (name = 'default'),
    CONSTRAINT name_length CHECK (length(name) > 0 AND length(name) < 128),
    CONSTRAINT leader_id_length CHECK (length(leader_id) > 0 AND length(leader_id) < 128)
);
CREATE TABLE river_migration (
    line text NOT NULL,
    version integer NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT line_length CHECK (length(line) > 0 AND length(line) < 128),
    CONSTRAINT version_gte_1 CHECK (version >= 1),
    PRIMARY KEY (line, version)
);
INSERT INTO river_migration VALUES('main',1,'2026-11-24 01:58:47');
INSERT INTO river_migration VALUES('main',2,'2026-11-24 01:58:47');
INSERT INTO river_migration VALUES('main',3,'2026-11-24 01:58:47');
INSERT INTO river_migration VALUES('main',4,'2026-11-24 01:58:47');
INSERT INTO river_migration VALUES('main',5,'2026-11-24 01:58:47');
INSERT INTO river_migration VALUES('main',6,'2026-11-24 01:58:47');
INSERT INTO river_migration VALUES('main',7,'2026-11-24 01:58:47');
INSERT INTO river_migration VALUES('main',8,'2026-11-24 01:58:47');
CREATE TABLE river_notification (
    id integer PRIMARY KEY AUTOINCREMENT,
    created_at timestamp NOT NULL DEFAULT (datetime('now', 'subsec')),
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (length(topic) > 0 AND length(topic) < 128)
);
INSERT INTO river_notification VALUES(1,'2026-11-24 01:58:47.457','{"queue": "embeddings"}','river_insert');
INSERT INTO river_notification VALUES(2,'2026-11-24 01:58:47.552','{"queue": "default"}','river_insert');
INSERT INTO river_notification VALUES(3,'2026-11-24 01:58:48.800','{"queue": "default"}','river_insert');
CREATE TABLE river_queue (
    name text PRIMARY KEY NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    metadata blob NOT NULL DEFAULT (jsonb('{}')),
    paused_at timestamp,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO river_queue VALUES('embeddings','2026-11-24 01:58:47.457',X'0c',NULL,'2026-11-24 01:58:47.457');
INSERT INTO river_queue VALUES('default','2026-11-24 01:58:47.457',X'0c',NULL,'2026-11-24 01:58:47.457');
CREATE TABLE river_job (
    id integer PRIMARY KEY AUTOINCREMENT,
    args blob NOT NULL DEFAULT (jsonb('{}')),
    attempt integer NOT NULL DEFAULT 0,
    attempted_at timestamp,
    attempted_by blob, -- json
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    errors blob, -- json
    finalized_at timestamp,
    kind text NOT NULL,
    max_attempts integer NOT NULL DEFAULT 25,
    metadata blob NOT NULL DEFAULT (jsonb('{}')),
    priority integer NOT NULL DEFAULT 1,
    queue text NOT NULL DEFAULT 'default',
    state text NOT NULL DEFAULT 'available',
    scheduled_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    tags blob NOT NULL DEFAULT (jsonb('[]')),
    unique_key blob,
    unique_states integer,
    CONSTRAINT finalized_or_finalized_at_null CHECK (
        (finalized_at IS NULL AND state NOT IN ('cancelled', 'completed', 'discarded')) OR
        (finalized_at IS NOT NULL AND state IN ('cancelled', 'completed', 'discarded'))
    ),
    CONSTRAINT priority_in_range CHECK (priority >= 1 AND priority <= 4),
    CONSTRAINT queue_length CHECK (length(queue) > 0 AND length(queue) < 128),
    CONSTRAINT kind_length CHECK (length(kind) > 0 AND length(kind) < 128),
    CONSTRAINT state_valid CHECK (state IN ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled'))
);
INSERT INTO river_job VALUES(1,X'0c',1,'2026-11-24 01:58:47.459',X'cb1fc71d766d5f323032365f31315f32345430315f35385f34375f343537323035','2026-11-24 01:58:47.456',NULL,'2026-11-24 01:58:47.464','embed_base',16,X'cc26c71272697665723a756e697175655f6e6f6e6365c71038373532323837386331663536376236',1,'embeddings','completed','2026-11-24 01:58:47.456',X'0b',X'd3dae7af697653cd8b2c3373ef53d95e0b160105dbeb82fa8dd166cb5d666351',241);
INSERT INTO river_job VALUES(2,X'cc23376b6579c71d323032362d303030312f322f6e65775f726571756573742f4d48444646',1,'2026-11-24 01:58:48.531',X'cb1fc71d766d5f323032365f31315f32345430315f35385f34375f343537323035','2026-11-24 01:58:47.551',NULL,'2026-11-24 01:58:48.533','deliver_notice',24,X'cc26c71272697665723a756e697175655f6e6f6e6365c71065316638383565313631373663393339',1,'default','completed','2026-11-24 01:58:47.551',X'0b',X'23825fa61bd284bb3743a86647d40624f1dea6bda9197d84cb5a2a17cb16964b',245);
INSERT INTO river_job VALUES(3,X'cc21376b6579c71b323032362d303030312f322f6173736f6369617465642f4441454e',1,'2026-11-24 01:58:48.531',X'cb1fc71d766d5f323032365f31315f32345430315f35385f34375f343537323035','2026-11-24 01:58:47.553',NULL,'2026-11-24 01:58:48.533','deliver_notice',24,X'cc26c71272697665723a756e697175655f6e6f6e6365c71032366466353532313236363438363336',1,'default','completed','2026-11-24 01:58:47.553',X'0b',X'bb2406addbb6f7d841b55f140197c92c7b4b98bd35b41bb192cdfc02480d1cf3',245);
INSERT INTO river_job VALUES(4,X'cc14977265666572656e636597323032362d30303032',0,NULL,NULL,'2026-11-24 01:58:48.547',NULL,NULL,'hand_over',8,X'cc26c71272697665723a756e697175655f6e6f6e6365c71034386530303962396265316638356235',1,'default','scheduled','2026-11-26 01:58:48.545',X'0b',NULL,NULL);
INSERT INTO river_job VALUES(5,X'cc23376b6579c71d323032362d303030332f392f6e65775f726571756573742f4d48444646',0,NULL,NULL,'2026-11-24 01:58:48.800',NULL,NULL,'deliver_notice',24,X'cc26c71272697665723a756e697175655f6e6f6e6365c71031666363323633666230363435303131',1,'default','available','2026-11-24 01:58:48.800',X'0b',X'8fa2a8426748adf9362f829121f2e5e4021306ef6a912ed05b16af4459bf5b0c',245);
INSERT INTO river_job VALUES(6,X'cc21376b6579c71b323032362d303030332f392f6173736f6369617465642f4441454e',0,NULL,NULL,'2026-11-24 01:58:48.801',NULL,NULL,'deliver_notice',24,X'cc26c71272697665723a756e697175655f6e6f6e6365c71066373939663861623165613961656237',1,'default','available','2026-11-24 01:58:48.801',X'0b',X'a978a82b91dd00273121f920e41d9ab5e5e409b55a0347af76ac3330bc7f08f4',245);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('goose_db_version',5);
INSERT INTO sqlite_sequence VALUES('river_job',6);
INSERT INTO sqlite_sequence VALUES('river_notification',3);
INSERT INTO sqlite_sequence VALUES('messages',5);
INSERT INTO sqlite_sequence VALUES('gaps',1);
INSERT INTO sqlite_sequence VALUES('requests',3);
INSERT INTO sqlite_sequence VALUES('request_events',9);
CREATE INDEX messages_thread ON messages (channel, thread, id);
CREATE INDEX requests_siren ON requests (siren) WHERE siren <> '';
CREATE INDEX requests_name ON requests (name, commune) WHERE name <> '';
CREATE INDEX requests_thread ON requests (channel, thread);
CREATE INDEX requests_epci ON requests (epci) WHERE epci <> '';
CREATE INDEX requests_created ON requests (created_at, id);
CREATE INDEX request_events_request ON request_events (request_id, id);
CREATE INDEX notices_created ON notices (created_at, key);
CREATE INDEX passages_meaning ON passages (meaning);
CREATE TRIGGER passages_indexed AFTER INSERT ON passages BEGIN
	INSERT INTO passage_words (rowid, words) VALUES (new.number, new.title_words || ' ' || new.path_words || ' ' || new.body_words);
END;
CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN
	DELETE FROM passage_words WHERE rowid = old.number;
END;
CREATE INDEX river_notification_created_at_idx ON river_notification (created_at);
CREATE INDEX river_notification_topic_id_idx ON river_notification (topic, id);
CREATE INDEX river_job_kind ON river_job (kind);
CREATE INDEX river_job_state_and_finalized_at_index ON river_job (state, finalized_at) WHERE finalized_at IS NOT NULL;
CREATE INDEX river_job_prioritized_fetching_index ON river_job (state, queue, priority, scheduled_at, id);
CREATE UNIQUE INDEX river_job_unique_idx ON river_job (unique_key)
    WHERE unique_key IS NOT NULL
        AND unique_states IS NOT NULL
        AND CASE state
            WHEN 'available' THEN unique_states & (1 << 0)
            WHEN 'cancelled' THEN unique_states & (1 << 1)
            WHEN 'completed' THEN unique_states & (1 << 2)
            WHEN 'discarded' THEN unique_states & (1 << 3)
            WHEN 'pending'   THEN unique_states & (1 << 4)
            WHEN 'retryable' THEN unique_states & (1 << 5)
            WHEN 'running'   THEN unique_states & (1 << 6)
            WHEN 'scheduled' THEN unique_states & (1 << 7)
            ELSE 0
        END >= 1;
PRAGMA writable_schema=OFF;
COMMIT;
