# For people; the build itself is CMake's. `make` alone prints this list.
.PHONY: help settings build test bench lint fmt fuzz torture tsan fresh containers install clean sample smoke migrate upgrade revision up down logs
SHELL := /bin/bash
COMPOSE = docker compose --env-file .env -f deploy/docker-compose.yml

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## ?/  make \1\t/' | expand -t 18

build: ## set up, build build/titr, fetch the model
	@scripts/setup build run program models

test: ## set up and run all tests (about 20 minutes); the last line counts
	@tests/run

bench: ## recognition beside faster-whisper, rendering beside ffmpeg, in one run
	@bench/run

lint: ## format and static analysis
	@scripts/lint

fmt: ## format all sources
	@git ls-files 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]' | xargs clang-format -i

settings: ## write .env.example, docs/settings.md and docs/cli.md from the tables in the sources
	@scripts/setup build program
	@ninja -C build settings_files

fuzz: ## run every fuzz target for a minute (SECONDS=n for longer)
	@scripts/fuzz $${SECONDS_EACH:-60}

torture: ## the crash campaign's long form: 10,000 jobs over each kind of store, everything killed at random
	@scripts/setup build run test && TITR_WERROR=ON scripts/setup program && ninja -C build torture >/dev/null && tests/torture/run 10000 200

tsan: ## the threaded suites under the thread sanitizer
	@scripts/tsan

fresh: ## quickstart and test in a bare Debian root: the proof of set-up
	@scripts/fresh

smoke: build ## try once everything that a job of the service needs
	@build/titr smoke

migrate: upgrade ## another name for upgrade

upgrade: build ## bring the database to the program's schema
	@build/titr migrate upgrade

revision: build ## begin a migration: make revision m="what it does"
	@build/titr migrate revision -m "$(m)"

up: ## run the service in containers (deploy/docker-compose.yml, settings in .env)
	@$(COMPOSE) up -d --build

down: ## stop them
	@$(COMPOSE) down

logs: ## what they say
	@$(COMPOSE) logs -f --tail 100

containers: ## build the image and play the compose file through, with an emulated Telegram
	@tests/containers/run

install: build ## install titr, its manual page and completion under $(PREFIX)
	@cmake --install build --prefix $${PREFIX:-/usr/local}

clean: ## remove what was built
	rm -rf build
