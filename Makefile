# One command sets everything up; a second run of any target reuses what is there.
#   make demo   make test   make help

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV ?= .venv
CACHE ?= .cache
python := $(VENV)/bin/python
# The stamp lives inside the environment, so deleting the environment deletes the stamp with it.
installed := $(VENV)/.installed
# Holds the versions of the FFmpeg libraries; rewritten only when they change, so an upgrade rebuilds the extension.
libraries := $(CACHE)/ffmpeg-libraries
media := $(CACHE)/media/.fetched

# What a rebuild depends on.
# CITATION.cff changes with the version, which the installed metadata repeat.
sources := pyproject.toml CITATION.cff $(wildcard setup.py ffi_*.py headers/* headers/*/*)

ARGS ?=
export FFWEBCODECS_CACHE := $(abspath $(CACHE))

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: setup ## Set everything up, decode a real clip, write a contact sheet (demo.png)
	@$(python) examples/demo.py $(ARGS)

.PHONY: test
test: setup ## Set everything up, run the tests in API mode and in ABI mode (ARGS="-k name" goes to pytest)
	@tools/drivers.sh
	@tools/test.sh $(python) $(ARGS)
	@$(if $(ARGS),,$(MAKE) --no-print-directory matrix-quick)

.PHONY: sweep
sweep: setup ## All that `make test` looks at in part or in one mode: fuzzing, guard pages, failing allocations, all containers
	@FFWEBCODECS_SWEEP=full tools/test.sh $(python) -m "sweep or divided" $(ARGS)

.PHONY: attack
attack: setup ## The attacks of docs/robustness.md in full: interrupts, exits, races, hostile input (FFWEBCODECS_SEED=2 for others)
	@rm -f $(CACHE)/attack.jsonl
	@FFWEBCODECS_ATTACK=long FFWEBCODECS_ATTACK_REPORT=$(abspath $(CACHE))/attack.jsonl tools/test.sh $(python) -m attack $(ARGS)
	@$(python) tools/attack_table.py $(CACHE)/attack.jsonl docs/robustness.md

.PHONY: colours
colours: setup ## A known colour in every kind of file, read and written; rewrites the tables of docs/colour.md
	@$(python) tools/colours.py
	@PYTHONPATH=tests/support $(python) tests/support/conversion_table.py --write

.PHONY: kept
kept: setup ## Films that hold everything, into every container; rewrites the tables of docs/converting.md
	@PYTHONPATH=tests/support $(python) tests/support/kept_table.py --write

.PHONY: frames
frames: setup ## Every frame of every kind of file, in every way and both modes; rewrites the table of docs/time.md
	@$(python) tools/frames.py $(ARGS)

.PHONY: matrix
matrix: setup ## The suite against FFmpeg 4.3 to 9.0, rewrites docs/compatibility.md (ARGS="--only abi-6.1", --list)
	@$(python) tools/matrix $(ARGS)

.PHONY: matrix-quick
matrix-quick: setup ## A part of the suite against FFmpeg 6.1 and 9.0, as `make test` does at its end
	@$(python) tools/matrix --quick $(ARGS)

.PHONY: bench
bench: setup ## Measure against C, PyAV and OpenCV; rewrites docs/benchmarks.md (ARGS="--only conversion", "--list")
	@$(python) -m pip install --quiet --editable '.[bench]' || echo "PyAV or OpenCV cannot be installed here: measuring without them"
	@tools/build-benchmarks.sh $(CACHE)/bench/programs
	@$(python) benchmarks/run.py $(ARGS)

.PHONY: profile
profile: setup ## Count instructions a frame with callgrind; rewrites their table in docs/benchmarks.md (ARGS="--only encode")
	@tools/profilers.sh $(CACHE)/py-spy $(python)
	@$(python) -m pip install --quiet --editable '.[bench]' || echo "PyAV cannot be installed here: counting without it"
	@tools/build-benchmarks.sh $(CACHE)/bench/programs
	@PATH=$(abspath $(CACHE))/py-spy/bin:$$PATH $(python) benchmarks/counting.py $(ARGS)

.PHONY: scaling
scaling: setup ## Run what docs/scaling.md shows, with Dask, joblib, Ray and torch, fetched into folders of their own (ARGS="Ray")
	@$(python) tools/scaling.py $(ARGS)

.PHONY: packaging
packaging: setup ## Try every way to install, each in a clean folder, with every Python there is; rewrites docs/packaging.md
	@$(python) tools/packaging/run.py --cache $(CACHE) --docs docs/packaging.md $(ARGS)

.PHONY: release
release: setup ## Make the sdist, the pure wheel and the pump's manylinux wheel into dist/, twice; try each (ARGS="--tag v0.2.0")
	@$(python) tools/release $(ARGS)

.PHONY: cut
cut: setup ## Make what CHANGELOG.md has under Unreleased a version's: make cut VERSION=0.2.0 (docs/releasing.md)
	@test -n "$(VERSION)" || { echo "usage: make cut VERSION=0.2.0"; exit 2; }
	@$(python) tools/release/versions.py cut "$(VERSION)" $(ARGS)

.PHONY: browser
browser: setup ## Play what transcode writes in Debian's Chromium, which it installs: is it seen and heard?
	@$(python) tools/browser.py $(ARGS)

.PHONY: docs
docs: setup ## Build the site into .cache/site, strictly: every link and anchor is looked up
	@$(python) -c 'import material, mkdocs, mkdocstrings' 2>/dev/null || $(python) -m pip install --quiet --editable '.[docs]'
	@NO_MKDOCS_2_WARNING=1 $(python) -m mkdocs build --strict --site-dir $(abspath $(CACHE))/site $(ARGS)
	@echo "$(CACHE)/site: look at it with $(python) -m http.server --directory $(CACHE)/site"

.PHONY: memcheck
memcheck: setup ## Run every leak scenario under memray in both FFI modes; rewrites docs/memory.md (10 minutes)
	@$(python) -c 'import memray' 2>/dev/null || $(python) -m pip install --quiet --editable '.[memcheck]'
	@$(python) -m memcheck --docs docs/memory.md $(ARGS)

.PHONY: memcheck-quick
memcheck-quick: setup ## The same with a tenth of the cycles, leaks only
	@$(python) -c 'import memray' 2>/dev/null || $(python) -m pip install --quiet --editable '.[memcheck]'
	@$(python) -m memcheck --quick $(ARGS)

.PHONY: valgrind
valgrind: setup ## Run the lifetime tests and small scenarios under Valgrind (and `make sanitize`: AddressSanitizer)
	@memcheck/valgrind.sh $(python)

.PHONY: sanitize
sanitize: setup
	@memcheck/sanitize.sh $(python)

.PHONY: coexistence
coexistence: setup ## Only the tests beside PyAV and OpenCV, with processes, threads and notebooks, in both FFI modes
	@tools/test.sh $(python) tests/process $(ARGS)

.PHONY: fuzz-libraries
fuzz-libraries: setup ## Load wrong libraries and wrong layouts, at random, for a minute (TIME=600 SEED=7 FOLDERS="/a /b")
	@PYTHONPATH=tests/support $(python) tools/fuzz-libraries.py --seconds $(or $(TIME),60) --cache $(CACHE) \
	    $(addprefix --seed ,$(SEED)) $(FOLDERS)

.PHONY: lint
lint: setup ## ruff and mypy --strict
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy

.PHONY: layouts
layouts: setup ## Record the struct layouts of another FFmpeg: make layouts INCLUDE=/path/to/include
	@test -n "$(INCLUDE)" || { echo "usage: make layouts INCLUDE=/path/to/include (the folder that holds libavutil/)"; exit 2; }
	@$(python) tools/layouts.py --include "$(INCLUDE)"

.PHONY: setup
setup: $(installed) $(media) ## Only the set-up: system packages, environment, build, media

.PHONY: clean
clean: ## Remove everything that was made: environment, caches, build outputs
	rm -rf $(VENV) $(CACHE) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache demo.png
	find ffwebcodecs \( -name '*.so' -o -name '__pycache__' \) -prune -exec rm -rf {} +

# Runs every time, because only asking tells whether the system still has what is needed; it answers in milliseconds.
.PHONY: system
system:
	@tools/system.sh $(libraries)

$(libraries): system

$(installed): $(libraries) $(sources)
	@tools/install.sh $(VENV)
	@touch $@

$(media): tools/media.sh | $(installed)
	@tools/media.sh $(python) $(dir $@)
	@touch $@
