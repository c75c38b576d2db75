#!/usr/bin/env bash
# Rendering against the ffmpeg program: the same input, the same picture (crop, scale, captions), the same encoder
# settings, one after the other in turn, several rounds in one run. Prints each round, the medians and their ratio
# (wall clock; processor time beside it). The goal is a ratio of at most 1.05.
#
#   TITR=build/release/titr bench/render.sh [SECONDS [ROUNDS]]      default 60 3
#
# Needs the ffmpeg program (as the peer, and to make the input).
set -euo pipefail
titr=${TITR:-build/titr}
seconds=${1:-60}
rounds=${2:-3}
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT

echo "making $seconds s of 1080p30 ..." >&2
ffmpeg -v error -y -f lavfi -i "testsrc2=s=1920x1080:r=30:d=$seconds,noise=alls=8:allf=t" \
  -f lavfi -i "sine=f=330:r=48000:d=$seconds" -c:v libx264 -preset ultrafast -crf 20 -pix_fmt yuv420p \
  -colorspace bt709 -color_primaries bt709 -color_trc bt709 -c:a aac -b:a 128k -ac 2 "$dir/in.mp4"

# A caption every 2.5 s, two lines now and then: the density of ordinary speech.
python3 - "$seconds" > "$dir/in.srt" <<'PY'
import sys
def t(s): return "%02d:%02d:%02d,%03d" % (s // 3600, s // 60 % 60, s % 60, round(s % 1 * 1000))
lines = ["The quick brown fox jumps", "over the lazy dog\nand runs away", "Съешь же ещё этих", "мягких французских\nбулок, да выпей чаю"]
i, at = 0, 0.3
while at + 2.3 < float(sys.argv[1]):
    print(f"{i + 1}\n{t(at)} --> {t(at + 2.3)}\n{lines[i % len(lines)]}\n")
    i, at = i + 1, at + 2.5
PY
# titr also writes the script that it burns, so that the peer, who runs after it, burns the same.
run_titr() {
  "$titr" caption "$dir/in.mp4" --subs "$dir/in.srt" --vertical --fit crop -o "$dir/titr.mp4" --ass "$dir/in.ass" --force --progress none >/dev/null
}
run_peer() {
  (cd "$dir" && ffmpeg -v error -nostdin -y -i in.mp4 -vf "crop=608:1080:656:0,scale=1080:1920:flags=bicubic,ass=in.ass,format=yuv420p" \
    -c:v libx264 -preset medium -crf 23 -g 120 -c:a copy -movflags +faststart peer.mp4)
}

TIMEFORMAT='%R %U %S'
for ((i = 1; i <= rounds; i++)); do
  for who in titr peer; do
    { time "run_$who" 2>"$dir/$who.err"; } 2>"$dir/time" || { cat "$dir/$who.err" >&2; exit 1; }
    read -r wall user sys <"$dir/time"
    echo "$who $wall $(awk "BEGIN { print $user + $sys }")" >>"$dir/rounds"
    printf 'round %d  %-4s  %7.2f s wall  %7.2f s processor\n' "$i" "$who" "$wall" "$(awk "BEGIN { print $user + $sys }")"
  done
done
python3 - "$dir/rounds" "$dir/titr.mp4" "$dir/peer.mp4" <<'PY'
import os, statistics, sys
wall, cpu = {}, {}
for line in open(sys.argv[1]):
    who, w, c = line.split()
    wall.setdefault(who, []).append(float(w))
    cpu.setdefault(who, []).append(float(c))
w = {k: statistics.median(v) for k, v in wall.items()}
c = {k: statistics.median(v) for k, v in cpu.items()}
print("median    titr %.2f s, ffmpeg %.2f s: ratio %.3f (processor time %.3f)" % (w["titr"], w["peer"], w["titr"] / w["peer"], c["titr"] / c["peer"]))
print("size      titr %.2f MB, ffmpeg %.2f MB" % tuple(os.path.getsize(f) / 1e6 for f in sys.argv[2:]))
PY
