# Every target does all its own set-up in .venv; the second time is quick.
#
#   make demo    a cut with requests goes in, a cut with takes comes out
#   make test    all that CI runs: lint, then the tests
#   make lint    format, rules, fences, types
#   make starter trains the model that comes along, on two cores, for hours; goes on where it was
#   make bench   the ratios of docs/benchmarks.md, measured here
#   make venv    the set-up alone
#
# PYTHON=python3.12    which Python to build .venv with; else the first of 3.11 to 3.13 found
# TORCH_INDEX=URL      a further index to take torch from. On Linux the plain package brings gigabytes
#                      of CUDA along; the page "Get started" of PyTorch names the index of CPU builds
# JOBS=2               how many tests run side by side, each with one thread

JOBS ?= 2
TORCH_INDEX ?=
STARTER ?= .starter/run
BENCHES ?= overhead media timeline exchange starter matte engine panel

BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
READY := .venv/.ready
SUITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11 python; do \
	$$each -c '$(SUITS)' 2>/dev/null && { echo $$each; break; }; done)
# Two -q: warnings about the machine's own pip settings are not ours to show; errors still are.
PIP := $(BIN)/python -m pip --disable-pip-version-check -q -q install -c constraints.txt

.PHONY: venv demo test lint bench starter
.DELETE_ON_ERROR:

venv: $(READY)

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found." \
		"Install one, or name it: make $(or $(MAKECMDGOALS),venv) PYTHON=/where/it/is" >&2; exit 1; }
	@"$(PYTHON)" -c '$(SUITS)' || { echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13." >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear .venv
	@echo "Setting up .venv: torch (some 200 MB; more with CUDA) ..."
	@$(PIP) $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)") torch
	@echo "Setting up .venv: everything else ..."
	@$(PIP) -e '.[all,dev]'
	@touch $@

demo: $(READY)
	@$(BIN)/secondunit demo

bench: $(READY)
	@for each in $(BENCHES); do $(BIN)/secondunit bench $$each || exit 1; done

starter: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/torchrun --standalone --nproc-per-node $(JOBS) \
		-m tools.starter.train --out $(STARTER)
	$(BIN)/python -m tools.starter.export $(STARTER) $(STARTER)/starter

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadfile
