# Everything is two commands: `make run` to try Stoa out, `make test` before a change goes in.

TARGET := $(or $(CARGO_TARGET_DIR),target)
# Where rustup puts cargo, for shells that have not been told.
export PATH := $(PATH):$(HOME)/.cargo/bin

.DEFAULT_GOAL := help
.PHONY: help run test check bench crash real nodes fuzz clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing, build, and start the demo (ARGS="--listen 127.0.0.1:9000" for options; NODES=3 for several nodes)
	@NODES=$(NODES) scripts/run.sh $(ARGS)

test: ## Install what the tests need, then run everything: format, clippy, all tests
	@scripts/test.sh

check: ## Format and clippy only
	@scripts/install.sh run
	@scripts/check.sh

bench: ## Build and run the load test (ARGS="..." for its options; NODES=2 for several nodes beside one)
	@scripts/install.sh $(if $(filter-out 1,$(NODES)),nodes,run)
	cargo build --profile dist --locked --bin stoa --example load
	$(TARGET)/dist/examples/load $(addprefix --nodes ,$(filter-out 1,$(NODES))) $(ARGS)

crash: ## Kill server and database 20 times under load, then check that nothing was lost
	@scripts/install.sh run
	cargo build --profile dist --locked --bin stoa --example crash
	$(TARGET)/dist/examples/crash $(ARGS)

real: ## Run the tests behind the real HAProxy and nginx, and with the real clamd (ARGS=passing for some of them)
	@scripts/real.sh $(ARGS)

nodes: ## Kill, freeze and cut off nodes, Redis and PostgreSQL under load; compare what was heard (ARGS="--rounds 10"; PREVIOUS=path/to/older/stoa)
	@scripts/install.sh campaign
	cargo build --profile dist --locked --bin stoa --example nodes
	$(TARGET)/dist/examples/nodes $(if $(PREVIOUS),--previous $(PREVIOUS)) $(ARGS)

fuzz: ## Drive the parsers with libFuzzer (ARGS=600 for so many seconds)
	@scripts/install.sh run
	@scripts/fuzz.sh $(ARGS)

clean: ## Remove what was built or fetched; the database stays
	cargo clean
	rm -rf tests/node/node_modules tests/python/.venv
