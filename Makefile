# make setup | demo | test | peers | lint | bench | crash | messages | screenshots; ARGS are passed on, e.g. `make demo ARGS=--fresh`
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install
ARGS ?=

.PHONY: peers setup demo test lint bench crash messages screenshots
.DEFAULT_GOAL := setup

setup: $(VENV)/.everything
	@echo "Ready. Next: make demo"

demo: $(VENV)/.running
	@$(BIN)/rapport demo $(ARGS)

test: $(VENV)/.everything
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

lint: $(VENV)/.everything
	$(BIN)/ruff check rapport tests
	$(BIN)/mypy rapport
	$(BIN)/lint-imports

# Processes killed at random moments, two hundred times; make test does twenty-five.
crash: $(VENV)/.everything
	@CRASH_ROUNDS=200 $(BIN)/python -m pytest tests/crash $(ARGS)

# The words of the surface into the catalogs of its languages (rapport/locale).
messages: $(VENV)/.everything
	@$(BIN)/python -m rapport.web.catalogs

# Every page in both themes and both sizes, to look at; ARGS="--language ar", ARGS=--contrast.
screenshots: $(VENV)/.everything
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)

bench: $(VENV)/.running
	@$(BIN)/rapport bench $(ARGS)

# Real identity providers for the tests of sign-in, by npm; Node comes as a wheel. Tests are skipped, visibly, without them.
peers: $(VENV)/.everything
	@$(PIP) --quiet --require-hashes -r requirements/peers.lock
	@cd tests/peers/identity && $(CURDIR)/$(BIN)/npm ci --no-audit --no-fund --ignore-scripts

# What Rapport needs to run; nothing of it is built, every file is checked against its hash.
$(VENV)/.running: requirements/base.lock requirements/build.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Rapport needs (once; about a minute) ..."
	@$(PIP) --quiet --progress-bar on --require-hashes -r requirements/build.lock
	@$(PIP) --progress-bar on --require-hashes -r requirements/base.lock
	@$(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The same and what its developers need.
$(VENV)/.everything: requirements/dev.lock $(VENV)/.running
	@echo "Installing what the tests need (once) ..."
	@$(PIP) --progress-bar on --require-hashes -r requirements/dev.lock
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) was not found; install Python 3.11 or newer, or: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version) is too old; Rapport needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: this Python cannot make environments; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Making an environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
