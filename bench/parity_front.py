#!/usr/bin/env python3
"""Compares what stands before and behind the network with faster-whisper, on the same sound and the same model.

    parity_front.py PROGRAM MODEL_DIR VAD_FILE SOUND.wav

Run by a Python that has faster-whisper (numpy, onnxruntime and tokenizers come with it); PROGRAM is bench_parity_front
(`ninja -C build bench_parity_front`), VAD_FILE silero_vad_16k.safetensors, SOUND 16 kHz mono, 16 bits. Prints the
largest differences; exits 1 when one is too large.

The ONNX files of Silero (the wheel's and faster-whisper's) hold other weights than the wheel's safetensors, so that
the voice detector is compared with its description computed in numpy, and with faster-whisper's only by decision.
"""
import json
import os
import subprocess
import sys
import time
import wave

import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.vad import get_vad_model

TEXTS = {
    "en": "Hello, world! It's 10:30 p.m. -- we've met; the re-election cost $1,234.56...  (really?)   Dr. O'Neil's 3rd \"draft\".",
    "ru": "Привет, мир! Ёлка, съёмка и объём: 25% — это «много»? Нет… Ещё раз: №7.",
    "es": "¿Qué tal? ¡Muy bien! El niño comió piñas, según el artículo 3.º de la ley.",
    "de": "Die Straße heißt „Fußgängerübergang“ – 100 m lang; er sagte: ›Na und?‹",
    "fr": "L'été dernier, c'était « génial » ; aujourd'hui, où va-t-on ? À l'œuvre !",
    "zh": "你好，世界！今天天气很好，我们去公园吧。第３章。",
    "ja": "こんにちは、世界。今日は「いい天気」ですね！コーヒーを2杯ください。",
    "ko": "안녕하세요, 세계! 오늘은 날씨가 좋네요.",
    "th": "สวัสดีชาวโลก วันนี้อากาศดีมาก",
    "hi": "नमस्ते दुनिया! आज मौसम अच्छा है।",
    "ar": "مرحبا بالعالم! الطقس جميل اليوم، أليس كذلك؟",
    "he": "שלום עולם! מה שלומך היום?",
}


def read_wav(path):
    with wave.open(path) as w:
        assert w.getframerate() == 16000 and w.getnchannels() == 1 and w.getsampwidth() == 2, path
        return np.frombuffer(w.readframes(w.getnframes()), np.int16).astype(np.float32) / 32768


class Checks:
    def __init__(self, program):
        self.program, self.failed = program, False

    def run(self, args, data=b""):
        p = subprocess.run([self.program, *map(str, args)], input=data, capture_output=True)
        if p.returncode:
            sys.exit(f"{' '.join(map(str, args))}: {p.stderr.decode()}")
        return p.stdout, p.stderr.decode().strip()

    def line(self, name, value, limit, note=""):
        bad = not value <= limit
        self.failed |= bad
        print(f"{name:34} {value:12.3g}  (at most {limit:g}){'  TOO LARGE' if bad else ''}  {note}", flush=True)


def check_mel(c, pcm):
    for bands in (80, 128):
        extract = FeatureExtractor(feature_size=bands)
        for seconds in (30, 7.3):
            part = pcm[: int(seconds * 16000)]
            whole = np.pad(part, (0, 480000 - len(part)))
            began = time.perf_counter()
            want = extract(whole)[:, :3000]
            theirs = time.perf_counter() - began
            out, note = c.run(["mel", bands], part.tobytes())
            got = np.frombuffer(out, np.float32).reshape(bands, 3000)
            c.line(f"mel {bands}, {seconds} s", np.abs(got - want).max(), 2e-3, f"{note}, theirs {theirs * 1e3:.0f} ms")


def silero(path, pcm):
    """The network as the wheel's tinygrad_model.py describes it, in numpy."""
    data = open(path, "rb").read()
    size = int.from_bytes(data[:8], "little")
    w = {}
    for name, t in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            a, b = t["data_offsets"]
            w[name] = np.frombuffer(data[8 + size + a : 8 + size + b], "<f4").reshape(t["shape"])
    whole = np.concatenate([np.zeros(64, np.float32), pcm])
    x = np.pad(np.stack([whole[i : i + 576] for i in range(0, len(pcm), 512)]), ((0, 0), (0, 64)), "reflect")
    x = np.stack([x[:, i * 128 : i * 128 + 256] @ w["stft_conv.weight"][:, 0].T for i in range(4)], 2)
    x = np.sqrt(x[:, :129] ** 2 + x[:, 129:] ** 2)
    for layer, stride in (("conv1", 1), ("conv2", 2), ("conv3", 2), ("conv4", 1)):
        x = np.pad(x, ((0, 0), (0, 0), (1, 1)))
        made = [np.einsum("nck,ock->no", x[:, :, i : i + 3], w[layer + ".weight"]) for i in range(0, x.shape[2] - 2, stride)]
        x = np.maximum(0, np.stack(made, 2) + w[layer + ".bias"][None, :, None])
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    h = c = np.zeros(128)
    out = []
    for g in x[:, :, 0] @ w["lstm_cell.weight_ih"].T + w["lstm_cell.bias_ih"] + w["lstm_cell.bias_hh"]:
        i, f, cell, o = np.split(g + w["lstm_cell.weight_hh"] @ h, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(cell)
        h = sigmoid(o) * np.tanh(c)
        out.append(sigmoid(w["final_conv.weight"][0, :, 0] @ np.maximum(h, 0) + w["final_conv.bias"][0]))
    return np.array(out)


def check_vad(c, pcm, file):
    pcm = pcm[: len(pcm) // 512 * 512]
    out, note = c.run(["vad", file], pcm.tobytes())
    got = np.frombuffer(out, np.float32)
    c.line("VAD", np.abs(got - silero(file, pcm)).max(), 1e-3, note)
    began = time.perf_counter()
    want = get_vad_model()(pcm).reshape(-1)
    theirs = time.perf_counter() - began
    print(f"{'VAD, other side of 0.5':34} {np.mean((got >= 0.5) != (want >= 0.5)):12.2%}  "
          f"(faster-whisper has other weights; theirs {theirs:.3f} s)")


def check_tokenizer(c, model, vocab):
    spec = json.load(open(os.path.join(model, "tokenizer.json"), encoding="utf-8"))
    merges = spec["model"]["merges"]
    first = "Ġ t" if isinstance(merges[0], str) else ["Ġ", "t"]
    if first not in merges[:3]:  # converted files lost the first merge, with it " the"; the model was trained with it
        merges.insert(0, first)
    tok = tokenizers.Tokenizer.from_str(json.dumps(spec))
    texts = list(TEXTS.values())
    out, _ = c.run(["encode", model, vocab], "\n".join(texts).encode())
    for (lang, text), line in zip(TEXTS.items(), out.decode().splitlines()):
        want = tok.encode(text, add_special_tokens=False).ids
        got = [int(x) for x in line.split()]
        if got != want:
            print(f"  {lang}: {len(got)} tokens, theirs {len(want)}; same text: {tok.decode(got) == text}")
        c.line(f"tokenizer, encode {lang}", float(got != want), 0)
    for lang, text in TEXTS.items():
        ids = tok.encode(" " + text, add_special_tokens=False).ids
        want, _ = Tokenizer(tok, True, "transcribe", lang).split_to_word_tokens(ids)
        out, _ = c.run(["split", model, vocab, lang], " ".join(map(str, ids)).encode())
        got = out.decode().rstrip("\n").split("|")
        if got != want:
            print(f"  ours {got}\n  theirs {want}")
        c.line(f"tokenizer, words {lang}", float(got != want), 0)
    out, _ = c.run(["non-speech", model, vocab])
    want = Tokenizer(tok, True, "transcribe", "en").non_speech_tokens
    c.line("tokenizer, what is not said", float([int(x) for x in out.split()] != list(want)), 0, f"{len(want)} tokens")


def check_weights(c, model):
    """A tensor read by a few lines of Python of its own."""
    data = open(os.path.join(model, "model.bin"), "rb").read()
    name = b"decoder/layer_0/ffn/linear_0/weight\0"
    at = data.index(len(name).to_bytes(2, "little") + name) + 2 + len(name)
    rank = data[at]
    dims = np.frombuffer(data, "<u4", rank, at + 1)
    kind = {0: "<f4", 4: "<f2"}.get(data[at + 1 + 4 * rank])
    if not kind:
        return print("weights: quantized, not compared")
    want = np.frombuffer(data, kind, int(np.prod(dims)), at + 6 + 4 * rank).astype(np.float32)
    out, note = c.run(["weights", model, name[:-1].decode()])
    c.line("weights", np.abs(np.frombuffer(out, np.float32) - want).max(), 0, note)


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    program, model, vad, sound = sys.argv[1:]
    pcm = read_wav(sound)
    vocab = sum(1 for _ in open(os.path.join(model, "vocabulary.txt"), encoding="utf-8", newline="\n"))
    c = Checks(program)
    check_weights(c, model)
    check_mel(c, pcm)
    check_vad(c, pcm[: 300 * 16000], vad)
    check_tokenizer(c, model, vocab)
    sys.exit(1 if c.failed else 0)


main()
