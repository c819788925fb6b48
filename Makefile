# Two commands matter: `make run` and `make test`. Everything else is in `make help`.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
SPEED ?= 600
export HOST PORT

BIN := .venv/bin
FLASK := $(BIN)/flask
READY := .venv/ready
LOCK := .venv/lock
TESTS_READY := .venv/tests-ready
NPM_READY := tests/browser/node_modules/.ready

.PHONY: run test check check-lint check-types compiled-tests all-tests demo bench browser screenshots translations lock help

run: $(READY) ## Serve on HOST:PORT (127.0.0.1:8000); the first time with a sample story
	@exec $(FLASK) start

test: ## Set up and run everything, browser tests included
	@$(MAKE) -s -j 2 $(TESTS_READY) browser
	@$(MAKE) -s check-lint
	@$(MAKE) -s -j 2 check-types compiled-tests
	@$(MAKE) -s all-tests

check: check-lint check-types ## Lint code, templates, scripts and styles; format and types

# Each of pytest's workers reads all tests. In a new clone each would compile them too, which takes eight seconds.
compiled-tests: $(TESTS_READY)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --collect-only >/dev/null 2>&1 || true

all-tests: $(TESTS_READY)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 4 --dist worksteal --durations 10

check-types: $(TESTS_READY)
	@$(BIN)/mypy --strict feed app.py

check-lint: $(TESTS_READY) $(NPM_READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/djlint --quiet templates
	@set -- tests/browser/node_modules/@biomejs/cli-*/biome; \
	if test -x "$$1"; then "$$1" lint --error-on-warnings --diagnostic-level=warn; \
	else echo "Scripts and styles are not linted: Biome is not installed."; fi

demo: $(READY) ## Replay the Apollo 11 landing live (SPEED=600 times as fast), on a database of its own
	@export FEED_DATABASE=instance/demo/feed.db; \
	$(FLASK) demo load >/dev/null && \
	head -c 24 /dev/urandom | base64 | $(FLASK) editor add demo --display-name "Demo desk" >/dev/null 2>&1; \
	FEED_TOKEN=$$($(FLASK) token add demo --days 1) && export FEED_TOKEN && \
	{ $(BIN)/gunicorn --log-level warning & server=$$!; } && trap "kill $$server 2>/dev/null" EXIT INT TERM && \
	$(FLASK) demo replay --url http://$(HOST):$(PORT) --speed $(SPEED) && \
	echo "The replay is over; the site stays up. Stop with Ctrl+C." && wait $$server

bench: $(READY) bench/.venv/ready ## Measure against peers, for 35 minutes; needs a C compiler, and names missing peers
	@if command -v npm >/dev/null 2>&1; then cd bench/peers && npm ci --silent --no-audit --no-fund; fi
	@failed=0; for each in fanout publish connect crowd pages idle slow workers nodes tls growth tasks; do \
	$(BIN)/python bench/$$each.py || failed=1; echo; done; exit $$failed

bench/.venv/ready: bench/requirements.txt
	@{ $(PYTHON) -m venv bench/.venv && \
	bench/.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements.txt && touch $@; } || \
	{ rm -rf bench/.venv; echo "FastAPI cannot be installed here and is left out."; }

screenshots: $(TESTS_READY) browser ## Take the screenshots that the README shows
	@$(BIN)/python -m tests.browser.screenshots

translations: $(TESTS_READY) ## Update the catalogues with the messages of templates and code
	@$(BIN)/python -m tests.catalogues

lock: ## Write each requirements.txt from the .in file beside it, with all hashes
	@test -x $(LOCK)/bin/uv || { $(PYTHON) -m venv $(LOCK) && \
	$(LOCK)/bin/pip install --quiet --disable-pip-version-check uv==0.13.9; }
	@for each in requirements tests/requirements bench/requirements; do \
	$(LOCK)/bin/uv pip compile --quiet --no-config --default-index https://pypi.org/simple --universal \
	--python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock" \
	--output-file $$each.txt $$each.in || exit 1; done

browser: $(NPM_READY) ## Install Chromium, npm's packages, three proxies and Redis for the tests
	@sh tests/browser/install.sh

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "Python 3.11 or newer is needed; say which with PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || \
	{ rm -rf .venv; echo "Python cannot make virtual environments here (Debian: apt install python3-venv)"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(TESTS_READY): tests/requirements.txt $(READY)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.txt
	@touch $@

$(NPM_READY): tests/browser/package-lock.json
	@sh tests/browser/install.sh npm
