#!/usr/bin/env bash
# Renders a matrix of made inputs and measures the results: container, codecs, sizes, colours, frame count, duration, and
# the moments of a flash and a beep, which must stay where the input has them (20 ms).
#
#   TITR=build/titr tests/e2e/render_matrix.sh [CASE-PATTERN]        prints "N passed, N failed"
#
# The expected moments are measured in the input by the same code, so a generator's own habits do not count.
# Needs the ffmpeg and ffprobe programs and python3.
set -uo pipefail
titr=$(realpath "${TITR:-build/titr}")
only=${1:-.}
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-matrix.XXXXXX")
trap '[[ -n ${KEEP:-} ]] && echo "kept: $dir" || rm -rf "$dir"' EXIT
cd "$dir" || exit 1
passed=0 failed=0

cat >subs.srt <<'SRT'
1
00:00:00,300 --> 00:00:01,500
It's "quoted", [in]: {\b1} c:\dir, %{pts}; 50% \N

2
00:00:01,600 --> 00:00:03,500
Съешь же ещё этих

SRT

cat >measure.py <<'PY'
import array, json, subprocess, sys

def run(*a):
    return subprocess.run(a, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True).stdout

def probe(path):
    return json.loads(run("ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", path))

def pick(p, kind):
    s = [s for s in p["streams"] if s["codec_type"] == kind and not s["disposition"]["attached_pic"]]
    return s[0] if s else None

def measure(path):
    """What a viewer gets, on a timeline that begins with the file."""
    p = probe(path)
    start = float(p["format"].get("start_time", 0))
    m = {"probe": p, "duration": 0, "frames": 0, "flash": None, "beep": None}
    v, a = pick(p, "video"), pick(p, "audio")
    if v:
        out = json.loads(run("ffprobe", "-v", "quiet", "-of", "json", "-select_streams", str(v["index"]),
                  "-show_entries", "frame=best_effort_timestamp_time,pkt_duration_time", path))["frames"]
        times = [float(f["best_effort_timestamp_time"]) - start for f in out if "best_effort_timestamp_time" in f]
        last = float(out[-1].get("pkt_duration_time", 0) or 0)
        n, d = map(int, v["avg_frame_rate"].split("/"))
        m["fps"] = n / d if d and n else 25
        m["frames"] = len(times)
        m["times"] = times
        m["video_end"] = times[-1] + (last if 0 < last < 5 else 1 / m["fps"])
        raw = run("ffmpeg", "-v", "quiet", "-i", path, "-map", "0:%d" % v["index"], "-vsync", "0", "-vf",
                  "scale=8:8:flags=area,format=gray", "-f", "rawvideo", "-")
        light = [sum(raw[i:i + 64]) / 64 for i in range(0, len(raw) - 63, 64)]
        low, high = min(light), max(light)
        if high - low > 25:
            bright = [x > (low + high) / 2 for x in light]
            m["flash"] = [times[min(i, len(times) - 1)] for i, x in enumerate(bright) if x and not (i and bright[i - 1])]
        m["duration"] = m["video_end"]
    if a:
        # -copyts: the program would otherwise move the start to that of the mapped stream in some containers.
        raw = run("ffmpeg", "-v", "quiet", "-copyts", "-i", path, "-map", "0:%d" % a["index"], "-af",
                  "aresample=48000:async=1:first_pts=%d:min_hard_comp=0.02" % round(start * 48000), "-ac", "1", "-f", "s16le", "-")
        s = array.array("h")
        s.frombytes(raw[:len(raw) // 2 * 2])
        peak = max(map(abs, s), default=0)
        if peak > 2000:
            loud = [i for i, x in enumerate(s) if abs(x) > peak / 2]
            m["beep"] = [i / 48000 for k, i in enumerate(loud) if not k or i - loud[k - 1] > 4800]
        m["audio_end"] = len(s) / 48000
        m["duration"] = max(m["duration"], m["audio_end"])
    return m

def boxes(path):
    names = []
    with open(path, "rb") as f:
        while True:
            head = f.read(8)
            if len(head) < 8: return names
            size, name = int.from_bytes(head[:4], "big"), head[4:]
            if size == 1: size = int.from_bytes(f.read(8), "big"); f.seek(size - 16, 1)
            else: f.seek(size - 8, 1)
            names.append(name.decode("latin1"))

def near(a, b, by):
    """Two moments, or two lists of them."""
    if a is None or b is None: return False
    if isinstance(a, list): return len(a) == len(b) and all(near(x, y, by) for x, y in zip(a, b))
    return abs(a - b) <= by

def check(source, result, size, audio, frames):
    bad = []
    i, o = measure(source), measure(result)
    v, a = pick(o["probe"], "video"), pick(o["probe"], "audio")
    def want(ok, what):
        if not ok: bad.append(what)
    want(v and v["codec_name"] in ("h264",), "video codec")
    if not v: return bad
    want("%dx%d" % (v["width"], v["height"]) == size, "size %dx%d" % (v["width"], v["height"]))
    want(v["pix_fmt"] == "yuv420p", "format " + v["pix_fmt"])
    want(v.get("sample_aspect_ratio", "1:1") == "1:1", "pixel aspect")
    want(not v.get("side_data_list"), "side data is left: a rotation?")
    for k, x in (("color_space", "bt709"), ("color_transfer", "bt709"), ("color_primaries", "bt709"), ("color_range", "tv")):
        want(v.get(k) == x, "%s is %s" % (k, v.get(k)))
    b = boxes(result)
    want("moov" in b and "mdat" in b and b.index("moov") < b.index("mdat"), "not faststart: %s" % b)
    want((a["codec_name"] if a else "none") == audio, "audio is %s" % (a["codec_name"] if a else "none"))
    if a: want(a["channels"] <= 2 or audio != "aac" or a["channels"] == pick(i["probe"], "audio")["channels"], "channels")
    frame = max(1 / i["fps"] if "fps" in i else 0.04, 0.04)
    tail = 0.03 if a else 0.002  # an AAC packet is 21 to 23 ms
    want(near(i["duration"], o["duration"], frame + tail), "duration %.3f, input %.3f" % (o["duration"], i["duration"]))
    shown = float(o["probe"]["format"]["duration"])
    want(near(shown, i["duration"], frame + tail), "container says %.3f, input %.3f" % (shown, i["duration"]))
    low, high = (i["frames"], i["frames"]) if frames == "same" else map(int, frames.split("-"))
    want(low - 1 <= o["frames"] <= high + 1, "%d frames, input %d" % (o["frames"], i["frames"]))
    if i["duration"] > 1.5:
        want(i["flash"] is not None or "fps" not in i, "no flash in the input: the test is broken")
        want(i["beep"] is not None or not a, "no beep in the input: the test is broken")
    if i["flash"] is not None: want(near(o["flash"], i["flash"], 0.020), "flash at %s, input %s" % (o["flash"], i["flash"]))
    if i["beep"] is not None: want(near(o["beep"], i["beep"], 0.020), "beep at %s, input %s" % (o["beep"], i["beep"]))
    t = o["times"]
    want(all(x < y for x, y in zip(t, t[1:])), "times do not rise")
    return bad

if __name__ == "__main__":
    try: bad = check(*sys.argv[1:6])
    except Exception as e: bad = ["measuring failed: %r" % e]
    if bad: print("; ".join(bad)); sys.exit(1)
PY

# clip SIZE RATE SECONDS: a flash at 1 s and at 2.5 s over a slowly moving pattern, as a lavfi source.
clip() {
  echo "testsrc=s=$1:r=$2:d=$3,eq=brightness=-0.5:contrast=0.5,drawbox=enable='between(t,0.999,1.199)+between(t,2.499,2.699)':color=white:t=fill"
}
# The beep at the same moments. sound RATE CHANNELS SECONDS
sound() {
  local one="if(between(t\\,1\\,1.2)+between(t\\,2.5\\,2.7)\\,0.7*sin(2*PI*1000*t)\\,0)" all i
  all=$one
  for ((i = 1; i < $2; i++)); do all="$all|$one"; done
  local layout=(- mono stereo - - - 5.1)
  echo "aevalsrc=$all:s=$1:d=$3:c=${layout[$2]}"
}
make() { ffmpeg -v error -nostdin -y "$@" 2>make.err || { cat make.err; return 1; }; }

# try NAME INPUT SIZE AUDIO FRAMES [titr options]: renders INPUT and checks the result.
try() {
  local name=$1 input=$2 size=$3 audio=$4 frames=$5 why
  shift 5
  rm -f out.mp4
  if ! why=$("$titr" caption "$input" --subs subs.srt -o out.mp4 --force --progress none "$@" 2>&1 >/dev/null); then
    why="titr failed: $why"
  elif why=$(python3 measure.py "$input" out.mp4 "$size" "$audio" "$frames"); then
    passed=$((passed + 1))
    echo "ok    $name"
    return
  fi
  failed=$((failed + 1))
  echo "FAIL  $name: $why"
}

# case NAME: whether it is wanted.
wanted() { [[ $1 =~ $only ]]; }
fail() {
  failed=$((failed + 1))
  echo "FAIL  $1: $2"
}
# simple NAME FILE SIZE AUDIO FRAMES -- ffmpeg arguments of the output (inputs 0 = video, 1 = sound) [== titr options]
simple() {
  local name=$1 file=$2 size=$3 audio=$4 frames=$5
  shift 6
  wanted "$name" || return 0
  local arguments=()
  while (($#)) && [[ $1 != == ]]; do arguments+=("$1"); shift; done
  (($#)) && shift
  make -f lavfi -i "$(clip "${SIZE:-320x240}" "${RATE:-25}" 4)" -f lavfi -i "$(sound "${HZ:-48000}" "${CHANNELS:-2}" 4)" \
    "${arguments[@]}" "$file" || { fail "$name" "cannot make the input"; return 0; }
  try "$name" "$file" "$size" "$audio" "$frames" "$@"
}
x264=(-c:v libx264 -preset ultrafast -pix_fmt yuv420p)

# Codecs and containers.
simple h264-mp4 "it's, [odd]: a;b %d name.mp4" 320x240 aac same -- "${x264[@]}" -bf 2 -c:a aac
simple h264-mov a.mov 320x240 aac same -- "${x264[@]}" -c:a pcm_s16le
simple h264-mkv-opus a.mkv 320x240 aac same -- "${x264[@]}" -c:a libopus
simple h264-mkv-aac b.mkv 320x240 aac same -- "${x264[@]}" -c:a aac
simple h264-flv a.flv 320x240 aac same -- "${x264[@]}" -c:a aac -ar 44100
simple h264-fragmented f.mp4 320x240 aac same -- "${x264[@]}" -c:a aac -movflags +frag_keyframe+empty_moov
simple h264-ts a.ts 320x240 aac same -- "${x264[@]}" -bf 2 -c:a aac
simple hevc-mp4 h.mp4 320x240 aac same -- -c:v libx265 -preset ultrafast -x265-params log-level=none -c:a aac
simple vp9-webm a.webm 320x240 aac same -- -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus
simple vp8-webm-vorbis v.webm 320x240 aac same -- -c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis
simple mpeg4-avi-mp3 a.avi 320x240 aac same -- -c:v mpeg4 -bf 2 -q:v 3 -c:a libmp3lame
simple mpeg2-mpg a.mpg 320x240 aac same -- -c:v mpeg2video -q:v 3 -c:a mp2
simple mjpeg-avi-pcm m.avi 320x240 aac same -- -c:v mjpeg -q:v 3 -pix_fmt yuvj420p -c:a pcm_s16le
simple h264-mp4-mp3 m.mp4 320x240 mp3 same -- "${x264[@]}" -c:a libmp3lame
simple h264-mkv-flac fl.mkv 320x240 aac same -- "${x264[@]}" -c:a flac
simple h264-mp4-alac al.mp4 320x240 aac same -- "${x264[@]}" -c:a alac
simple prores-mov p.mov 320x240 aac same -- -c:v prores_ks -c:a pcm_s24le

# Sound.
CHANNELS=1 simple mono mo.mp4 320x240 aac same -- "${x264[@]}" -c:a aac
CHANNELS=6 simple surround-aac six.mp4 320x240 aac same -- "${x264[@]}" -c:a aac
CHANNELS=6 simple surround-ac3 six.mkv 320x240 aac same -- "${x264[@]}" -c:a ac3
HZ=8000 CHANNELS=1 simple low-rate low.mov 320x240 aac same -- "${x264[@]}" -c:a pcm_s16le
HZ=96000 simple high-rate high.mkv 320x240 aac same -- "${x264[@]}" -c:a flac
simple no-sound n.mp4 320x240 none same -- -map 0:v "${x264[@]}"

# Pictures.
simple rotated r.mp4 320x240 aac same -- "${x264[@]}" -c:a aac
for turn in 90 180 270; do
  wanted "rotated-$turn" || continue
  [[ -f r.mp4 ]] || make -f lavfi -i "$(clip 320x240 25 4)" -f lavfi -i "$(sound 48000 2 4)" "${x264[@]}" -c:a aac r.mp4
  make -i r.mp4 -c copy -metadata:s:v:0 rotate=$turn "r$turn.mp4" || fail "rotated-$turn" "cannot make the input"
  try "rotated-$turn" "r$turn.mp4" "$([[ $turn == 180 ]] && echo 320x240 || echo 240x320)" aac same
done
SIZE=720x576 simple wide-pixels w.mpg 1024x576 aac same -- -c:v mpeg2video -q:v 3 -aspect 16:9 -c:a mp2
SIZE=320x240 simple wide-pixels-mp4 w.mp4 640x240 aac same -- "${x264[@]}" -vf setsar=2/1 -c:a aac
SIZE=321x243 simple odd-size o.mkv 320x242 aac same -- -c:v libx264 -preset ultrafast -pix_fmt yuv444p -c:a aac
simple ten-bit t.mkv 320x240 aac same -- -c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le -c:a aac
simple rgb rgb.mkv 320x240 aac same -- -c:v ffv1 -pix_fmt bgr0 -c:a flac
SIZE=720x576 simple interlaced i.ts 720x576 aac same -- -c:v mpeg2video -q:v 3 -flags +ilme+ildct -vf setfield=tff -c:a mp2
for hdr in smpte2084 arib-std-b67; do
  simple "hdr-$hdr" "hdr-$hdr.mp4" 320x240 aac same -- -c:v libx265 -preset ultrafast -pix_fmt yuv420p10le \
    -x265-params "log-level=none:colorprim=bt2020:transfer=$hdr:colormatrix=bt2020nc" -color_primaries bt2020 -color_trc $hdr -colorspace bt2020nc -c:a aac
done
for fit in crop pad blur; do
  simple "vertical-$fit" ver.mp4 1080x1920 aac same -- "${x264[@]}" -c:a aac == --vertical --fit $fit
done
SIZE=1920x1080 RATE=10 simple quality-720p q.mp4 1280x720 aac 40-42 -- "${x264[@]}" -c:a aac == --quality 720p
SIZE=320x240 simple quality-not-enlarged q2.mp4 320x240 aac same -- "${x264[@]}" -c:a aac == --quality 1080p
simple watermark wm.mp4 320x240 aac same -- "${x264[@]}" -c:a aac == --watermark "it's {\\b1} me: 100%"

# Times.
RATE=1 simple one-frame-a-second one.mp4 320x240 aac 4-12 -- "${x264[@]}" -c:a aac
RATE=60 simple sixty sixty.mp4 320x240 aac same -- "${x264[@]}" -c:a aac
RATE=30000/1001 simple ntsc ntsc.mp4 320x240 aac same -- "${x264[@]}" -c:a aac
simple variable-rate vfr.mkv 320x240 aac same -- "${x264[@]}" -vf "select='not(between(mod(n,10),3,4))'" -vsync vfr -c:a aac
# Gaps of 0.2 s: a caption that comes or goes in one brings a frame of its own.
simple variable-rate-mp4 vfr.mp4 320x240 aac 55-64 -- "${x264[@]}" -vf "select='not(between(mod(n,9),2,5))'" -vsync vfr -c:a aac
if wanted very-short; then
  make -f lavfi -i "$(clip 320x240 25 0.2)" -f lavfi -i "$(sound 48000 2 0.2)" "${x264[@]}" -c:a aac short.mp4
  try very-short short.mp4 320x240 aac same
fi
for late in video audio; do
  for kind in mp4 mkv ts; do
    name="late-$late-$kind"
    wanted "$name" || continue
    make -f lavfi -i "$(clip 320x240 25 4)" -f lavfi -i "$(sound 48000 2 4)" "${x264[@]}" -c:a aac base.mkv
    order=(-itsoffset 0.5 -i base.mkv -i base.mkv -map 0:v -map 1:a)
    [[ $late == audio ]] && order=(-i base.mkv -itsoffset 0.5 -i base.mkv -map 0:v -map 1:a)
    make "${order[@]}" -c copy "late.$kind" || fail "$name" "cannot make the input"
    # A late picture stands from 0 on, and repeats when a caption changes under it.
    try "$name" "late.$kind" 320x240 aac "$([[ $late == video ]] && echo 100-103 || echo 100-103)"
  done
done
if wanted shifted-start; then
  make -f lavfi -i "$(clip 320x240 25 4)" -f lavfi -i "$(sound 48000 2 4)" "${x264[@]}" -c:a aac -output_ts_offset 1000 shift.ts
  try shifted-start shift.ts 320x240 aac same
fi
if wanted negative-times; then
  make -f lavfi -i "$(clip 320x240 25 4)" -f lavfi -i "$(sound 48000 2 4)" "${x264[@]}" -g 10 -c:a aac neg0.mp4
  make -ss 0.3 -i neg0.mp4 -c copy -avoid_negative_ts disabled neg.mp4
  try negative-times neg.mp4 320x240 aac "90-104"
fi
# Half a second of the sound is missing: what comes after it stays where it was. The same as sound that runs 0.4 % slow.
simple hole-decoded hole.mkv 320x240 aac same -- "${x264[@]}" -af "aselect='not(between(t,1.5,2))'" -c:a pcm_s16le
simple hole-copied hole.mka.mkv 320x240 aac same -- "${x264[@]}" -af "aselect='not(between(t,1.5,2))'" -c:a aac
simple drift drift.mkv 320x240 aac same -- "${x264[@]}" -af "asetpts=PTS*1.004" -c:a pcm_s16le
if wanted sound-outlasts; then
  make -f lavfi -i "$(clip 320x240 25 2)" -f lavfi -i "$(sound 48000 2 4)" "${x264[@]}" -c:a aac longer.mp4
  try sound-outlasts longer.mp4 320x240 aac 50-56
fi
if wanted size-changes; then
  make -f lavfi -i "$(clip 320x240 25 2)" "${x264[@]}" s1.ts
  make -f lavfi -i "$(clip 160x200 25 2)" "${x264[@]}" -output_ts_offset 2 s2.ts
  cat s1.ts s2.ts >s.ts
  try size-changes s.ts 320x240 none 98-102
fi
if wanted damaged; then
  make -f lavfi -i "$(clip 320x240 25 4)" -f lavfi -i "$(sound 48000 2 4)" "${x264[@]}" -g 12 -c:a aac d0.mkv
  # Bytes of the second half are overwritten here and there; the rest must come through with its times.
  python3 - <<'PY'
import random
random.seed(7)
b = bytearray(open("d0.mkv", "rb").read())
for _ in range(40):
    at = random.randrange(len(b) * 7 // 10, len(b) - 2000)
    b[at:at + 12] = bytes(random.randrange(256) for _ in range(12))
open("d.mkv", "wb").write(b)
PY
  if "$titr" caption d.mkv --subs subs.srt -o out.mp4 --force --progress none >/dev/null 2>&1 &&
    python3 -c 'import measure as m
o, i = m.measure("out.mp4"), m.measure("d0.mkv")
assert m.near(o["flash"], i["flash"], 0.02) and m.near(o["beep"], i["beep"], 0.02), (o["flash"], o["beep"])
assert o["duration"] > 3 and o["frames"] > 60, o["duration"]'; then
    passed=$((passed + 1)); echo "ok    damaged"
  else fail damaged "lost more than the damaged part"; fi
fi

# Sound alone, over a background.
for kind in plain waveform; do
  for format in "mp3 libmp3lame" "ogg libopus" "m4a aac" "wav pcm_s16le" "flac flac"; do
    name="$kind-${format%% *}"
    wanted "$name" || continue
    make -f lavfi -i "$(sound 48000 1 4)" -c:a "${format##* }" "voice.${format%% *}" || fail "$name" "cannot make the input"
    case $format in mp3*) audio=mp3 ;; *) audio=aac ;; esac
    try "$name" "voice.${format%% *}" 1920x1080 $audio 100-101 --background $kind
  done
done
if wanted background-vertical; then
  make -f lavfi -i "$(sound 16000 1 4)" -c:a libopus voice.opus
  try background-vertical voice.opus 1080x1920 aac 100-101 --background waveform --vertical
fi

echo "$passed passed, $failed failed"
((failed == 0))
