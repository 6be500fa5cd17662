# Needs only make and a Python of at least 3.11. `make` alone lists the targets.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.plaudit-installed
# Tests wait, too: two cores have work for three.
WORKERS ?= 3

# A run of the tests starts hundreds of processes, each of which would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

.PHONY: setup
setup: $(STAMP) ## Create .venv with the locked dependencies and Plaudit itself

# The packages of requirements.lock are checked by hash; the last step builds only this checkout, with tools of the lock.
$(STAMP): requirements.lock pyproject.toml
	@for name in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		recent=$$name; \
		$$name -c 'import ensurepip, venv' 2>/dev/null && found=$$name && break; \
	done; \
	if [ -z "$$recent" ]; then \
		echo "Plaudit needs Python 3.11 or newer; install it or set PYTHON=/path/to/python3" >&2; exit 1; \
	elif [ -z "$$found" ]; then \
		echo "$$recent has no ensurepip and so cannot create .venv (Debian, Ubuntu: install python3-venv)" >&2; exit 1; \
	fi; \
	$$found -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: check
check: setup ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: check ## Everything in small sizes, within ten minutes on two cores
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: proof
proof: setup ## Every size that is claimed; writes docs/proof.json
	$(BIN)/python -m tests.proof

.PHONY: demo
demo: setup ## A generated two-hour show on an embedded server
	$(BIN)/plaudit demo

.PHONY: format
format: setup ## Format the code and repair what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: schema
schema: setup ## Write schema.sql from the migrations
	$(BIN)/python -m tests.kit.schema

.PHONY: docs
docs: setup ## Write docs/reference from the code
	$(BIN)/python -m tests.kit.reference
