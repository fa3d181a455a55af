# The few commands that a person types. `alicerce --help` has the rest.

ALICERCE := .venv/bin/alicerce
UV = $$(.venv/bin/python -c 'from toolchain.uv import uv; print(uv())')

.PHONY: up down test check sync test-packages lock

up: sync ## bring all systems up on this machine
	@$(ALICERCE) up

down: sync ## stop them and remove all that they left on this machine
	@$(ALICERCE) down

test: sync test-packages ## everything, from types to the running cluster
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/pytest tests

check: sync ## lint, types and the tests that need nothing
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/pytest tests -m "not live" --ignore=tests/live

sync:
	@toolchain/bootstrap.sh

test-packages:
	@.venv/bin/python -m toolchain.debian

lock: ## after a change of dependencies
	@$(UV) lock --quiet
	@$(UV) export --quiet --only-group workload --no-hashes --no-annotate --output-file workload/requirements.txt
