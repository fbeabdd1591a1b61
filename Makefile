# swancast. `make demo` shows the main job on real parts; `make test` passes every test.
# Both need root for network namespaces; `make setup` installs what they use (idempotent). What runs no daemon
# needs the npm packages alone.
# Only `npm run` starts node here: it puts the pinned Node of node_modules/.bin first.

.PHONY: help setup npm build deb check test unit integration lab root demo clean

help:
	@echo "make demo   crash a real charon and watch the anycast prefix move (1 minute)"
	@echo "make test   everything CI runs: check, unit, integration, lab"
	@echo "make setup  install what both need (Debian 12, root; seconds when already there)"
	@echo "make check  types, lint, format, import direction"
	@echo "make build  the bundles that ship, into dist/ (npm packages alone)"
	@echo "make deb    Debian packages for amd64 and arm64, into dist/deb/ (one: make deb ARCH=amd64)"

setup:
	@sh deploy/setup.sh

npm:
	@sh deploy/setup.sh npm

build: npm
	@npm run -s build

deb: npm
	@npm run -s deb -- $(ARCH:%=--arch %)

check: npm
	@npm run -s check

unit: npm
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
