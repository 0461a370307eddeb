.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

.PHONY: help setup run test check schema migration lock fmt clean
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "TaskFlow needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

setup: .venv/installed ## install everything into .venv

run: setup ## set up, then API and worker in one process on port 8000
	$(BIN)/taskflow up

test: check ## set up, bring the real services up where it can, then lint, types, layers and every test
	$(BIN)/python -m tests.services run -- $(BIN)/pytest $(ARGS)

check: setup ## lint, types and layers only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

schema: setup ## print the GraphQL schema that is served into graph/schema.graphql
	$(BIN)/python -m graph.schema > graph/schema.graphql.new
	mv graph/schema.graphql.new graph/schema.graphql

migration: setup ## write a migration from a change of the models: make migration MESSAGE="add a column"
	@test -n "$(MESSAGE)" || { echo 'usage: make migration MESSAGE="add a column"'; exit 2; }
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && export DB_URL="sqlite+aiosqlite:///$$folder/empty.db" && \
	number=$$(($$(ls db/migrations/versions/[0-9]*.py | wc -l) + 1)) && \
	$(BIN)/alembic --config pyproject.toml upgrade head && \
	$(BIN)/alembic --config pyproject.toml revision --autogenerate --message "$(MESSAGE)" --rev-id $$(printf %04d $$number) && \
	$(BIN)/ruff format --quiet db/migrations/versions

lock: ## resolve pyproject.toml into requirements.lock, and what the image needs into infra/deploy, with hashes
	$(COMPILE) --group dev pyproject.toml --output-file requirements.lock
	$(COMPILE) --constraint requirements.lock pyproject.toml --output-file infra/deploy/requirements.lock
	echo hatchling | $(COMPILE) --constraint requirements.lock - --output-file infra/deploy/build.lock

fmt: setup ## format and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## delete what was made here: .venv, caches, builds; the services' cache and a taskflow.db stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -not -path '*/node_modules/*' -prune -exec rm -rf {} +
