#!/usr/bin/env bash
# `titr migrate` over SQLite and over a real PostgreSQL: up, down and up again, races, kills, strange histories.
#
#   TITR=build/titr tests/e2e/migrate.sh        prints "N passed, N failed"
. "$(dirname "$0")/../support/database.sh" migrate
last=$(ls "$root/migrations" | sort | tail -1) steps=$(ls "$root/migrations" | wc -l)

for kind in SQLite PostgreSQL; do
  fresh
  run 0 '^base$' current
  run 1 "$steps migrations? behind.*titr migrate upgrade" check
  run 0 "^$last applied$" upgrade
  run 0 '^up to date$' check
  run 0 "^$last$" current
  run 0 "^$last  20.*Z  \(current\)$" history
  run 0 '^nothing to apply$' upgrade head
  run 0 '^nothing to undo$' downgrade "$last"
  sql "INSERT INTO users (telegram_id, created_at, updated_at) VALUES (1, 2, 3)" >/dev/null
  run 2 'would drop tables.*--yes' downgrade base
  is "without --yes nothing is dropped" test "$(sql 'SELECT count(*) FROM users')" = 1
  run 0 'undone$' downgrade base --yes
  is "all steps were undone" test "$(grep -c undone out)" = "$steps"
  run 0 '^base$' current
  run 0 "^$last applied$" upgrade "$last"
  is "the table is empty again" test "$(sql 'SELECT count(*) FROM users')" = 0
  run 0 "^$last undone$" downgrade -1 --yes
  run 0 "^$last applied$" upgrade

  # strange histories change nothing
  sql "UPDATE titr_migrations SET checksum = 'x' WHERE revision = '0001'" >/dev/null
  for action in check upgrade "downgrade base --yes"; do run 1 '0001_core was applied .* with another text' $action; done
  run 0 "^$last$" stamp head
  run 0 '^up to date$' check
  sql "INSERT INTO titr_migrations VALUES ('9999', 'future', 'x', 0)" >/dev/null
  for action in check upgrade "downgrade base --yes"; do run 1 '9999_future.*newer titr' $action; done
  run 0 '9999_future  not known' history
  is "nothing was dropped" test "$(sql 'SELECT count(*) FROM tasks')" = 0
  run 0 "^$last$" stamp "$last"
  run 0 '^up to date$' check
  run 0 '^base$' stamp base
  run 1 'behind' check
  run 1 'tables? .*titr migrate stamp' upgrade # the tables are there, whatever the stamp says
  run 0 "^$last$" stamp head

  # somebody else's
  fresh
  sql "CREATE TABLE users (id BIGINT)" >/dev/null
  for round in 1 2; do run 1 'users.*a database of its own' upgrade; done
  run 0 '^base$' current
  is "it is left alone" test "$(sql 'SELECT count(*) FROM users')" = 0

  # so many steps
  fresh
  run 0 "^0001_core applied$" upgrade +1
  run 0 "^0001_core$" current
  run 2 'steps forward' upgrade "+$steps"
  run 2 'back.*downgrade' upgrade -1
  run 2 'forward.*upgrade' downgrade +1
  run 2 '\+x' upgrade +x
  run 0 "^$last applied$" upgrade "+$((steps - 1))"

  # two that start at once take turns
  for round in 1 2 3 4 5; do
    fresh
    "$titr" migrate upgrade --database "$url" >a 2>a.err & first=$!
    "$titr" migrate upgrade --database "$url" >b 2>b.err & second=$!
    wait $first; rc_a=$?
    wait $second; rc_b=$?
    if [[ $rc_a$rc_b == 00 && $(cat a b | grep -c applied) == "$steps" ]]; then ok
    else bad "race $round: $rc_a $rc_b $(cat a a.err b b.err)"; fi
    run 0 '^up to date$' check
  done

  # killed at any moment: a step is there with its row, or neither is
  for delay in 0.002 0.005 0.01 0.015 0.02 0.03 0.04 0.06; do
    fresh
    "$titr" migrate upgrade --database "$url" >/dev/null 2>&1 & pid=$!
    sleep $delay
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    "$titr" migrate upgrade --database "$url" >out 2>&1 || bad "after a kill at $delay s: $(cat out)"
    run 0 '^up to date$' check
  done

  # the settings name the database
  is "DATABASE_URL is read" env DATABASE_URL="$url" sh -c "'$titr' migrate current | grep -qx $last"
done

kind=any url=sqlite:$dir/titr.db
run 2 'there is no .titr migrate upgrad.; did you mean upgrade' upgrad
run 2 'needs a word more'
run 2 'too much' check head
run 2 'to where' downgrade
run 2 'there is no migration "0042_x"' upgrade 0042_x
run 2 'source tree' revision -m "add invoices"
run 2 'what is it for' revision
mkdir migrations
run 0 '^migrations/0001_add_invoices$' revision -m "Add invoices"
is "four files" test "$(cd migrations/0001_add_invoices && echo *)" = "down.postgres.sql down.sqlite.sql up.postgres.sql up.sqlite.sql"
url=sqlite:/nowhere/titr.db; run 1 '/nowhere/titr.db' check
url=postgresql://me:titr-test-secret@127.0.0.1:1/x; run 1 'me@127.0.0.1:1/x' check
url=postgresql://me:titr-test-secret/@127.0.0.1:1/x; run 2 'postgresql://USER' check
url=mysql://me:titr-test-secret@127.0.0.1/x; run 2 'sqlite:PATH' check
finish
