#!/usr/bin/env python3
"""titr and faster-whisper on the same recorded speech, in turn, in one run; then titr on what is no speech.

    speech.py --work DIR [--rounds N] [--seconds S] [--threads N] [--languages en ru …]

Run by bench/run, by a Python that has faster-whisper. TITR names the program. For each recognizer and language, medians
over the rounds: time without loading the model, its ratio to titr's, loading, peak memory (resident, summed over the
process and its children, looked at 50 times a second), word error rate and median error of the prompts' first words, by
the same scorer. titr's time is that of its whole process less the loading. Exits 1 when a goal is missed.
"""
import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import threading
import time
import wave
from array import array

import score

HERE = os.path.dirname(os.path.abspath(__file__))
RATE = 16000


def tree_memory(pid):
    """Resident bytes of a process and all below it."""
    total, todo = 0, [pid]
    while todo:
        p = todo.pop()
        try:
            with open(f"/proc/{p}/statm") as f:
                total += int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for thread in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{thread}/children") as f:
                    todo += [int(c) for c in f.read().split()]
        except (OSError, IndexError):
            pass  # it has ended meanwhile
    return total


def run(command, may_exit=(0,)):
    """Returns (wall seconds, peak bytes, exit status)."""
    began = time.monotonic()
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    peak, ended = 0, threading.Event()

    def watch():
        nonlocal peak
        while not ended.wait(0.02):
            peak = max(peak, tree_memory(p.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, complaints = p.communicate()
    wall = time.monotonic() - began
    ended.set()
    watcher.join()
    if p.returncode not in may_exit:
        sys.exit(f"{' '.join(command)}: exit {p.returncode}\n{complaints}")
    return wall, peak, p.returncode


class Bench:
    def __init__(self, options):
        self.o = options
        self.titr = os.environ.get("TITR", "build/titr")
        self.missed = []
        listing = subprocess.run([self.titr, "models", "list"], capture_output=True, text=True, check=True).stdout
        self.model = os.path.join(listing.rsplit("Kept in ", 1)[1].strip(), "base")

    def path(self, name):
        return os.path.join(self.o.work, name)

    def corpus(self, lang):
        sound, words = (self.path(f"{lang}-{self.o.seconds}.{e}") for e in ("wav", "json"))
        if not os.path.exists(words):
            maker = os.path.join(HERE, "..", "tests", "corpus", "make.py")
            subprocess.run([sys.executable, maker, lang, str(self.o.seconds), sound, words], check=True, stdout=subprocess.DEVNULL)
        return sound, words

    def run_titr(self, sound, lang):
        out, srt = self.path(f"titr-{lang}.out.json"), self.path(f"titr-{lang}.out.srt")
        wall, peak, _ = run([self.titr, "caption", sound, "--no-video", "--force", "--progress", "none", "--lang", lang,
                             "--threads", str(self.o.threads), "--json", out, "--srt", srt])
        report = json.load(open(out, encoding="utf-8"))["report"]
        load = report["seconds"]["load"]
        return {"work": wall - load, "load": load, "peak": peak, "heard": score.titr_words(out), "report": report}

    def run_peer(self, mode, sound, lang):
        out = self.path("peer.out.json")
        _, peak, _ = run([sys.executable, os.path.join(HERE, "peer.py"), mode, self.model, sound, lang, str(self.o.threads), out])
        r = json.load(open(out, encoding="utf-8"))
        return {"work": r["work"], "load": r["load"], "peak": peak, "heard": [(t.strip(), s) for t, s in r["words"]]}

    def language(self, lang):
        sound, words = self.corpus(lang)
        with wave.open(sound) as w:
            length = w.getnframes() / w.getframerate()
        print(f"\n{lang}: {length:.0f} s of speech, {self.o.threads} threads, {self.o.rounds} rounds, medians")
        takes = {}
        for _ in range(self.o.rounds):
            for name in ("titr", "sequential", "batched"):
                take = self.run_titr(sound, lang) if name == "titr" else self.run_peer(name, sound, lang)
                takes.setdefault(name, []).append(take)
        rows = {}
        for name, all_takes in takes.items():
            wer, start = score.score(words, all_takes[-1]["heard"], lang)
            rows[name] = {k: statistics.median(t[k] for t in all_takes) for k in ("work", "load", "peak")}
            rows[name].update(wer=wer, start=start)
        print("| recognizer | time | titr's ratio | range | loading | peak memory | WER | start error |\n|---|---|---|---|---|---|---|---|")
        for name, label in (("titr", "titr"), ("sequential", "faster-whisper, sequential"), ("batched", "faster-whisper, batch 8")):
            r, works = rows[name], [t["work"] for t in takes[name]]
            print(f"| {label} | {r['work']:.2f} s | {rows['titr']['work'] / r['work']:.2f} | {min(works):.2f}-{max(works):.2f} | "
                  f"{r['load']:.2f} s | {r['peak'] / 1e6:.0f} MB | {r['wer']:.3f} | {r['start']:.0f} ms |")
        stages = ("read", "vad", "mel", "encode", "decode", "align", "recognize")
        middle = {s: statistics.median(t["report"]["seconds"][s] for t in takes["titr"]) for s in stages}
        counts = takes["titr"][-1]["report"]
        print("titr's stages: " + ", ".join(f"{s} {v:.2f}" for s, v in middle.items()) +
              f" s; {counts['windows']} windows, {counts['tokens']} tokens, {counts['fallbacks']} fallbacks")
        t, best = rows["titr"], min(rows["sequential"]["wer"], rows["batched"]["wer"])
        self.goal(f"{lang}: WER at most 0.01 above the better peer ({best:.3f})", t["wer"] <= best + 0.01)
        self.goal(f"{lang}: time at most 1.0 of batch 8", t["work"] <= rows["batched"]["work"])
        self.goal(f"{lang}: time at most 0.4 of batch 8", t["work"] <= 0.4 * rows["batched"]["work"], later=True)
        self.goal(f"{lang}: peak memory at most 600 MB", t["peak"] <= 600e6)
        self.goal(f"{lang}: median start error at most 80 ms", t["start"] <= 80)
        for kind in ("srt", "json"):
            check = subprocess.run([self.titr, "check", "--profile", "netflix", "--lang", lang, self.path(f"titr-{lang}.out.{kind}")],
                                   capture_output=True, text=True)
            self.goal(f"{lang}: every cue of the {kind} keeps netflix's rules", check.returncode == 0)
            if check.returncode:
                print(check.stdout)

    def goal(self, text, met, later=False):
        print(f"{'met   ' if met else 'LATER ' if later else 'MISSED'} {text}")
        if not met and not later:
            self.missed.append(text)

    def no_speech(self):
        print("\nWhat is no speech, 60 s each: no caption")
        for name, pcm in noises(60, [self.corpus(lang)[0] for lang in self.o.languages]):
            sound, out = self.path("noise.wav"), self.path("noise.out.json")
            with wave.open(sound, "wb") as w:
                w.setnchannels(1)
                w.setsampwidth(2)
                w.setframerate(RATE)
                w.writeframes(pcm.tobytes())
            _, _, status = run([self.titr, "caption", sound, "--no-video", "--force", "--progress", "none", "--json", out], (0, 5))
            cues = [c["text"] for c in json.load(open(out, encoding="utf-8"))["cues"]]
            self.goal(name, status == 5 and not cues)
            if cues:
                print("       " + " / ".join(cues)[:200].replace("\n", " "))


def noises(seconds, voices):
    """(name, samples) of silence, noises and a crowd that says nothing: speech backwards, many times over itself."""
    n, rng = seconds * RATE, random.Random(1)

    def samples(values):
        return array("h", (max(-32768, min(32767, int(v))) for v in values))

    yield "silence", array("h", bytes(2 * n))
    yield "white noise", samples(rng.gauss(0, 3000) for _ in range(n))
    pink, a, b, c = [], 0.0, 0.0, 0.0
    for _ in range(n):  # three leaky sums of white noise: 3 dB an octave within what is heard
        white = rng.gauss(0, 1)
        a, b, c = 0.99765 * a + white * 0.0990460, 0.96300 * b + white * 0.2965164, 0.57000 * c + white * 1.0526913
        pink.append(1200 * (a + b + c + white * 0.1848))
    yield "pink noise", samples(pink)
    yield "mains hum", samples(4000 * sum(math.sin(2 * math.pi * 50 * k * i / RATE) / k for k in (1, 2, 3)) for i in range(n))
    notes = [220 * 2 ** (rng.choice((0, 2, 4, 7, 9, 12)) / 12) for _ in range(seconds * 3)]
    yield "a tune", samples(
        5000 * math.exp(-3 * (i / RATE * 3 % 1)) * math.sin(2 * math.pi * notes[i * 3 // RATE] * i / RATE) for i in range(n))
    crowd = [0.0] * n
    for k in range(16):
        with wave.open(voices[k % len(voices)]) as w:
            pcm = array("h", w.readframes(w.getnframes()))
        pcm.reverse()
        shift = rng.randrange(len(pcm))
        for i in range(n):
            crowd[i] += pcm[(i + shift) % len(pcm)] * 0.2
    yield "a crowd (speech backwards, 16 times over itself)", samples(crowd)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--work", required=True)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=int, default=300)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--languages", nargs="+", default=["en", "ru"])
    bench = Bench(p.parse_args())
    for lang in bench.o.languages:
        bench.language(lang)
    bench.no_speech()
    print(f"\n{len(bench.missed)} goals missed")
    return 1 if bench.missed else 0


sys.exit(main())
