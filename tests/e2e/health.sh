#!/usr/bin/env bash
# `titr health`, `titr web` and `titr smoke`, from outside: over SQLite, and over a PostgreSQL and a Redis that are killed and hung.
#
#   TITR=build/titr tests/e2e/health.sh        prints "N passed, N failed"
#
# Starts servers of its own. Needs python3, curl, psql, redis-cli and the model base.
set -uo pipefail
root=$(realpath "$(dirname "$0")/../..")
titr=$(realpath "${TITR:-$root/build/titr}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-health.XXXXXX")
services=$dir-services web=
cleanup() {
  [[ -n $web ]] && kill -KILL "$web" 2>/dev/null
  resume postgres
  resume redis
  "$root/tests/services" stop "$services"
  rm -rf "$dir"
}
trap cleanup EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED: $*"; }
is() { local name=$1; shift; if "$@"; then ok; else bad "$name"; fi; }
# run EXIT PATTERN ARGS...: the exit code, and a line of what it prints that matches
run() {
  local code=$1 pattern=$2 rc
  shift 2
  "$titr" "$@" >out 2>err </dev/null
  rc=$?
  if [[ $rc != "$code" ]]; then bad "$*: exit $rc, not $code: $(head -3 out err)"
  elif ! cat out err | grep -qE -- "$pattern"; then bad "$*: no \"$pattern\" in: $(head -12 out err)"
  elif grep -qE 'titr-test-secret|redis-secret' out err; then bad "$*: a password shows"
  else ok; fi
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
postmaster() { head -1 "$services/pg/postmaster.pid" 2>/dev/null; }
pids_of() { # redis, or PostgreSQL with its children
  if [[ $1 == redis ]]; then cat "$services/redis/pid" 2>/dev/null
  else postmaster && cat "/proc/$(postmaster)/task/$(postmaster)/children" 2>/dev/null; fi
}
hang() { kill -STOP $(pids_of "$1"); }
resume() { kill -CONT $(pids_of "$1") 2>/dev/null; }

# get STATUS PATTERN PATH CURL-ARGS...: asks the web server
get() {
  local code=$1 pattern=$2 path=$3 rc
  shift 3
  rc=$(curl -s -m 8 -o out -w '%{http_code}' --noproxy '*' "$@" "http://$WEBHOOK_LISTEN$path")
  if [[ $rc != "$code" ]]; then bad "GET $path: $rc, not $code: $(head -3 out)"
  elif ! grep -qE -- "$pattern" out; then bad "GET $path: no \"$pattern\" in: $(head -40 out)"
  else ok; fi
}
# soon SECONDS STATUS PATTERN: /health comes to say so
soon() {
  local until=$((SECONDS + $1)) rc
  while ((SECONDS <= until)); do
    rc=$(curl -s -m 8 -o out -w '%{http_code}' --noproxy '*' "http://$WEBHOOK_LISTEN/health")
    [[ $rc == "$2" ]] && grep -qE -- "$3" out && { ok; return; }
    sleep 0.2
  done
  bad "/health does not come to $2 \"$3\" within $1 s: $rc $(cat out)"
}
start_web() {
  "$titr" web 2>web.log & web=$!
  for _ in $(seq 100); do curl -s -o /dev/null --noproxy '*' "http://$WEBHOOK_LISTEN/health" && return; sleep 0.1; done
  bad "titr web does not listen: $(cat web.log)"
}
stop_web() { # within 5 s, with exit code 0
  local rc until=$((SECONDS + 5))
  kill -TERM "$web"
  while kill -0 "$web" 2>/dev/null && ((SECONDS <= until)); do sleep 0.1; done
  is "titr web ends by SIGTERM" test "$SECONDS" -le "$until"
  wait "$web"; rc=$?
  is "titr web ends with 0, not $rc" test "$rc" = 0
  web=
}
# sql TEXT: the rows that a statement gives, in the database at hand
sql() {
  if [[ -n ${DATABASE_URL:-} ]]; then psql "$DATABASE_URL" -qAtc "$1"
  else python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
for row in c.execute(sys.argv[2]): print(*row, sep="|")
c.commit()' "$STORAGE_PATH/titr.db" "$1"; fi
}
# beat NAME SECONDS-AGO: a sign of life
beat() {
  local at=$((($(date +%s) - $2) * 1000))
  sql "INSERT INTO heartbeats (name, at, detail) VALUES ('$1', $at, '{\"slots\": 2, \"counted\": {\"titr_failures_total\": {\"crash\": 3}}}') ON CONFLICT (name) DO UPDATE SET at = excluded.at"
}
users() { sql 'SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM tasks)'; }

cd "$dir" || exit 1
while read -r name; do unset "$name"; done < <(env | sed -n 's/^\(DB_[A-Z]*\|REDIS_[A-Z]*\|DATABASE_URL\|METRICS_TOKEN\|WEBHOOK_LISTEN\)=.*/\1/p')
mkdir storage
host=$(uname -n)
export WHISPER_CACHE_DIR=${STORAGE_PATH:-${XDG_DATA_HOME:-$HOME/.local/share}/titr}/.models
export STORAGE_PATH=$dir/storage TITR_ENV_FILE=/dev/null BOT_TOKEN=123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
export WEBHOOK_LISTEN=127.0.0.1:$(free_port)

# ---- wrong questions ----
run 2 'the health of what' health
run 2 'the health of what' health bot worker
run 2 'no role "nobody"' health nobody
REDIS_PORT=0 run 2 'REDIS_PORT' health redis

# ---- SQLite, the embedded queue, nothing there yet ----
run 1 '^FAIL migrations .*titr migrate upgrade' smoke
is "smoke made no tables" test "$(python3 -c 'import sqlite3; print(len(sqlite3.connect("storage/titr.db").execute("SELECT * FROM sqlite_master").fetchall()))')" = 0
grep -qE '^2 of 8 failed; .titr doctor' out && ok || bad "smoke counts: $(tail -1 out)"
run 1 'behind' web
"$titr" migrate upgrade >/dev/null
run 0 '^ok +database +sqlite:.*/titr\.db$' smoke
for name in database migrations redis queue storage media model engine; do
  is "smoke has a line for $name" grep -qE "^ok +$name " out
done
is "smoke has eight lines" test "$(wc -l <out)" = 8
is "smoke leaves nothing" test "$(users)" = 0
is "smoke leaves no files" test "$(echo $(ls -A storage))" = "tasks titr.db" # the folder is of titr web
WHISPER_MODEL=nosuch run 1 '^FAIL engine' smoke
chmod 755 storage
if [[ $(id -u) != 0 ]]; then chmod 555 storage; run 1 '^FAIL storage' smoke; chmod 755 storage; fi
run 1 '^down bot: no bot is at work$' health bot
run 1 '^down worker: no worker is at work on ' health worker
run 1 '^down webhook: ' health webhook
run 1 '^down postgres: the database is sqlite:' health postgres
run 1 '^down redis: REDIS_HOST is not set' health redis
beat "bot:$host:1" 85 && run 0 '^ok bot: heard of 8[5-9] s ago$' health bot
beat "bot:$host:1" 92 && run 1 '^down bot: the last sign of life of a bot is 9[2-9] s old$' health bot
beat "worker:elsewhere:1" 0 && run 1 "no worker is at work on $host" health worker
beat "worker:$host:1" 1 && run 0 '^ok worker: heard of [0-9] s ago; .*libav.*; model base is here, the engine computes$' health worker
is "one line" test "$(wc -l <out)" = 1
WHISPER_MODEL=nosuch run 1 '^down worker: .*nosuch' health worker

# ---- titr web ----
sql "INSERT INTO users (id, telegram_id, created_at, updated_at) VALUES (1, 1, 0, 0)"
sql "INSERT INTO payments (public_id, user_id, provider, amount_minor, currency, state, created_at) VALUES ('a', 1, 'platega', 29900, 'RUB', 'confirmed', 0),
     ('b', 1, 'platega', 59900, 'RUB', 'confirmed', 0), ('c', 1, 'stars', 250, 'XTR', 'pending', 0)"
start_web
get 200 '^\{"status": "degraded","checks": \{"database": \{"status": "ok","detail": "sqlite:' /health
beat "bot:$host:1" 0
soon 3 200 '^{"status": "ok"'
run 0 "^ok webhook: http://$WEBHOOK_LISTEN/health answers 200$" health webhook
get 200 '^titr_queue_depth\{lane="3"\} 0$' /metrics
for line in 'titr_workers_alive 2' 'titr_worker_slots 4' 'titr_tasks_parked 0' 'titr_payments{state="confirmed",currency="RUB"} 2' 'titr_payments_minor{state="confirmed",currency="RUB"} 89800' \
  'titr_payments{state="pending",currency="XTR"} 1' 'titr_check_ok{check="database"} 1' "titr_failures_total{process=\"worker:$host:1\",code=\"crash\"} 3"; do
  is "metrics have $line" grep -qF "$line" out
done
is "each line of the metrics is one" test "$(grep -vcE '^# (HELP|TYPE) titr_[a-z0-9_]+ .|^titr_[a-z0-9_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$' out)" = 0
get 404 'Not Found' /
get 405 'Not Allowed' /health -X POST
get 413 'Too Large' /health -X GET -d x
mv storage gone && soon 3 503 '"storage": {"status": "down"'
run 1 '^down webhook: .*503: storage is down: ' health webhook
mv gone storage && soon 3 200 '"status": "ok"'
run 1 'cannot listen at .*in use' web # the port is taken
stop_web
WEBHOOK_LISTEN=nowhere.invalid:80 run 2 'nowhere.invalid' web

# ---- with a token ----
export METRICS_TOKEN=titr-metrics-token
start_web
get 401 'Unauthorized' /metrics
get 401 'Unauthorized' /metrics -H 'Authorization: Bearer titr-metrics-tokem'
get 200 'titr_info' /metrics -H 'Authorization: Bearer titr-metrics-token'
get 200 '"database": \{"status": "ok"\}' /health
get 200 '"detail": "sqlite:' /health -H 'Authorization: Bearer titr-metrics-token'
run 0 '^ok webhook' health webhook
stop_web
unset METRICS_TOKEN

# ---- PostgreSQL and Redis ----
addresses=$("$root/tests/services" start "$services") || { bad "no servers"; echo "$passed passed, $failed failed"; exit 1; }
DATABASE_URL=$(sed -n 's/^TITR_TEST_POSTGRES=//p' <<<"$addresses") REDIS_PORT=$(cat "$services/redis.port")
export DATABASE_URL REDIS_PORT REDIS_HOST=127.0.0.1 REDIS_PASSWORD=redis-secret
secure() { redis-cli -p "$REDIS_PORT" config set requirepass redis-secret >/dev/null; }
secure
"$titr" migrate upgrade >/dev/null
run 0 '^ok +redis +127\.0\.0\.1:[0-9]+, a stream' smoke
is "smoke leaves nothing in PostgreSQL" test "$(users)" = 0
is "smoke leaves nothing in Redis" test -z "$(redis-cli -p "$REDIS_PORT" -a redis-secret --no-auth-warning keys '*')"
run 0 '^ok postgres: postgresql://titr@127\.0\.0\.1:[0-9]+/titr$' health postgres
run 0 '^ok redis: 127\.0\.0\.1:[0-9]+, database 0$' health redis
REDIS_PASSWORD=wrong run 1 '^down redis: .*WRONGPASS' health redis
DATABASE_URL=${DATABASE_URL/secret/other} run 1 '^down postgres: ' health postgres
beat "bot:$host:1" 0 && beat "worker:$host:1" 0
start_web
get 200 '^\{"status": "ok","checks": \{"database".*"redis": \{"status": "ok"' /health
quick() { # SECONDS COMMAND...: it says no, and does not take longer
  local most=$1 begun
  shift
  begun=$(date +%s%N)
  run 1 '^down' "$@"
  is "$* within $most s" test $((($(date +%s%N) - begun) / 1000000)) -lt $((most * 1000))
}
"$root/tests/services" kill "$services" redis
quick 1 health redis
soon 4 503 '"redis": {"status": "down"'
run 1 '^FAIL redis ' smoke
"$root/tests/services" again "$services" redis && secure
soon 8 200 '"redis": {"status": "ok"'
hang redis
quick 4 health redis
soon 4 503 '"redis": {"status": "down"'
resume redis
soon 8 200 '"redis": {"status": "ok"'
"$root/tests/services" kill "$services" postgres
quick 4 health postgres
soon 9 503 '"database": {"status": "down"' # transactions are tried again for 5 s
get 200 'titr_check_ok\{check="database"\} 0' /metrics
"$root/tests/services" again "$services" postgres
soon 8 200 '"database": {"status": "ok"'
hang postgres
quick 4 health postgres
soon 14 503 '"database": {"status": "down","detail": "no answer for'
get 200 'titr_check_ok\{check="database"\} 0' /metrics
resume postgres
beat "bot:$host:1" 0 && beat "worker:$host:1" 0
soon 8 200 '^{"status": "ok"'
stop_web
is "a database that is away is told of once, not at each try" test "$(grep -c 'trying again' web.log)" -le 4
is "no password in the log" test "$(grep -cE 'titr-test-secret|redis-secret' web.log)" = 0

echo "$passed passed, $failed failed"
[[ $failed = 0 ]]
