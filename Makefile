.DEFAULT_GOAL := help
PY := .venv/bin/python
UV := .venv/bin/uv

help:            ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

.venv/ready: requirements.lock
	@echo "== Python environment (once, about a minute)"
	@test -x $(PY) || python3.11 -m venv .venv 2>/dev/null || python3 -m venv .venv
	@$(PY) -m pip install -q --disable-pip-version-check uv==0.13.9
	@$(UV) pip sync -q --compile-bytecode --require-hashes --python $(PY) requirements.lock
	@touch $@

env: .venv/ready ## the Python environment from the hashed lock file

lock: .venv/ready ## renew requirements.lock from pyproject.toml
	$(UV) pip compile pyproject.toml --group embedded --group dev --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate --no-header -q -o requirements.lock

web: env         ## the front ends: till, desk, mall (H5 and weapp)
	$(PY) -m config.node

demo: web        ## the whole product with demo data; RESET=1 starts afresh, PORT= STAND_IN_PORT= VAR_DIR= choose
	@RESET=$(RESET) $(PY) -m tests.demo

COVER ?=
test: env        ## all tests, on PostgreSQL and Redis of their own; browser tests where there is a Chromium
	@$(PY) -m config.node test
	$(PY) -m pytest -n 2 $(if $(COVER),--cov --cov-branch --cov-report=term:skip-covered --cov-fail-under=$(COVER))
	@$(MAKE) second-reading

second-reading: env ## what speaks with WeChat once more, where its pages contradict each other the other way round
	TONGDIAN_READING=second $(PY) -m pytest -n 2 -m "wechat and not browser"

browser: web     ## the browser tests alone
	$(PY) -m pytest tests/browser

check: env       ## format, lint, types, import rules, front-end types and gate
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	@$(PY) -m config.node check

sure: check      ## check, and all tests with branch coverage of config, member and trade
	@$(MAKE) test COVER=95

prove: env       ## prove that money, points, stock and orders agree; exit code 1 when a book differs
	@$(PY) -m flask --app wsgi:create_app prove

prove-million: env ## a ledger of 1,000,000 entries proved, and single wrong points found, in 10 s each; var/million.json
	$(PY) -m tests.bench.million

VECTORS ?= 20000
vectors: env     ## price VECTORS=20000 baskets in Python and in TypeScript; exit code 1 where they differ
	$(PY) -m tests.vectors --count $(VECTORS)

SLACK ?= 1
bench: env       ## W1 to W5 beside a hand-written floor, CPU per operation; writes var/bench.json
	$(PY) -m tests.bench --slack $(SLACK)
	$(PY) -m tests.bench.channels
	$(PY) -m tests.bench.codes
	$(PY) -m tests.bench.notices --slack $(SLACK)
	$(PY) -m tests.bench.mall --skus 10000 --slack $(SLACK)
	$(PY) -m tests.bench.mall --skus 100000 --slack $(SLACK)

SCANS ?= 1000
bench-till: web  ## the till's screen with 50,000 and 200,000 goods, in Chromium; writes var/bench-till.json
	$(PY) -m tests.bench.till --scans $(SCANS) --slack $(SLACK)

wechat-faults: env ## what the WeChat libraries get wrong beside ours; exit code 1 when ours is out of bounds
	$(PY) -m tests.bench.wechat

KILLS ?= 10
chaos: env       ## kill -9 under load, KILLS=60 for the long form; writes var/chaos.json
	$(PY) -m tests.chaos --kills $(KILLS)
	$(PY) -m tests.chaos.codes
	$(PY) -m tests.chaos.behaviour --slack $(SLACK)

.PHONY: help env lock web demo test second-reading browser check sure prove prove-million vectors bench bench-till wechat-faults chaos
