# Each target does all of its own set-up; what is already there costs nothing.
PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
ARCHIVE ?= $(or $(FEEDS_ARCHIVE),seeds)
BIN := .venv/bin

.PHONY: serve test install bench lock messages screenshots

serve: install
	$(BIN)/feeds serve "$(ARCHIVE)" --host $(HOST) --port $(PORT)

test: install
	sh tests/support/setup.sh
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

install: .venv/installed

bench: install
	command -v nginx >/dev/null || sh tests/support/debian.sh nginx-light
	$(BIN)/python -m tests.benchmarks

lock: install
	$(BIN)/uv pip compile --quiet --universal --no-header --generate-hashes --extra test \
		--python-version 3.11 --upgrade pyproject.toml --output-file requirements.lock

screenshots: install
	sh tests/support/setup.sh
	$(BIN)/python -m tests.screenshots

messages: install
	mkdir -p build
	$(BIN)/pybabel -q extract -F pyproject.toml --no-wrap --omit-header --add-location=never -o build/feeds.pot feeds
	$(BIN)/pybabel -q update -D feeds -i build/feeds.pot -d feeds/site/locales --no-wrap --no-fuzzy-matching --ignore-obsolete --omit-header

.venv/installed: requirements.lock pyproject.toml tests/support/venv.sh
	PYTHON="$(PYTHON)" sh tests/support/venv.sh
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
