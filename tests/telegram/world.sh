# Sourced by tests that play the whole service against the emulated Telegram: a folder, the server, functions. The caller sets
# $root and $titr. TITR_BOT_DATABASE names another database than SQLite's file; REDIS_HOST and REDIS_PORT are the program's own.
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-bot.XXXXXX")
passed=0 failed=0
bot='' worker='' telegram=''

ok() { passed=$((passed + 1)); echo "ok $*"; }
bad() { # gives up after some: each of them waits for what does not come
  failed=$((failed + 1))
  echo "FAILED: $*"
  [ "$failed" -lt 5 ] || { echo "$passed passed, $failed failed"; exit 1; }
}
is() { local name=$1; shift; if "$@"; then ok "$name"; else bad "$name"; fi; }

stop_all() {
  for pid in $bot $worker; do kill -KILL "$pid" 2>/dev/null; done
  exec 9>&-
  [ -n "$telegram" ] && wait "$telegram" 2>/dev/null
  if [ "$failed" != 0 ]; then tail -n 5 "$dir"/*.log; grep violation "$dir/tg/log.jsonl" | head -3; fi
  [ -n "${KEEP:-}" ] && cp -r "$dir" "$KEEP"
  rm -rf "$dir"
}
trap stop_all EXIT

mkdir -p "$dir/tg" "$dir/storage"
models=${XDG_DATA_HOME:-$HOME/.local/share}/titr/.models
ln -s "$models" "$dir/storage/.models"
mkfifo "$dir/stdin"
python3 "$root/tests/telegram/server.py" "$dir/tg" --token 123456:test-token ${TITR_BOT_SERVER:---duplicates} >"$dir/port" 2>"$dir/telegram.log" <"$dir/stdin" &
telegram=$!
exec 9>"$dir/stdin"
for _ in $(seq 50); do [ -s "$dir/port" ] && break; sleep 0.1; done
port=$(cat "$dir/port")
export BOT_TOKEN=123456:test-token BOT_API_URL=http://127.0.0.1:$port STORAGE_PATH=$dir/storage TITR_ENV_FILE=/dev/null LOG_LEVEL=info
[ -n "${TITR_BOT_DATABASE:-}" ] && export DATABASE_URL=$TITR_BOT_DATABASE
user() { python3 "$root/tests/telegram/user.py" "$port" "$@"; }
says() { user wait "$@" >/dev/null; }
field() { python3 -c 'import json, sys; v = json.load(sys.stdin)
for k in sys.argv[1].split("."): v = v[int(k)] if k.isdigit() else v[k]
print(v)' "$1"; }
# calls METHOD [PYTHON-CONDITION ON row]: how many were logged
calls() { python3 -c 'import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
print(sum(1 for row in rows if row["method"] == sys.argv[2] and eval(sys.argv[3])))' "$dir/tg/log.jsonl" "$1" "${2:-True}"; }
start_bot() { "$titr" bot 2>>"$dir/bot.log" & bot=$!; }
start_worker() { "$titr" worker 2>>"$dir/worker.log" & worker=$!; }

sounds=$(echo /usr/share/asterisk/sounds/en_US_*)
make_video() { # NAME PROMPT
  ffmpeg -v error -y -f g722 -i "$sounds/$2.g722" -f lavfi -i testsrc2=size=320x240:rate=25 -map 1:v -map 0:a -shortest \
    -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac "$dir/$1"
}
