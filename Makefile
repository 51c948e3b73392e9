# Everything a contributor or a machine runs here. Needs python3 (3.11 or newer), make and a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
STAMP := $(VENV)/.installed
ORACLE := .venv-oracle
ORACLE_STAMP := $(ORACLE)/.installed
WORKERS ?= 2
PYTEST_ARGS ?=
PIP := -m pip install --disable-pip-version-check --quiet --progress-bar off \
	--constraint constraints.txt

export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format bench docs oracle constraints clean

help:  ## list these targets
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  \1\t\2/p' Makefile | expand -t 16

install: $(STAMP)  ## make or renew .venv with the pinned versions

demo: $(STAMP)  ## train on the embedded digits
	@$(BIN)/python examples/demo.py

test: $(STAMP)  ## run the whole default test suite
	$(RUN) pytest -n $(WORKERS) $(PYTEST_ARGS)

lint: $(STAMP)  ## ruff, mypy and the floors' import rules
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(BIN)/lint-imports

format: $(STAMP)  ## apply ruff's formatting and safe fixes
	$(RUN) ruff check --fix
	$(RUN) ruff format

bench: $(STAMP)  ## run the benchmarks
	$(RUN) benchmarks

docs: $(STAMP)  ## build the documentation into site/; a warning is an error
	$(RUN) zensical build --clean --strict

oracle: $(ORACLE_STAMP)  ## compare with JAX and PyTorch (their own .venv-oracle)
	$(ORACLE)/bin/python -m pytest -n $(WORKERS) -m oracle $(PYTEST_ARGS)

constraints:  ## pin the newest versions the ranges in pyproject.toml allow
	@sh scripts/renew-constraints "$(PYTHON)"

clean:  ## delete environments, caches and built files
	rm -rf $(VENV) $(ORACLE) site dist build .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis .import_linter_cache .cache
	find src tests benchmarks examples scripts -name __pycache__ -type d -prune \
		-exec rm -rf {} + 2>/dev/null || true

$(STAMP): pyproject.toml constraints.txt
	$(call environment,$(VENV),--group test --group lint --group docs)

$(ORACLE_STAMP): pyproject.toml constraints.txt
	$(call environment,$(ORACLE),--group test --group oracle)

# environment(folder, groups): pip is pinned first, because the groups need a recent one.
define environment
@"$(PYTHON)" scripts/check_python.py
@echo "Installing the pinned versions into $(1) (a few minutes the first time)"
@"$(PYTHON)" -m venv $(1) || { \
	echo "make: python3 cannot create an environment;" \
	     "on Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
@$(1)/bin/python $(PIP) pip
@$(1)/bin/python $(PIP) --build-constraint constraints.txt \
	--editable '.[plot,image]' $(2)
@touch $(1)/.installed
endef
