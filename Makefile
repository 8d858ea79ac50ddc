# The project's commands; `make help` lists them. Each brings .venv up to date with uv.lock first.
VENV := .venv
SYNCED_BY := uv.lock pyproject.toml tools/venv

# What the caller's shell says about other environments must not reach ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX UV_PROJECT UV_PROJECT_ENVIRONMENT UV_PYTHON PIP_USER PIP_TARGET

.DEFAULT_GOAL := help
.PHONY: help run test lint bench

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile

run: $(VENV)/synced-run ## start the server with demo data; ARGS="--port 9000" adds options
	@exec $(VENV)/bin/coterie serve --demo $(ARGS)

test: $(VENV)/synced-test ## lint, check types, and run every test on SQLite and PostgreSQL
	@tools/check

lint: $(VENV)/synced-test ## lint and check types only
	@tools/check lint

bench: $(VENV)/synced-test ## measure throughput as ratios; ARGS="--size S --engine sqlite --only items" narrows it
	@$(VENV)/bin/python -m benchmarks $(ARGS)

$(VENV)/synced-run: $(SYNCED_BY)
	@tools/venv run

$(VENV)/synced-test: $(SYNCED_BY)
	@tools/venv test
