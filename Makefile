# Everything people run. The first run on a machine builds the control plane and the workspace: about ten minutes on two
# cores, once. `make help` lists the targets.

# current: the current context of your kubeconfig, after asking (make demo CLUSTER=current)
CLUSTER = local
HACK = cargo run --quiet --package cachedapi-hack --

.DEFAULT_GOAL = help
.PHONY: help demo test up status down bench crd lint

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

demo: ## show the main job from end to end: apply, call, change, delete
	@$(HACK) demo --cluster $(CLUSTER)

up: ## start the same environment and keep it running (API_SERVER_PORT, AWS_PORT, BACKEND_PORT choose other ports)
	@$(HACK) up

status: ## what `make up` left running
	@$(HACK) status

down: ## stop it and remove .local/
	@$(HACK) down

test: ## all tests, the same that CI runs
	@hack/test

lint: ## formatting, clippy, the layer rule, dependencies
	@hack/lint

crd: ## write the generated CRD into crds/
	cargo run --quiet --bin cachedapi-operator -- crd > crds/cachedapi.dev_cachedapis.yaml

bench: ## measure calls, times and memory against the figures that are promised; prints JSON
	@$(HACK) bench
