#!/bin/bash
# Recorded speech in three languages through the whole program: word error rate, word starts, caption rules, the video; silence and noise.
set -uo pipefail
cd "$(dirname "$0")/../.."
titr=${TITR:-build/titr}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
passed=0 failed=0
ok() { # NAME CONDITION-STATUS [WHY]
  if [ "$2" = 0 ]; then echo "ok $1"; passed=$((passed + 1)); else echo "not ok $1${3:+: $3}"; failed=$((failed + 1)); fi
}
# one minute a language over a test picture; limits are what was measured (2026-11-24: 0.03, 0.09, 0.13) and a margin
for row in "en 0.12" "ru 0.20" "es 0.20"; do
  set -- $row
  python3 tests/corpus/make.py "$1" 60 "$work/$1.wav" "$work/$1.ref.json" >/dev/null
  ffmpeg -v error -y -i "$work/$1.wav" -f lavfi -i testsrc2=size=640x360:rate=25 -map 1:v -map 0:a -shortest -c:v libx264 -preset ultrafast -pix_fmt yuv420p \
    -c:a aac "$work/$1.mp4"
  "$titr" caption --progress none --srt "$work/$1.srt" --json "$work/$1.json" "$work/$1.mp4" 2>"$work/log"
  ok "$1 runs" $? "$(cat "$work/log")"
  figures=$(python3 - "$work/$1.ref.json" "$work/$1.json" "$1" "$2" <<'P'
import json, sys
sys.path.insert(0, "bench")
import score
ref, out, lang, limit = sys.argv[1:]
heard = score.titr_words(out)
wer, start = score.score(ref, heard, lang)
found = json.load(open(out))["language"]
print(f"{lang}: WER {wer:.3f}, start error {start:.0f} ms, language {found}")
sys.exit(not (wer <= float(limit) and start <= 80 and found == lang))
P
  )
  ok "$1 words and times" $? "$figures"
  echo "# $figures"
  problems=$("$titr" check --lang "$1" "$work/$1.srt")
  ok "$1 follows the rules" $? "$problems"
  "$titr" check --lang "$1" "$work/$1.json" >/dev/null
  ok "$1 follows the rules, with word times" $?
  length=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$work/$1.titr.mp4")
  want=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$work/$1.mp4")
  ok "$1 video is as long as it was" "$(awk -v a="$length" -v b="$want" 'BEGIN { d = a - b; print (d < 0.05 && d > -0.05) ? 0 : 1 }')" "$length, not $want"
done
# nothing is said: exit 5, files without captions
says_nothing() { # NAME, of a sound in the work folder
  "$titr" caption --progress none "$work/$1.wav" >"$work/log" 2>&1
  local status=$?
  [ "$status" = 5 ] && [ -f "$work/$1.srt" ] && [ ! -s "$work/$1.srt" ]
  ok "no caption on $1" $? "exit $status: $(cat "$work/log" "$work/$1.srt" 2>/dev/null)"
}
for source in "silence anullsrc=r=16000:cl=mono" "white anoisesrc=color=white:amplitude=0.1:r=16000" "pink anoisesrc=color=pink:amplitude=0.3:r=16000" \
  "hum sine=frequency=50:r=16000" "tones aevalsrc='0.2*sin(2*PI*t*(220+110*mod(floor(t*3),5)))':s=16000"; do
  set -- $source
  ffmpeg -v error -y -f lavfi -i "$2" -t 60 "$work/$1.wav"
  says_nothing "$1"
done
voices=() # of a crowd: speech backwards, eight times over itself
for i in 0 1 2 3 4 5 6 7; do voices+=(-stream_loop 1 -ss $((6 * i)) -i "$work/$([ $((i % 2)) = 0 ] && echo en || echo ru).wav"); done
ffmpeg -v error -y "${voices[@]}" -filter_complex "amix=inputs=8:duration=shortest,areverse" -t 60 "$work/crowd.wav"
says_nothing crowd
[ -z "$(ls -A "$TMPDIR")" ]
ok "nothing left behind" $? "$(ls -A "$TMPDIR")"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
