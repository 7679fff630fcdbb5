"""Golden of action segmentation: labels of seconds and frame accuracy, in plain Python from `paper.md`
D.4, second by second: each second asks every segment, last first, whether it touches it.
"""

import math
import random

from golden_files import folder, write_json

LABELS = 6


def label(second: int, segments: list) -> int:
    for start, end, number in reversed(segments):
        if math.floor(start) <= second < math.ceil(end):
            return number
    return 0


def main() -> None:
    chance = random.Random(5)
    videos, right, seconds, background = [], 0, 0, 0
    for _ in range(12):
        length = chance.randint(1, 40)
        segments = []
        for _ in range(chance.randint(0, 5)):
            start = chance.randint(0, 2 * length) / 2 if chance.random() < 0.5 else chance.uniform(0, length)
            segments.append([start, start + chance.choice([0.25, 1.0, 2.5, 7.75]), chance.randint(1, LABELS)])
        truth = [label(second, segments) for second in range(length)]
        predicted = [t if chance.random() < 0.6 else chance.randint(0, LABELS) for t in truth]
        right += sum(p == t for p, t in zip(predicted, truth))
        background += truth.count(0)
        seconds += length
        videos.append({"segments": segments, "labels": truth, "predicted": predicted})
    accuracy = {"accuracy": 100 * right / seconds, "background_alone": 100 * background / seconds}
    write_json(
        folder("segmentation", "transfer") / "labels.json",
        {"videos": videos, "expected": {**accuracy, "seconds": seconds}},
    )


if __name__ == "__main__":
    main()
