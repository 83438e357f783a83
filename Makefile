# Every command of this project; `make` alone lists them.
# Each sets up what it needs (server/setup/bootstrap.py) and then becomes the command, so that Ctrl-C reaches it.

PYTHON ?= python3
SETUP = $(PYTHON) server/setup/bootstrap.py
GROUPS = $(or $(ONLY),e2e evenings media unit wire simulation property redis tidy roles)

.PHONY: help run demo check test bench oracle kills fuzz sanitize lint words lock clean
.SILENT:

help:  ## List these commands
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s%s\n", $$1, $$2 }' Makefile
run:  ## Start Milieu on this machine and print what to open
	exec $(SETUP) run -- -m server serve
demo:  ## The same, with simulated participants who are already there
	exec $(SETUP) run -- -m server serve --demo
check:  ## Explain every setting, and every mistake in one go
	exec $(SETUP) run -- -m server check
test:  ## Run all tests, or groups of them: make test ONLY="unit tidy" ARGS="-k late"
	exec $(SETUP) test $(if $(filter media e2e evenings network,$(GROUPS)),--browser) -- server/setup/testing.py $(GROUPS) -- $(ARGS)
bench:  ## Measure: one JSON object a line, then a table (ONLY=group)
	exec $(SETUP) $(if $(filter media exercises,$(or $(ONLY),media)),test $(if $(filter media,$(or $(ONLY),media)),--bench) $(if $(filter exercises,$(or $(ONLY),exercises)),--browser),run) -- -m tests.load $(ONLY)
oracle:  ## Compare every minute of N=10000 faulted evenings with a naive second opinion (FROM=first seed)
	exec $(SETUP) run -- -m tests.load.oracle $(or $(N),10000) $(if $(FROM),--from $(FROM))
kills:  ## Kill servers and stores N=1000 times while hours are posted, and count what is lost or doubled
	exec $(SETUP) run -- -m tests.load.kills $(or $(N),1000) $(if $(SEED),--seed $(SEED))
fuzz:  ## Look for SECONDS=60 for bytes that break the native media core or a parser
	exec $(SETUP) test -- -m tests.fuzz $(or $(SECONDS),60)
sanitize:  ## Run the native media core under the sanitizers for addresses, undefined behaviour and races
	exec $(SETUP) test -- -m tests.fuzz --sanitize
lint:  ## Check style and types of the Python and of the browser's code
	$(SETUP) test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	$(SETUP) node webclient/node_modules/typescript/bin/tsc --project webclient
	$(SETUP) node webclient/node_modules/eslint/bin/eslint.js --config webclient/eslint.config.mjs webclient
words:  ## Bring the catalogues of messages up to date with the source, and list what they lack
	exec $(SETUP) test -- -m tests.support.messages
lock:  ## Pin all dependencies anew (UPGRADE=1 takes newer versions)
	exec $(SETUP) lock $(if $(UPGRADE),--upgrade)
clean:  ## Remove what was installed or made by tests; never data
	rm -rf .venv webclient/node_modules server/sfu/native/.built .artifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
