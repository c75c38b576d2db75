#!/usr/bin/env python3
"""Recognition beside faster-whisper, in one run on one machine: recognition.py TITR PEER-PYTHON MODEL-FOLDER WORK-FOLDER [MINUTES [REPEATS [LANG…]]]

Each round runs all three in turn, so that a noisy machine is noisy for all; medians are printed. titr's time is that of recognition (as the
peers': without loading the model), its wall time for the whole command is printed too. Same scorer for all.
"""
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time

import score

titr, python, model, work = sys.argv[1:5]
minutes = float(sys.argv[5]) if len(sys.argv) > 5 else 5
repeats = int(sys.argv[6]) if len(sys.argv) > 6 else 3
languages = sys.argv[7:] or ["en", "ru"]
threads = os.cpu_count()
here = os.path.dirname(os.path.abspath(__file__))
peer_env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}


def timed(argv, **more):
    """Runs; returns (standard output, wall seconds, peak MB of the largest process)."""
    began = time.time()
    p = subprocess.run(["/usr/bin/time", "-v", *argv], capture_output=True, text=True, **more)
    took = time.time() - began
    if p.returncode != 0:
        sys.exit(f"{' '.join(argv)}: exit {p.returncode}\n{p.stderr[-2000:]}")
    return p.stdout, took, int(re.search(r"Maximum resident set size \(kbytes\): (\d+)", p.stderr).group(1)) / 1024


def run_titr(wav, lang):
    out = f"{work}/{lang}.titr.json"
    _, wall, peak = timed([titr, "caption", "--no-video", "--progress", "none", "--force", "--model", model, "--threads", str(threads), "--json", out,
                           "--srt", f"{work}/{lang}.srt", wav])
    report = json.load(open(out))["report"]
    return {"seconds": report["seconds"]["recognize"], "wall": wall, "peak_mb": peak, "words": score.titr_words(out), "report": report}


def run_peer(kind, wav):
    text, wall, peak = timed([python, f"{here}/peer.py", kind, model, wav, str(threads)], env=peer_env)
    r = json.loads(text.strip().splitlines()[-1])
    return {"seconds": r["seconds"], "wall": wall, "peak_mb": peak, "words": r["words"]}


failures = []
print(f"{minutes:g} minutes a language, {threads} threads, median of {repeats}")
print(f"{'':4} {'':12} {'time s':>8} {'ratio':>7} {'wall s':>8} {'peak MB':>8} {'WER':>7} {'start ms':>9}")
for lang in languages:
    wav, ref = f"{work}/{lang}.wav", f"{work}/{lang}.ref.json"
    if not os.path.exists(ref):
        subprocess.run([sys.executable, f"{here}/../tests/corpus/make.py", lang, str(minutes * 60), wav, ref], check=True, stdout=subprocess.DEVNULL)
    runs = {"titr": [], "batched 8": [], "sequential": []}
    for _ in range(repeats):
        runs["titr"].append(run_titr(wav, lang))
        runs["batched 8"].append(run_peer("batched", wav))
        runs["sequential"].append(run_peer("sequential", wav))
    base = statistics.median(r["seconds"] for r in runs["batched 8"])
    figures = {}
    for name, rows in runs.items():
        seconds = statistics.median(r["seconds"] for r in rows)
        wer, start = score.score(ref, rows[-1]["words"], lang)
        figures[name] = wer
        ratio = statistics.median(r["seconds"] / b["seconds"] for r, b in zip(rows, runs["batched 8"]))
        print(f"{lang:4} {name:12} {seconds:8.2f} {ratio:7.2f} {statistics.median(r['wall'] for r in rows):8.2f} "
              f"{max(r['peak_mb'] for r in rows):8.0f} {wer:7.4f} {start:9.0f}")
    report = runs["titr"][-1]["report"]
    print(f"     stages of titr, s: " + ", ".join(f"{k} {v:.2f}" for k, v in report["seconds"].items() if k not in ("audio", "speech", "recognize")) +
          f"; {report['windows']} windows, {report['tokens']} tokens, {report['fallbacks']} fallbacks")
    if figures["titr"] > min(figures["batched 8"], figures["sequential"]) + 0.01:
        failures.append(f"{lang}: WER more than 0.01 above the better peer")
    check = subprocess.run([titr, "check", "--lang", lang, f"{work}/{lang}.srt"], capture_output=True, text=True)
    print("     " + check.stdout.strip().splitlines()[-1])
    if check.returncode:
        failures.append(f"{lang}: {check.stdout}")
for f in failures:
    print("short of the aim:", f)
