"""Word error rate and word start error, for every recognizer alike."""
import json
import re
import statistics
import unicodedata

NUMBERS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve".split(),
    "ru": "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать".split(),
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce".split(),
}


def words(text, lang):
    """Lower case, without punctuation, ё as е; small numbers as words, so that "press 1" is "press one". Spanish without
    accents: the texts of the recordings are written without most of them."""
    text = unicodedata.normalize("NFC", text.lower()).replace("ё", "е").replace("’", "'")
    if lang == "es":
        text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    text = re.sub(r"[^\w' ]+", " ", text.replace("-", " "))
    out = []
    for w in text.split():
        w = w.strip("'")
        if w.isdigit() and int(w) < len(NUMBERS.get(lang, [])):
            w = NUMBERS[lang][int(w)]
        if w:
            out.append(w)
    return out


def align(ref, hyp):
    """Levenshtein; returns (errors, list of (ref index, hyp index) of words that match)."""
    n, m = len(ref), len(hyp)
    cost = [[0] * (m + 1) for _ in range(n + 1)]
    for i in range(n + 1):
        cost[i][0] = i
    for j in range(m + 1):
        cost[0][j] = j
    for i in range(1, n + 1):
        row, above, r = cost[i], cost[i - 1], ref[i - 1]
        for j in range(1, m + 1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (r != hyp[j - 1]))
    i, j, pairs = n, m, []
    while i and j:
        if cost[i][j] == cost[i - 1][j - 1] + (ref[i - 1] != hyp[j - 1]):
            if ref[i - 1] == hyp[j - 1]:
                pairs.append((i - 1, j - 1))
            i, j = i - 1, j - 1
        elif cost[i][j] == cost[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return cost[n][m], pairs


def score(reference_file, heard, lang):
    """heard: list of (text, start seconds). Returns word error rate and the median start error in ms of prompts' first words."""
    entries = json.load(open(reference_file, encoding="utf-8"))
    ref, first = [], {}
    for e in entries:
        w = words(e["text"], lang)
        if w:
            first[len(ref)] = e["start"]
        ref += w
    hyp, starts = [], []
    for text, start in heard:
        for k, w in enumerate(words(text, lang)):
            hyp.append(w)
            starts.append(start if k == 0 else None)
    errors, pairs = align(ref, hyp)
    off = [abs(starts[j] - first[i]) * 1000 for i, j in pairs if i in first and starts[j] is not None]
    return errors / max(1, len(ref)), statistics.median(off) if off else float("nan")


def titr_words(path):
    """(text, start) of every word in titr's JSON."""
    out = []
    for cue in json.load(open(path, encoding="utf-8"))["cues"]:
        text = cue["text"].encode()
        out += [(text[w["offset"] : w["offset"] + w["length"]].decode(), w["start"] / 1000) for w in cue.get("words", [])]
    return out
