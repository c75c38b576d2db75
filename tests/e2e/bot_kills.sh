#!/bin/bash
# Twelve files of twelve users while bot and worker are killed by SIGKILL at random: nothing is lost, nothing is charged twice; of what is
# sent only the one part that was under way in a kill may come twice.
#
#   TITR=build/titr tests/e2e/bot_kills.sh        prints "ok …" lines and "N passed, N failed"
set -uo pipefail
root=$(realpath "$(dirname "$0")/../..")
titr=$(realpath "${TITR:-$root/build/titr}")
. "$root/tests/telegram/world.sh"
users=12 kills=10

make_video talk.mp4 conf-onlyone
"$titr" migrate upgrade >/dev/null || exit 1
start_worker
start_bot
for u in $(seq $users); do user media "$u" video "$dir/talk.mp4" duration=3 name="talk$u.mp4" >/dev/null; done
RANDOM=${SEED:-$$}
for i in $(seq $kills); do
  sleep "$((RANDOM % 2)).$((RANDOM % 10))"
  kill -KILL "$bot"
  wait "$bot" 2>/dev/null
  start_bot
  if [ $((i % 4)) = 0 ]; then
    kill -KILL "$worker"
    wait "$worker" 2>/dev/null
    start_worker
  fi
done 2>/dev/null
missing=0
for u in $(seq $users); do says "$u" 120 "talk$u.titr.mp4" && says "$u" 30 "talk$u.srt" && says "$u" 30 "talk$u.mp4\n(Done|Готово)" || missing=$((missing + 1)); done
is "all $users got video, subtitles and the last state" test "$missing" = 0
videos=$(calls sendVideo "'refused' not in row") files=$(calls sendDocument "'refused' not in row")
is "at most what was under way came twice ($videos videos, $files subtitles)" test $((videos + files)) -le $((2 * users + kills))
status=$(calls sendMessage "'refused' not in row")
is "one status message each ($status)" test "$status" -le $((users + 2))
# SQLite: a copy is asked, since the database is in use
for _ in $(seq 50); do
  "$titr" backup "$dir/copy.db" >/dev/null 2>&1 && break
  sleep 0.2
done
if [ -s "$dir/copy.db" ]; then
  figures=$(python3 -c 'import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
one = lambda q: d.execute(q).fetchone()[0]
print(one("SELECT COUNT(*) FROM tasks WHERE state = \"done\""), one("SELECT COUNT(*) FROM tasks"),
      one("SELECT COUNT(*) FROM usage_ledger WHERE kind = \"charge\""), one("SELECT SUM(used) FROM quota_days"))' "$dir/copy.db")
  is "every task is done, each charged once ($figures)" test "$figures" = "$users $users $users $users"
fi
is "nothing broke Telegram's rules" test "$(grep -c violation "$dir/tg/log.jsonl")" = 0

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
