"""Moment retrieval and highlights as QVHighlights measures them, stated a second time in numpy.

    python reference/score_moments.py --write crates/measure/tests/goldens/score/moments

makes annotations and predictions from a seed, measures them, and writes both and the numbers. The
Rust tests read the two files as anybody's and compare.

    python reference/score_moments.py --truth TRUTH.jsonl --predictions FILE.jsonl

prints the numbers of any two files.

What is followed is the evaluation that the data set is published with (moment_detr's
`standalone_eval`), which this script was compared with, to every printed digit, on the two files of
predictions that are published with it and on random ones. Its habits are told where they stand here.
"""

import argparse
import json
from pathlib import Path

import numpy as np

THRESHOLDS = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
# (above, up to) in seconds; what is longer or without length is of no class.
CLASSES = {"short": (0, 10), "middle": (10, 30), "long": (30, 150)}
LEVELS = {"Fair": 2, "Good": 3, "VeryGood": 4}
# Windows of an answer that are looked at, before they are sorted.
KEPT = 10


def ious(window, truth):
    """Shared by joint length of a window with each true one; not a number for 0 of 0."""
    start, end = np.asarray(truth, float).T
    shared = np.clip(np.minimum(window[1], end) - np.maximum(window[0], start), 0, None)
    with np.errstate(invalid="ignore", divide="ignore"):
        return shared / (window[1] - window[0] + end - start - shared)


def first_iou(window, truth):
    """The IoU of a first answer with the window it meets best, over the hull of both."""
    best = truth[int(np.argmax(ious(window, truth)))]
    hull = max(window[1], best[1]) - min(window[0], best[0])
    shared = max(0, min(window[1], best[1]) - max(window[0], best[0]))
    return shared / hull if hull else 0.0


def is_found(ranked, truth, threshold):
    """For each answer, best first, whether it finds a true window that none before it has found."""
    free = set(range(len(truth)))
    found = []
    for window in ranked:
        of_truth = ious(window, truth)
        # 0 of 0 is as good as any; of equal IoUs the later window is taken.
        worth = np.where(np.isnan(of_truth), np.inf, of_truth)
        right = [i for i in free if worth[i] >= threshold]
        if right:
            free.remove(max(right, key=lambda i: (worth[i], i)))
        found.append(bool(right))
    return np.array(found)


def window_precision(answer, truth):
    """Interpolated average precision at every threshold."""
    ranked = sorted(answer[:KEPT], key=lambda window: -window[2])
    precisions = []
    for threshold in THRESHOLDS:
        found = is_found(ranked, truth, threshold)
        precision = np.cumsum(found) / np.arange(1, len(found) + 1)
        # A true window counts with the best precision at its rank or behind it.
        best = np.maximum.accumulate(precision[::-1])[::-1]
        precisions.append(best[found].sum() / len(truth))
    return precisions


def clip_precision(positive, scores):
    """Average precision of scores of clips, a mean over the distinct scores that find something."""
    if positive.all() or not positive.any():
        return float(positive.any())
    padded = np.zeros(len(positive))
    padded[: len(scores)] = scores[: len(positive)]
    found, precision = [], []
    for score in np.unique(padded):  # rising: from all clips to the best
        is_above = padded >= score
        found.append(positive[is_above].sum())
        precision.append(positive[is_above].mean())
    best = np.maximum.accumulate(precision)
    finds = np.diff(np.append(found, 0)) != 0
    return best[finds].mean()


def rounded(value):
    return float(f"{100 * value:.2f}")


def measured(truth, predictions):
    """All numbers under their names, rounded; every query has one answer."""
    answers = {line["qid"]: line for line in predictions}
    numbers = {}
    for name, (above, up_to) in [*CLASSES.items(), ("full", (None, None))]:
        precisions, firsts = [], []
        for query in truth:
            windows = [
                window
                for window in query["relevant_windows"]
                if above is None or above < window[1] - window[0] <= up_to
            ]
            answer = answers[query["qid"]]["pred_relevant_windows"]
            if not windows:
                continue
            # Who says nothing is left out of this mean, and misses in the other.
            if answer:
                precisions.append(window_precision(answer, windows))
            firsts.append(first_iou(answer[0], windows) if answer else 0.0)
        if not firsts:
            continue
        at = np.mean(precisions, axis=0)
        numbers[name] = {
            "MR-mAP": dict(zip(map(str, THRESHOLDS), map(rounded, at)))
            | {"average": rounded(at.mean())},
            "MR-R1": {str(t): rounded(np.mean(np.array(firsts) >= t)) for t in THRESHOLDS},
        }
    for name, level in LEVELS.items():
        precisions, hits = [], []
        for query in truth:
            said = np.zeros((int(query["duration"] / 2), 3))
            said[query["relevant_clip_ids"]] = query["saliency_scores"]
            scores = np.array(answers[query["qid"]]["pred_saliency_scores"])
            best = int(np.argmax(scores))
            hits.append(best < len(said) and bool((said[best] >= level).any()))
            precisions += [clip_precision(of_person >= level, scores) for of_person in said.T]
        numbers[f"HL-min-{name}"] = {
            "HL-mAP": rounded(np.mean(precisions)),
            "HL-Hit1": rounded(np.mean(hits)),
        }
    full = numbers["full"]
    brief = {f"MR-{name}-mAP": numbers[name]["MR-mAP"]["average"] for name in CLASSES}
    brief |= {"MR-full-mAP": full["MR-mAP"]["average"]}
    brief |= {f"MR-full-mAP@{at}": full["MR-mAP"][at] for at in ("0.5", "0.75")}
    brief |= {f"MR-full-R1@{at}": full["MR-R1"][at] for at in ("0.5", "0.7")}
    for name in LEVELS:
        brief[f"HL-min-{name}-mAP"] = numbers[f"HL-min-{name}"]["HL-mAP"]
        brief[f"HL-min-{name}-Hit1"] = numbers[f"HL-min-{name}"]["HL-Hit1"]
    return {"brief": brief} | numbers


def made(seed, count=24):
    """Queries of a few videos, and answers: near the truth and anywhere, with equal scores and an
    empty list among them, highlights of every length. True windows of a query stand apart."""
    random = np.random.default_rng(seed)
    truth, predictions = [], []
    for place in range(count):
        duration = int(random.choice([40, 64, 150]))
        bounds = np.sort(random.choice(np.arange(0, duration + 1, 2), 2 * random.integers(1, 4), False))
        windows = bounds.reshape(-1, 2).tolist()
        answer = []
        for _ in range(random.choice([1, 4, 12])):
            start, end = windows[random.integers(len(windows))]
            if random.random() < 0.5:
                start = max(0, start + int(random.integers(-2, 3)))
                end = max(start + 1, end + int(random.integers(-2, 3)))
            elif random.random() < 0.6:
                start = int(random.integers(duration - 2))
                end = int(random.integers(start + 1, duration))
            answer.append([start, end, int(random.integers(0, 6)) / 8])
        if place == 5:
            answer = []
        clips = duration // 2
        relevant = np.sort(random.choice(clips, random.integers(1, 8), False)).tolist()
        said = random.integers(0, 5, (len(relevant), 3)).tolist()
        scores = random.integers(-3, 6, clips + random.integers(-2, 3)) / 8
        scores[[clip for clip in relevant if clip < len(scores)]] += 0.5
        scores = scores.tolist()
        query = {"qid": 100 + place, "query": f"Something of kind {place} happens."}
        video = {"vid": f"Video{place // 3}_60.0_210.0"}
        # Queries of one video share its length.
        if place % 3:
            duration = truth[-1]["duration"]
            windows = [w for w in windows if w[1] <= duration] or [[0, 6]]
            pairs = [(c, s) for c, s in zip(relevant, said) if c < duration // 2]
            relevant, said = (list(x) for x in zip(*pairs)) if pairs else ([0], [[4, 0, 2]])
        truth.append(
            query
            | {"duration": duration}
            | video
            | {"relevant_windows": windows, "relevant_clip_ids": relevant, "saliency_scores": said}
        )
        predictions.append(
            query | video | {"pred_relevant_windows": answer, "pred_saliency_scores": scores}
        )
    return truth, predictions


def lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines() if line.strip()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path)
    parser.add_argument("--truth")
    parser.add_argument("--predictions")
    args = parser.parse_args()
    if args.write:
        truth, predictions = made(seed=10)
        args.write.mkdir(parents=True, exist_ok=True)
        for name, rows in [("truth", truth), ("predictions", predictions)]:
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (args.write / f"{name}.jsonl").write_text(text)
        text = json.dumps(measured(truth, predictions), indent=1)
        (args.write / "expected.json").write_text(text + "\n")
    else:
        print(json.dumps(measured(lines(args.truth), lines(args.predictions)), indent=1))


if __name__ == "__main__":
    main()
