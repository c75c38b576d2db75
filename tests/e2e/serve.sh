#!/bin/bash
# The whole service by `titr serve` against the emulated Telegram (tests/telegram), over SQLite and over PostgreSQL with Redis: a recorded
# sentence goes in, a captioned video comes back; then bot and worker are killed in the middle of it: delivered once, charged once.
#   tests/e2e/serve.sh [sqlite] [postgres]      both when none is named
# Stopping in order hands jobs back. PostgreSQL and Redis are those that tests/services started (TITR_TEST_POSTGRES, TITR_TEST_REDIS).
set -uo pipefail
kinds=" ${*:-sqlite postgres} "
root=$(realpath "$(dirname "$0")/../..")
titr=$(realpath "${TITR:-$root/build/titr}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-serve.XXXXXX")
passed=0 failed=0 serve='' telegram=''
ok() { # NAME STATUS [WHY]
  if [ "$2" = 0 ]; then echo "ok $kind: $1"; passed=$((passed + 1)); else echo "not ok $kind: $1${3:+: $3}"; failed=$((failed + 1)); fi
}
is() { local name=$1; shift; "$@" >/dev/null; ok "$name" $?; }
stop_all() {
  [ -n "$serve" ] && { pkill -KILL -P "$serve"; kill -KILL "$serve"; } 2>/dev/null
  exec 9>&-
  [ "$failed" = 0 ] || tail -n 15 "$dir"/*.log >&2
  rm -rf "$dir"
}
trap stop_all EXIT
kind=set-up

python3 "$root/tests/corpus/make.py" en 35 "$dir/speech.wav" "$dir/speech.json" >/dev/null
for name in first second third; do
  ffmpeg -v error -y -i "$dir/speech.wav" -f lavfi -i testsrc2=size=640x360:rate=25 -map 1:v -map 0:a -shortest -c:v libx264 -preset ultrafast -pix_fmt yuv420p \
    -c:a aac -metadata title=$name "$dir/$name.mp4"
done
user() { python3 "$root/tests/telegram/user.py" "$port" "$@"; }
calls() { # METHOD PYTHON-CONDITION ON row
  python3 -c 'import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
print(sum(1 for row in rows if row["method"] == sys.argv[2] and eval(sys.argv[3])))' "$world/tg/log.jsonl" "$1" "$2"
}
query() { # one value of the database
  case $DATABASE_URL in
    sqlite:*) python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1], timeout=10).execute(sys.argv[2]).fetchone()[0])' "${DATABASE_URL#sqlite:}" "$1" ;;
    *) psql -Atq "$DATABASE_URL" -c "$1" ;;
  esac
}
role() { pgrep -P "$serve" -f "^titr $1\$"; } # its process
wait_until() { # SECONDS COMMAND…
  local n=$(($1 * 5))
  shift
  for _ in $(seq "$n"); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done
  return 1
}
start_serve() {
  "$titr" serve 2>>"$dir/$kind.log" &
  serve=$!
}
is_running() { [ "$(query "SELECT count(*) FROM tasks WHERE state = 'running'")" -ge 1 ]; }
is_recognizing() { [ "$(query "SELECT count(*) FROM tasks WHERE state = 'running' AND stage IN ('model', 'recognize', 'render', 'shots')")" -ge 1 ]; }

run_all() {
  world=$dir/$kind
  mkdir -p "$world/tg" "$world/storage"
  ln -s "${XDG_DATA_HOME:-$HOME/.local/share}/titr/.models" "$world/storage/.models"
  mkfifo "$world/stdin"
  python3 "$root/tests/telegram/server.py" "$world/tg" --token 123456:test-token >"$world/port" 2>"$dir/telegram-$kind.log" <"$world/stdin" &
  exec 9>"$world/stdin"
  wait_until 10 test -s "$world/port"
  port=$(cat "$world/port")
  export BOT_TOKEN=123456:test-token BOT_API_URL=http://127.0.0.1:$port STORAGE_PATH=$world/storage TITR_ENV_FILE=/dev/null LEASE_SECONDS=5
  export DAILY_LIMIT_FREE=10 WEBHOOK_LISTEN=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

  start_serve
  user text 7 /start first_name=Ada language_code=en >/dev/null
  is "the bot answers on an empty database" user wait 7 30 'Hi, Ada'
  is "health of the bot" "$titr" health bot
  is "health of the web role" wait_until 10 "$titr" health webhook
  is "health of the worker" wait_until 20 "$titr" health worker

  user media 7 video "$dir/first.mp4" duration=35 name=first.mp4 >/dev/null
  is "a captioned video comes back" user wait 7 120 'first.titr.mp4'
  is "and its SRT" user wait 7 20 'first.srt'
  is "metrics tell of it" bash -c "curl -sf --noproxy '*' http://$WEBHOOK_LISTEN/metrics | grep -q titr_"

  # killed in the middle of it: the worker while it works, then the bot, and Redis forgets everything
  user media 7 video "$dir/second.mp4" duration=35 name=second.mp4 >/dev/null
  wait_until 30 is_recognizing
  ok "the second is being worked on" $?
  kill -KILL "$(role worker)"
  [ -z "${TITR_REDIS_URL:-}" ] || redis-cli -u "$TITR_REDIS_URL" flushall >/dev/null
  kill -KILL "$(role bot)"
  is "both are killed: it comes back all the same" user wait 7 120 'second.titr.mp4'
  is "with its SRT" user wait 7 30 'second.srt'
  is "and the status message ends" user wait 7 30 'second.mp4\nDone'
  sleep 2
  is "delivered once" test "$(calls sendVideo "'second' in str(row['fields'])")" = 1
  is "its SRT too" test "$(calls sendDocument "'second' in str(row['fields'])")" = 1
  is "charged once" test "$(query "SELECT count(*) FROM usage_ledger WHERE kind = 'charge'") $(query "SELECT SUM(used) FROM quota_days")" = "2 2"
  is "nothing was given back" test "$(query "SELECT count(*) FROM usage_ledger WHERE kind = 'refund'")" = 0
  is "it took a second attempt" test "$(query "SELECT max(attempts) FROM tasks")" = 2

  # stopped in order, in the middle of it
  user media 7 video "$dir/third.mp4" duration=35 name=third.mp4 >/dev/null
  wait_until 30 is_running
  ok "the third is being worked on" $?
  began=$(date +%s%N)
  kill -TERM "$serve"
  wait "$serve"
  ok "SIGTERM ends the service with 0" $?
  took=$((($(date +%s%N) - began) / 1000000))
  ok "within 13 s" $([ "$took" -lt 13000 ]; echo $?) "$took ms"
  is "no process is left" test -z "$(pgrep -f "^titr (bot|worker|web)\$" | while read -r p; do grep -qz "STORAGE_PATH=$world/" "/proc/$p/environ" 2>/dev/null && echo "$p"; done)"
  is "no task is left running" test "$(query "SELECT count(*) FROM tasks WHERE state = 'running'")" = 0
  start_serve
  is "started again it goes on" user wait 7 120 'third.titr.mp4'
  is "the attempt that was handed back does not count" test "$(query "SELECT attempts FROM tasks ORDER BY id DESC LIMIT 1")" = 1
  kill -TERM "$serve"
  wait "$serve"
  serve=''
  is "nothing broke Telegram's rules" test "$(grep -c violation "$world/tg/log.jsonl")" = 0
  is "no secret is in the log" test "$(grep -c -e test-token -e titr-test-secret "$dir/$kind.log")" = 0
  is "smoke" "$titr" smoke
  exec 9>&-
}

if [[ $kinds = *" sqlite "* ]]; then
  kind=sqlite
  export DATABASE_URL=sqlite:$dir/sqlite/storage/titr.db
  BOT_TOKEN='' TITR_ENV_FILE=/dev/null STORAGE_PATH=$dir/none DATABASE_URL=sqlite:$dir/none.db "$titr" serve 2>"$dir/none.log"
  ok "without BOT_TOKEN it says so and exits 2" $([ $? = 2 ] && grep -q BOT_TOKEN "$dir/none.log"; echo $?)
  run_all
fi
if [[ $kinds = *" postgres "* ]]; then
  kind=postgres
  if [ -n "${TITR_TEST_POSTGRES:-}" ] && [ -n "${TITR_TEST_REDIS:-}" ]; then
    psql -q "$TITR_TEST_POSTGRES" -c "CREATE DATABASE serve_$$" >/dev/null
    export DATABASE_URL=${TITR_TEST_POSTGRES%/*}/serve_$$ TITR_REDIS_URL=$TITR_TEST_REDIS
    address=${TITR_TEST_REDIS#redis://} address=${address%%/*}
    export REDIS_HOST=${address%:*} REDIS_PORT=${address##*:}
    run_all
    psql -q "$TITR_TEST_POSTGRES" -c "DROP DATABASE serve_$$ WITH (FORCE)" >/dev/null
  elif [ -n "${TITR_TESTS_COMPLETE:-}" ]; then
    ok "servers are there" 1 "TITR_TEST_POSTGRES or TITR_TEST_REDIS is not set"
  fi
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
