# What people run. Everything lives in .venv, in .venv-emulator and .venv-oldest-duckdb for tests, and in data/;
# `make clean` removes them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What a file of requirements/ names and nothing else, with these hashes; what is no wheel is built with what is installed.
LOCKED := install --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation $(UNCOMPILED) --requirement
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm
export DAGSTER_HOME ?= $(CURDIR)/data/dagster
# Where a machine is set up to keep no bytecode, each process would compile some 3,000 files before its first line.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run reports ui docs superset sample-day lint lint-python check test test-long test-bigquery test-superset benchmark lock licences clean

## run: sources → raw → models → BI copy, exports and reports, through Dagster's main job
run: $(VENV)/.installed
	@$(BIN)/python -m orchestration run

## reports: reports of the last complete month, or of PERIOD=2026-10 (2026-W44, 2026-10-31)
reports: $(VENV)/.installed
	$(BIN)/python -m exports.reports $(if $(PERIOD),--period $(PERIOD))

## ui: Dagster's web UI on http://127.0.0.1:3000
ui: $(VENV)/.installed
	@$(BIN)/python -m orchestration ui --host 127.0.0.1 --port 3000

## docs: dbt's documentation of the models with their lineage, as one page that needs no server: data/docs/static_index.html
docs: $(VENV)/.installed
	@mkdir -p data/docs
	@$(BIN)/python -m orchestration dbt --quiet docs generate --static --target-path ../data/docs --log-path ../data/docs
	@echo "Open data/docs/static_index.html in a browser."

## superset: a dashboard of all headlines for Apache Superset, as a file that it imports; BI_URL names another database than the copy
superset: $(VENV)/.installed
	@$(BIN)/python -m marts superset $(BI_URL)

## sample-day: move the sample sources one day on
sample-day: $(VENV)/.installed
	@$(BIN)/python -m ingestion.sample advance

## lint: the checks that need no run; of the SQL what changed since it last passed
lint: lint-python data/lint/.passed

lint-python: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What is written from declarations is one call each: sqlfluff looks at nothing that a macro gives.
LINTED := $(shell grep -rL --include='*.sql' --exclude-dir=custom 'python -m marts write' dbt_project/models dbt_project/tests)
LINTED_BY := .sqlfluff dbt_project/dbt_project.yml $(shell find dbt_project/macros -name '*.sql') $(VENV)/.installed-dev

# Other rules or macros may find other faults in every file.
data/lint/.passed: $(LINTED) $(LINTED_BY)
	@mkdir -p $(@D)
	CRM_WAREHOUSE_TARGET=duckdb CRM_WAREHOUSE_DATABASE=$(CURDIR)/$(@D)/lint.duckdb DBT_TARGET_PATH=$(CURDIR)/$(@D) \
	$(BIN)/python tests/lint_sql.py lint --processes 2 $(if $(filter $(LINTED_BY),$?),$(LINTED),$?)
	@touch $@

# One more than cores: tests wait for servers, daemons and browsers.
PROCESSES := 3
PYTEST = $(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadscope --no-loadscope-reorder
# Installs two environments at once; of their packages, most of which are never imported, Python compiles what is.
AT_ONCE := $(MAKE) --no-print-directory --jobs 3 UNCOMPILED=--no-compile

## check: lint and the quick tests, which need no server, for the one who is editing: two minutes
check: PROCESSES := auto
check:
	@$(AT_ONCE) lint .venv-oldest-duckdb/.installed
	$(PYTEST) --quiet -m "not servers and not slow" $(addprefix tests/,unit contract integration)

## test: lint, then every test
test:
	@$(AT_ONCE) lint .venv-emulator/.installed .venv-oldest-duckdb/.installed
	$(PYTEST)

## test-long: what chance decides, for hours: histories of every system on every engine, runs that are killed, a day under load, concurrent writers
test-long: $(VENV)/.installed-dev .venv-emulator/.installed
	MODEL_HISTORIES=3 KILLS=200 LOAD_HOURS=8 POSTGRESQL_FUZZ_SECONDS=300 $(PYTEST) \
		$(addprefix tests/end_to_end/test_,incremental_models.py odd_shop.py servers.py killed.py under_load.py) \
		tests/integration/test_postgresql_source_concurrency.py

## test-bigquery: what is tested on BigQuery's emulator, on the service: BIGQUERY_TEST_PROJECT names a project that you may use
test-bigquery: $(VENV)/.installed-dev
	@test -n "$(BIGQUERY_TEST_PROJECT)" || { echo "Set BIGQUERY_TEST_PROJECT to a Google Cloud project." >&2; exit 1; }
	MODEL_HISTORIES=1 $(BIN)/python -m pytest tests/integration/test_bigquery_warehouse.py tests/end_to_end/test_servers.py
	$(BIN)/python -m pytest tests/integration/test_warehouse_conformance.py tests/integration/test_warehouse_fidelity.py tests/integration/test_reporting_views.py -k bigquery

## test-superset: the dashboard in a Superset of the package index, on the copy and on PostgreSQL
test-superset: $(VENV)/.installed-dev .venv-superset/.installed
	$(BIN)/python -m pytest tests/superset/dashboard.py

## benchmark: one table moved beside peers and limits, models built, engines compared, what a run costs; two hours; not part of test (see benchmarks/README.md)
benchmark: $(VENV)/.installed .venv-benchmarks/.installed
	.venv-benchmarks/bin/python -m benchmarks.extraction --python $(BIN)/python --report benchmarks/extraction.md
	.venv-benchmarks/bin/python -m benchmarks.models --python $(BIN)/python --report benchmarks/models.md
	.venv-benchmarks/bin/python -m benchmarks.warehouses --python $(BIN)/python --report benchmarks/warehouses.md
	.venv-benchmarks/bin/python -m benchmarks.runs --python $(BIN)/python --report benchmarks/runs.md

## lock: write requirements/ anew for what pyproject.toml declares. Versions stay where they can; UPGRADE=dagster takes a newer one
lock: $(VENV)/.installed-dev .venv-lock/.installed
	$(COMPILE) pyproject.toml --extra dev --group build --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --group build --constraint requirements/dev.txt --output-file requirements/runtime.txt
	$(COMPILE) pyproject.toml --extra server --extra mysql --group build --constraint requirements/dev.txt --output-file requirements/server.txt
	$(COMPILE) --group benchmarks --constraint requirements/dev.txt --output-file requirements/benchmarks.txt
	$(NPM) install --silent --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --force --prefix requirements/npm
	for name in build emulator oldest-duckdb superset lock; do $(COMPILE) --group $$name --output-file requirements/$$name.txt || exit; done

## licences: docs/licences.md, of the packages that are installed
licences: $(VENV)/.installed-dev
	$(BIN)/python tests/licences.py

# For every Python and system that the project runs on; no file says where packages come from.
COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade-package $(UPGRADE))

## clean: remove the environment and everything that was made
clean:
	rm -rf $(VENV) .venv-* data dbt_project/target dbt_project/logs *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml requirements/runtime.txt | $(VENV)/bin/python
	@echo "Installing into $(VENV) ..."
	$(BIN)/pip $(LOCKED) requirements/runtime.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt requirements/npm/package-lock.json
	$(BIN)/pip $(LOCKED) requirements/dev.txt
	@mkdir -p $(VENV)/mysql && cp requirements/npm/*.json $(VENV)/mysql
	$(NPM) ci --silent --ignore-scripts --force --prefix $(VENV)/mysql || \
		echo "No MySQL server could be had from npm: MySQL's tests run on the other servers that speak it."
	@touch $@

# Only modules: the project's Python imports them before its own.
.venv-oldest-duckdb/.installed: requirements/oldest-duckdb.txt | $(VENV)/bin/python
	$(BIN)/pip $(LOCKED) $< --upgrade --target $(@D)
	@touch $@

# The environments that have a file in requirements/ and are not the project's: .venv-emulator, say.
.venv-%/.installed: requirements/%.txt requirements/build.txt
	@echo "Installing into $(@D) ..."
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip $(LOCKED) requirements/build.txt
	$(@D)/bin/pip $(LOCKED) $<
	@touch $@
