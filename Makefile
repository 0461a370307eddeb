.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

DASHBOARD := frontend/dist/index.html
DASHBOARD_SOURCES := $(shell find frontend -name node_modules -prune -o -name dist -prune -o -name screenshots -prune -o -name e2e -prune -o -type f -print)
NODE := PATH="$(CURDIR)/$(BIN):$$PATH"

TWO_AT_A_TIME := --no-print-directory --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.PHONY: help setup frontend wheel run test check python-check dashboard-check dashboard-test python-test chaos bench
.PHONY: schema migration lock fmt clean
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "TaskFlow needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --require-hashes --requirement .venv/uv.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements.lock || \
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

setup: .venv/installed ## install everything into .venv

frontend/node_modules/.package-lock.json: frontend/package-lock.json | .venv/installed
	cd frontend && $(NODE) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(DASHBOARD): $(DASHBOARD_SOURCES) frontend/node_modules/.package-lock.json
	cd frontend && $(NODE) npx vite build --logLevel warn

frontend: setup $(DASHBOARD) ## build the dashboard, when its sources are newer

wheel: setup frontend ## build dist/taskflow_server-….whl, with the dashboard in it
	$(BIN)/python -m hatchling build --target wheel

run: setup frontend ## set up, then API, dashboard and worker in one process on port 8000
	$(BIN)/taskflow up

# Two things that need no service at a time, each with its output in one piece; then what measures time, one after the other.
test: ## set up, bring the real services up where it can, then lint, types, layers and every test
	@$(MAKE) $(TWO_AT_A_TIME) check frontend
	@$(MAKE) --no-print-directory --jobs=1 dashboard-test python-test

check: python-check dashboard-check ## lint, types and layers only

python-check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

dashboard-check: setup frontend/node_modules/.package-lock.json ## the dashboard's lint, types, and whether its generated types drifted
	cd frontend && $(NODE) npm run --silent lint
	cd frontend && $(NODE) npm run --silent typecheck
	cd frontend && $(NODE) npm run --silent codegen:check

dashboard-test: frontend ## the dashboard's unit tests, and those in a browser
	cd frontend && $(NODE) npm run --silent test
	cd frontend && $(NODE) npm run --silent e2e

python-test: setup ## every test of the Python code, in three processes: make python-test ARGS="-n 0 --pdb tests/worker"
	$(BIN)/python -m tests.services run -- $(BIN)/pytest --numprocesses=3 $(ARGS)

chaos: setup ## faults under load on services of its own, many seeds, on each database in turn: make chaos SEED=1 MINUTES=30
	$(BIN)/python -m tests.chaos --seed $(or $(SEED),1) --minutes $(or $(MINUTES),10) $(ARGS)

bench: setup frontend ## figures of a machine that does nothing else, and its peers' beside them: make bench ARGS="--only drain"
	$(BIN)/python -m tests.services run -- $(BIN)/pytest --capture=no tests/integration/figures.py
	cd frontend && $(NODE) npm run --silent --if-present figures
	$(BIN)/python -m tests.services run -- $(BIN)/python -m tests.performance $(ARGS)

schema: setup ## print the GraphQL schema that is served into graph/schema/schema.graphql
	$(BIN)/python -m taskflow.graph.schema.build > graph/schema/schema.graphql.new
	mv graph/schema/schema.graphql.new graph/schema/schema.graphql

migration: setup ## write a migration from a change of the models: make migration MESSAGE="add a column"
	@test -n "$(MESSAGE)" || { echo 'usage: make migration MESSAGE="add a column"'; exit 2; }
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && export DB_URL="sqlite+aiosqlite:///$$folder/empty.db" && \
	number=$$(($$(ls db/migrations/versions/[0-9]*.py | wc -l) + 1)) && \
	$(BIN)/alembic --config pyproject.toml upgrade head && \
	$(BIN)/alembic --config pyproject.toml revision --autogenerate --message "$(MESSAGE)" --rev-id $$(printf %04d $$number) && \
	$(BIN)/ruff format --quiet db/migrations/versions

lock: ## resolve pyproject.toml into requirements.lock, and what the image needs into infra/deploy, with hashes
	$(COMPILE) --group dev pyproject.toml --output-file requirements.lock
	$(COMPILE) --extra otel --constraint requirements.lock pyproject.toml --output-file infra/deploy/requirements.lock
	$(COMPILE) tests/performance/peers/requirements.in --output-file tests/performance/peers/requirements.lock
	echo hatchling | $(COMPILE) --constraint requirements.lock - --output-file infra/deploy/build.lock

fmt: setup ## format and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## delete what was made here: .venv, caches, builds; the services' cache and a taskflow.db stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist frontend/dist frontend/node_modules
	find . -name __pycache__ -type d -not -path '*/node_modules/*' -prune -exec rm -rf {} +
