# Every verb does its own set-up, in .venv and .cache of this folder; the second time it costs nothing.

PYTHON := .venv/bin/python
AT_ONCE = -n 2 --dist loadgroup
URL ?= http://127.0.0.1:8080

.PHONY: help run test check fix bench conformance

help:  ## list the verbs
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

run:  ## serve on http://127.0.0.1:8080 with the settings of .env
	@scripts/setup.sh run
	@exec scripts/run.sh

test:  ## run every test
	@scripts/setup.sh test
	@scripts/setup-tests.sh
	$(PYTHON) -m pytest $(AT_ONCE) $(ARGS)

check:  ## what CI runs: format, lint, types, import contracts, tests with coverage
	@scripts/setup.sh test
	@scripts/setup-tests.sh
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m ruff check
	$(PYTHON) -m mypy
	.venv/bin/lint-imports --no-logo
	$(PYTHON) -m pytest $(AT_ONCE) --cov --cov-report=term $(ARGS)

fix:  ## format, mend what lint can mend, and write the generated parts of the README
	@scripts/setup.sh test
	$(PYTHON) -m ruff format
	-$(PYTHON) -m ruff check --fix
	$(PYTHON) scripts/settings_table.py

bench:  ## measure beside other servers; writes benchmarks/results.md
	@scripts/setup.sh bench
	$(PYTHON) -m benchmarks

conformance:  ## check a running deployment: make conformance URL=http://host:port
	@scripts/setup.sh test
	$(PYTHON) tests/conformance "$(URL)"
