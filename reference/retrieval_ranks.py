"""Retrieval ranks stated a second time, in numpy, from the descriptions in the literature.

    python reference/retrieval_ranks.py

writes `crates/measure/tests/goldens/score/retrieval.json`: small matrices of texts by videos with
many ties, k texts a video in blocks, and what each treatment of ties gives. `frozen` is text-to-video
optimistic and video-to-text by the mean place of the best-placed right text; `averaged` counts over
all orders of tied candidates by brute force.
"""

import itertools
import json
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent.parent / "crates/measure/tests/goldens/score"


def numbers(places):
    """R@1, R@5, R@10 in percent, median and mean rank from 1, of places from 0."""
    places = np.asarray(places, dtype=np.float64)
    return {
        "r1": 100 * float(np.mean(places == 0)),
        "r5": 100 * float(np.mean(places < 5)),
        "r10": 100 * float(np.mean(places < 10)),
        "median_rank": float(np.median(places)) + 1,
        "mean_rank": float(np.mean(places)) + 1,
    }


def text_to_video(scores, per_video, tied):
    """Places of each text's video; tied(row, column) places it among its equals."""
    return [tied(row, text // per_video) for text, row in enumerate(scores)]


def optimistic(row, right):
    return int(np.sum(row > row[right]))


def pessimistic(row, right):
    return int(np.sum(row >= row[right])) - 1


def mean_place(row, right):
    """The mean of the places, in the sorted row, that hold this score."""
    return float(np.flatnonzero(np.sort(-row) == -row[right]).mean())


def video_to_text(scores, per_video, tied):
    """The best place of a video's texts among all texts."""
    return [
        min(tied(column, text) for text in range(video * per_video, (video + 1) * per_video))
        for video, column in enumerate(scores.T)
    ]


def averaged(scores_of_queries, right_of_queries):
    """Expectations over all orders of equal candidates: every permutation of each tied group."""
    hits = {1: 0.0, 5: 0.0, 10: 0.0}
    ranks = []
    for row, right in zip(scores_of_queries, right_of_queries):
        best = max(row[place] for place in right)
        ahead = sum(1 for place, s in enumerate(row) if s > best and place not in right)
        group = [place for place, s in enumerate(row) if s == best]
        found = []
        for order in itertools.permutations(group):
            first = min(order.index(place) for place in group if place in right)
            found.append(ahead + first)
        ranks.append(np.mean(found))
        for k in hits:
            hits[k] += np.mean([place < k for place in found])
    count = len(ranks)
    return {
        "r1": 100 * hits[1] / count,
        "r5": 100 * hits[5] / count,
        "r10": 100 * hits[10] / count,
        "median_rank": float(np.median(ranks)) + 1,
        "mean_rank": float(np.mean(ranks)) + 1,
    }


def dual_softmax(scores, temperature):
    scaled = temperature * scores
    weights = np.exp(scaled - scaled.max(axis=0, keepdims=True))
    return scores * weights / weights.sum(axis=0, keepdims=True)


def case(seed, videos, per_video, levels):
    random = np.random.default_rng(seed)
    texts = videos * per_video
    scores = random.integers(0, levels, size=(texts, videos)).astype(np.float64) / 8
    right = np.repeat(np.arange(videos), per_video)
    scores[np.arange(texts), right] += random.integers(0, 3, size=texts) / 8
    of_video = [range(v * per_video, (v + 1) * per_video) for v in range(videos)]
    document = {
        "videos": videos,
        "texts_per_video": per_video,
        "scores": scores.ravel().tolist(),
        "optimistic": {
            "text_to_video": numbers(text_to_video(scores, per_video, optimistic)),
            "video_to_text": numbers(
                # Other right texts are in nobody's way.
                [
                    int(np.sum(np.delete(column, of_video[v]) > max(column[of_video[v]])))
                    for v, column in enumerate(scores.T)
                ]
            ),
        },
        "pessimistic": {
            "text_to_video": numbers(text_to_video(scores, per_video, pessimistic)),
            "video_to_text": numbers(
                [
                    int(np.sum(np.delete(column, of_video[v]) >= max(column[of_video[v]])))
                    for v, column in enumerate(scores.T)
                ]
            ),
        },
        "frozen": {
            "text_to_video": numbers(text_to_video(scores, per_video, optimistic)),
            "video_to_text": numbers(video_to_text(scores, per_video, mean_place)),
        },
        "dual_softmax": {
            "temperature": 100.0,
            "scores": dual_softmax(scores, 100.0).ravel().tolist(),
        },
    }
    if levels > 3:
        document["averaged"] = {
            "text_to_video": averaged(scores, [[v] for v in right]),
            "video_to_text": averaged(scores.T, of_video),
        }
    return document


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    cases = [case(1, 12, 1, 9), case(2, 9, 3, 12), case(3, 6, 4, 2)]
    (OUT / "retrieval.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
