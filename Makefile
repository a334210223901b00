# Every target is one go command, or a few: the plain form stands in README.md.
.DEFAULT_GOAL := verify

.PHONY: verify
verify: ## prove every claim, print the ledger, write report/ledger.json (the default)
	go run ./cmd/notes verify

.PHONY: report
report: ## write the notes as a book from the last ledger: report/notes.html, for a browser
	go run ./cmd/notes report

.PHONY: test
test: ## run every test and example
	go test ./...

.PHONY: race
race: ## run every test and example, in any order, under the race detector (needs a C compiler)
	go test -race -shuffle=on ./...

# It takes a minute or two after the first time, which downloads the servers.
.PHONY: real
real: ## run every test that takes an address on real Kafka, Cassandra and SecantusDB, which it starts and stops (needs Java 17, mvn, python3)
	.ci/real test

.PHONY: image
image: ## build the image of the platform, which has nothing but the program (needs Docker)
	CGO_ENABLED=0 GOOS=linux go build -trimpath -ldflags='-s -w' -o bin/platform ./microservices/cmd/platform
	docker build -t gonotes-platform .

.PHONY: bench
bench: ## compare what tasks cost here in Go, C and Java, in a minute; notes bench -full adds the rest
	go run ./cmd/notes bench

# Everything that README.md shows of the reference machine: some ten minutes,
# on a machine that does nothing else.
.PHONY: reference
reference: ## measure the reference run into bench/results, and write the documents from it
	go run ./cmd/notes verify
	cp report/ledger.json bench/results/ledger.json
	go run ./cmd/notes bench -full -o bench/results
	go run ./cmd/notes docs

.PHONY: docs
docs: ## write NOTES.md and the tables of README.md
	go run ./cmd/notes docs

.PHONY: check
check: ## vet, staticcheck, formatting, tidy modules, modern Go, current documents and generated code
	go vet ./...
	go tool staticcheck ./...
	test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	go mod tidy -diff
	go fix -diff ./...
	cd rest/api && go tool oapi-codegen -config oapi-codegen.yaml openapi.yaml | diff -u api.gen.go -
	go test -count=1 -run='^TestDocs_current' ./cmd/notes

FUZZTIME = 60s

# go test fuzzes one target at a time.
.PHONY: soak
soak: ## as many goroutines as memory holds, 100 kills of the API, of its store and of the platform, 200 of the exchange and 10 million commands through it, every fault by every tool, then fuzz every target for FUZZTIME, with progress
	go run ./cmd/notes verify -tasks max -timeout 30m goroutines
	go test -count=1 -v -run='^TestRun_killed' ./rest/cmd/sites -kills=100
	GONOTES_KILLS=100 go test -count=1 -v -run='^TestFile_killed' ./rest/store/sqlite
	go test -count=1 -v -run='^TestTestTools' ./rest/tools -every
	GONOTES_KILLS=100 go test -count=1 -v -timeout=30m -run='^TestCommand_killed' ./microservices/platform
	GONOTES_KILLS=100 go test -count=1 -v -timeout=30m -run='_killed' ./microservices/broker ./microservices/collector ./microservices/analytics/sqlite
	GONOTES_EVENTS=10000000 go test -count=1 -v -timeout=60m -run='_size' ./microservices/analytics/sqlite ./microservices/insights
	GONOTES_COST=full go test -count=1 -v -timeout=30m -run='^TestCost' ./microservices/collector
	GONOTES_KILLS=200 go test -count=1 -v -timeout=30m -run='^(TestNoLostOrders|TestMarket_killed)' ./goroutines/exchange ./goroutines/exchange/market
	GONOTES_COMMANDS=10000000 go test -count=1 -v -timeout=30m -run='^TestBook_(agrees|properties)' ./goroutines/exchange/book
	for package in ./runes ./rest/api ./microservices/collector ./microservices/event ./goroutines/exchange/book ./goroutines/exchange/protocol; do \
		for target in $$(go test -list='^Fuzz' $$package | grep '^Fuzz'); do \
			go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=10x $$package || exit 1; \
		done; \
	done

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
