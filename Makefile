# `make compare` and `make test` set up, build and run; see README.md.

SWIFT ?= swift
TELEPORT = .build/release/teleport
PYTHON ?= $(or $(wildcard .libtorch/bin/python),python3)
COMPARE ?=
BENCH ?=

.PHONY: build compare test bench example docs lint setup clean

setup:
	@Scripts/setup

build: setup
	$(SWIFT) build -c release --product teleport

# The main job; options go in COMPARE, as in: make compare COMPARE="--dataset mnist --data DIR"
compare: build
	$(TELEPORT) compare $(COMPARE)

# One thread for each operation: the tests run beside each other, and libtorch's threads would wait for one another.
test: setup
	@SWIFT="$(SWIFT)" Scripts/check-imports
	OMP_NUM_THREADS=1 $(SWIFT) test

# Options go in BENCH, as in: make bench BENCH="--suite teleport --threads 1"
bench: build
	$(PYTHON) Benchmarks/compare.py --ours "$(TELEPORT) bench" $(BENCH)

# Packages of their own that depend on this one.
example: setup
	$(SWIFT) run -c release --package-path Examples/TwoSpirals
	$(SWIFT) run -c release --package-path Examples/OwnParts

# The reference and the articles of all public modules as a web site, in .build/docs. A broken link is an error.
docs: setup
	rm -rf .build/docs
	TELEPORTATION_DOCUMENTATION=1 $(SWIFT) package --allow-writing-to-directory .build/docs generate-documentation \
		$(addprefix --target ,Torch NeuralNetworks Optimizers Teleportation Datasets) \
		--enable-experimental-combined-documentation --warnings-as-errors --output-path .build/docs

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Examples

clean:
	rm -rf .build
