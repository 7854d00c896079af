# What people type. Each target is one or two lines; the thinking is in scripts/ and xtask/.

CARGO ?= cargo
# `make check LOCKED=--locked`: fail rather than change Cargo.lock (CI does).
LOCKED ?=
DATA ?= data/greenroom
SECONDS_EACH ?= 60
SOAK_SECONDS ?= 600
KILL_ROUNDS ?= 200

.DEFAULT_GOAL := help
.PHONY: help run demo test test-ui test-livekit screenshots check ui fmt lint deps docs deny bench fuzz soak clean-data

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build and start a server that keeps its data in data/greenroom
	scripts/build-ui
	$(CARGO) build --release --package greenroom-cli $(LOCKED)
	target/release/greenroom serve --data-dir $(DATA)

demo: ## the same with a ready channel on which a test picture is live
	scripts/demo

test: ## all tests; installs on Debian what they need
	scripts/install-test-tools
	scripts/build-ui
	$(CARGO) build --workspace --all-targets $(LOCKED)
	cd ui && npm test && npm run e2e
	$(CARGO) test --workspace $(LOCKED)

test-ui: ## of these, the web interface in a real browser, beside a real server and encoder
	scripts/install-test-tools
	scripts/build-ui
	$(CARGO) build --package greenroom-cli $(LOCKED)
	cd ui && npm run e2e

test-livekit: ## the media engine on a real LiveKit server, where one is there or Go can build it
	LOCKED="$(LOCKED)" scripts/test-livekit

screenshots: ## pictures of every page of the web interface, into ui/screenshots
	scripts/install-test-tools
	scripts/build-ui
	$(CARGO) build --package greenroom-cli $(LOCKED)
	cd ui && npm run screenshots

check: ui lint deps docs deny ## everything that is judged without running: format, lints, rules of the house, docs, licences

# Before whatever compiles the server: a build that comes later would be compiled in again.
ui: ## build the web interface, where Node is there
	scripts/build-ui

fmt: ## format all code
	$(CARGO) fmt --all

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets $(LOCKED) -- -D warnings

deps:
	$(CARGO) xtask check-deps $(LOCKED)
	$(CARGO) xtask public-api --check

# The program is left out: its name is that of the library.
docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps $(LOCKED)

deny:
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny $(if $(LOCKED),--locked) check --hide-inclusion-graph licenses bans sources; \
	else \
		echo "licences, bans and sources not checked: cargo install cargo-deny --locked"; \
	fi

bench: ## measure beside the peers; docs/performance.md says how to read it
	scripts/bench

fuzz: ## run each fuzz target for a minute, or SECONDS_EACH=n (nightly toolchain, cargo-fuzz)
	scripts/fuzz $(SECONDS_EACH)

soak: ## kill what is written to: 200 times (KILL_ROUNDS=n), and for ten minutes (SOAK_SECONDS=n)
	scripts/install-test-tools
	KILL_ROUNDS=$(KILL_ROUNDS) SOAK_SECONDS=$(SOAK_SECONDS) $(CARGO) test $(LOCKED) \
		--package greenroom-adapters-sled --test kill --package greenroom-tests --test e2e \
		-- --nocapture --test-threads=1 by_kill_9 soak::

clean-data: ## forget the data of `make run` and `make demo`
	rm -rf data
