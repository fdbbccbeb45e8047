# guichet : « make help » liste les commandes.
export CGO_ENABLED = 0
LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: help run build test test-race kills half-year bench peers exchange lint look slack-signatures discord-payloads
.DEFAULT_GOAL := help

help: ## lister les commandes
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## construire, remplir la base livrée et ouvrir la page sur 127.0.0.1:8080
	@./bin/guichet serve

build: ## construire bin/guichet
	go build -trimpath -o bin/guichet ./cmd/guichet

test: ## tout vérifier : mise en forme, go vet, tous les tests (sur SQLite et sur un PostgreSQL démarré pour l'occasion)
	@unformatted=$$(gofmt -l bot cmd knowledge migrations routing); if [ -n "$$unformatted" ]; then echo "à mettre en forme (gofmt -w) :"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	.ci/postgres go test ./...
	go test -count=1 -run '^TestImports' ./cmd/guichet

test-race: ## les tests avec le détecteur d'accès concurrents (demande un compilateur C)
	CGO_ENABLED=1 .ci/postgres go test -race ./...

kills: ## tuer guichet 200 fois pendant qu'il reçoit des demandes, sur chaque base, et compter (KILLS=N pour un autre nombre)
	.ci/postgres go test -count=1 -timeout 2h -v -run '^TestKills$$' ./cmd/guichet -kills $(or $(KILLS),200)

exchange: ## reprendre 100 000 demandes par CSV et XLSX, sur chaque base, en tuant le programme au milieu (ROWS=N pour un autre nombre)
	.ci/postgres go test -count=1 -timeout 4h -v -run '^TestFilesComeAndGo$$' ./cmd/guichet -rows $(or $(ROWS),100000)

half-year: ## vivre un semestre de demandes dans guichet sur PostgreSQL, l'horloge conduite, et vérifier tout ce qui devait venir
	.ci/postgres go test -count=1 -timeout 2h -v -run '^TestHalfYear$$' ./cmd/guichet -half-year

bench: ## mesurer : décisions par seconde, premier démarrage, puis la base à 10 000 et 100 000 passages (SIZE=1000000 pour aller plus loin)
	.ci/postgres go test -run '^$$' -bench . -benchmem ./...
	.ci/postgres go run ./knowledge/measure/speed -size $(or $(SIZE),100000) ../shared/data/eval/*/
	go run -C knowledge/measure/peers -mod=mod . $(abspath $(wildcard ../shared/data/eval/*/))

peers: build ## comparer la recherche à bm25s, rank-bm25, tantivy et Haystack sur les jeux d'essai (demande Python, et le réseau la première fois)
	python3 -m venv bin/peers && bin/peers/bin/pip install -q -r knowledge/measure/peers/requirements.txt
	bin/peers/bin/python knowledge/measure/peers/peers.py bin/guichet ../shared/data/eval/*/

lint: ## relire avec golangci-lint (demande le réseau la première fois)
	go run $(LINT) run

look: ## photographier la page d'un guichet ouvert (demande Node et Chromium ; GUICHET_STAFF_TOKEN pour l'espace des agents)
	npm install --no-save --prefix bot/web/look playwright-core axe-core
	node bot/web/look/look.mjs http://127.0.0.1:8080 bin/look

slack-signatures: build ## comparer la vérification des signatures avec celle de la bibliothèque de Slack (demande Node)
	npm install --no-save --prefix bot/slack/interop @slack/bolt@5.1.0
	node bot/slack/interop/signatures.mjs bin/guichet

discord-payloads: ## faire vérifier ce que guichet envoie à Discord par les constructeurs de sa bibliothèque JavaScript (demande Node)
	@rm -f bin/discord-payloads.jsonl && mkdir -p bin
	.ci/postgres go test -count=1 ./bot/discord -payloads $(CURDIR)/bin/discord-payloads.jsonl
	npm install --no-save --prefix bot/discord/interop @discordjs/builders@1.15.0
	node bot/discord/interop/payloads.mjs bin/discord-payloads.jsonl
