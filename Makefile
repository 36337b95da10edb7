# Everything people run; `make help` lists it. The first run on a machine builds a Kubernetes control plane and the
# workspace: about ten minutes on two cores, once; `make test` builds a second control plane, of the oldest Kubernetes, nine minutes of one core more.

# current: the current context of your kubeconfig, after asking (make demo CLUSTER=current); node: a real node, with the operator in a pod (make demo NODE=1)
CLUSTER = $(if $(NODE),node,local)
NAMESPACE = default
SECRET = orders-cache
BIN = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/debug
IMAGE = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/image.tar
FIGURES = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/tmp/simulation.md
HACK = cargo run --quiet --package cachedapi-hack --

ifeq (, $(shell command -v cargo))
$(error cargo is not on the PATH; install Rust with rustup (https://rustup.rs/))
endif

.DEFAULT_GOAL = help
.PHONY: help demo up status mount down test test-oldest test-node test-processes test-image image sim fuzz guards bench bench-node bench-rotation lint scan crd docs

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## /  make \1\t/p' $(MAKEFILE_LIST)

demo: ## show the main job from end to end: apply, call, change, delete (NODE=1: by a pod on a real node; Linux, root)
	@$(HACK) demo --cluster $(CLUSTER)

up: ## start the same environment and keep it (API_SERVER_PORT=, AWS_PORT=, BACKEND_PORT= choose other ports)
	@$(HACK) up

status: ## show what `make up` left running
	@$(HACK) status

mount: ## mount a bound Secret for the sample back end of `make up` (SECRET=, NAMESPACE=)
	@$(HACK) mount --namespace $(NAMESPACE) $(SECRET)

down: ## stop it and remove it from .local/
	@$(HACK) down

test: lint ## run all tests but those on a real node; CI runs both
	@$(HACK) tools > /dev/null
	cargo build --workspace --bins
	cargo test --workspace
	$(MAKE) guards
	cd examples/backend && python3 -m unittest
	$(MAKE) test-oldest
	LOCAL_AWS_BIN=$(BIN)/local-aws tests/boto3/run
	tests/image/run

test-oldest: ## run what depends on the API server's version against the oldest Kubernetes that the chart claims: CRDs, chart, the main job
	@CACHEDAPI_KUBERNETES=oldest $(HACK) tools > /dev/null
	CACHEDAPI_KUBERNETES=oldest cargo test --workspace --test control_plane --test crd
	CACHEDAPI_KUBERNETES=oldest cargo test --workspace --test chart --test e2e -- installations:: release:: rights:: the_demo

sim: ## simulate faults at every call, with the invariants watched, and count them (SEEDS=0..1000: only these walks at random; PAIRS=all: only all pairs of faults)
	@rm -f $(FIGURES)
	cargo test --workspace --test sim -- $(if $(SEEDS),walk::) $(if $(PAIRS),pairs::) $(if $(SEEDS)$(PAIRS),--nocapture,--show-output) || failed=1; cat $(FIGURES); exit $$failed

test-node: ## run the operator in pods of a real node (Linux, root): install, main job, availability
	tests/node/run

test-processes: ## put faults between real processes: operator, API server, local AWS, cache nodes
	cargo build --workspace --bins
	cargo test --workspace --test processes

image: ## build the released image into an archive and print its digest (IMAGE=: the archive)
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(HACK) image --profile release $(IMAGE)

test-image: ## look at the released image as `make test` does at a debug one, and compile it a second time elsewhere: the same bytes
	tests/image/run release

guards: ## remove the operator's guards one by one, each of which must turn a test red; part of `make test`
	cargo test --workspace --test guards -- remove

fuzz: ## try objects, edits and answers of AWS that nobody thought of (SEEDS=0..1000: only what is random, with these seeds)
	cargo test --workspace --test fuzz -- $(if $(SEEDS),objects:: lives:: replies:: edits:: --nocapture,--show-output)

bench: ## measure calls, times and memory, and print them as JSON
	@$(HACK) bench

bench-node: ## the same for a thousand objects on a real node (Linux, root)
	@$(HACK) bench-node

bench-rotation: ## rotate under load and count what fails; prints JSON, takes over an hour
	@cargo bench --quiet --profile dev --workspace --bench rotation

lint: ## check formatting, lints, the layer rule, and the dependencies' licences and sources
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings
	cargo check --lib --no-default-features
	$(HACK) deny

scan: ## look for weaknesses in what the chart renders (fetches half a gigabyte from PyPI, once)
	tests/chart/scan

crd: ## write the generated CRDs into crds/
	cargo build --quiet --workspace --bins
	$(BIN)/cachedapi-operator crd cachedapis > crds/cachedapi.dev_cachedapis.yaml
	$(BIN)/cachedapi-operator crd awsaccounts > crds/cachedapi.dev_awsaccounts.yaml

docs: ## write the generated pages into docs/reference/
	WRITE_DOCS=1 cargo test --quiet --workspace --test docs
