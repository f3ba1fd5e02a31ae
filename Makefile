# The commands of the course. `make` alone lists them.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo server client diff bench check style types test mutants flaky environment lock clean

# The programs run as they would in a student's terminal, whatever the caller's own Python settings are; and what is
# compiled is kept, or each of the suite's processes would compile the same libraries and tests again.
unexport PYTHONPATH PYTHONHOME PYTHONSAFEPATH PYTHONOPTIMIZE PYTHONUNBUFFERED PYTHONWARNINGS VIRTUAL_ENV
unexport PYTHONDONTWRITEBYTECODE

PYTHON := .venv/bin/python
# Five workers on two cores: a test waits for its programs about half of the time, and one of them begins with all
# tests that wait for a clock (tests/conftest.py).
PYTEST := $(PYTHON) -m pytest -n 5 --dist worksteal
RUNS := 20

# The directory of a sprint, by its number: $(call sprint,2) is sprint2_threaded_pair.
sprint = $(or $(wildcard sprint$(1)_*),$(error There is no sprint "$(1)". Try: make $(MAKECMDGOALS) $(2)))
FORMER = $(shell expr 0$(N) - 1)

help: ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

demo: environment ## play the sprints, with real servers, clients and terminals
	@exec .venv/bin/messagerie demo

server: environment ## start a server in this terminal: make server SPRINT=6 [PORT=4444]
	@exec $(PYTHON) -m $(call sprint,$(SPRINT),SPRINT=6).server $(PORT)

client: environment ## start a client in this terminal: make client SPRINT=6 [PORT=4444]
	@trap : INT; $(PYTHON) -m $(call sprint,$(SPRINT),SPRINT=6).client $(if $(PORT),127.0.0.1 $(PORT)) \
		|| [ $$? -eq 130 ] # left with Ctrl+C: nothing that make should complain about

diff: ## show what a sprint changes in the one before: make diff N=2
	@new=$(call sprint,$(N),N=2) old=$(call sprint,$(FORMER),N=2); for file in server.py client.py; do \
		git --no-pager diff --no-index --no-prefix --exit-code $$old/$$file $$new/$$file \
			&& echo "$$file does not change" || [ $$? -eq 1 ] || exit; \
	done

bench: environment ## measure the six strategies of sprint 5, into bench/: make bench [ARGS=--quick]
	@exec $(PYTHON) -m sprint5_concurrency.bench $(ARGS)

check: style types test ## all that must hold before a change goes in

style: environment ## is the code formatted, and free of what ruff knows to be a mistake?
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m ruff check

types: environment ## does mypy --strict agree?
	@$(PYTHON) -m mypy

test: environment ## run the suite, or a part of it: make test ARGS="-k newcomer"
	@exec $(PYTEST) --ignore=tests/mutants $(ARGS)

# Programs that are wrong mostly wait, so many of them can be judged at the same time.
mutants: environment ## do the checks catch programs that are wrong on purpose?
	@exec $(PYTHON) -m pytest -n 8 --dist worksteal tests/mutants $(ARGS)

flaky: environment ## run the suite 20 times on a loaded machine: make flaky [RUNS=50]
	@exec $(PYTHON) tools/flaky.py $(RUNS) $(PYTEST) --ignore=tests/mutants

environment: ## make .venv from requirements.lock (all others do it when it is needed)
	@tools/environment.sh

lock: ## choose versions anew for what pyproject.toml asks (needs uv)
	@uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-emit-index-url --upgrade \
		--extra grader --extra screen --extra bench --group build --group test --group style \
		--custom-compile-command "make lock" --output-file requirements.lock

clean: ## remove .venv and what the tools leave behind
	@rm -rf .venv build *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
