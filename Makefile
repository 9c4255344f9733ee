# Everything starts here. A fresh machine needs Go, Node and make; each target sets itself up.
#
#   make run     build all and serve the page; PORT= chooses the port
#   make test    all tests: Go natively and on wazero, Node, and a real browser
#   make build   the npm package in bindings/npm/dist, the static site in www/dist
#   make bench   speed in a headless browser: kernels against the core's peak; training steps beside
#                tfjs, jax-js and, where Python has torch, native PyTorch, written to README.md
#   make profile time by op over a training step of MODEL=cnn, mlp, mlp512, deep, residual, lstm, gru or transformer
#   make check   format, vet, staticcheck, types; regenerate what is generated, fail on a diff
#   make worker  a Cloudflare Worker with MODEL= (default: trained on the spot), started on workerd
#   make fuzz    each fuzz target for FUZZTIME (10s)
#   make mnist   fetch MNIST into the user's cache, checked by sha256

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

NPM      := bindings/npm
DIST     := $(NPM)/dist
TFJS     := nn/format/testdata/tfjs
WORKER   := wasm/worker
MODEL    ?=
FUZZTIME ?= 10s
# Lock files hold no addresses; npm asks the registry that the machine is set up for.
NPM_CI   := npm ci --no-audit --no-fund --loglevel=error

# What is compiled for JavaScript hosts as well.
JS_PACKAGES := ./nn/... ./bindings/... ./wasm/browser ./wasm/simd ./wasm/simd/internal/... ./wasm/kernels \
  ./wasm/worker ./wasm/worker/endpoint

GO_SOURCES := $(shell find nn wasm bindings -name node_modules -prune -o -name '*.go' -not -name '*_test.go' -print)
TS_SOURCES := $(shell find $(NPM)/src $(NPM)/scripts -type f 2>/dev/null)

.PHONY: run build test test-go test-node test-browser bench profile check fuzz mnist generate worker clean

run: build
	go run ./www/serve

build: $(DIST)/tabgrad.wasm www/dist/_headers

$(NPM)/node_modules/.built: $(NPM)/package-lock.json
	cd $(NPM) && $(NPM_CI)
	touch $@

www/node_modules/.built: www/package-lock.json
	cd www && $(NPM_CI)
	touch $@

# Only for nn/format's tests, which let tfjs read what tabgrad writes.
$(TFJS)/node_modules/.built: $(TFJS)/package-lock.json
	cd $(TFJS) && $(NPM_CI)
	touch $@

# The libraries that the benchmark compares with; the site doesn't ship them.
www/bench/node_modules/.built: www/bench/package-lock.json
	cd www/bench && $(NPM_CI) --ignore-scripts
	touch $@

$(WORKER)/node_modules/.built: $(WORKER)/package-lock.json
	cd $(WORKER) && $(NPM_CI) --ignore-scripts
	touch $@

$(DIST)/tabgrad.wasm: $(NPM)/node_modules/.built $(GO_SOURCES) $(TS_SOURCES) $(wildcard wasm/kernels/*.wasm) go.sum
	cd $(NPM) && npm run --silent build
	touch $@

www/dist/_headers: $(DIST)/tabgrad.wasm www/node_modules/.built $(wildcard $(NPM)/examples/* nn/examples/files/*.csv) README.md nn/RATIONALE.md $(shell find www -type f -not -path '*/node_modules/*' -not -path 'www/dist/*' -not -path 'www/e2e/*')
	go run ./www/build
	touch $@

test: test-go test-node test-browser

# The packages that need no browser; www/e2e has its own target.
test-go: build $(TFJS)/node_modules/.built $(WORKER)/node_modules/.built
	go vet ./...
	go test $$(go list ./... | grep -v /www/e2e)

test-node: build
	cd $(NPM) && npm test --silent

# Finds Chromium or another Chrome; as root on Debian it installs one; else it says what to install.
test-browser: build $(WORKER)/node_modules/.built www/bench/node_modules/.built
	CHROME="$$(www/e2e/find-chrome)" go test -count=1 -timeout 12m ./www/e2e/...

BENCH ?= -write

# BENCH= holds the flags of www/bench (its doc comment lists them): BENCH='-only mlp' prints only, BENCH='-write -long=false'
# leaves out what takes the other libraries minutes.
bench: build $(WORKER)/node_modules/.built www/bench/node_modules/.built
	CHROME="$$(www/e2e/find-chrome)" go run ./wasm/kernels/bench -engines chromium -modes relaxed -rounds 3 -slice 0.05
	CHROME="$$(www/e2e/find-chrome)" go run ./www/bench $(BENCH)
	go run ./wasm/worker/bench

# Without MODEL= the seed CNN.
profile:
	CHROME="$$(www/e2e/find-chrome)" go run ./wasm/simd/profile -model $(or $(MODEL),cnn)

worker: $(WORKER)/node_modules/.built
	@MODEL="$(MODEL)" go run ./wasm/worker/build -serve

generate:
	go generate ./...

# staticcheck is built for this machine once, and then looks at both platforms.
.cache/staticcheck: go.sum
	go build -o $@ honnef.co/go/tools/cmd/staticcheck

check: build .cache/staticcheck
	unformatted="$$(gofmt -l nn wasm bindings www | grep -v node_modules || true)"; \
	  test -z "$$unformatted" || { echo "gofmt would change: $$unformatted" >&2; exit 1; }
	go vet ./...
	GOOS=js GOARCH=wasm go vet $(JS_PACKAGES)
	.cache/staticcheck ./...
	GOOS=js GOARCH=wasm .cache/staticcheck $(JS_PACKAGES)
	go mod tidy -diff
	cd $(NPM) && npm run --silent types
	before="$$(git diff | sha256sum)"; go generate ./...; \
	  test "$$before" = "$$(git diff | sha256sum)" || { git diff --stat; echo "generated files differ: commit what go generate wrote" >&2; exit 1; }

fuzz:
	for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; \
	  done; \
	done

mnist:
	go run ./nn/data/mnist/fetch

clean:
	rm -rf .cache $(DIST) www/dist $(NPM)/node_modules www/node_modules www/bench/node_modules \
	  $(TFJS)/node_modules $(WORKER)/node_modules $(WORKER)/dist
