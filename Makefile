# Two commands on a machine that has Python 3.11 or newer and nothing else:
#   make run     the whole product on real services, with samples
#   make test    every test, on real services of its own
# Everything they need comes from package indexes and stays in this folder (.venv, .local) and
# in the user's cache folder.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
# Tests wait more than they work: so many runs go side by side, each on services of its own.
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help run up down status services test check bench soak golden fmt lock clean

help: ## show what there is to do
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## start everything here, load samples, tell what came of them; Ctrl-C stops it
	@exec $(BIN)/python -m deploy.local run

up: $(READY) ## start everything in the background, without samples
	@$(BIN)/python -m deploy.local up

down: $(READY) ## stop what `run` or `up` started
	@$(BIN)/python -m deploy.local down

status: $(READY) ## show what runs, since when and where
	@$(BIN)/python -m deploy.local status

services: $(READY) ## run Kafka, PostgreSQL and Valkey alone; Ctrl-C stops them
	@exec $(BIN)/python -m deploy.local services

test: $(READY) ## run every test on real services; ARGS="-k word" runs some, JOBS=0 one by one
	$(BIN)/python -m pytest -m "not soak" -n $(JOBS) --dist loadfile --max-worker-restart 0 $(ARGS)

soak: $(READY) ## run the long forms of the fault tests
	$(BIN)/python -m pytest -m soak --timeout 3600 $(ARGS)

check: $(READY) ## lint, format, types, import rules, house rules: what needs no service
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/house

bench: $(READY) ## measure; NAME=triage measures one thing, no NAME shows the list
	$(BIN)/python -m tests.bench $(NAME)

golden: $(READY) ## write the golden files anew; review the difference
	TOCSIN_GOLDEN=write $(BIN)/python -m pytest -q tests/unit/schemas tests/unit/connectors/api \
	  tests/unit/deploy/test_sample_templates.py $(ARGS)

fmt: $(READY) ## format the code and mend what the linter can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: $(READY) ## resolve the dependencies anew into requirements.lock
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --group stack --group dev --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header $(ARGS) -o requirements.lock

clean: ## remove the local stack's data and all caches; .venv stays
	@if [ -d .local ] && [ -x $(BIN)/python ]; then $(BIN)/python -m deploy.local clean; fi
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

# Made anew when the lock changes; the stamp is set last, so a broken install is repeated.
$(READY): requirements.lock
	@command -v $(PYTHON) >/dev/null || { \
	  echo "error: $(PYTHON) was not found; install Python 3.11 or newer, or: make PYTHON=..."; \
	  exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $$($(PYTHON) --version) is too old; Tocsin needs Python 3.11 or newer:" \
	       "make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "error: $(PYTHON) cannot make virtual environments;" \
	       "on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "installing into $(VENV) what requirements.lock names"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@
