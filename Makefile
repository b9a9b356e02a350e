# What a developer needs, in a few verbs. `make demo` is the whole tour.
BUILD ?= build
JOBS ?= $(shell nproc)
PYTHON ?= python3
DEMO ?= demo

export OMP_WAIT_POLICY ?= passive

.PHONY: setup build test demo lint format bench fuzz test-interop readme install clean

setup:
	@./setup.sh

build: setup
	@cmake --preset release -B $(BUILD) > $(BUILD)-configure.log 2>&1 || { cat $(BUILD)-configure.log; exit 1; }
	@rm -f $(BUILD)-configure.log
	@cmake --build $(BUILD) -j $(JOBS)

test: build
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

demo: build
	$(BUILD)/repbench run configs/demo.json --out $(DEMO)
	@$(BUILD)/repbench report $(DEMO)
	@echo "page: $(DEMO)/report.html"

lint: build
	@tests/lint.sh $(BUILD)

format:
	@git ls-files '*.h' '*.cpp' | xargs clang-format -i

bench: build
	@bench/run.sh $(BUILD)

# Needs clang; FUZZ_SECONDS a reader (default 60).
fuzz: setup
	@tests/fuzz/run.sh $(BUILD)

# Needs a Python with the peers: see tests/interop/requirements.txt.
test-interop: build
	@tests/interop/run.sh $(BUILD) $(PYTHON)

# The demo's table and picture in README.md, generated.
readme:
	@docs/readme.sh $(BUILD) $(DEMO)

install: build
	cmake --install $(BUILD)

clean:
	rm -rf $(BUILD)
