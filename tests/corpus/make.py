#!/usr/bin/env python3
"""Joins recorded prompts into speech with known words and times.

    make.py LANG SECONDS OUT.wav OUT.json

The prompts are those of Debian's asterisk-core-sounds-LANG-g722, their texts those of asterisk-core-sounds-LANG. Only
prompts of at least four words are taken; their order is fixed by a hash; between two of them there are 0.4 to
1.2 s of silence. OUT.wav is 16 kHz mono, 16 bits. OUT.json is a list of {"start", "end", "text"}: seconds, the start
being the first moment in the prompt that is louder than 2 % of its peak.
"""
import array
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import wave

RATE = 16000
SOUNDS = "/usr/share/asterisk/sounds"


def texts(lang):
    """The package's own list of texts; documentation may be left out of installed packages, so it is unpacked anew."""
    name = f"usr/share/doc/asterisk-core-sounds-{lang}/core-sounds-{lang}.txt.gz"
    if os.path.exists("/" + name):
        path = "/" + name
        data = gzip.open(path).read()
    else:
        with tempfile.TemporaryDirectory() as d:
            os.chmod(d, 0o755)
            subprocess.run(["apt-get", "download", f"asterisk-core-sounds-{lang}"], cwd=d, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            deb = [f for f in os.listdir(d) if f.endswith(".deb")][0]
            subprocess.run(["dpkg-deb", "-x", deb, "x"], cwd=d, check=True)
            data = gzip.open(os.path.join(d, "x", name)).read()
    out = {}
    for line in data.decode("utf-8", "replace").splitlines():
        if line.startswith(";") or ":" not in line:
            continue
        key, text = line.split(":", 1)
        out[key.strip()] = re.sub(r"\s+", " ", text).strip()
    return out


def folder(lang):
    return next(os.path.join(SOUNDS, d) for d in sorted(os.listdir(SOUNDS)) if d.startswith(lang + "_"))


def decode(path):
    raw = subprocess.run(["ffmpeg", "-v", "error", "-f", "g722", "-i", path, "-ar", str(RATE), "-ac", "1", "-f", "s16le", "-"],
                         check=True, capture_output=True).stdout
    return array.array("h", raw)


def usable(text):
    # remarks in brackets are not spoken, a single letter or a list is no sentence
    return len(text.split()) >= 4 and not re.search(r"[\[\]<>()*#]|\.\.\.$", text)


def main():
    lang, seconds, wav, ref = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4]
    where = folder(lang)
    prompts = [(k, t) for k, t in texts(lang).items() if usable(t) and os.path.exists(os.path.join(where, k + ".g722"))]
    prompts.sort(key=lambda p: hashlib.sha256((lang + p[0]).encode()).hexdigest())
    sound, entries = array.array("h"), []
    for key, text in prompts:
        pcm = decode(os.path.join(where, key + ".g722"))
        words, length = len(text.split()), len(pcm) / RATE
        if not 1.2 <= words / max(length, 0.1) <= 6:  # the text is not what is said
            continue
        h = int(hashlib.sha256(("gap" + key).encode()).hexdigest(), 16)
        sound.extend([0] * int(RATE * (0.4 + 0.8 * (h % 1000) / 1000)))
        peak = max(abs(min(pcm)), max(pcm))
        loud = [i for i, v in enumerate(pcm) if abs(v) > 0.02 * peak]
        begin = len(sound) / RATE
        entries.append({"start": round(begin + loud[0] / RATE, 3), "end": round(begin + loud[-1] / RATE, 3), "text": text})
        sound.extend(pcm)
        if len(sound) >= seconds * RATE:
            break
    with wave.open(wav, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(sound.tobytes())
    with open(ref, "w", encoding="utf-8") as f:
        json.dump(entries, f, ensure_ascii=False, indent=1)
    print(f"{wav}: {len(sound) / RATE:.1f} s, {len(entries)} prompts")


main()
