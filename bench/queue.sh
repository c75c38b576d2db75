#!/bin/bash
# The queue with jobs that do nothing, over each kind of store, and BullMQ (a queue in Redis for Node.js) beside it: see
# bench/queue.c for what is measured. All servers force to the disk what they are given.
#
#   bench/queue.sh        JOBS (default 2000), THREADS (4), ROUNDS (3: medians), BULLMQ (its version; none: without the peer)
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
ninja -C "$build" bench_queue >/dev/null
jobs=${JOBS:-2000} threads=${THREADS:-4} rounds=${ROUNDS:-3} bullmq=${BULLMQ:-5.81.5}
services=$(mktemp -d "${TMPDIR:-/tmp}/titr-bench.XXXXXX")
trap 'tests/services stop "$services"' EXIT
addresses=$(tests/services start "$services" --durable)
server=$(sed -n 's/^TITR_TEST_POSTGRES=//p' <<<"$addresses")
redis=$(sed -n 's/^TITR_TEST_REDIS=.*:\([0-9]*\)\/0$/\1/p' <<<"$addresses")

peer=$PWD/build/bench/bullmq
if [ "$bullmq" != none ] && ! { [ -d "$peer/node_modules/bullmq" ] && grep -q "\"version\": \"$bullmq\"" "$peer/node_modules/bullmq/package.json"; }; then
  mkdir -p "$peer"
  echo '{"private": true}' >"$peer/package.json"
  if ! command -v npm >/dev/null || ! (cd "$peer" && npm install --silent --no-audit --no-fund --ignore-scripts "bullmq@$bullmq" >/dev/null 2>&1); then
    echo "BullMQ cannot be installed here (npm): measured without it" >&2
    bullmq=none
  fi
fi

results=$services/results
run() { # NAME COMMAND…
  local name=$1 line
  shift
  line=$("$@")
  printf '%s\t%s\n' "$name" "$line" >>"$results"
}
fresh() { psql "$server" -qc "DROP DATABASE IF EXISTS bench" -c "CREATE DATABASE bench" 2>/dev/null; redis-cli -p "$redis" flushall >/dev/null; }
for _ in $(seq "$rounds"); do
  rm -f "$services"/bench.db*
  run "SQLite" "$build/bench_queue" --database "sqlite:$services/bench.db" --jobs "$jobs" --threads "$threads"
  fresh
  run "PostgreSQL" "$build/bench_queue" --database "${server%/*}/bench" --jobs "$jobs" --threads "$threads"
  fresh
  run "PostgreSQL and Redis" "$build/bench_queue" --database "${server%/*}/bench" --redis "$redis" --jobs "$jobs" --threads "$threads"
  fresh
  [ "$bullmq" = none ] || run "BullMQ $bullmq" env NODE_PATH="$peer/node_modules" node bench/queue_peer.js "$redis" "$jobs" "$threads"
done
python3 - "$results" <<'PY'
import json, statistics, sys
rows = {}
for line in open(sys.argv[1]):
    name, text = line.rstrip("\n").split("\t")
    rows.setdefault(name, []).append(json.loads(text))
first = next(iter(rows.values()))[0]
print(f"{first['jobs']} jobs that do nothing, {first['threads']} at once; medians of {len(next(iter(rows.values())))}")
print(f"{'':22}{'made/s':>8}{'worked/s':>10}{'to start, other process':>26}{'same process':>20}")
for name, runs in rows.items():
    m = lambda key: statistics.median(r[key] for r in runs) if key in runs[0] else None
    pair = lambda kind: f"{m(kind + '_p50_ms'):.1f} / {m(kind + '_p99_ms'):.1f} ms" if m(kind + "_p50_ms") is not None else "-"
    print(f"{name:22}{m('made_per_s'):8.0f}{m('worked_per_s'):10.0f}{pair('other_process'):>26}{pair('same_process'):>20}")
print("to start: p50 / p99 from commit to the worker's function. BullMQ keeps jobs in Redis alone: no row, no charge.")
PY
