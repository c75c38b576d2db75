#!/usr/bin/env bash
# Files that are no use, in every way we could think of: each is refused with exit code 3 and one line that names the file and the
# reason, nothing stays in the temporary folder, no process stays behind. Then the near misses that must work, and some
# dozens of damaged copies of real files, which must be answered one way or the other and never with a crash of titr itself.
#
#   TITR=build/titr tests/e2e/bad_input.sh        prints "N passed, N failed"
#
# Needs ffmpeg (to make inputs) and python3. No model. MUTATIONS=n: damaged copies of each format (default 10).
set -uo pipefail
root=$(realpath "$(dirname "$0")/../..")
titr=$(realpath "${TITR:-$root/build/titr}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-bad.XXXXXX")
trap 'chmod -R u+rwx "$dir"; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mkdir tmp in
export TMPDIR=$dir/tmp LC_ALL=C.UTF-8
passed=0 failed=0

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED: $*"; }
ff() { ffmpeg -nostdin -v error -y "$@" || bad "ffmpeg cannot make $*"; }
left() { find tmp -mindepth 1; find in -name '.*titr-*'; pgrep -f "^$titr child"; }

# refused PATTERN FILE
refused() {
  timeout 60 "$titr" probe "$2" >out 2>err </dev/null
  local rc=$?
  if [[ $rc != 3 ]]; then bad "$2: exit $rc instead of 3: $(tail -n 2 err)"; return; fi
  if [[ $(wc -l <err) != 1 || -s out ]]; then bad "$2: not one line on standard error: $(head -n 3 err out)"; return; fi
  if ! grep -qE -- "$1" err; then bad "$2: no \"$1\" in: $(cat err)"; return; fi
  if [[ -n $(left) ]]; then bad "$2: left behind: $(left)"; return; fi
  ok
}
# opens FILE [PATTERN]
opens() {
  if ! timeout 60 "$titr" probe "$1" >out 2>err </dev/null; then bad "$1: $(tail -n 1 err)"; return; fi
  if [[ -n ${2:-} ]] && ! grep -qE -- "$2" out; then bad "$1: no \"$2\" in: $(cat out)"; return; fi
  ok
}

# ---- real files to spoil ----
ff -f lavfi -i testsrc2=size=320x180:rate=25:duration=4 -f lavfi -i sine=frequency=440:duration=4 -c:v libx264 -preset ultrafast \
  -g 25 -pix_fmt yuv420p -c:a aac in/good.mp4
ff -i in/good.mp4 -c copy -movflags +faststart in/front.mp4
ff -i in/good.mp4 -c copy in/good.mkv
ff -i in/good.mp4 -c copy in/good.ts
ff -i in/good.mp4 -c:v mpeg4 -c:a mp3 in/good.avi
ff -i in/good.mp4 -vn -c:a libopus in/good.ogg
ff -i in/good.mp4 -vn in/good.wav
ff -i in/good.mp4 -vn in/good.mp3
ff -i in/good.mp4 -vn -c:a flac in/good.flac
ff -i in/good.mp4 -c copy -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb \
  -encryption_kid a7e61c373e219033c21091fa607bf3b8 in/locked.mp4
ff -i in/good.mp4 -frames:v 1 in/picture.png
ff -i in/good.mp4 -frames:v 1 -update 1 in/picture.jpg
ff -i in/good.mp4 -i in/picture.png -map 0:a -map 1:v -c:a copy -c:v copy -disposition:v attached_pic in/cover.m4a
for i in picture.png picture.jpg; do cp in/$i in/$i.mp4; done

# ---- playlists and other texts, under their own names and under false ones ----
for name in list.m3u8 list.mp4 list.avi list.mkv list.txt; do
  printf '#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n%s/in/good.ts\n#EXT-X-ENDLIST\n' "$dir" >"in/$name"
done
{ printf '\n\n  '; cat in/list.m3u8; } >in/space.mp4
{ printf '\xef\xbb\xbf'; cat in/list.m3u8; } >in/bom.mp4
for name in all.ffconcat all.avi; do printf "ffconcat version 1.0\nfile '%s/in/good.mp4'\n" "$dir" >"in/$name"; done
for name in all.mpd mpd.mp4; do
  printf '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>\n' >"in/$name"
done
printf '[playlist]\nFile1=/etc/passwd\n' >in/radio.pls
printf 'just a text\nof two lines\n' >in/text.mp4
printf '<html><body>404</body></html>\n' >in/page.mp4
printf '1\n00:00:00,500 --> 00:00:02,000\nHello\n' >in/subs.srt
printf 'v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n' >in/stream.sdp
printf '#!/bin/sh\nrm -rf /\n' >in/script.mp4

# ---- bytes ----
: >in/empty.mp4
printf 'x' >in/one.mp4
python3 - <<'P'
import random, zipfile
random.seed(7)
for name in ("noise.mp4", "noise.mp3", "noise.mkv", "noise.ts", "noise"):
    open("in/" + name, "wb").write(random.randbytes(300000))
open("in/zeros.mp4", "wb").write(bytes(300000))
with zipfile.ZipFile("in/video.zip", "w") as z: z.write("in/good.mp4")
open("in/zip.mp4", "wb").write(open("in/video.zip", "rb").read())
good = open("in/good.mp4", "rb").read()
for part in (4, 20, 100, 1000, len(good) // 4, len(good) // 2, len(good) - 3000): open(f"in/cut{part}.mp4", "wb").write(good[:part])
for name, keep in (("front.mp4", 300), ("good.mkv", 100), ("good.avi", 100), ("good.ogg", 20), ("good.flac", 30), ("good.wav", 20)):
    open("in/stub_" + name, "wb").write(open("in/" + name, "rb").read()[:keep])
# the samples are in another file: an alias record with a path, as QuickTime writes it; the boxes around it grow by its size
def box(kind, body): return (len(body) + 8).to_bytes(4, "big") + kind + body
path = b"/etc/passwd"
record = bytes(10) + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(12) + bytes([11]) + b"etc/passwd".ljust(63, b"\0") + bytes(16)
record += (0).to_bytes(2, "big") + (0).to_bytes(2, "big") + bytes(16) + (18).to_bytes(2, "big") + len(path).to_bytes(2, "big") + path + b"\0" + (65535).to_bytes(2, "big") + bytes(2)
entry = box(b"alis", bytes(4) + record)
def grow(data, inside):
    out, at = b"", 0
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        body = data[at + 8:at + size]
        if kind == b"dref": body = bytes(4) + (1).to_bytes(4, "big") + entry
        elif kind in inside: body = grow(body, inside)
        out += box(kind, body)
        at += size
    return out
tree = (b"moov", b"trak", b"mdia", b"minf", b"dinf")
open("in/alias.mov", "wb").write(grow(good, tree))
entry = box(b"url ", bytes(4) + b"http://127.0.0.1/x.mp4\0")
open("in/remote.mp4", "wb").write(grow(good, tree))
P
truncate -s 17G in/huge.mp4
cp in/good.mp4 in/hole.mp4 && truncate -s 1000 in/hole.mp4 && truncate -s 2G in/hole.mp4
mkdir in/folder.mp4 && mkfifo in/fifo.mp4

while read -r file pattern; do
  [[ -n $file ]] && refused "$pattern" "in/$file"
done <<'T'
list.m3u8       list.m3u8 is a playlist
list.mp4        list.mp4 is a playlist
list.avi        playlist
list.mkv        playlist
list.txt        playlist
space.mp4       playlist
bom.mp4         playlist
all.ffconcat    playlist
all.avi         playlist
all.mpd         playlist
mpd.mp4         playlist
radio.pls       playlist
text.mp4        text.mp4 is a text
page.mp4        is a text
subs.srt        is a text.*--subs
stream.sdp      is a text|playlist
script.mp4      is a text
empty.mp4       empty.mp4 is empty
one.mp4         one.mp4
noise.mp4       damaged|decode
noise.mp3       damaged|decode
noise.mkv       damaged|decode
noise.ts        damaged|decode
noise           damaged|decode
zeros.mp4       damaged|decode
video.zip       archive
zip.mp4         archive
picture.png     picture
picture.jpg     picture
picture.png.mp4 picture
picture.jpg.mp4 picture
cut4.mp4        damaged|cut short|text
cut20.mp4       damaged|cut short
cut100.mp4      damaged|cut short
cut1000.mp4     damaged|cut short
stub_front.mp4  damaged|cut short|neither picture nor sound
stub_good.mkv   damaged|cut short
stub_good.avi   damaged|cut short
stub_good.ogg   damaged|cut short|decode
stub_good.flac  damaged|cut short
stub_good.wav   damaged|cut short
hole.mp4        damaged|cut short
huge.mp4        larger than
locked.mp4      encrypted
alias.mov       other files
remote.mp4      other files
folder.mp4      folder
fifo.mp4        no regular file
missing.mp4     missing.mp4: No such file
T
for part in in/cut??????.mp4 in/cut?????.mp4; do [[ -e $part ]] && refused 'damaged|cut short' "$part"; done
refused 'no regular file' /dev/zero
refused 'no regular file' /dev/null
refused 'folder' /
for n in 'rtmp://127.0.0.1/x' 'concat:in/good.mp4|in/good.mp4' 'file:in/good.mp4' 'data:video/mp4;base64,AAAA' 'lavfi:testsrc'; do refused '' "$n"; done
cp in/good.mp4 in/closed.mp4 && chmod 000 in/closed.mp4
if [[ $(id -u) != 0 ]]; then refused 'Permission denied' in/closed.mp4; fi

# ---- what must work all the same ----
opens in/good.mp4 '"width": 320'
cp in/good.mp4 in/wrong.avi && opens in/wrong.avi '"container": "mov"'
cp in/good.mkv in/nosuffix && opens in/nosuffix '"container": "matroska"'
cp in/good.mp4 $'in/na\'me "with\\ \n%s\xc3\xa9.mp4' && opens $'in/na\'me "with\\ \n%s\xc3\xa9.mp4'
cp in/good.mp4 in/-dash.mp4 && (cd in && opens ./-dash.mp4)
ln -s good.mp4 in/link.mp4 && opens in/link.mp4
opens in/cover.m4a '"codec": "aac"'
grep -q '"video"' out && bad "a cover picture is taken for a video" || ok
head -c 250000 in/front.mp4 >in/half.mp4 && opens in/half.mp4 '"width": 320'
head -c 200000 in/good.mkv >in/half.mkv && opens in/half.mkv '"width": 320'
if [[ $(id -u) = 0 ]]; then # what only root may read: another user's file in another user's closed folder
  mkdir in/closed && cp in/good.mp4 in/closed/ && chmod 600 in/closed/good.mp4 && chown -R 12345:12345 in/closed && chmod 700 in/closed
  opens in/closed/good.mp4
  if command -v setpriv >/dev/null; then # and as an ordinary user, who may not
    cp "$titr" exe && chmod 755 . in exe && chmod 666 in/good.mp4 && chmod 777 tmp
    setpriv --reuid 12346 --regid 12346 --clear-groups ./exe probe in/closed/good.mp4 >out 2>err
    [[ $? = 3 ]] && grep -q 'Permission denied' err && ok || bad "closed folder as an ordinary user: $(cat err)"
    setpriv --reuid 12346 --regid 12346 --clear-groups ./exe probe in/good.mp4 >out 2>err && ok || bad "as an ordinary user: $(cat err)"
  fi
fi

# ---- damaged copies ----
mkdir mutants
python3 - "${MUTATIONS:-10}" <<'P'
import random, sys
random.seed(11)
for kind in ("mp4", "mkv", "ts", "avi", "ogg", "wav", "mp3", "flac"):
    good = open("in/good." + kind, "rb").read()
    for i in range(int(sys.argv[1])):
        data = bytearray(good)
        head = len(data) if i % 3 == 0 else min(len(data), 4096)
        places = range(len(data) - 4000, len(data)) if kind == "mp4" and i % 2 else range(head) # an mp4's index is at its end
        for _ in range(random.choice((1, 4, 32))): data[random.choice(places)] ^= 1 << random.randrange(8)
        open(f"mutants/{i}.{kind}", "wb").write(data)
P
answered=0
for m in mutants/*; do
  timeout 60 "$titr" probe "$m" >out 2>err </dev/null
  rc=$?
  if [[ $rc = 0 ]]; then
    python3 -c 'import json; json.load(open("out"))' || { bad "$m: not JSON: $(head -c 200 out)"; continue; }
  elif [[ $rc != 3 || $(wc -l <err) != 1 ]]; then
    bad "$m: exit $rc: $(head -n 2 err)"
    continue
  fi
  answered=$((answered + 1))
done
[[ $answered = $(find mutants -type f | wc -l) ]] && ok || bad "$answered damaged files answered"
[[ -z $(left) ]] && ok || bad "left behind: $(left)"
echo "# $answered damaged files answered"
echo "$passed passed, $failed failed"
[[ $failed = 0 ]]
