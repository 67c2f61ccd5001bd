# `make up` starts a mail server, `make test` proves it; the rest is for working on it.
SHELL := /bin/sh
.DEFAULT_GOAL := help

export IMAGE ?= git-mailserver:dev
BIN := .venv/bin
PURE := not checkers and not integration
# The pure tests sync thousands of small files: in memory, where there is room, that halves their time.
SCRATCH := $(shell [ "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt 1000000 ] 2>/dev/null && echo TMPDIR=/dev/shm)

AGAIN = $(BIN)/pytest --last-failed --last-failed-no-failures none

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  \1	/p' Makefile | expand -t 12

.PHONY: up
up: ## build, start with Compose, wait until healthy
	@scripts/up.sh

.PHONY: down
down: ## stop the container and remove it; the volumes in docker-data/ stay
	@scripts/compose.sh down -t 60

.PHONY: image
image: engine ## build the image IMAGE (git-mailserver:dev)
	@scripts/image.sh && echo "✔ $(IMAGE)"

.PHONY: engine
engine:
	@scripts/engine.sh

.PHONY: venv
venv:
	@scripts/venv.sh

.PHONY: test
# What fails runs once more by itself and is reported twice: a machine that stalled passes then, a defect does not.
test: venv image ## everything: checks, pure tests, the daemons' checkers, whole servers in containers
	@status=0; rm -rf .pytest_cache; \
	$(MAKE) --no-print-directory lint || status=1; \
	$(SCRATCH) $(BIN)/pytest -n auto --dist worksteal -m "$(PURE)" || $(AGAIN) -m "$(PURE)" || status=1; \
	$(BIN)/pytest -n 2 --dist loadfile -m "not ($(PURE))" || $(AGAIN) -m "not ($(PURE))" || status=1; \
	exit $$status

.PHONY: check
check: venv lint ## the fast gate: format, lint, types, pure tests
	$(SCRATCH) $(BIN)/pytest -n auto --dist worksteal -m "$(PURE)" -q

.PHONY: lint
lint: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	MYPYPATH=image:. $(BIN)/mypy -p agent -p services

.PHONY: format
format: venv ## put the code into the project's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: venv image ## measure what the design promises, beside another image where AGAINST= names one
	for one in render log readmodel; do $(BIN)/python -m benchmarks.$$one || exit 1; done
	$(BIN)/python -m benchmarks.all $(if $(AGAINST),--against $(AGAINST))

.PHONY: lock
lock: ## lock the newest fitting versions, by hash and without any registry's address
	@for set in "pyproject.toml -o requirements/runtime.txt" \
	    "pyproject.toml --group dev -o requirements/dev.txt" \
	    "requirements/build.in -o requirements/build.txt"; do \
	    uv pip compile --quiet --upgrade --universal -p 3.11 --generate-hashes --no-emit-index-url \
	        --no-config --no-header $$set || exit 1; done

.PHONY: clean
clean: ## remove what builds and tests left in the tree; volumes and images stay
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
