#!/bin/bash
# `titr backup` and `titr restore`: copies of a database in use, and what is refused.
set -uo pipefail
cd "$(dirname "$0")/../.."
titr=$(realpath "${TITR:-build/titr}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export STORAGE_PATH=$work/storage
mkdir storage
passed=0 failed=0
ok() { # NAME STATUS [WHY]
  if [ "$2" = 0 ]; then echo "ok $1"; passed=$((passed + 1)); else echo "not ok $1${3:+: $3}"; failed=$((failed + 1)); fi
}
refuses() { # NAME STATUS PATTERN COMMAND…
  local name=$1 want=$2 pattern=$3 out status
  shift 3
  out=$("$@" 2>&1)
  status=$?
  [ "$status" = "$want" ] && grep -q -- "$pattern" <<<"$out" && [ "$(wc -l <<<"$out")" = 1 ]
  ok "$name" $? "exit $status: $out"
}
sql() { python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*(r[0] for r in c.execute(sys.argv[2]))); c.commit()' "$@"; }

"$titr" migrate upgrade >/dev/null
sql storage/titr.db "INSERT INTO users (telegram_id, created_at, updated_at) VALUES (1, 1, 1)" >/dev/null
# while somebody writes: a connection that is open, with its rows still in the log
python3 - <<'P' &
import sqlite3, time
c = sqlite3.connect("storage/titr.db", timeout=10)
for i in range(2, 400):
    c.execute("INSERT INTO users (telegram_id, created_at, updated_at) VALUES (?, 1, 1)", (i,))
    c.commit()
    time.sleep(0.002)
P
sleep 0.2
"$titr" backup copy.db >/dev/null
ok "a copy while it is written" $?
wait
[ "$(sql copy.db "PRAGMA integrity_check")" = ok ] && [ "$(sql copy.db "SELECT count(*) > 0 FROM users")" = 1 ]
ok "the copy is sound" $?
[ "$(stat -c %a copy.db)" != 777 ] && [ -z "$(ls -A | grep -v -e '^copy.db$' -e '^storage$')" ]
ok "nothing beside it" $? "$(ls -A)"
refuses "a copy that is there stays" 2 "exists" "$titr" backup copy.db
"$titr" backup --force copy.db >/dev/null
ok "--force replaces it" $?
n=$(sql copy.db "SELECT count(*) FROM users")
refuses "the database that is there stays" 2 "exists" "$titr" restore copy.db
sql storage/titr.db "DELETE FROM users" >/dev/null
"$titr" restore --force copy.db >/dev/null
ok "restored" $?
[ "$(sql storage/titr.db "SELECT count(*) FROM users")" = "$n" ]
ok "with all that was in it" $?
[ "$("$titr" migrate check)" = "up to date" ]
ok "and its history" $?
sql storage/titr.db "INSERT INTO heartbeats (name, at, detail) VALUES ('worker:a:1', $(date +%s)000, '{}')" >/dev/null
refuses "not while the service runs" 2 "stop the service" "$titr" restore --force copy.db
sql storage/titr.db "DELETE FROM heartbeats" >/dev/null
head -c 9000 /dev/urandom >noise.db
refuses "noise" 3 "not a database" "$titr" restore --force noise.db
refuses "a file that is not there" 3 "not there" "$titr" restore --force none.db
cp copy.db broken.db
python3 -c 'import os; f = open("broken.db", "r+b"); f.seek(12288); f.write(os.urandom(8192))'
refuses "a damaged copy" 3 "broken.db" "$titr" restore --force broken.db
python3 -c 'import sqlite3; c = sqlite3.connect("other.db"); c.execute("CREATE TABLE titr_migrations (revision TEXT, name TEXT, checksum TEXT, applied_at BIGINT)"); c.execute("INSERT INTO titr_migrations VALUES (\"9999\", \"x\", \"y\", 1)"); c.commit()' 2>/dev/null
"$titr" restore --force other.db >/dev/null 2>&1
ok "a history that this program does not know" $([ $? != 0 ] && echo 0 || echo 1)
refuses "an unwritable place" 1 "nowhere" "$titr" backup nowhere/copy.db
refuses "PostgreSQL has its own" 1 "pg_dump" "$titr" backup --database postgresql://localhost/titr x.db
[ "$(sql storage/titr.db "SELECT count(*) FROM users")" = "$n" ] && [ "$(ls storage | xargs)" = titr.db ]
ok "after all that the database is as it was" $? "$(ls storage)"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
