# make demo and make test do everything, their own set-up included.
#
#   PYTHON=/path/to/python3.11   the interpreter to build .venv with
#   DATA=…                       what `make demo` runs: demo_brand (demo_brand:100_000 for another
#                                size), complete_journey, cdnow, cdnow_sample or the path of a
#                                landing folder
#   AS_OF=YYYY-MM-DD             the business date to build for (default: the data's last day)
#   ENGINE=duckdb|spark          what runs the models of `make demo` and `make dbt`

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Where Python is told to keep no bytecode, every dbt compiles its libraries anew: twice the CPU.
export PYTHONDONTWRITEBYTECODE :=

DATA ?= demo_brand
AS_OF ?=
ENGINE ?= duckdb
ARGS ?=
JOBS ?= 2
LOCK := $(if $(filter spark,$(ENGINE)),spark,run)
BIN := .venv/bin
PYTHON ?= $(shell for name in python3.11 python3 python; do \
	if "$$name" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; \
	then command -v "$$name"; break; fi; done)

# make parse, sqlfluff's dbt templater, the manifest of Dagster and the tests say the same to dbt
# (.sqlfluff and orchestration/warehouse/manifest.py name profile and target too), so they take over
# what make parse has read, and read only what changed since.
PARSED := REKINDLE_LAKE=lake REKINDLE_BUILD=target/rekindle.duckdb

# Each process of tests has a core to itself; libraries that would share small work among all cores
# take longer than by themselves.
ONE_CORE := POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

define setup
if [ -z "$(PYTHON)" ] || ! command -v "$(PYTHON)" >/dev/null; then \
	echo "[setup] No Python 3.11 found$(if $(PYTHON), at $(PYTHON))." >&2; \
	echo "[setup] Install it, or name it: make PYTHON=/path/to/python3.11 $@" >&2; exit 1; fi; \
"$(PYTHON)" requirements/install.py
endef

.PHONY: help demo test lint style sql-style parse policy pytest parity board docs lineage metrics
.PHONY: dbt serve fix lock clean clean-data

help:  ## this list
	@echo "Rekindle. The two commands that matter: make demo, make test."
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo "Options: DATA=demo_brand|complete_journey|cdnow|cdnow_sample|path/to/landing, AS_OF=YYYY-MM-DD,"
	@echo "         ENGINE=duckdb|spark, ARGS='…' for make dbt and make pytest, JOBS=$(JOBS), PYTHON=/path/to/python3.11"

demo:  ## a brand's data -> published marts in serving/rekindle.duckdb
	@$(setup) $(LOCK)
	@$(BIN)/rekindle demo '$(DATA)' --engine '$(ENGINE)' $(if $(AS_OF),--as-of '$(AS_OF)')

test:  ## every check: dbt parse, policy suite, style, types, tests
	@started=$$SECONDS; $(setup) test; mkdir -p target; status=0; \
	echo "[test] style and types are checked beside the tests; what they say comes last"; \
	$(MAKE) style >target/style.txt 2>&1 & style=$$!; \
	trap 'kill $$style $${sql:-} 2>/dev/null || true' EXIT; \
	$(MAKE) parse; \
	$(MAKE) sql-style >target/sql-style.txt 2>&1 & sql=$$!; \
	$(MAKE) --old-file=parse policy; \
	$(MAKE) pytest || status=1; \
	wait $$style || status=1; wait $$sql || status=1; cat target/style.txt target/sql-style.txt; \
	if [ $$status != 0 ]; then echo "[test] failed, see above" >&2; exit 1; fi; \
	echo "[test] everything passed after $$((SECONDS - started)) s"

lint:  ## ruff, mypy, yamllint, sqlfluff (dbt templater)
	@$(setup) test
	@status=0; $(MAKE) style || status=1; $(MAKE) sql-style || status=1; exit $$status

style:
	@status=0; \
	check() { echo "[lint] $$1"; shift; "$$@" || { status=1; echo "[lint] failed: $$*" >&2; }; }; \
	check "ruff: code" $(BIN)/ruff check .; \
	check "ruff: layout" $(BIN)/ruff format --check .; \
	check "yamllint" $(BIN)/yamllint --strict .; \
	check "mypy" $(BIN)/mypy; \
	exit $$status

sql-style:
	@echo "[lint] sqlfluff (two minutes)"
	@env $(PARSED) $(BIN)/python -m tests.sqlfluff_lean lint --disable-progress-bar \
		models snapshots tests/dbt

parse:  ## dbt parse, warnings are errors
	@$(setup) test
	@echo "[test] dbt parse"
	@env $(PARSED) $(BIN)/dbt --quiet --warn-error parse --profiles-dir . --project-dir . \
		--profile rekindle --target duckdb --no-partial-parse

policy: parse  ## the policy suite over target/manifest.json
	@echo "[test] policy suite"
	@REKINDLE_MANIFEST=target/manifest.json \
	$(BIN)/pytest tests/policy --confcutdir tests/policy $(ARGS)

pytest:  ## the other tests (ARGS='-k rfm -x' narrows)
	@$(setup) test
	@echo "[test] pytest on $(JOBS) processes"
	@env $(ONE_CORE) $(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder \
		--ignore tests/policy --ignore tests/parity $(ARGS)

parity:  ## the same rows on DuckDB and Spark, on two days (ARGS="-k 'not Journey'": one brand)
	@$(setup) test
	@$(setup) spark
	@echo "[parity] DuckDB against Spark"
	@$(BIN)/pytest tests/parity -v -n $(JOBS) --dist loadfile --no-loadscope-reorder \
		-p no:cacheprovider $(ARGS)

board:  ## what is published, as pages in a browser (Ctrl-C ends it; ARGS='--port 8502')
	@$(setup) run
	@exec $(BIN)/rekindle board $(ARGS)

docs: parse  ## dbt's documentation with the lineage of every column, in target/docs/index.html
	@$(BIN)/python -m orchestration.publishing.documentation

lineage: parse  ## draw docs/lineage.svg from target/manifest.json
	@$(BIN)/python -m orchestration.publishing.lineage target/manifest.json

metrics: parse  ## write docs/metrics.md from target/manifest.json and the policy
	@$(BIN)/python -m orchestration.publishing.metrics target/manifest.json

fix:  ## let ruff and sqlfluff mend what they can
	@$(setup) test
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --templater jinja models tests/dbt

dbt:  ## any dbt command on the demo's files: make dbt ARGS='show -s member_rfm'
	@$(setup) $(LOCK)
	@$(BIN)/rekindle dbt --engine '$(ENGINE)' $(ARGS)

serve:  ## Dagster for DATA: web pages, schedules and sensors (Ctrl-C ends it; ARGS='--port 3001')
	@$(setup) run
	@exec $(BIN)/rekindle serve '$(DATA)' $(ARGS)

lock:  ## write the locks anew from requirements/*.in (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@cd requirements; lock="uv pip compile --quiet --universal --python-version 3.11 \
	--no-emit-index-url --no-strip-extras --generate-hashes --custom-compile-command 'make lock' $(ARGS)"; \
	echo "[lock] setup"; eval "$$lock setup.in --output-file setup.txt"; \
	echo "[lock] test"; eval "$$lock test.in --output-file test.txt"; \
	echo "[lock] run"; eval "$$lock run.in --constraint test.txt --output-file run.txt"; \
	echo "[lock] spark"; eval "$$lock spark.in --constraint test.txt --output-file spark.txt"

clean:  ## remove by-products and .venv, keep data
	@rm -rf .venv target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-data:  ## remove the demo's data: var/ and serving/
	@rm -rf var serving
