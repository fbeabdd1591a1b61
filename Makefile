# swancast. `make demo` shows the main job on real parts; `make test` passes every test.
# Both need root for network namespaces; `make setup` installs what they use (idempotent).
# Only `npm run` starts node here: it puts the pinned Node of node_modules/.bin first.

.PHONY: help setup build check test unit integration lab root demo clean

help:
	@echo "make demo   crash a real charon and watch the anycast prefix move (1 minute)"
	@echo "make test   everything CI runs: check, unit, integration, lab"
	@echo "make setup  install what both need (Debian 12, root; seconds when already there)"
	@echo "make check  types, lint, format, import direction"
	@echo "make build  the bundles that ship, into dist/"

setup:
	@sh deploy/setup.sh

build: setup
	@npm run -s build

check: setup
	@npm run -s check

unit: setup
	@npm run -s test

integration: setup
	@npm run -s test:integration

test: root setup
	@npm run -s build
	@npm run -s test:all

# Said before minutes of installing, not after.
root:
	@test "$$(id -u)" = 0 || { echo "make demo and make test build network namespaces: run them as root" >&2; exit 1; }

demo: root setup
	@npm run -s build
	@npm run -s lab -- crash --runs 1 --demo

clean:
	rm -rf dist logs
