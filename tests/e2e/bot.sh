#!/bin/bash
# The whole path against the emulated Telegram (tests/telegram): a recorded sentence in a video goes in, a captioned MP4 and an
# SRT come back; refusals, cancelling, a killed bot, 429s, every update twice. Over SQLite, or over what TITR_BOT_DATABASE and REDIS_HOST
# name.
#
#   TITR=build/titr tests/e2e/bot.sh        prints "ok …" lines and "N passed, N failed"
set -uo pipefail
root=$(realpath "$(dirname "$0")/../..")
titr=$(realpath "${TITR:-$root/build/titr}")
. "$root/tests/telegram/world.sh"

make_video talk.mp4 vm-review
make_video other.mp4 conf-onlyone
make_video third.mp4 vm-intro
head -c 100000 /dev/urandom >"$dir/broken.mp4"

"$titr" bot 2>"$dir/early.log"
is "a bot on an empty database says what to do" grep -q 'titr migrate upgrade' "$dir/early.log"
"$titr" migrate upgrade >/dev/null || exit 1

# ---- words ----
start_bot
user text 42 /start first_name=Ada language_code=en >/dev/null
is "/start is answered in the user's language, by name" says 42 15 'Hi, Ada!'
is "… with the numbers of the plan" says 42 1 '1 min and up to 500 MB, 3 files a day'
user text 43 /help first_name=Ольга language_code=ru >/dev/null
is "/help in Russian" says 43 10 'субтитры появятся'
user text 43 "что это" >/dev/null
is "plain words get a hint" says 43 10 'Пришлите видео'
user text 43 /nonsense >/dev/null
is "an unknown command" says 43 10 'Такой команды нет'
user text 43 "https://example.org/v" >/dev/null
is "links are refused honestly" says 43 10 'По ссылкам'
user text 43 /status >/dev/null
is "/status with nothing" says 43 10 'Пока ничего нет'
user text 43 /cancel >/dev/null
is "/cancel with nothing" says 43 10 'останавливать нечего'
is "the menu of commands is set, in both languages and for all others" test "$(calls setMyCommands)" = 3

# ---- refusals with numbers ----
user media 42 video "$dir/talk.mp4" duration=3700 >/dev/null
is "too long, by what the message says" says 42 10 'too long: 1 h 1 min, and up to 1 min'
user media 42 video "$dir/talk.mp4" size=900000000 >/dev/null
is "too large" says 42 10 'too large: 859 MB, and up to 500 MB'
user media 42 document "$dir/talk.mp4" name=notes.pdf mime=application/pdf >/dev/null
is "a document that is no media" says 42 10 'does not look like video'

# ---- waiting, twice, cancelling: without a worker ----
sent=$(user media 42 video "$dir/talk.mp4" duration=5 name=talk.mp4)
file=$(echo "$sent" | field file_id)
first=$(user wait 42 10 'talk.mp4\nGot it, yours is next')
is "a video waits" test -n "$first"
message=$(echo "$first" | field message_id)
code=$(echo "$first" | field text | sed -n 's/^Code: //p')
is "its code is 26 characters" test "${#code}" = 26
user media 42 video "" file_id="$file" duration=5 name=talk.mp4 >/dev/null
is "the same file again is not taken twice" says 42 10 'is being worked on already'
user repeat "{\"update_id\": $(echo "$sent" | field update)}" >/dev/null
user text 44 "/status $code" first_name=Eve language_code=en >/dev/null
is "somebody else's code is not found" says 44 10 'no file of that code'
user press 44 "$message" "cancel:$code" >/dev/null
sleep 2
is "… and cannot be cancelled" says 42 1 'talk.mp4\nGot it'
user media 42 voice "$dir/third.mp4" duration=4 >/dev/null
second=$(user wait 42 10 'Voice message\n(Got it|Waiting)')
is "a voice message waits too" test -n "$second"
user text 42 /cancel >/dev/null
is "/cancel with two asks which" says 42 10 'Which one'
user press 42 "$message" "cancel:$code" >/dev/null
is "the button cancels, in the same message, and what was charged is given back" says 42 10 "talk.mp4\nStopped.*\n*.*$code\nThis file does not count"
user text 42 /cancel >/dev/null
is "/cancel with one cancels it" says 42 10 'Voice message\nStopped'

# ---- the whole path ----
start_worker
sent=$(user media 42 video "" file_id="$file" duration=5 name=talk.mp4)
origin=$(echo "$sent" | field message)
video=$(user wait 42 120 'talk.titr.mp4')
is "a captioned MP4 comes back" test -n "$video"
srt=$(user wait 42 20 'talk.srt')
is "and an SRT" test -n "$srt"
is "the status message ends as done" says 42 10 'talk.mp4\nDone'
code=$(user wait 42 1 'talk.mp4\nDone' | field text | sed -n 's/^Code: //p')
user get 42 "$(echo "$video" | field message_id)" "$dir/back.mp4"
user get 42 "$(echo "$srt" | field message_id)" "$dir/back.srt"
streams=$(ffprobe -v error -show_entries stream=codec_name -of csv=p=0 "$dir/back.mp4" | sort | tr '\n' ' ')
is "it is H.264 with AAC" test "$streams" = "aac h264 "
is "the words are those that were said" grep -qiE 'listen|message|press' "$dir/back.srt"
"$titr" check "$dir/back.srt" >"$dir/check.log"
is "titr check passes the SRT" test $? = 0
is "the results answer the user's message" test "$(calls sendVideo "row['fields']['reply_parameters']['message_id'] == $origin")" = 1
is "the status message was edited in place" test "$(calls editMessageText "'refused' not in row")" -ge 2
uploads=$(calls sendVideo "isinstance(row['fields']['video'], dict)")

# ---- again, by file_id ----
user text 42 "/status_$code" >/dev/null
is "/status sends the result again" says 42 15 'talk.titr.mp4' 2
is "… by its id, nothing is uploaded" test "$(calls sendVideo "isinstance(row['fields']['video'], dict)")" = "$uploads"
user text 42 /status >/dev/null
is "/status lists" says 42 10 'talk.mp4: done'

# ---- what cannot be read ----
user media 42 document "$dir/broken.mp4" name=broken.mp4 mime=video/mp4 >/dev/null
is "a broken file is told in plain words, and not counted" says 42 60 'broken.mp4\nThe file cannot be read.*\n\n.*\nThis file does not count'

# ---- a killed bot: delivered once, charged once; duplicates of updates ----
# The worker waits meanwhile: a bot that is killed in the middle of sending may send that part twice (bot_kills.sh), which is not what this is about.
kill -STOP "$worker"
sent=$(user media 42 video "$dir/other.mp4" duration=4 name=other.mp4)
user wait 42 15 'other.mp4\n' >/dev/null
kill -KILL "$bot"
wait "$bot" 2>/dev/null
kill -CONT "$worker"
for _ in $(seq 100); do sleep 0.2; [ "$(ls "$dir"/storage/tasks/*/result.srt 2>/dev/null | wc -l)" -ge 2 ] && break; done
user repeat "{\"update_id\": $(echo "$sent" | field update)}" >/dev/null
start_bot
is "a bot that was killed delivers when it is started again" says 42 60 'other.titr.mp4'
is "… and ends the status message" says 42 15 'other.mp4\nDone'
sleep 3
is "… once" test "$(calls sendVideo "str(row['fields'].get('video')).count('other')")" = 1
is "one status message for each file" test "$(calls sendMessage "'other.mp4' in row['fields'].get('text', '') and 'refused' not in row")" = 1

# ---- the day's limit ----
user media 42 video "$dir/third.mp4" duration=4 name=third.mp4 >/dev/null
is "the third of the day is taken" says 42 60 'third.mp4\n'
sleep 1
user media 42 video "$dir/third.mp4" duration=4 name=fourth.mp4 >/dev/null
is "the fourth is refused, with the hour it is back" says 42 20 'all for today: 3 files have been taken.*at 00:00 \(Europe/Moscow\)'

# ---- Telegram says no ----
user fail '{"method": "sendMessage", "times": 2, "code": 429, "retry_after": 2, "description": "Too Many Requests: retry after 2"}' >/dev/null
user text 45 /start first_name=Pat language_code=en >/dev/null
is "a 429 is waited for" says 45 20 'Hi, Pat'
user fail '{"method": "sendMessage", "times": 2, "drop": true}' >/dev/null
user text 46 /start first_name=Kim language_code=en >/dev/null
is "a broken connection is tried again" says 46 20 'Hi, Kim'
user fail '{"method": "getUpdates", "times": 2, "code": 502, "description": "Bad Gateway"}' >/dev/null
user text 47 /start first_name=Lee language_code=en >/dev/null
is "so is a poll that fails" says 47 30 'Hi, Lee'
is "without a script, nothing was sent faster than Telegram allows" test "$(calls sendMessage "row.get('refused') == 429")" = 2
is "… no edit either" test "$(calls editMessageText "row.get('refused') == 429")" = 0
is "nothing broke Telegram's rules" test "$(grep -c violation "$dir/tg/log.jsonl")" = 0

# ---- ending ----
began=$(date +%s%N)
kill -TERM "$bot"
wait "$bot"
code=$?
ended=$((($(date +%s%N) - began) / 1000000))
is "SIGTERM ends the bot with 0" test "$code" = 0
is "… within 5 seconds ($ended ms)" test "$ended" -lt 5000
bot=''
kill -TERM "$worker"
wait "$worker"
worker=''
is "the token is in no log" test "$(cat "$dir"/*.log | grep -c 'test-token')" = 0
BOT_TOKEN=999:wrong timeout 20 "$titr" bot 2>"$dir/wrong.log"
code=$?
is "a wrong token is told" test "$code" = 2 -a -n "$(grep 'does not know BOT_TOKEN' "$dir/wrong.log")"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
