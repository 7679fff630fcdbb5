"""`locvtp score grounding` beside the Python reference, on a prediction file of full size.

    python bench/score.py [--queries 17031] [--spans 100] [--folder DIR] [--runs 3]

Makes annotations in ActivityNet Captions' layout (4,885 videos) and a line of ranked moments for
every query, as a model would write them (numbers of 17 digits), runs both programs on them in turn,
each as a whole process, and prints one JSON line a run. Both must find the same numbers.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def make(folder: Path, queries: int, spans: int):
    rng = random.Random(5)
    truth, predictions = folder / "val_2.json", folder / "predictions.jsonl"
    if truth.exists() and predictions.exists():
        return truth, predictions
    videos = {}
    for number in range(min(4885, queries)):
        name = f"v_{number:011d}"
        videos[name] = {"duration": rng.uniform(20, 240), "timestamps": [], "sentences": []}
    names = list(videos)
    with predictions.open("w") as file:
        for number in range(queries):
            name = names[number % len(names)]
            video = videos[name]
            duration = video["duration"]
            start = rng.uniform(0, 0.8 * duration)
            end = rng.uniform(start + 1, duration)
            sentence = f"something number {number} happens."
            video["timestamps"].append([round(start, 2), round(end, 2)])
            video["sentences"].append(sentence)
            moments = []
            for _ in range(spans):
                begin = rng.uniform(0, 0.9 * duration)
                moments.append([begin, rng.uniform(begin, duration), rng.random()])
            file.write(json.dumps({"video": name, "sentence": sentence, "spans": moments}) + "\n")
    truth.write_text(json.dumps(videos))
    return truth, predictions


def timed(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(output), round(wall, 3), round(cpu, 3)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--queries", type=int, default=17031)
    parser.add_argument("--spans", type=int, default=100)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    truth, predictions = make(folder, args.queries, args.spans)
    bytes_of_file = os.path.getsize(predictions)
    common = ["--truth", str(truth), "--predictions", str(predictions)]
    ours = [str(ROOT / "target/release/locvtp"), "score", "grounding", *common, "--json"]
    theirs = [sys.executable, str(ROOT / "reference/score_grounding.py"), *common]
    for _ in range(args.runs):
        report, wall, cpu = timed(ours)
        found = report["metrics"]
        row = {"program": "locvtp score", "wall_s": wall, "cpu_s": cpu, "mib": bytes_of_file >> 20}
        print(json.dumps(row), flush=True)
        expected, wall, cpu = timed(theirs)
        row = {"program": "reference", "wall_s": wall, "cpu_s": cpu, "mib": bytes_of_file >> 20}
        print(json.dumps(row), flush=True)
        assert found == expected, (found, expected)


if __name__ == "__main__":
    main()
