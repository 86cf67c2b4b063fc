# Everything here runs with Go and a POSIX system; `make test` installs by name what else the tests need.

GO     ?= go
RUN    ?= .
COUNT  ?= 1
PKGS   ?= ./...
# The tools of lint are pinned in a module file of their own.
TOOL   := $(GO) tool -modfile=tools.mod

.DEFAULT_GOAL := help
.PHONY: help test race lint fuzz bench benchstat bars calibrate report readme build model demo memory clean tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the command: ./transportlab
	$(GO) build -o transportlab .

test: tools ## vet everything, then all tests under the race detector (PKGS=./reports for a part)
	$(GO) vet $(PKGS)
	$(GO) test -race -shuffle=on -timeout 20m $(TESTFLAGS) $(PKGS)

race: tools ## three times over, with more parallelism than cores: what only shows under contention
	GORACE=halt_on_error=1 $(GO) test -race -count=3 -cpu=1,2,8 -timeout 60m ./transports/... ./socketio/... ./bench/...

lint: ## gofmt, vet and staticcheck
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(TOOL) staticcheck ./...

fuzz: ## each fuzz target for 30 s (FUZZTIME=10m for longer)
	@bash .ci/fuzz $(or $(FUZZTIME),30s)

bench: ## the lab's benchmarks in Go's format (RUN=Push COUNT=10 for a part, repeated)
	$(GO) test -run '^$$' -bench '$(RUN)' -count $(COUNT) -timeout 60m ./bench

benchstat: ## the same as a table with a column per transport (COUNT=10 for intervals)
	@mkdir -p artifacts
	$(GO) test -run '^$$' -bench '$(RUN)' -count $(COUNT) -timeout 60m ./bench | tee artifacts/bench.txt
	$(GO) tool benchstat -col /transport artifacts/bench.txt

bars: ## the ratios that the project holds itself to, measured side by side in one run
	$(GO) test -run '^$$' -bench Bar -benchtime 5x -timeout 60m ./bench

calibrate: ## hold the instrument against known truths, and vegeta too (COUNT=20 for as many times in a row)
	@vegeta=$$($(TOOL) -n vegeta) && $(GO) build -o artifacts/transportlab . && for n in $$(seq $(COUNT)); do \
	  [ $(COUNT) = 1 ] || echo "calibration $$n of $(COUNT)"; artifacts/transportlab calibrate --vegeta "$$vegeta" $(CALIBRATEFLAGS) || exit; done

report: ## measure in all dimensions and publish the result as reports/latest (twenty minutes; the quieter the machine, the better)
	vegeta=$$($(TOOL) -n vegeta) && $(GO) run . run --matrix standard --saturation --findings --calibrate full --vegeta "$$vegeta" --out reports/latest
	$(MAKE) readme

readme: ## write the figures of reports/latest into README.md
	$(GO) run . report reports/latest/result.json --out reports/latest --readme README.md --quiet
	@mkdir -p artifacts
	$(GO) tool benchstat -col '/transport@(websocket streaming longpoll ajax polling)' -filter '.name:Fanout .unit:(p50-ns OR wire-B/msg OR cpu-ns/msg)' reports/latest/benchmarks.txt >artifacts/benchstat.txt
	@bash .ci/insert benchstat artifacts/benchstat.txt README.md

model: ## measure what the cost model of advise is fitted on, half an hour on an idle machine (RUNS=1 for half of it)
	$(GO) run . run --matrix bench/model/matrix.yaml $(if $(RUNS),--runs $(RUNS)) --calibrate no --out artifacts/model --quiet
	$(GO) run . advise --from artifacts/model/result.json --keep bench/model/measured.json
	$(GO) run . advise --errors

memory: tools ## watch the demo page's memory for ten minutes under load (LENGTH=1m for less)
	UITEST_MEMORY=$(or $(LENGTH),10m) $(GO) test -run Memory -count 1 -timeout 30m -v ./web/uitest

demo: tools ## show all transports side by side in a page, live (ADDR=127.0.0.1:0 for another address)
	npm ci --prefix web --no-audit --no-fund --silent
	npm run --prefix web --silent vendor
	$(GO) run . demo $(if $(ADDR),--addr $(ADDR))

peers: ## hold our arms against other servers, in reports/peers (ten minutes; a module of its own, and npm)
	npm ci --silent --prefix bench/peers/node
	cd bench/peers && $(GO) vet ./... && $(GO) test ./... && $(GO) run . -out ../../reports/peers

clean: ## remove what the targets above leave behind
	rm -rf transportlab artifacts *.test *.prof

tools:
	@bash .ci/tools
