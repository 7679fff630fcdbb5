"""What is `locvtp search` answered to sentences that are true and say less than a caption? Measured on a demo run.

    locvtp index add VIDEOS --model demo-run
    python short_sentences.py locvtp VIDEOS demo-run/corpus/seen/truth.json

VIDEOS is a folder with some of the held-out videos of the truth. Every event is asked for by its shape; its colour and shape;
its shape and action; and as it was written. Different sentences count once.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

KINDS = {
    "a SHAPE": lambda words: ["a", words[2]],
    "a COLOUR SHAPE": lambda words: words[:3],
    "a SHAPE ACTION": lambda words: ["a", *words[2:]],
    "whole captions": lambda words: words,
}


def answer(locvtp: str, videos: str, sentence: str) -> str:
    command = [locvtp, "search", "--catalog", videos, sentence, "--json"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(found.stdout)["verdict"]["sure"]


def main() -> None:
    locvtp, videos, truth = sys.argv[1:4]
    names = {path.stem for path in Path(videos).glob("*.mp4")}
    of_truth = json.loads(Path(truth).read_text())["videos"]
    events = [event for video in of_truth if video["id"] in names for event in video["events"]]
    for kind, part in KINDS.items():
        sentences = sorted({" ".join(part(event["query"].split())) for event in events})
        answers = Counter(answer(locvtp, videos, sentence) for sentence in sentences)
        print(f"{kind}: {len(sentences)} sentences, {dict(answers.most_common())}", flush=True)


if __name__ == "__main__":
    main()
