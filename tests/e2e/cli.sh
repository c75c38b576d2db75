#!/usr/bin/env bash
# The command line as a person and a script meet it: refusals and their exit codes, help, names of results, pipes, progress,
# interruption, full disks, and that nothing is ever left behind.
#
#   TITR=build/titr tests/e2e/cli.sh        prints "N passed, N failed"
#
# Needs ffmpeg (to make inputs), python3, the model base, and Debian's recorded prompts (scripts/make-sample).
set -uo pipefail
root=$(realpath "$(dirname "$0")/../..")
program=$(realpath "${TITR:-$root/build/titr}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-cli.XXXXXX")
cleanup() {
  mountpoint -q "$dir/disk" 2>/dev/null && umount "$dir/disk"
  [[ -n ${KEEP:-} ]] && echo "kept: $dir" || rm -rf "$dir"
}
trap cleanup EXIT
cd "$dir" || exit 1
mkdir tmp in bin
cp "$program" bin/titr # a copy, so that its processes are known by their program
titr=$dir/bin/titr
export TMPDIR=$dir/tmp LC_ALL=C.UTF-8 TERM=xterm
passed=0 failed=0

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED: $*"; }
# is NAME COMMAND...: passes when the command does
is() { local name=$1; shift; if "$@"; then ok; else bad "$name"; fi; }
# what a run may not leave: working files, and results under temporary names
left() {
  find "$dir/tmp" -mindepth 1
  find "$dir" -name '.*titr-*'
  find /proc -maxdepth 2 -name exe -lname "$titr" 2>/dev/null
}
clean() { local l; l=$(left); [[ -z $l ]] && return 0; echo "left behind: $l"; return 1; }

# run EXIT PATTERN ARGS...: the exit code, a line that matches, and nothing left behind. Refusals are one line.
run() {
  local code=$1 pattern=$2 rc
  shift 2
  "$titr" "$@" >out 2>err </dev/null
  rc=$?
  if [[ $rc != "$code" ]]; then bad "titr $*: exit $rc instead of $code: $(tail -n 2 err)"; return; fi
  if [[ -n $pattern ]] && ! grep -qE -- "$pattern" out err; then bad "titr $*: no \"$pattern\" in: $(tail -n 2 err)"; return; fi
  if [[ $code =~ ^[234]$ && $(wc -l <err) != 1 ]]; then bad "titr $*: not one line: $(head -n 3 err)"; return; fi
  if ! clean; then bad "titr $*"; return; fi
  ok
}

# ---- inputs ----
"$root/scripts/make-sample" in/sample.mp4 || { echo "cannot make the sample"; echo "0 passed, 1 failed"; exit 1; }
ffmpeg -v error -y -i in/sample.mp4 -t 11 -vf scale=320:180 -c:v libx264 -preset veryfast -c:a aac in/talk.mp4
ffmpeg -v error -y -i in/talk.mp4 -vn -c:a libopus in/voice.ogg
ffmpeg -v error -y -i in/talk.mp4 -an -c:v copy in/mute.mp4
ffmpeg -v error -y -f lavfi -i testsrc2=s=320x180:d=4 -f lavfi -i anullsrc=d=4 -shortest -c:v libx264 -preset ultrafast in/silent.mp4
printf '1\n00:00:00,500 --> 00:00:02,000\nHello <i>there</i>\n\n2\n00:00:02,500 --> 00:00:04,000\nSecond\n' >in/talk.en.srt
printf '1\n00:00:00,500 --> 00:00:00,700\nFar too much text for so short a time, in a line that never ends\n' >in/breach.srt
: >in/empty.mp4
head -c 100000 /dev/urandom >in/random.mp4
printf 'just a text\nof two lines\n' >in/text.mp4
head -c 60000 in/talk.mp4 >in/cut.mp4
printf '#EXTM3U\n#EXTINF:5,\n/etc/passwd\n' >in/list.mp4
printf "ffconcat version 1.0\nfile '/etc/passwd'\n" >in/concat.avi
mkdir in/folder
cp in/talk.mp4 old.mp4

# ---- refusals: exit | pattern | arguments ----
while IFS='|' read -r code pattern args; do
  [[ -n $code ]] || continue
  eval "set -- $args"
  run "$code" "$pattern" "$@"
done <<'TABLE'
2|titr help|caption
2|did you mean `titr caption`|capton in/talk.mp4
2|--help. lists|frobnicate
2|is a file; to caption it: titr caption|in/talk.mp4
2|did you mean --style|caption --styel x in/talk.mp4
2|needs a value|caption in/talk.mp4 --lang
2|needs a value|caption --lang --force in/talk.mp4
2|takes no value|caption --force=1 in/talk.mp4
2|top, middle, bottom|caption --position left in/talk.mp4
2|number from 1 to 256|caption --threads 0 in/talk.mp4
2|number from 1 to 16|caption --beam many in/talk.mp4
2|no language|caption --lang xx in/talk.mp4
2|did you mean karaoke_box|caption --style karaoke_bax in/talk.mp4
2|netflix, bbc, social|caption --profile nfl in/talk.mp4
2|--fit goes with --vertical|caption --fit pad in/talk.mp4
2|--soft copies|caption --soft --vertical in/talk.mp4
2|leave out --style|caption --soft --style cinematic in/talk.mp4
2|needs no --output|caption --no-video -o x.mp4 in/talk.mp4
2|nothing is recognized|caption --subs in/talk.en.srt --task translate in/talk.mp4
2|nothing to make|caption --subs in/talk.en.srt --no-video in/talk.mp4
2|leave --background out|caption --background plain -o x.mp4 in/talk.mp4
2|named after them|caption -o x.mp4 in/talk.mp4 in/silent.mp4
2|would both make|caption in/talk.mp4 in/talk.mp4
2|written as MP4|caption -o x.mkv in/talk.mp4
2|is the input itself|caption -o in/talk.mp4 --force in/talk.mp4
2|exists; --force replaces it|caption -o old.mp4 in/talk.mp4
2|exists; --force replaces it|caption --srt in/talk.en.srt in/talk.mp4
2|same name|caption -o x.mp4 --srt a.srt --vtt ./a.srt in/talk.mp4
2|No such file|caption -o no/where.mp4 in/talk.mp4
2|standard output|caption --srt - --json - in/talk.mp4
2|is a link|caption https://example.org/v.mp4
2|standard input|caption -
2|cannot read the watermark|caption --watermark nowhere.png in/talk.mp4
3|No such file|caption in/nowhere.mp4
3|is a folder|caption in/folder
3|not a regular file|caption /dev/zero
3|empty|caption in/empty.mp4
3|damaged|caption in/random.mp4
3|text|caption in/text.mp4
3|damaged, cut short|caption in/cut.mp4
3|playlist|caption in/list.mp4
3|.|caption in/concat.avi
3|no sound|caption in/mute.mp4
3|No such file|caption --subs in/nowhere.srt in/talk.mp4
3|SRT, WebVTT|caption --subs in/random.mp4 in/talk.mp4
4|titr models list|caption --model nosuch in/talk.mp4
4|no/such/folder|caption --model ./no/such/folder in/talk.mp4
2|name one file|check
3|No such file|check in/nowhere.srt
3|SRT, WebVTT|check in/random.mp4
2|number from 1 to 240|check --fps 0 in/talk.en.srt
2|number from 1 to 240|check --fps 240.5 in/talk.en.srt
2|number from 1 to 240|check --fps 0x19 in/talk.en.srt
2|number from 1 to 240|check --fps nan in/talk.en.srt
2|number from 1 to 240|check --fps 23,976 in/talk.en.srt
2|number from 1 to 240|check --fps=. in/talk.en.srt
2|number from 1 to 240|check --fps= in/talk.en.srt
2|name two files|convert in/talk.en.srt
2|should end in|convert in/talk.en.srt x.doc
2|--to says|convert in/talk.en.srt -
2|exists|convert in/breach.srt in/talk.en.srt
2|--lang goes with --wrap|convert --lang en in/talk.en.srt x.vtt
2|--profile goes with --wrap|convert --profile bbc in/talk.en.srt x.vtt
2|netflix, bbc, social|convert --wrap --profile nfl in/talk.en.srt x.vtt
2|a code such as|convert --wrap --lang "the Queen's" in/talk.en.srt x.vtt
2|name one file|probe
3|No such file|probe in/nowhere.mp4
3|playlist|probe in/list.mp4
2|takes options only|styles cinematic
2|bash, zsh or fish|completion
2|bash, zsh or fish|completion tcsh
2|did you mean|help captoin
TABLE
is "refusals made no file" test "$(ls)" = "$(printf 'bin\nerr\nin\nold.mp4\nout\ntmp')"
TITR_THREADS=lots run 2 TITR_THREADS caption in/talk.mp4
STORAGE_PATH=$dir/nothing WHISPER_CACHE_DIR= run 4 'titr models pull base' caption in/talk.mp4
is "no folder for a missing model" test ! -e nothing

# ---- help ----
run 0 'titr caption talk.mp4' --help
run 0 'titr [0-9]' --version
run 0 'Usage: titr caption' caption --help
run 0 'Usage: titr models' help models
"$titr" >out 2>err; rc=$?
is "without arguments: the overview, and exit 2" test $rc = 2 -a -s out -a ! -s err
"$titr" help --man >page.1; "$titr" completion bash >c.bash; "$titr" completion zsh >c.zsh; "$titr" completion fish >c.fish
"$titr" help --markdown >cli.md
is "docs/cli.md is what titr prints" cmp -s cli.md "$root/docs/cli.md"
is "bash reads the completion" bash -n c.bash
command -v zsh >/dev/null && is "zsh reads the completion" zsh -n c.zsh
command -v fish >/dev/null && is "fish reads the completion" fish -n c.fish
command -v groff >/dev/null && is "the manual page is sound" test -z "$(groff -man -Tutf8 -ww -z page.1 2>&1)"
options=0
for command in $("$titr" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
  "$titr" help "$command" >help.txt
  for option in $(grep -oE '^  (-., )?--[a-z-]+' help.txt | grep -oE '\-\-[a-z-]+'); do
    options=$((options + 1))
    name=${option#--}
    if grep -q -- "${option//-/\\\\-}" page.1 && grep -q -- "$option" c.bash c.zsh && grep -q -- "$option" c.zsh &&
      grep -q -- "seen_subcommand_from $command' -l $name" c.fish; then ok; else bad "$command $option is not everywhere"; fi
  done
done
is "options were found" test "$options" -gt 35
complete_words() {
  bash -c 'source c.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _titr 2>/dev/null; echo "${COMPREPLY[*]}"' _ "$@"
}
is "completion of commands" test "$(complete_words titr ca)" = caption
is "completion of options" test "$(complete_words titr caption --sty)" = --style
is "completion of values" test "$(complete_words titr caption --position m)" = middle
is "completion of styles" test "$(complete_words titr caption --style karaoke_b)" = karaoke_box
is "completion of models" test "$(complete_words titr models pul)" = pull

# ---- results and their names ----
run 0 'captions in English' caption in/talk.mp4
is "video" test -s in/talk.titr.mp4
is "captions" grep -q 'This conference is locked' in/talk.srt
is "captions keep the rules" "$titr" check --quiet --lang en in/talk.srt
run 2 'exists' caption in/talk.mp4
cp in/talk.srt kept.srt
run 0 '' caption --force --progress none in/talk.mp4
is "none means none" test ! -s err
is "the same captions again" cmp -s in/talk.srt kept.srt
is "piped captions" cmp -s <("$titr" caption --no-video --srt - --progress none in/talk.mp4) kept.srt
run 0 '' caption -o named.mp4 in/talk.mp4
is "captions follow the video's name" cmp -s named.srt kept.srt
run 0 '' caption --no-video --json all.json --vtt all.vtt --ass all.ass in/talk.mp4
is "JSON" python3 -c 'import json; d=json.load(open("all.json")); assert d["language"]=="en" and d["fps"]==25 and d["cues"][0]["words"] and d["report"]["seconds"]["recognize"]>0'
is "no video, no SRT" test ! -e all.srt -a -s all.vtt -a -s all.ass
run 0 'only captions' caption in/voice.ogg
is "a sound gives captions" test -s in/voice.srt -a ! -e in/voice.titr.mp4
run 0 '' caption --background plain -o voice.mp4 in/voice.ogg
is "a sound gives a video" test "$(ffprobe -v error -show_entries stream=codec_type -of csv=p=0 voice.mp4 | sort | xargs)" = "audio video"
run 5 'no speech' caption in/silent.mp4
is "silence: a video all the same" test -s in/silent.titr.mp4 -a -e in/silent.srt -a ! -s in/silent.srt
run 0 '' caption --subs in/talk.en.srt -o subs.mp4 in/talk.mp4
is "no captions are written for given ones" test ! -e subs.srt
run 0 '' caption --subs all.ass -o ass.mp4 in/talk.mp4
run 0 '' caption --subs all.json --style karaoke_box --vertical -o json.mp4 in/talk.mp4
run 0 '' caption --subs in/talk.en.srt -o mute.mp4 in/mute.mp4
run 0 '' caption --soft --subs in/talk.en.srt -o soft.mp4 in/talk.mp4
is "a subtitle track" test "$(ffprobe -v error -select_streams s -show_entries stream=codec_name -of csv=p=0 soft.mp4)" = mov_text
# nothing to show: the picture and the sound are copied all the same, and there is no track
: >in/none.srt
packets() { ffmpeg -nostdin -v error -i "$1" -map "0:$2" -c copy -f streamhash -; }
copied() {
  [[ $(packets "$1" v) = "$(packets in/silent.mp4 v)" && $(packets "$1" a) = "$(packets in/silent.mp4 a)" &&
    $(ffprobe -v error -show_entries stream=codec_type -of csv=p=0 "$1" | sort | xargs) = "audio video" ]]
}
run 5 'no speech' caption --soft -o quiet.mp4 in/silent.mp4
is "--soft of silence copies the picture" copied quiet.mp4
is "--soft of silence: empty captions" test -e quiet.srt -a ! -s quiet.srt
run 5 'none.srt holds no captions' caption --soft --subs in/none.srt -o none.mp4 in/silent.mp4
is "--soft of no captions copies the picture" copied none.mp4
run 5 'no speech' caption --soft --work softwork -o held.mp4 in/silent.mp4
run 5 'no speech' caption --soft --work softwork -o held.mp4 --force in/silent.mp4
is "--soft of silence, resumed" copied held.mp4
run 5 'none.srt holds no captions' caption --subs in/none.srt -o none.mp4 --force in/silent.mp4
is "no captions: a video all the same" test "$(ffprobe -v error -show_entries stream=codec_type -of csv=p=0 none.mp4 | sort | xargs)" = "audio video"
cp in/talk.mp4 "in/two words.mp4"; cp in/silent.mp4 in/-dash.mp4
run 5 '2 of 2' caption --force "in/two words.mp4" in/silent.mp4
is "a name with a space" test -s "in/two words.titr.mp4" -a -s "in/two words.srt"
(cd in && "$titr" caption --no-video -- -dash.mp4 >/dev/null 2>&1)
is "a name with a dash" test -e in/-dash.srt

# ---- other commands ----
run 0 '2 cues, 0 breaches' check in/talk.en.srt
run 1 'line-length|line_length|length' check --lang en in/breach.srt
run 1 '' check --quiet in/breach.srt
is "quiet" test ! -s out
# two frames between cues, whatever the rate: and a little less is a breach
gap() { printf '1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:02,%03d --> 00:00:04,000\nTwo\n' "$1" >gap.srt; }
while read -r fps frames; do
  gap $frames
  run 0 '0 breaches' check --fps $fps gap.srt
  gap $((frames - 3))
  run 1 '^gap: ' check --fps $fps gap.srt
done <<'T'
10 200
23.976 83
24 83
25 80
29.97 67
30 67
50 40
59.94 33
60 33
240 8
1 80
T
gap 67
run 1 '^gap: ' check gap.srt
"$titr" convert gap.srt gap.json
run 1 '^gap: ' check gap.json
sed -i 's/"language": "",/"language": "", "fps": 30,/' gap.json
run 0 '0 breaches' check gap.json
run 1 '^gap: ' check --fps 25 gap.json
"$titr" convert --force gap.json gap2.json
run 0 '0 breaches' check gap2.json
run 0 '' convert in/talk.en.srt talk.vtt
run 0 '' convert talk.vtt back.srt
is "there and back" diff -q back.srt <("$titr" convert --to srt in/talk.en.srt -)
is "from standard input" cmp -s talk.vtt <("$titr" convert --to vtt - - <in/talk.en.srt)
is "from standard input, nothing left" clean
run 0 'clean_minimal' styles
run 0 '"duration": 1[01]' probe in/talk.mp4
is "probe is JSON" python3 -c 'import json; d=json.load(open("out")); assert d["video"]["width"]==320'

# ---- doctor ----
run 0 '^ok +video +all [0-9]+ parts' doctor
is "libass draws" grep -qE '^ok +captions +libass' out
is "fonts of the styles" grep -qE '^ok +style fonts ' out
is "nothing is wrong with what is set up" test "$(grep -cE '^(problem|note) +(video|captions|fonts|style fonts|model)' out)" = 0
mkdir fonts
font() { find /usr/share/fonts -name "$1" | head -n 1 | xargs -I@ cp @ fonts/; }
printf '<fontconfig><dir>%s</dir><cachedir>%s</cachedir></fontconfig>\n' "$dir/fonts" "$dir/fonts" >fonts.conf
FONTCONFIG_FILE=$dir/fonts.conf run 1 '^problem +captions +libass draws no letter' doctor
is "what to do about fonts" grep -q 'apt install fonts-noto-core fonts-manrope fonts-comfortaa fonts-play fonts-symbola$' out
for name in NotoSans-Regular.ttf NotoSerif-Regular.ttf NotoSansDisplay-Regular.ttf Comfortaa-Regular.ttf Symbola_hint.ttf; do font $name; done
FONTCONFIG_FILE=$dir/fonts.conf run 0 '^note +style fonts +Manrope ExtraBold, Play: not here' doctor
is "only these" grep -q 'apt install fonts-manrope fonts-play$' out
rm -rf fonts fonts.conf

# ---- pipes ----
"$titr" caption --no-video --srt - in/talk.mp4 2>err | true
is "a closed pipe is said" grep -qE 'standard output|broken pipe|Broken pipe' err
is "a closed pipe leaves nothing" clean
"$titr" --help >/dev/full 2>err; rc=$?
is "a full standard output" test $rc = 1
"$titr" caption --srt - -o piped.mp4 in/talk.mp4 >/dev/full 2>err
is "no video when the pipe failed" test ! -e piped.mp4

# ---- progress ----
"$titr" caption --force --progress json in/talk.mp4 2>json.lines
is "progress as JSON" python3 - json.lines <<'PY'
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
done = [l["done"] for l in lines]
assert done == sorted(done) and done[-1] == 1, done
assert {"probe", "recognize", "render", "save"} <= {l["stage"] for l in lines}
assert lines[-1]["stage"] == "done" and lines[-1]["files"] == ["in/talk.titr.mp4", "in/talk.srt"] and lines[-1]["language"] == "en"
assert all(l["remaining_s"] is None or l["remaining_s"] >= 0 for l in lines)
PY
"$titr" caption --force --progress json in/random.mp4 2>json.lines
is "errors as JSON" python3 -c 'import json; l=[json.loads(x) for x in open("json.lines")]; assert l[-1]["exit"]==3 and "damaged" in l[-1]["error"]'
"$titr" caption --force --progress plain in/talk.mp4 2>plain.lines
is "plain progress" grep -qE '^ *[0-9]+ % making the video$' plain.lines
is "plain progress ends" grep -qE '^100 %' plain.lines
is "a terminal" python3 - "$titr" <<'PY'
import os, pty, re, struct, fcntl, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "caption", "--force", "in/talk.mp4"])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
out = b""
try:
    while True:
        part = os.read(fd, 4096)
        if not part: break
        out += part
except OSError:
    pass
_, status = os.waitpid(pid, 0)
text = out.decode()
frames = [f for f in re.split(r"\r\x1b\[K", text) if "%" in f]
assert os.WEXITSTATUS(status) == 0 and len(frames) > 5, text[-300:]
assert all(len(f) < 60 and "\n" not in f for f in frames[1:]), max(frames, key=len)
assert "█" in text and "recognizing speech" in text
percents = [int(m) for f in frames for m in re.findall(r"(\d+) %", f)]
assert percents == sorted(percents)
assert text.rstrip().endswith("B") and "in/talk.srt" in text
PY

# ---- interruption ----
# at moments spread over the whole job, and every signal a terminal or a service manager sends
interrupted=0
for moment in 0.02 0.1 0.3 0.6 1.0 1.5 2.0 3.0; do
  for signal in INT TERM; do
    rm -f stop.mp4 stop.srt
    setsid "$titr" caption -o stop.mp4 in/sample.mp4 >/dev/null 2>err &
    pid=$!
    sleep "$moment"
    kill -$signal -- -$pid 2>/dev/null
    wait $pid
    rc=$?
    # before the handlers are there the signal's own effect ends it: nothing has begun then
    if [[ $rc =~ ^(130|143)$ ]]; then interrupted=$((interrupted + 1)); fi
    if [[ ! $rc =~ ^(0|130|143)$ ]]; then bad "$signal after $moment s: exit $rc: $(tail -n 1 err)"; continue; fi
    if [[ $rc != 0 && (-e stop.mp4 || -e stop.srt) ]]; then bad "$signal after $moment s: a result is there"; continue; fi
    if ! clean; then bad "$signal after $moment s"; rm -rf tmp/* .*titr-*; continue; fi
    ok
  done
done
is "most were interrupted" test $interrupted -gt 8

# ---- killed and started again ----
rm -f work.mp4 work.srt
setsid "$titr" caption --work work -o work.mp4 in/sample.mp4 >/dev/null 2>err &
pid=$!
for _ in $(seq 600); do [[ -e work/cues.json ]] && break; sleep 0.1; done
kill -KILL -- -$pid 2>/dev/null
wait $pid 2>/dev/null
is "nothing under a final name" test ! -e work.mp4 -a ! -e work.srt
"$titr" caption --work work -o work.mp4 --progress json in/sample.mp4 2>json.lines
is "goes on" grep -q '"resumed": true' json.lines
is "without recognizing again" test "$(grep -c '"stage": "recognize"' json.lines)" = 0
is "to the end" test -s work.mp4 -a -s work.srt
find . -name '.*titr-*' -delete

# ---- full disk ----
mkdir disk
if [[ $(id -u) = 0 ]] && mount -t tmpfs -o size=64k none disk 2>/dev/null; then
  run 1 'No space left|disk is full|full' caption -o disk/full.mp4 in/talk.mp4
  is "nothing on the full disk" test -z "$(ls -A disk)"
  # the sandbox's rules hold the deleted file until the kernel has put them away, some milliseconds after the process's end
  for ((i = 0; i < 100; i++)); do
    [[ $(df --output=used disk | tail -n 1) -gt 0 ]] || break
    sleep 0.05
  done
  is "the space is given back" test "$(df --output=used disk | tail -n 1)" -eq 0
  head -c 300000 /dev/zero >disk/filler 2>/dev/null
  run 1 'No space left|disk is full|full' caption --no-video --srt disk/full.srt in/talk.mp4
  TMPDIR=$dir/disk run 1 'No space left|disk is full|full' caption -o small.mp4 in/talk.mp4
  is "no result" test ! -e small.mp4 -a ! -e small.srt
  is "only the filler" test "$(ls -A disk)" = filler
  mount -o remount,ro disk
  run 2 'Read-only' caption -o disk/ro.mp4 in/talk.mp4
  umount disk
fi

echo "$passed passed, $failed failed"
[[ $failed = 0 ]]
