# Every target sets itself up: it needs Python 3.11+, make and a package index, nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test lint chaos fuzz bench docs pictures clean

help:
	@echo "make demo   watch a scripted day in Slack, email and web chat, then try it yourself"
	@echo "make test   run all tests, on SQLite and on a real PostgreSQL"
	@echo "make lint   ruff and mypy"
	@echo "make chaos  kill it a thousand times, take its database away, count what customers saw; SEED=7 repeats a run"
	@echo "make fuzz   read 100,000 mutants of mails; MUTANTS=1000 and SEED=7 choose others"
	@echo "make bench  print speed and memory beside a bare script"
	@echo "make pictures  take the pictures of docs/ from the lab page again; needs Chromium"
	@echo "make docs   write the generated pages of docs/ and deploy/"

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@

demo: .venv/.ready
	$(BIN)/supportbot demo

test: .venv/.ready
	$(BIN)/python -m pytest -q -n 4 --dist worksteal

lint: .venv/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

chaos: .venv/.ready
	$(BIN)/python -m tests.chaos.run $(if $(SEED),--seed $(SEED)) $(if $(KILLS),--kills $(KILLS))

fuzz: .venv/.ready
	$(BIN)/python -m tests.mail.fuzz $(if $(SEED),--seed $(SEED)) $(if $(MUTANTS),--mutants $(MUTANTS))

bench: .venv/.ready
	$(BIN)/python -m tests.benchmarks.run

docs: .venv/.ready
	$(BIN)/python docs/generate.py
	$(BIN)/python -m pytest -q tests/integration/orchestrator/test_fault_table.py --write-docs

# On Debian: apt-get install chromium fonts-noto-color-emoji
pictures: .venv/.ready
	$(BIN)/python -m tests.pictures.run $(NAMES)

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
