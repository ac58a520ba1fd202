# Two commands matter: `make run` and `make test`. Both install what is missing.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := bin/timebank
GO_FILES := $(shell find app cmd ledger migrations frontend -name node_modules -prune -o \( -name '*.go' -o -name '*.sql' -o -name '*.csv' \) -print 2>/dev/null)
WEB_FILES := $(shell find frontend/src frontend/static frontend/styles frontend/messages frontend/project.inlang frontend/scripts -type f -not -path '*/paraglide/*' 2>/dev/null) \
  frontend/package-lock.json frontend/vite.config.ts frontend/tsconfig.json

.PHONY: help
help: ## This list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: $(BIN) ## Start the product with a demo bank on http://localhost:8080.
	@exec $(BIN) demo

.PHONY: build
build: $(BIN) ## Build the web app and the program.

$(BIN): $(GO_FILES) go.mod go.sum frontend/build/200.html
	@echo "building the program"
	@go build -o $@ ./cmd/timebank

# ci wipes node_modules, so it runs only when the lock file has changed.
frontend/node_modules/.ready: frontend/package-lock.json
	@echo "installing the web app's packages"
	@.ci/need node
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/build/200.html: $(WEB_FILES) frontend/node_modules/.ready
	@echo "building the web app"
	@cd frontend && npm run --silent build >.build.log 2>&1 || { cat .build.log; exit 1; }
	@rm -f frontend/.build.log
	@touch $@

.PHONY: test
test: ## Everything that is tested: two at a time, then the browser alone, since its pages are waited for.
	@$(MAKE) --no-print-directory -j2 test-client test-go test-web lint
	@$(MAKE) --no-print-directory test-pages
	@echo "all tests passed"

.PHONY: test-go
test-go: frontend/build/200.html ## Go tests, with the race detector, on a real PostgreSQL.
	@.ci/need books
	@go test -race -p 2 -timeout 15m ./...

.PHONY: test-client
test-client: $(BIN) frontend/node_modules/.ready ## The TypeScript client is the one that the API describes.
	@$(BIN) openapi | cmp -s - frontend/src/lib/api/openapi.json || { echo "The API has changed: run make client and commit what it writes."; exit 1; }

.PHONY: client
client: frontend/node_modules/.ready ## Write the API's document and the TypeScript client anew.
	@go run ./cmd/timebank openapi > frontend/src/lib/api/openapi.json
	@cd frontend && npm run --silent generate

.PHONY: test-web
test-web: frontend/node_modules/.ready ## Types, words and unit tests of the web app.
	@cd frontend && npm run --silent check && npm run --silent test

.PHONY: test-pages
test-pages: $(BIN) ## The pages, in a browser, with axe, at 390 and 1280 pixels.
	@.ci/pages

.PHONY: bench
bench: ## Postings, reads, proofs and whole requests a second, beside the floor of the same PostgreSQL.
	@go test ./ledger -run '^$$' -bench . -benchmem -benchtime 1x -timeout 60m
	@go test ./app -run '^$$' -bench . -benchtime 1x -timeout 30m

.PHONY: bench-search
bench-search: ## Search over 100,000 listings of one bank, beside reads by primary key.
	@go test ./app/listing -run '^$$' -bench SearchBeside -benchtime 1x -timeout 30m

.PHONY: lint
lint: frontend/build/200.html ## Formatting, vet and, where they are at hand, staticcheck and govulncheck.
	@.ci/lint

.PHONY: clean
clean: ## Remove what was built. Data stays.
	@rm -rf bin frontend/.words frontend/.svelte-kit frontend/node_modules && find frontend/build -mindepth 1 -not -name .gitkeep -delete
