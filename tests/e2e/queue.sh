#!/usr/bin/env bash
# `titr queue` from outside: what is listed, tried again, dropped and counted, over SQLite and over PostgreSQL.
#
#   TITR=build/titr tests/e2e/queue.sh        prints "N passed, N failed"
. "$(dirname "$0")/../support/database.sh" queue
value() { # VALUE STATEMENT
  local got
  got=$(sql "$2")
  is "$2: $got, not $1" test "$got" = "$1"
}
json() { # EXPRESSION of the JSON j in `out`
  python3 -c 'import json, sys; j = json.load(open("out")); sys.exit(0 if eval(sys.argv[1]) else 1)' "$1" && ok || bad "$1: $(head -c 300 out)"
}

task() { # PUBLIC_ID STATE LANE ATTEMPTS ERROR FINGERPRINT
  local owner=NULL
  [[ $2 = running ]] && owner="'worker:here:1#1'"
  sql "INSERT INTO tasks (public_id, user_id, state, lane, fingerprint, input_kind, input, attempts, run_at, created_at, lease_owner,
       lease_until, stage, progress, error_code, error_text) VALUES ('$1', 1, '$2', $3, $6, 'path', '{}', $4, 1795000000000, 1795000000000,
       $owner, CASE WHEN '$2' = 'running' THEN 1795000015000 END, 'render', 420, $5, 'it fell over')" >/dev/null
}

for kind in SQLite PostgreSQL; do
  fresh
  run 1 'titr migrate upgrade' ls
  "$titr" migrate upgrade --database "$url" >/dev/null || bad "migrate"
  sql "INSERT INTO users (id, telegram_id, created_at, updated_at) VALUES (1, 1, 1795000000000, 1795000000000)" >/dev/null
  run 0 '^none is parked$' ls
  run 0 '^none is parked$' retry --all
  task p1 parked 3 3 "'engine'" "'same'"
  task p2 parked 1 3 "'worker_lost'" NULL
  task p3 parked 2 3 "'engine'" NULL
  task q1 queued 1 0 NULL "'same'"
  task r1 running 2 1 NULL NULL
  run 0 '^p1 .* 3 .*  engine: it fell over$' ls
  [[ $(grep -c '^p' out) = 3 ]] && ok || bad "ls: not three"
  run 0 '--limit shows more' ls --limit 2
  [[ $(grep -c '^p' out) = 2 ]] && ok || bad "ls --limit 2: not two"
  run 0 '^r1 .*render 42%, worker:here:1#1' ls --state running
  run 0 '^q1 ' ls --state queued
  run 0 . ls --json
  json 'len(j) == 3 and j[0]["id"] == "p1" and j[0]["state"] == "parked" and j[0]["attempts"] == 3 and j[0]["error"] == "engine"'
  run 0 . ls --state running --json
  json 'len(j) == 1 and j[0]["worker"] == "worker:here:1#1" and j[0]["progress"] == 420 and j[0]["error"] is None'
  run 0 . counts --json
  json 'j["queued"] == 1 and j["running"] == 1 and j["parked"] == 3 and [l["queued"] for l in j["lanes"]] == [1, 0, 0]'
  run 0 '^parked +3$' counts
  run 0 '^lane 1 +1 queued' counts

  # wrong words
  run 2 'ls, retry, drop or counts'
  run 2 'did you mean drop' dorp p1
  run 2 'which task' retry
  run 2 'which task' retry p1 --all
  run 2 'which task' drop
  run 2 'too much' ls p1
  run 2 'parked, queued, running' ls --state done
  run 2 'limit' ls --limit 0
  run 3 'there is no task nobody' retry nobody
  run 3 'there is no task' drop "p'; DROP TABLE tasks; --"

  # only what is parked, and not beside its like
  run 3 'q1 is queued' retry q1
  run 3 'r1 is running' drop r1
  run 3 'asked for again' retry p1
  value parked "SELECT state FROM tasks WHERE public_id = 'p1'"
  run 0 '^p3 dropped$' drop p3
  value failed "SELECT state FROM tasks WHERE public_id = 'p3'"
  run 3 'p3 is failed' drop p3
  run 1 '1 of 2 were not' retry --all
  value queued "SELECT state FROM tasks WHERE public_id = 'p2'"
  value 0 "SELECT attempts FROM tasks WHERE public_id = 'p2'"
  sql "UPDATE tasks SET state = 'done' WHERE public_id = 'q1'" >/dev/null
  run 0 '^p1 queued again$' retry p1
  value 3 "SELECT COUNT(*) FROM audit_log WHERE actor = 'operator' AND subject LIKE 'task:p%'"
  run 0 '^none is parked$' ls

  # the database of the settings
  DATABASE_URL=$url STORAGE_PATH=$dir BOT_TOKEN=1:a "$titr" queue counts >out 2>&1 && grep -q '^running *1$' out && ok || bad "settings: $(head -3 out)"
done
kind=none url=sqlite:/nonexistent/x.db
run 1 'x.db' ls
url=nonsense
run 2 'sqlite:PATH' ls
url=postgresql://u:titr-test-secret@127.0.0.1:1/x
run 1 . ls
finish
