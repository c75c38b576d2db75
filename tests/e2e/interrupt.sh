#!/usr/bin/env bash
# Stopping titr: at moments spread over the whole job, by every signal that a terminal or a service manager sends, to the program
# alone or to its whole group, and by two Ctrl-C, of which the second ends it at once. It exits with 130 (or is done already), no
# result appears, and no file and no process stays behind.
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

# begin STAGE LATER ARGS...: starts it, and returns LATER seconds after this stage is first heard of. Its number is in $pid.
begin() {
  local stage=$1 later=$2 i
  shift 2
  : >log
  setsid "$titr" caption --progress json "$@" >/dev/null 2>log &
  pid=$!
  for ((i = 0; i < 1500; i++)); do
    grep -q "\"stage\": *\"$stage\"" log && break
    kill -0 $pid 2>/dev/null || break
    sleep 0.02
  done
  sleep "$later"
}

# stop NAME SIGNAL WHOM STAGE LATER ARGS...
stop() {
  local name=$1 signal=$2 whom=$3 rc pid
  shift 3
  begin "$@"
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

# twice WHOM STAGE LATER GAP: Ctrl-C twice, GAP seconds apart. The second does not wait for the work to notice the first, and
# leaves no more behind. Its children are ended by the kernel, which takes a moment longer than the program's own end.
twice() {
  local whom=$1 stage=$2 later=$3 gap=$4 name="two SIGINT $4 s apart to the $1, $2 + $3 s" rc pid to i made
  begin "$stage" "$later" -o out/a.mp4 in.mp4
  to=$pid
  [[ $whom = group ]] && to=-$pid
  kill -INT -- "$to" 2>/dev/null
  sleep "$gap"
  kill -INT -- "$to" 2>/dev/null
  wait $pid
  rc=$?
  for ((i = 0; i < 100; i++)); do
    [[ -z $(processes) ]] && break
    sleep 0.02
  done
  made=$(ls -A out | xargs)
  if [[ $rc != 130 && ! ($rc = 0 && $stage = save) ]]; then
    not_ok "$name" "exit $rc: $(tail -n 1 log)"
  elif [[ $made && ! ($made = "a.mp4 a.srt" && $stage = save) ]]; then # after the last look at the flag both get their names
    not_ok "$name" "left behind: $made"
  elif [[ -n $(find tmp -mindepth 1; processes) ]]; then
    not_ok "$name" "left behind: $(find tmp -mindepth 1 | xargs) $(processes | xargs)"
  else
    ok "$name"
  fi
  rm -rf tmp/* out/* out/.[!.]*
}

while read -r whom stage later; do
  for gap in 0.001 0.02; do twice "$whom" "$stage" "$later" "$gap"; done
done <<'T'
group   probe     0
program recognize 0
group   recognize 0.4
program render    0
group   render    0.1
program render    0.3
group   save      0
program save      0
T

echo "$passed passed, $failed failed"
[[ $failed = 0 ]]
