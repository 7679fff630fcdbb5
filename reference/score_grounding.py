"""R@n,IoU@m and mIoU of a prediction file, stated a second time in plain Python.

    python reference/score_grounding.py --charades FOLDER --write crates/measure/tests/goldens/score

makes predictions for the genuine Charades-STA test split from a seed, measures them under every
protocol, and writes the numbers (and nothing of the annotations) to `score/charades_sta.json`. The
Rust test makes the same predictions by the same rule and compares.

    python reference/score_grounding.py --truth TRUTH --predictions FILE [--json]

measures any prediction file against `charades_sta_*.txt` or a JSON of ActivityNet Captions; this is
the reference that bench/score.py times.

The rule of the predictions: a linear congruential generator of 64 bits (Knuth's MMIX) drives
everything, and every time is a multiple of 1/8 second, so that the file has one way to be written.
"""

import argparse
import csv
import json
import re
from pathlib import Path

TOP = (1, 5)
IOU = (0.1, 0.3, 0.5, 0.7)
PER_QUERY = 12


def charades(annotations: Path, lengths_file: Path):
    """Queries of a split as (video, sentence, start, end), the ends clipped to the videos.

    Lines that do not end after they start are left out. Sorted by video, then start, as the sums of
    the program are, so that even the last bit of a mean agrees.
    """
    with lengths_file.open(newline="") as file:
        lengths = {row["id"]: float(row["length"]) for row in csv.DictReader(file)}
    queries = []
    for line in annotations.read_text().splitlines():
        head, sentence = line.split("##")
        video, start, end = head.split(" ")
        start, end = float(start), min(float(end), lengths.get(video, float("inf")))
        if start < end:
            queries.append((video, sentence, start, end))
    return sorted(queries, key=lambda query: (query[0], query[2]))


def activitynet(path: Path):
    """The same of train.json, val_1.json or val_2.json of ActivityNet Captions."""
    queries = []
    for video, entry in json.loads(path.read_text()).items():
        for (start, end), sentence in zip(entry["timestamps"], entry["sentences"]):
            end = min(end, entry["duration"])
            if start < end:
                queries.append((video, sentence, start, end))
    return sorted(queries, key=lambda query: (query[0], query[2]))


def plain(sentence: str) -> str:
    return re.sub(r"\.+$", "", " ".join(sentence.split())).rstrip().lower()


class Generator:
    def __init__(self, seed: int):
        self.state = seed

    def below(self, count: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % count


def predictions(queries, seed: int):
    """A line for most queries: moments near the truth and anywhere, in random order, with scores.

    One query in 40 has no line, one in 50 an empty one. Of several queries of one sentence in a
    video, the first has the line.
    """
    random = Generator(seed)
    lines, seen = [], set()
    for video, sentence, start, end in queries:
        silent, empty = random.below(40) == 0, random.below(50) == 0
        spans = []
        for place in range(PER_QUERY):
            if place % 3 == 0:
                around = [round(start * 8), round(end * 8)]
                span = [max(0, around[0] + random.below(41) - 20), around[1] + random.below(41) - 20]
            else:
                begin = random.below(240)
                span = [begin, begin + 8 + random.below(160)]
            spans.append([span[0] / 8, span[1] / 8, random.below(997) / 1024])
        key = (video, plain(sentence))
        if silent or key in seen:
            continue
        seen.add(key)
        lines.append({"video": video, "sentence": sentence, "spans": [] if empty else spans})
    return lines


def iou(a, b) -> float:
    shared = max(min(a[1], b[1]) - max(a[0], b[0]), 0.0)
    union = max(a[1] - a[0], 0.0) + (b[1] - b[0]) - shared
    return shared / union if union > 0.0 else 0.0


def ranked(spans):
    """Best first; equal scores in the order of the file."""
    if not spans or len(spans[0]) < 3:
        return [span[:2] for span in spans]
    return [span[:2] for span in sorted(spans, key=lambda span: -span[2])]


def suppressed(spans, threshold: float, top: int):
    kept = []
    for span in spans:
        if len(kept) == top:
            break
        if all(iou(better, span) <= threshold for better in kept):
            kept.append(span)
    return kept


def measure(queries, lines, inclusive=False, nms=None, nms_below=None):
    by_sentence = {}
    for line in lines:
        by_sentence.setdefault((line["video"], plain(line["sentence"])), ranked(line["spans"]))
    hits = {(n, m): 0 for n in TOP for m in IOU}
    total = 0.0
    for video, sentence, start, end in queries:
        found = by_sentence.get((video, plain(sentence)), [])
        first = None
        for m in IOU:
            threshold = nms if nms_below is None else m - nms_below
            kept = found[: max(TOP)] if threshold is None else suppressed(found, threshold, max(TOP))
            ious = [iou(span, (start, end)) for span in kept]
            if first is None:
                first = ious[0] if ious else 0.0
            for n in TOP:
                hit = any(value >= m if inclusive else value > m for value in ious[:n])
                hits[n, m] += hit
        total += first
    metrics = {f"R@{n},IoU@{m}": 100.0 * hits[n, m] / len(queries) for n in TOP for m in IOU}
    metrics["mIoU"] = 100.0 * total / len(queries)
    return metrics


PROTOCOLS = {
    "2D-TAN, without suppression": {},
    "2D-TAN": {"nms": 0.5},
    "CSMGAN": {"inclusive": True, "nms_below": 0.05},
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--charades", type=Path, help="folder with the split and Charades' table")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--predictions", type=Path)
    args = parser.parse_args()
    if args.charades:
        split = next(args.charades.glob("*charades_sta_test.txt"))
        table = next(args.charades.glob("*Charades_v1_test.csv"))
        queries = charades(split, table)
        seed = 20220710362
        lines = predictions(queries, seed)
        document = {
            "seed": seed,
            "queries": len(queries),
            "lines": len(lines),
            "protocols": {
                name: measure(queries, lines, **protocol) for name, protocol in PROTOCOLS.items()
            },
        }
        args.write.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, indent=2) + "\n"
        (args.write / "charades_sta.json").write_text(text)
        return
    if args.truth.suffix == ".json":
        queries = activitynet(args.truth)
    else:
        queries = charades(args.truth, next(args.truth.parent.glob("*Charades_v1_test.csv")))
    with args.predictions.open() as file:
        lines = [json.loads(line) for line in file]
    print(json.dumps(measure(queries, lines)))


if __name__ == "__main__":
    main()
