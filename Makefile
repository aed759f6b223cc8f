# Everything a person needs, from a bare checkout: `make run`, `make test`. `make` alone lists it all.
SHELL := bash
BIN := .venv/bin
# More than twice what the suite takes; a hung test is shown with its stack after five minutes.
BOUNDED := $(if $(shell command -v timeout),timeout --kill-after=30 3600)
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header

.DEFAULT_GOAL := help
.PHONY: help setup run test check contracts pages package deploy deploy-local bench lock

help:  ## list what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/dev  ## make the environment for development in .venv/ (PYTHON=python3.13 to choose)

run: .venv/run  ## start the service [SCHEMA=path/to/schema.graphql] [ARGS="--port 9000"]
	@$(BIN)/offramp dev $(if $(SCHEMA),--schema "$(SCHEMA)") $(ARGS)

# The tests of the stack say so if its tools could not be had.
test: check  ## everything that CI checks [ARGS="tests/auth -k expired"]
	-@$(MAKE) --no-print-directory .venv-infra/made
	$(BOUNDED) $(BIN)/pytest -o faulthandler_timeout=300 --numprocesses=auto --maxprocesses=4 $(ARGS)

check: .venv/dev  ## the static part of it: types, style, architecture
	$(BIN)/mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

contracts: .venv/dev  ## write anew what is derived from the code; review the diff
	$(BIN)/python -m service.cli.reference
	$(BIN)/offramp contract export

pages: .venv/dev  ## build GraphiQL and the docs page anew from pages/; commit the result
	cd pages/graphiql && $(CURDIR)/$(BIN)/npm ci --ignore-scripts && $(CURDIR)/$(BIN)/node build.mjs
	cd pages/docs && $(CURDIR)/$(BIN)/npm ci --ignore-scripts && $(CURDIR)/$(BIN)/node build.mjs

package: .venv/dev  ## build/lambda.zip for AWS, arm64 [ARGS="--schema path/to/amplify"]
	$(BIN)/python -m service.cli.package $(ARGS)

deploy: .venv/dev  ## deploy build/lambda.zip and serverless.yml to AWS [STAGE=dev]
	infra/deploy $(or $(STAGE),dev)

deploy-local: .venv/dev .venv-emulator/made  ## the same on this machine, used and removed [STAGE=dev]
	$(BIN)/python -m tests.aws.emulated.deploy $(or $(STAGE),dev)

bench: .venv/dev  ## measure beside the peers, ten minutes [ARGS="--repeats 1"]
	$(BIN)/python -m bench.run $(ARGS)

lock: .venv/dev  ## resolve the dependencies anew; review the diff
	$(LOCK) --upgrade --extra local --group dev pyproject.toml -o requirements/dev.lock
	$(LOCK) --constraint requirements/dev.lock --extra local pyproject.toml -o requirements/run.lock
	$(LOCK) --upgrade --group infra -o requirements/infra.lock
	$(LOCK) --upgrade --group emulator --python-version 3.13 -o requirements/emulator.lock
	$(LOCK) --constraint requirements/dev.lock pyproject.toml -o requirements/lambda.lock

# The stamps say which lock the environment was last made from. What runs is a part of what develops.
.venv/run .venv/dev: .venv/%: requirements/%.lock requirements/uv.lock requirements/install pyproject.toml
	@requirements/install $*

.venv-infra/made: requirements/infra.lock .venv/dev
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-infra
	@$(BIN)/uv pip install --quiet --python .venv-infra/bin/python --require-hashes -r requirements/infra.lock
	@touch $@

# It runs the functions, with the Python that it runs on itself.
.venv-emulator/made: requirements/emulator.lock .venv/dev
	@$(BIN)/uv venv --quiet --clear .venv-emulator \
		--python "$$($(BIN)/python -c 'from service.cli.package import interpreter; print(interpreter())')"
	@$(BIN)/uv pip install --quiet --python .venv-emulator/bin/python --require-hashes -r requirements/emulator.lock
	@touch $@
