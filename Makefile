# The verbs of this project. `make` alone lists them.
# Everything lives in .venv, built from the pinned and hashed locks with nothing but Python (uv is used when present).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CITIZENSTATS_HOME ?= data
CITIZENSTATS_MAPPINGS ?= sdmx_mappings
export CITIZENSTATS_HOME CITIZENSTATS_MAPPINGS
export DAGSTER_DISABLE_TELEMETRY := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Runs and tests start some hundred processes: each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

ifneq ($(shell command -v uv 2>/dev/null),)
INSTALL := uv pip install --quiet --compile-bytecode --python $(BIN)/python
else
INSTALL := $(BIN)/python -m pip install --quiet
endif

.DEFAULT_GOAL := help
.PHONY: help run ui test test-long check fix bench browser lock clean

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/runtime ## take the sample deliveries of the four systems to published SDMX
	@$(BIN)/python -m pipelines.run

ui: $(VENV)/runtime ## open the Dagster UI on http://127.0.0.1:3000, with the daemon that watches the inbox
	@$(BIN)/python -m pipelines.ui

test: $(VENV)/dev ## run the tests, the long ones scaled down
	@# What times a real service mostly waits, so the others run beside it and give way.
	@said=$$(mktemp); $(BIN)/python -m pytest -m "timed and not long" >$$said 2>&1 & \
	nice -n 10 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not long and not timed"; others=$$?; \
	wait $$!; timed=$$?; cat $$said; rm -f $$said; exit $$((others | timed))

test-long: $(VENV)/dev ## run the soak, load, size and crash tests at full figures
	@$(BIN)/python -m pytest -m long

check: $(VENV)/dev ## lint, format, types, contracts and structures
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/citizenstats check

fix: $(VENV)/dev ## mend what the linter can mend by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/dev ## time each step against its yardstick and print the ratios
	@$(BIN)/python -m bench

browser: ## install headless Chromium for the tests that look at the UI (Debian, needs root)
	@command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium)

lock: ## renew requirements/*.txt from requirements/*.in (needs uv)
	@cd requirements && for part in runtime dev; do \
	  uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
	    --python-version 3.11 $(LOCK_OPTIONS) $$part.in -o $$part.txt || exit 1; done

clean: ## remove the environment and everything made by running (the inbox included)
	@rm -rf $(VENV) build *.egg-info $(addprefix data/,inbox outbox restricted published)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Citizenstats needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: $(BIN)/python requirements/runtime.txt pyproject.toml
	@echo "installing the pinned packages (once, a minute or two) …"
	@$(INSTALL) --no-deps --require-hashes -r requirements/runtime.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements/dev.txt
	@$(INSTALL) --no-deps --require-hashes -r requirements/dev.txt
	@touch $@
