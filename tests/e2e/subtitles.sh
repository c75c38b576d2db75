#!/usr/bin/env bash
# Subtitle files through `check`, `convert` and `caption --subs`: broken ones are refused with one line and leave nothing, good ones
# keep texts and times through every format.
#
#   TITR=build/titr tests/e2e/subtitles.sh        prints "N passed, N failed"
#
# Needs ffmpeg (to make a video) and python3. No model.
set -uo pipefail
root=$(realpath "$(dirname "$0")/../..")
titr=$(realpath "${TITR:-$root/build/titr}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-subs.XXXXXX")
trap 'mountpoint -q "$dir/disk" && umount "$dir/disk"; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mkdir tmp in out
export TMPDIR=$dir/tmp LC_ALL=C.UTF-8
passed=0 failed=0

ok() { passed=$((passed + 1)); echo "ok $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok $1: $2"; }
# is NAME COMMAND...: ok when the command is
is() { local name=$1; shift; if "$@"; then ok "$name"; else not_ok "$name" "$*"; fi; }
left() { find tmp out -mindepth 1; }

# refused NAME EXIT PATTERN ARGS...
refused() {
  local name=$1 code=$2 pattern=$3 rc
  shift 3
  timeout 60 "$titr" "$@" >log.out 2>log </dev/null
  rc=$?
  if [[ $rc != "$code" ]]; then not_ok "$name" "exit $rc instead of $code: $(tail -n 1 log)"
  elif [[ $(wc -l <log) != 1 || -s log.out ]]; then not_ok "$name" "not one line: $(head -n 3 log log.out)"
  elif [[ $(head -c 6 log) != "titr: " ]]; then not_ok "$name" "$(cat log)"
  elif ! grep -qE -- "$pattern" log; then not_ok "$name" "no \"$pattern\" in: $(cat log)"
  elif [[ -n $(left) ]]; then not_ok "$name" "left behind: $(left | tr '\n' ' ')"; rm -rf out/* out/.[!.]* tmp/*
  else ok "$name"; fi
}

ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=160x120:rate=25:duration=3 -f lavfi -i sine=duration=3 -c:v libx264 -preset ultrafast \
  -c:a aac in/good.mp4
cat >in/good.srt <<'S'
1
00:00:00,500 --> 00:00:01,000
Hello <i>there</i>,
"friend" & {foe}

2
00:00:01,250 --> 00:00:02,340
Съешь ещё — этих 日本語 עברית

3
01:02:03,040 --> 01:02:05,070
-- > 1 < 2 \N C:\new

S

# ---- files that are no subtitles ----
python3 - <<'P'
import random
random.seed(3)
open("in/binary.srt", "wb").write(random.randbytes(50000))
open("in/zeros.srt", "wb").write(bytes(5000))
open("in/large.srt", "wb").write(b"1\n00:00:01,000 --> 00:00:02,000\nx\n\n" * 4_000_000)
open("in/text.srt", "w").write("only words\nand no times\n")
open("in/json.json", "w").write('{"cues": 7}')
open("in/deep.json", "w").write("[" * 200000)
cue = "1\n00:00:01,000 --> 00:00:02,000\n%s\n"
open("in/nul.srt", "wb").write((cue % "a\0b").encode())
open("in/nul16.srt", "wb").write((cue % "a\0b").encode("utf-16"))
open("in/cut16.srt", "wb").write(b"\xff\xfe1")
open("in/bare16.srt", "wb").write((cue % "ё").encode("utf-16-le"))
open("in/half16.srt", "wb").write((cue % "a👍").encode("utf-16")[:-4])
open("in/odd16.srt", "wb").write((cue % "ёж").encode("utf-16") + b"\n")
P
: >in/empty.srt
mkdir in/folder.srt && mkfifo in/fifo.srt
cp in/good.mp4 in/video.srt
while IFS='|' read -r file pattern; do
  [[ -n $file ]] || continue
  refused "check $file" 3 "$pattern" check "in/$file"
  refused "convert $file" 3 "$pattern" convert "in/$file" out/new.vtt
  refused "caption --subs $file" 3 "$pattern" caption --subs "in/$file" -o out/new.mp4 in/good.mp4
done <<'T'
binary.srt|SRT, WebVTT
zeros.srt|SRT, WebVTT
nul.srt|SRT, WebVTT
nul16.srt|SRT, WebVTT
cut16.srt|SRT, WebVTT
large.srt|large|more than|MiB
text.srt|SRT, WebVTT
json.json|json.json
deep.json|deep.json
video.srt|SRT, WebVTT
folder.srt|folder|directory
fifo.srt|regular|pipe
missing.srt|No such file
T
# A file without cues is what silence gives: there is nothing to breach and nothing to lose, and the video comes without captions.
printf 'WEBVTT\n' >in/empty.vtt
for file in empty.srt empty.vtt; do
  is "check $file" "$titr" check --quiet "in/$file"
  "$titr" caption --progress none --subs "in/$file" -o out/new.mp4 in/good.mp4 2>log
  is "caption --subs $file: exit 5" test $? = 5
  is "caption --subs $file says why" test "$(cat log)" = "titr: $file holds no captions"
  is "caption --subs $file makes the video" test "$(ffprobe -v error -show_entries stream=codec_type -of csv=p=0 out/new.mp4 | sort | xargs)" = "audio video"
  is "check $file: one line" test "$("$titr" check "in/$file" 2>&1)" = "$file holds no cues: there is nothing to check"
  is "convert $file: one line" test "$("$titr" convert "in/$file" out/new.vtt 2>&1)" = "titr: $file holds no cues, and so does new.vtt"
  is "convert $file: a file without cues" test "$(cat out/new.vtt)" = WEBVTT
  rm -f out/new.*
done
# UTF-16 that is not quite right is read as far as it goes.
while read -r file text; do
  is "convert $file" test "$("$titr" convert --to srt "in/$file" - | sed -n 3p)" = "$text"
done <<'T'
bare16.srt ё
half16.srt a�
odd16.srt ёж
T

# ---- places where nothing can be written ----
refused "convert into no folder" 1 'No such file' convert in/good.srt out/no/new.vtt
refused "convert to an unknown name" 2 'should end in' convert in/good.srt out/new.doc
cp in/good.srt in/there.vtt
refused "convert over a file" 2 'exists' convert in/good.srt in/there.vtt
is "the file is as it was" cmp -s in/good.srt in/there.vtt
is "convert --force over a file" "$titr" convert --force in/good.srt in/there.vtt
is "it is replaced" grep -q WEBVTT in/there.vtt
mkdir disk
if [[ $(id -u) = 0 ]] && mount -t tmpfs -o size=64k none disk 2>/dev/null; then
  head -c 100000 /dev/zero >disk/filler 2>/dev/null
  refused "convert to a full disk" 1 'No space left|full' convert in/good.srt disk/new.vtt
  is "only the filler is there" test "$(ls -A disk)" = filler
fi
"$titr" convert --to vtt in/good.srt - >/dev/full 2>log
is "a full standard output: exit 1" test $? = 1
is "a full standard output: one line" test "$(wc -l <log)" = 1

# ---- there and back ----
cat >same.py <<'P'
"""Compares texts and times of two SRT files; times may differ by the last digit of a format that has fewer (ASS: 10 ms)."""
import re, sys
def read(path):
    cues = []
    for block in open(path, encoding="utf-8").read().strip().split("\n\n"):
        number, times, *text = block.split("\n")
        ms = [((int(h) * 60 + int(m)) * 60 + int(s)) * 1000 + int(x) for h, m, s, x in re.findall(r"(\d+):(\d+):(\d+),(\d+)", times)]
        cues.append((ms, text))
    return cues
a, b = read(sys.argv[1]), read(sys.argv[2])
assert len(a) == len(b) > 0, (len(a), len(b))
for (t, x), (u, y) in zip(a, b):
    assert x == y, (x, y)
    assert len(t) == len(u) == 2 and all(abs(i - j) <= int(sys.argv[3]) for i, j in zip(t, u)), (t, u)
P
"$titr" convert in/good.srt 0.srt
is "srt is read and written" python3 same.py in/good.srt 0.srt 0
for path in "vtt" "json" "ass" "vtt ass json" "json vtt ass" "ass json vtt"; do
  from=0.srt i=0
  for format in $path srt; do
    i=$((i + 1))
    "$titr" convert --force "$from" "chain$i.$format" || not_ok "srt $path srt" "cannot write $format"
    from=chain$i.$format
  done
  is "srt $path srt keeps texts and times" python3 same.py 0.srt "$from" 10
done
for format in srt vtt ass json; do
  "$titr" convert --force in/good.srt "a.$format" && "$titr" convert --force "a.$format" "b.$format"
  is "$format is written the same again" cmp -s "a.$format" "b.$format"
done
# other people's files: a mark of byte order, Windows line ends, UTF-16, a dot for the comma, no numbers
python3 - <<'P'
text = open("0.srt", encoding="utf-8").read()
open("in/bom.srt", "wb").write(b"\xef\xbb\xbf" + text.encode())
open("in/crlf.srt", "wb").write(text.replace("\n", "\r\n").encode())
open("in/utf16.srt", "wb").write(text.encode("utf-16"))
open("in/dots.srt", "wb").write("\n".join(l.replace(",", ".") if "-->" in l else l for l in text.split("\n")).encode())
P
for name in bom crlf utf16 dots; do
  "$titr" convert --force "in/$name.srt" x.srt
  is "$name.srt is read" cmp -s x.srt 0.srt
done
# ---- lines broken anew ----
cat >in/long.srt <<'S'
1
00:00:01,000 --> 00:00:05,000
Short enough.
Two lines.

2
00:00:06,000 --> 00:00:10,000
I thought that <i>you had already left for the</i> airport this morning.

3
00:00:11,000 --> 00:00:15,000
one
two
three

S
cat >want.srt <<'S'
1
00:00:01,000 --> 00:00:05,000
Short enough.
Two lines.

2
00:00:06,000 --> 00:00:10,000
I thought that <i>you had already left
for the</i> airport this morning.

3
00:00:11,000 --> 00:00:15,000
one two three

S
"$titr" convert --wrap --lang en in/long.srt out/x.srt
is "convert --wrap" diff want.srt out/x.srt
is "convert --wrap keeps what it made" cmp -s out/x.srt <("$titr" convert --wrap --lang en --to srt out/x.srt -)
is "without --wrap nothing is broken" diff in/long.srt <("$titr" convert --to srt in/long.srt -)
"$titr" check --lang en in/long.srt >log
is "before, lines are too long" grep -q '^line-length' log
for how in "--profile netflix" "--profile netflix --vertical" "--profile bbc" "--profile social"; do
  "$titr" convert --force --wrap --lang en $how in/long.srt out/x.srt
  "$titr" check --lang en $how out/x.srt >log
  is "after $how, none is" test "$(grep -c '^line-length' log)" = 0
done
rm -f out/x.srt
is "from standard input" cmp -s 0.srt <("$titr" convert --to srt - - <in/good.srt)
is "nothing is left behind" test -z "$(left)"

echo "$passed passed, $failed failed"
[[ $failed = 0 ]]
