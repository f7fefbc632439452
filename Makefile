# `make demo` shows the system at work, `make test` proves it. Both set up what they need.
.PHONY: help setup check test chaos demo bench up down fmt schemas clean
.DEFAULT_GOAL := help

RUN := .venv/bin/

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: ## everything that `up` and `demo` need (idempotent)
	@tools/setup.sh stack

check: ## lint, types, architecture, contracts
	@tools/setup.sh python
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)pyright
	$(RUN)lint-imports
	$(RUN)python -m prewatt_common.contracts.generate --check

# Processes that share the tests, a stack each. A file's tests stay together: they share what it starts.
JOBS ?= 2

test: ## the tests, on the real parts; the long and rare ones are in `chaos` (JOBS=0: in one process)
	@tools/setup.sh test
	$(RUN)pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

chaos: ## what is long and rare: kills at random, hung brokers, alerts that take minutes
	@tools/setup.sh chaos
	$(RUN)pytest -m chaos

demo: setup ## the whole system with a fleet of simulated meters (DEMO=keep leaves it running)
	@$(RUN)prewatt demo

bench: ## measure; writes docs/benchmarks.md (ONLY=archive: that part; METERS=1000000: that size)
	@PREWATT_PROVIDER=native tools/setup.sh stack
	$(RUN)python -m benchmarks.run $(if $(ONLY),--only $(ONLY)) $(if $(METERS),--meters $(METERS))

up: setup ## the stack and the four services, to work against
	@$(RUN)devstack up --services

down: ## stop what `make up` started
	@[ ! -x $(RUN)devstack ] || $(RUN)devstack down

fmt: ## format and sort
	$(RUN)ruff check --fix .
	$(RUN)ruff format .

schemas: ## write docs/contracts from the event structs
	$(RUN)python -m prewatt_common.contracts.generate

clean: ## remove environments, tools and state
	@for state in .state/*/; do \
	  [ ! -d "$$state" ] || $(RUN)devstack down --remove-data --state-dir "$$state" || exit 1; \
	done
	rm -rf .venv .tools .state
