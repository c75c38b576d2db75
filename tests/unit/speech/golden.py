#!/usr/bin/env python3
"""Makes mel_80.golden and mel_128.golden beside itself, with a Python that has faster-whisper. See mel_test.c."""
import math
import os

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

seed, pcm = 12345, np.zeros(480000, np.float32)
for i in range(31999):
    seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
    t = i / 16000
    pcm[i] = 0.4 * math.sin(2 * math.pi * (100 + 1500 * t) * t) + 0.02 * ((seed >> 8) / 16777216 - 0.5)
for bands in (80, 128):
    mel = FeatureExtractor(feature_size=bands)(pcm)[:, :208:8]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"mel_{bands}.golden")
    np.ascontiguousarray(mel, np.float32).tofile(path)
