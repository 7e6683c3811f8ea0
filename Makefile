# Each target installs what it needs first, and only when a lock or pyproject.toml has changed.
PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
ARCHIVE ?= $(or $(FEEDS_ARCHIVE),seeds)
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --no-header --universal --no-strip-extras --python-version 3.11 --generate-hashes
LEAVE_OUT := sed -n 's/^\([^][ =]*\)[^ =]*==.*/--no-emit-package=\1/p'

.PHONY: serve test install bench soak lock messages screenshots

serve: install
	$(BIN)/feeds serve "$(ARCHIVE)" --host $(HOST) --port $(PORT)

test: .venv/installed-test
	sh tests/support/setup.sh
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/pytest --cov

install: .venv/installed

bench: .venv/installed-test
	sh tests/support/rivals.sh
	PATH="$$PATH:/usr/sbin" $(BIN)/python -m tests.benchmarks

soak: .venv/installed-soak
	sh tests/support/setup.sh
	$(BIN)/python -m tests.soak

# Everything is resolved together; then each lock leaves out what is in those that are installed with it.
lock: .venv/installed-test
	$(COMPILE) --group build --extra test --extra soak --upgrade --output-file requirements-soak.lock
	$(COMPILE) --group build --constraint requirements-soak.lock --output-file requirements.lock
	$(COMPILE) --extra test --constraint requirements-soak.lock --output-file requirements-test.lock \
		$$($(LEAVE_OUT) requirements.lock)
	$(COMPILE) --extra soak --constraint requirements-soak.lock --output-file requirements-soak.lock \
		$$($(LEAVE_OUT) requirements.lock requirements-test.lock)

screenshots: .venv/installed-test
	sh tests/support/setup.sh
	$(BIN)/python -m tests.screenshots

messages: install
	mkdir -p build
	$(BIN)/pybabel -q extract -F pyproject.toml --no-wrap --omit-header --add-location=never -o build/feeds.pot feeds
	$(BIN)/pybabel -q update -D feeds -i build/feeds.pot -d feeds/site/locales --no-wrap --no-fuzzy-matching --ignore-obsolete --omit-header

.venv/installed: requirements.lock pyproject.toml tests/support/venv.sh
	PYTHON="$(PYTHON)" sh tests/support/venv.sh
	$(INSTALL) --require-hashes --requirement requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

.venv/installed-test: .venv/installed requirements-test.lock
	$(INSTALL) --require-hashes --requirement requirements.lock --requirement requirements-test.lock
	touch $@

.venv/installed-soak: .venv/installed-test requirements-soak.lock
	$(INSTALL) --require-hashes --requirement requirements.lock --requirement requirements-test.lock \
		--requirement requirements-soak.lock
	touch $@
