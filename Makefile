# `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run build test chaos bench demo format lint clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1 - \2/p' Makefile

run: build ## install what is missing, build, start the daemon on the shipped registry (dry run)
	@scripts/run

build: ## install what is missing, build .build/release/muster
	@scripts/install-deps
	swift build -c release --product muster

test: ## install what is missing, build, run all tests (own Postgres; own docker daemons where root or sudo allows)
	@scripts/install-deps --tests
	@scripts/test

chaos: ## install what is missing, build in release, run the faults of docs/faults.md; CHAOS=long for all of them
	@scripts/install-deps --tests
	@scripts/chaos

bench: ## install what is missing, build in release, print the figures with their references
	@scripts/install-deps --tests
	swift build -c release --product muster
	swift build -c release --product muster-bench
	@scripts/with-postgres scripts/with-dockerd --no-swarm .build/release/muster-bench

demo: ## the story on real containers: one killed, one drifted, one gone; plan, approve, converge, audit
	@scripts/install-deps --tests
	swift build -c release --product muster
	@scripts/demo

format: ## format all Swift files
	swift format --in-place --recursive Sources Tests Benchmarks Package.swift

lint: ## what the tests check of the format
	swift format lint --strict --recursive Sources Tests Benchmarks Package.swift

clean: ## remove what was built
	rm -rf .build
