# Everything that people and CI run. Needs python3 (3.11 or newer), make and a package index.

PYTHON ?= python3
WORKERS ?= 2
PYTEST_ARGS ?=
BENCH_ARGS ?=

VENV := .venv
ORACLE := .venv-oracle
BENCH := .venv-bench
RUN := $(VENV)/bin/python -m
INSTALLED := $(VENV)/.installed
PIP := -m pip install --disable-pip-version-check --quiet --progress-bar off \
	--constraint constraints.txt
PYTEST := pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

# What the caller's shell sets for other environments stays out of this one.
unexport PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE
export PIP_USER := 0
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format bench docs oracle constraints clean

help:  ## list these targets
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED)  ## make or renew .venv with the pinned versions

demo: $(INSTALLED)  ## train on the embedded digits
	@$(VENV)/bin/python examples/demo.py

# Two test processes with two BLAS threads each would fight over the cores.
test: export OPENBLAS_NUM_THREADS := 1
test: $(INSTALLED)  ## run the whole default test suite
	$(RUN) $(PYTEST)

lint: $(INSTALLED)  ## ruff, mypy and the floors' import rules
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(VENV)/bin/lint-imports --no-logo

format: $(INSTALLED)  ## apply ruff's formatting and its safe fixes
	$(RUN) ruff check --fix --exit-zero
	$(RUN) ruff format

bench: $(BENCH)/.installed  ## side by side with other libraries, in an environment of their own
	@$(BENCH)/bin/python -m benchmarks $(BENCH_ARGS)

docs: $(INSTALLED)  ## build the documentation into site/; a warning is an error
	$(RUN) zensical build --clean --strict

oracle: $(ORACLE)/.installed  ## compare with JAX, PyTorch and statsmodels, in an environment of their own
	$(ORACLE)/bin/python -m $(PYTEST) -m oracle

constraints:  ## pin anew: the newest versions that pyproject.toml allows
	@scripts/renew-constraints "$(PYTHON)"

clean:  ## delete the environments, caches and everything built
	rm -rf $(VENV) $(ORACLE) $(BENCH) .benchmarks site dist build .cache .hypothesis \
		.import_linter_cache .mypy_cache .pytest_cache .ruff_cache \
		src/trivium/insight/rendering/assets/katex
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt scripts/fetch_katex.py
	$(call environment,$(VENV),--group test --group lint --group docs)
	@$(VENV)/bin/python scripts/fetch_katex.py || test -z "$$CI"
	@touch $@

$(ORACLE)/.installed: pyproject.toml constraints.txt
	$(call environment,$(ORACLE),--group test --group oracle)
	@touch $@

$(BENCH)/.installed: pyproject.toml constraints.txt benchmarks/requirements.txt \
		benchmarks/constraints.txt
	$(call environment,$(BENCH),--requirement benchmarks/requirements.txt \
		--constraint benchmarks/constraints.txt)
	@touch $@

# environment(folder, groups); pip comes first, because only a recent one knows groups
define environment
@command -v "$(PYTHON)" >/dev/null || { \
	echo "make: there is no $(PYTHON) here; name one: make PYTHON=/path/to/python3" >&2; \
	exit 1; }
@"$(PYTHON)" scripts/check_python.py
@echo "Installing the pinned packages into $(1) (some minutes the first time)"
@"$(PYTHON)" -m venv $(1) || { \
	echo "make: $(PYTHON) cannot make a virtual environment" \
	     "(on Debian and Ubuntu: apt install python3-venv)" >&2; \
	exit 1; }
@$(1)/bin/python $(PIP) pip
@$(1)/bin/python $(PIP) --build-constraint constraints.txt --editable '.[plot,image]' $(2)
endef
