#!/usr/bin/env python3
"""Compares the network's numbers and the words with faster-whisper, on the same weights and the same sound.

    parity_net.py PROGRAM TITR MODEL_DIR SOUND.wav WORDS.json LANG

Run by a Python that has faster-whisper; PROGRAM is bench_parity_net (`ninja -C build bench_parity_net`), SOUND 16 kHz mono,
16 bits, WORDS what tests/corpus/make.py wrote beside it. The truth is faster-whisper with f32 weights; both its int8
mode and titr differ from it, and titr may do so no more than the factors below. The same mel goes into all. Prints the
figures; exits 1 when one is too large.
"""
import json
import os
import subprocess
import sys
import tempfile
import wave

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.feature_extractor import FeatureExtractor

import score

WINDOWS = 4  # of 30 s, from the beginning
PREFIX = ["<|startoftranscript|>", None, "<|transcribe|>", "<|notimestamps|>"]


def read_wav(path):
    with wave.open(path) as w:
        return np.frombuffer(w.readframes(w.getnframes()), np.int16).astype(np.float32) / 32768


def log_softmax(x):
    x = x.astype(np.float64) - x.max()
    return x - np.log(np.exp(x).sum())


class Peer:
    def __init__(self, model, compute_type, tokens):
        self.model = ctranslate2.models.Whisper(model, compute_type=compute_type, intra_threads=2)
        self.tokens = tokens

    def encode(self, mel):
        out = self.model.encode(ctranslate2.StorageView.from_array(mel[None]), to_cpu=True)
        return np.array(out)[0]

    def logits(self, mel):
        r = self.model.generate(ctranslate2.StorageView.from_array(mel[None]), [self.tokens], beam_size=1, max_length=len(self.tokens) + 1,
                                suppress_blank=False, suppress_tokens=[], return_logits_vocab=True)
        return log_softmax(np.array(r[0].logits[0][0]).reshape(-1))


class Titr:
    def __init__(self, program, model, tokens):
        self.program, self.model, self.tokens = program, model, tokens

    def run(self, mel, *args):
        p = subprocess.run([self.program, *args], input=mel.tobytes(), capture_output=True)
        if p.returncode:
            sys.exit(f"{' '.join(args)}: {p.stderr.decode()}")
        return np.frombuffer(p.stdout, np.float32)

    def encode(self, mel):
        return self.run(mel, "encode", self.model).reshape(1500, -1)

    def logits(self, mel):
        return log_softmax(self.run(mel, "logits", self.model, *map(str, self.tokens)))


def relative(got, want):
    return np.linalg.norm(got - want) / np.linalg.norm(want)


def main():
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    program, titr, model, sound, reference, lang = sys.argv[1:]
    vocabulary = open(os.path.join(model, "vocabulary.txt"), encoding="utf-8", newline="\n").read().split("\n")
    tokens = [vocabulary.index(t or f"<|{lang}|>") for t in PREFIX]
    pcm = read_wav(sound)
    bands = json.load(open(os.path.join(model, "preprocessor_config.json")))["feature_size"] if os.path.exists(
        os.path.join(model, "preprocessor_config.json")) else 80
    extract = FeatureExtractor(feature_size=bands)
    truth, int8, ours = Peer(model, "float32", tokens), Peer(model, "int8", tokens), Titr(program, model, tokens)
    figures, agree, count = {}, {"int8": 0, "titr": 0}, 0
    for i in range(0, min(len(pcm), WINDOWS * 480000), 480000):
        part = pcm[i : i + 480000]
        mel = np.ascontiguousarray(extract(np.pad(part, (0, 480000 - len(part))))[:, :3000], np.float32)
        hidden, logits = truth.encode(mel), truth.logits(mel)
        count += 1
        for name, one in (("int8", int8), ("titr", ours)):
            figures.setdefault(("encoder", name), []).append(relative(one.encode(mel), hidden))
            got = one.logits(mel)
            likely = np.argsort(logits)[-100:]
            figures.setdefault(("logits", name), []).append(np.abs(got[likely] - logits[likely]).max())
            agree[name] += int(got.argmax() == logits.argmax())
    failed = False
    for what, note in (("encoder", "relative error of the output"), ("logits", "largest difference in log-probability, 100 likeliest tokens")):
        mine, theirs = np.mean(figures[what, "titr"]), np.mean(figures[what, "int8"])
        bad = not mine <= 2 * theirs
        failed |= bad
        print(f"{what:8} titr {mine:.4f}, faster-whisper int8 {theirs:.4f} (against f32; at most twice){'  TOO LARGE' if bad else ''}  {note}")
    print(f"first token: titr {agree['titr']} of {count} as f32, faster-whisper int8 {agree['int8']} of {count}")
    failed |= agree["titr"] < count - 1

    def heard(compute_type):
        segments, _ = WhisperModel(model, device="cpu", compute_type=compute_type, cpu_threads=2, local_files_only=True).transcribe(
            sound, language=lang, beam_size=5, vad_filter=True, word_timestamps=True)
        return [(w.word.strip(), w.start) for s in segments for w in s.words]

    def flat(words):
        return [w for text, _ in words for w in score.words(text, lang)]

    f32 = heard("float32")
    with tempfile.TemporaryDirectory() as d:
        out = os.path.join(d, "out.json")
        subprocess.run([titr, "caption", sound, "--no-video", "--progress", "none", "--lang", lang, "--json", out], check=True,
                       stdout=subprocess.DEVNULL)
        lists = {"faster-whisper f32": f32, "faster-whisper int8": heard("int8"), "titr": score.titr_words(out)}
    for name, words in lists.items():
        errors, _ = score.align(flat(f32), flat(words))
        wer, start = score.score(reference, words, lang)
        print(f"words    {name:20} {errors:3d} of {len(flat(f32))} differ from f32's, WER {wer:.3f}, start error {start:.0f} ms")
        if name == "titr" and wer > score.score(reference, f32, lang)[0] + 0.02:
            failed = True
            print("         TOO MANY")
    sys.exit(1 if failed else 0)


main()
