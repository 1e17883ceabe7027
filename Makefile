# Waypost: `make run` sets up and shows the whole thing; `make test` sets up and tests it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What has no wheel is built by the setuptools of requirements-build.txt, and by nothing else.
INSTALL := $(BIN)/pip --disable-pip-version-check install --quiet --use-pep517 --no-build-isolation
# What running needs is installed; what tests and linters need is as well.
RUNS := $(VENV)/.runs
READY := $(VENV)/.ready

.PHONY: setup run test lint check format docs site bench bench-store bench-scale soak profile corpus fuzz crash crash-nodes traces systemd deb deb-test lock clean
.DEFAULT_GOAL := run

setup: $(READY)

$(RUNS): requirements.txt requirements-build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Waypost needs Python 3.11 or newer ($(PYTHON) is older): make PYTHON=python3.11'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'Python has no venv module: apt-get install python3-venv'; exit 1; }
	@echo 'Installing what Waypost needs into $(VENV) (once)'
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) --require-hashes -r requirements-build.txt
	@$(INSTALL) --require-hashes -r requirements.txt
	@$(INSTALL) --no-deps -e .
	@touch $@

$(READY): $(RUNS) requirements-dev.txt
	@echo 'Installing what its tests need as well (once)'
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

run: $(RUNS)
	@$(BIN)/waypost demo

# A process for each core, each with whole files of tests.
test: $(READY)
	@$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The pages of docs/ that are written from declarations, or by what happens; tests fail while they
# are stale.
docs: $(READY)
	$(BIN)/python -m config.reference.manual
	$(BIN)/python -m proxy.policy.manual
	$(BIN)/python -m tracker.judging.manual
	$(BIN)/python -m waypost_doctor.manual
	$(BIN)/python -m tests.support.checks.fidelity
	$(BIN)/python -m tests.support.explore
	$(BIN)/python -m tests.support.api_page

# The documentation as a site, into build/site.
site: $(READY)
	$(BIN)/codespell README.md CONTRIBUTING.md CHANGELOG.md docs
	$(BIN)/sphinx-build -W --keep-going -q -b html -c docs . build/site

# The one table (docs/performance.md); parts of it: make bench BENCH="--only rewrite"
BENCH ?=
bench: $(READY)
	$(BIN)/python -m bench.run $(BENCH)

# Where the proxy's time goes, by room and by function: make profile PROFILE="--size 100KB"
PROFILE ?=
profile: $(READY)
	$(BIN)/pip install --quiet --no-build-isolation -e '.[profile]'
	$(BIN)/python -m bench.mail.profile_mail $(PROFILE)

# Mail and clicks at 70 % load: memory, descriptors, waits, and what was lost. Shorter: make soak MINUTES=5
MINUTES ?= 30
soak: $(READY)
	$(BIN)/python -m bench.soak --minutes $(MINUTES)

# A store of size: what it is asked, costs and makes wait. Quicker: make bench-store CLICKS=1000000
CLICKS ?= 10000000
bench-store: $(READY)
	$(BIN)/python -m bench.store.store_at_size $(CLICKS) --locks

# SQLite, and PostgreSQL with one and with two nodes, in one table. To try it: make bench-scale CLICKS=200000
SCALE ?=
bench-scale: $(READY)
	$(BIN)/python -m bench.scale $(CLICKS) $(SCALE)

# Every message and document of a folder through the rewriter: make corpus CORPUS=DIR
CORPUS ?= ../shared/corpus
corpus: $(READY)
	$(BIN)/python tests/corpus/run.py $(CORPUS)

# Each harness of tests/fuzz for a while; what falls is left in the folder .fuzz.
FUZZ_SECONDS ?= 60
fuzz: $(READY)
	$(BIN)/pip install --quiet --no-build-isolation -e '.[fuzz]'
	for harness in tests/fuzz/fuzz_*.py; do \
	  found=.fuzz/$$(basename $$harness .py); mkdir -p $$found; \
	  $(BIN)/python $$harness -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$$found/ $$found || exit 1; \
	done

# kill -9 of proxy, relay and ingester at random, under load; prints what was lost.
CRASH ?= --seconds 600 --kills 300 --messages 50000
crash: $(READY)
	$(BIN)/python -m tests.crash.run $(CRASH)

# kill -9 of two nodes' feeders, and of their PostgreSQL, while they count; prints what was lost or counted twice.
CRASH_NODES ?= --kills 500 --server-kills 20 --events 100000
crash-nodes: $(READY)
	$(BIN)/python -m tests.crash.nodes $(CRASH_NODES)

# How well people and machines are told apart, on generated mail; fails below the bars.
# TRACES=--write puts the table into docs/machines.md.
TRACES ?= --messages 40000
traces: $(READY)
	$(BIN)/python -m tests.traces.run $(TRACES)

# The set-up without the package, and the units, under a systemd of their own; as root.
systemd:
	tests/systemd/run.sh

# A Debian package for the release that this machine has, in build/deb; what is not committed is in it too.
DEB := build/deb
deb:
	@command -v dh dpkg-buildpackage >/dev/null || { echo 'missing: apt-get install build-essential debhelper dh-python python3-venv'; exit 1; }
	@rm -rf $(DEB) && mkdir -p $(DEB)/waypost
	@git ls-files -z | xargs -0 cp --parents --no-dereference --target-directory=$(DEB)/waypost
	cd $(DEB)/waypost && dpkg-buildpackage --build=binary --no-sign >../build.log 2>&1 || { tail -n 30 ../build.log; exit 1; }
	@ls $(DEB)/*.deb

# That package in a new Debian of the same release; as root.
deb-test: deb
	tests/package/run.sh

# Locks carry no registry's address: each installs from the one that is configured.
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header
lock:
	$(COMPILE) --output-file requirements.txt pyproject.toml
	$(COMPILE) --extra dev --extra postgresql --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	$(COMPILE) --extra postgresql --constraint requirements-dev.txt --output-file requirements-postgresql.txt pyproject.toml
	$(COMPILE) --build-deps-for editable --only-build-deps --constraint requirements-dev.txt --output-file requirements-build.txt pyproject.toml

clean:
	rm -rf $(VENV) .fuzz build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .bench
