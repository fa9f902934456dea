# The two that matter: `make run` shows what it does, `make test` checks that it does so. Both work on a fresh
# Debian 12 or Ubuntu machine, as root or with sudo, and install what is missing.

PYTHON := .venv/bin/python
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
MAKEFLAGS += --no-print-directory

.PHONY: help run test test-kernels test-kernels-quick unit lint bpf reference check-generated examples bench wheel clean setup setup-test setup-kernels

help:
	@echo "make run              install what is needed and trace a curl"
	@echo "make test             everything: lint, types, imports, generated files, all tests"
	@echo "make test-kernels     the conformance suite on five other kernels, in virtual machines (half an hour)"
	@echo "make test-kernels-quick  the same on two"
	@echo "make unit             the tests that need no root"
	@echo "make lint             ruff, mypy, import-linter"
	@echo "make bpf              compile the BPF objects"
	@echo "make reference        write everything that is generated (bpf/layout.h, docs/reference)"
	@echo "make examples         capture the reference's example lines anew (root)"
	@echo "make check-generated  fail if something generated is not what is committed"
	@echo "make bench            all benchmarks (root)"
	@echo "make wheel            dist/kindling-*.whl"

setup:
	@tools/setup.sh run

setup-test:
	@tools/setup.sh test

setup-kernels:
	@tools/setup.sh kernels

run: setup
	@tools/demo.sh

# The kernel's events need root; the tests that do not need it run just the same.
test: setup-test lint check-generated
	@$(SUDO) $(PYTHON) -m pytest -q

KERNELS := 5.10 6.1 6.12 newest 6.1-arm64
REPORTS := build/kernels

test-kernels: setup-kernels bpf
	@rm -rf $(REPORTS)
	@$(PYTHON) -m pytest -q tests/kernel $(foreach kernel,$(KERNELS),--kernel $(kernel)) --kernel-reports $(REPORTS)
	@$(PYTHON) -m tests.conformance.matrix $(REPORTS)/*.json >docs/kernels.md

test-kernels-quick: setup-kernels bpf
	@$(PYTHON) -m pytest -q tests/kernel --kernel 5.10 --kernel 6.1

unit: setup-test
	@$(PYTHON) -m pytest -q tests/unit

lint: setup-test
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

bpf: setup
	@$(PYTHON) tools/build_bpf.py

reference: setup-test
	@$(PYTHON) tools/generate.py

check-generated: setup-test
	@$(PYTHON) tools/generate.py --check

examples: setup-test
	@$(SUDO) $(PYTHON) tools/examples.py
	@$(PYTHON) tools/generate.py

bench: setup-test
	@$(SUDO) $(PYTHON) -m benchmarks

wheel: setup-test
	@rm -rf dist
	@if command -v uv >/dev/null; then uv build --quiet --wheel --out-dir dist; \
	else .venv/bin/pip wheel --quiet --no-deps --wheel-dir dist .; fi
	@ls dist/*.whl

clean:
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis src/kindling/probes/bpf/*.o
