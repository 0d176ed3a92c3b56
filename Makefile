# The front door. `make help` says what there is.
BUILD = build

.PHONY: help build test demo bench check acceptance soak fuzz install setup
help:
	@echo 'make demo        the main job: a bot on four shards against an offline Discord'
	@echo 'make test        build, and run all tests'
	@echo 'make build       the library, the cordage program and the examples, in build/'
	@echo 'make bench       events per CPU-second, memory per shard, a log line'
	@echo 'make check       format and static analysis'
	@echo 'make fuzz        fuzz every parser for a minute each'
	@echo 'make acceptance  the long runs'
	@echo 'make soak        bots and fleets in virtual time from fresh seeds, until stopped'
	@echo 'make install     into /usr/local (PREFIX=… at `make build` for elsewhere)'

setup:
	@scripts/setup $(BUILD)

build: setup
	@ninja -C $(BUILD)

demo: build
	@$(BUILD)/demo/demo

test: build
	@scripts/run-tests $(BUILD)

bench: build
	@scripts/bench

check: setup
	@scripts/check $(BUILD)

fuzz:
	@scripts/fuzz

acceptance: build
	@scripts/acceptance

soak: setup
	@ninja -C $(BUILD) tests/world/test_world
	@CORDAGE_WORLD_ENDLESS=1 $(BUILD)/tests/world/test_world

install: build
	@meson install -C $(BUILD)
	@[ -n "$$DESTDIR" ] || PATH="$$PATH:/sbin" ldconfig 2>/dev/null || :
