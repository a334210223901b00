# Every target is one go command, or a few: the plain form stands in README.md.
.DEFAULT_GOAL := verify

.PHONY: verify
verify: ## prove every claim, print the ledger, write report/ledger.json (the default)
	go run ./cmd/notes verify

.PHONY: test
test: ## run every test and example
	go test ./...

.PHONY: race
race: ## run every test and example under the race detector (needs a C compiler)
	go test -race ./...

# Six runs of each, so that benchstat can tell a difference from noise: about
# three minutes.
BENCHTIME = 20ms

.PHONY: bench
bench: SHELL = bash
bench: .SHELLFLAGS = -o pipefail -c
bench: ## run the benchmarks and print a table that compares the ways
	mkdir -p report
	go test -run='^$$' -bench=. -count=6 -benchtime=$(BENCHTIME) ./closures ./runes | tee report/bench.txt
	go tool benchstat -col /impl report/bench.txt

.PHONY: docs
docs: ## write NOTES.md from the claims
	go run ./cmd/notes docs

.PHONY: check
check: ## vet, staticcheck, formatting, tidy modules, modern Go, current documents
	go vet ./...
	go tool staticcheck ./...
	test -z "$$(gofmt -l .)" || { gofmt -d .; exit 1; }
	go mod tidy -diff
	go fix -diff ./...
	go test -count=1 -run='^TestDocs_current$$' ./cmd/notes

FUZZTIME = 60s

# go test fuzzes one target at a time.
.PHONY: soak
soak: ## fuzz every target for FUZZTIME each, with progress
	for target in $$(go test -list='^Fuzz' ./runes | grep '^Fuzz'); do \
		go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) ./runes || exit 1; \
	done

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
