#!/usr/bin/env bash
# Stopping titr: at moments spread over the whole job, by every signal that a terminal or a service manager sends, to the program
# alone or to its whole group. It exits with 130 (or is done already), no result appears, and no file and no process stays behind.
#
#   TITR=build/titr tests/e2e/interrupt.sh        prints "N passed, N failed"
#
# Needs ffmpeg, the model base, and Debian's recorded prompts (scripts/make-sample).
set -uo pipefail
root=$(realpath "$(dirname "$0")/../..")
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-stop.XXXXXX")
trap 'rm -rf "$dir"' EXIT
# a copy under a name of its own, so that its processes are known among those of other runs
cp "$(realpath "${TITR:-$root/build/titr}")" "$dir/titr" || exit 1
titr=$dir/titr
cd "$dir" || exit 1
mkdir tmp out
export TMPDIR=$dir/tmp LC_ALL=C.UTF-8
passed=0 failed=0

ok() { passed=$((passed + 1)); echo "ok $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok $1: $2"; }
processes() {
  local p
  for p in /proc/[0-9]*; do
    [[ $(readlink "$p/exe" 2>/dev/null) = "$titr" ]] && echo "process ${p#/proc/}"
  done
}
left() { find tmp out -mindepth 1; processes; }

"$root/scripts/make-sample" whole.mp4 >/dev/null 2>&1 || { echo "not ok sample: cannot be made"; echo "0 passed, 1 failed"; exit 1; }
ffmpeg -nostdin -v error -i whole.mp4 -t 12 -vf scale=640:360 -c:v libx264 -preset ultrafast -c:a copy in.mp4
printf '1\n00:00:00,500 --> 00:00:02,000\nHello\n' >subs.srt

# stop NAME SIGNAL WHOM STAGE LATER ARGS...: the moment is when this stage is first heard of, plus LATER seconds
stop() {
  local name=$1 signal=$2 whom=$3 stage=$4 later=$5 rc pid i
  shift 5
  : >log
  setsid "$titr" caption --progress json "$@" >/dev/null 2>log &
  pid=$!
  for ((i = 0; i < 1500; i++)); do
    grep -q "\"stage\": *\"$stage\"" log && break
    kill -0 $pid 2>/dev/null || break
    sleep 0.02
  done
  sleep "$later"
  if [[ $whom = group ]]; then kill "-$signal" -- -$pid; else kill "-$signal" $pid; fi 2>/dev/null
  wait $pid
  rc=$?
  if [[ $rc = 0 ]]; then
    rm -f out/*
    not_ok "$name" "it was done before the signal"
  elif [[ $rc != 130 ]]; then
    not_ok "$name" "exit $rc: $(tail -n 1 log)"
  elif [[ -n $(left) ]]; then
    not_ok "$name" "left behind: $(left | tr '\n' ' ')"
    rm -rf tmp/* out/* out/.[!.]*
  else
    ok "$name"
  fi
}

while read -r signal whom stage later; do
  stop "SIG$signal to the $whom, $stage + $later s" "$signal" "$whom" "$stage" "$later" -o out/a.mp4 in.mp4
done <<'T'
INT  group   probe     0
TERM program recognize 0
INT  group   recognize 0.3
HUP  group   recognize 0.3
INT  program render    0
TERM group   render    0.1
T

echo "$passed passed, $failed failed"
[[ $failed = 0 ]]
