"""One recognition by faster-whisper, in a process of its own so that its memory can be measured.

    peer.py sequential|batched MODEL_DIR SOUND LANG THREADS OUT.json

OUT.json: {"load": s, "work": s, "words": [[text, start], …]}. "work" begins with the file's name and ends with the last
word. Both modes: int8, beam 5, voice activity filter, word times; batched: 8 windows at a time.
"""
import json
import sys
import time

mode, model_dir, sound, lang, threads, out = sys.argv[1:]
from faster_whisper import BatchedInferencePipeline, WhisperModel  # noqa: E402

began = time.monotonic()
model = WhisperModel(model_dir, device="cpu", compute_type="int8", cpu_threads=int(threads), local_files_only=True)
if mode == "batched":
    pipeline, more = BatchedInferencePipeline(model), {"batch_size": 8}
else:
    pipeline, more = model, {}
loaded = time.monotonic()
segments, _ = pipeline.transcribe(sound, language=lang, beam_size=5, vad_filter=True, word_timestamps=True, **more)
words = [[w.word, w.start] for s in segments for w in s.words]
done = time.monotonic()
with open(out, "w", encoding="utf-8") as f:
    json.dump({"load": loaded - began, "work": done - loaded, "words": words}, f, ensure_ascii=False)
