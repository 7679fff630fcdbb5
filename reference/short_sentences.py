"""What does `locvtp search` answer to sentences that say less than a caption? Measured on a demo run.

    locvtp index add VIDEOS --model demo-run
    python short_sentences.py locvtp VIDEOS demo-run/corpus/seen/truth.json

VIDEOS is a folder with some of the held-out videos of the truth. Asked for are every shape; every colour and shape; every
shape and action; and all three, as events are written. Those that are true of a video of the folder are counted apart from
those that are true of none.
"""

import itertools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

KINDS = {
    "a SHAPE": lambda colour, shape, action: f"a {shape}",
    "a COLOUR SHAPE": lambda colour, shape, action: f"a {colour} {shape}",
    "a SHAPE ACTION": lambda colour, shape, action: f"a {shape} {action}",
    "whole captions": lambda colour, shape, action: f"a {colour} {shape} {action}",
}


def answer(locvtp: str, videos: str, sentence: str) -> str:
    command = [locvtp, "search", "--catalog", videos, sentence, "--json"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(found.stdout)["verdict"]["sure"]


def main() -> None:
    locvtp, videos, path = sys.argv[1:4]
    names = {path.stem for path in Path(videos).glob("*.mp4")}
    truth = json.loads(Path(path).read_text())
    words = truth["vocabulary"]
    parts = [words["colours"], words["shapes"], [action["fragment"] for action in words["actions"]]]
    here = [
        tuple(part[event[name]] for part, name in zip(parts, ("colour", "shape", "action")))
        for video in truth["videos"]
        if video["id"] in names
        for event in video["events"]
    ]
    for kind, say in KINDS.items():
        true = {say(*event) for event in here}
        absent = {say(*all_three) for all_three in itertools.product(*parts)} - true
        for what, sentences in (("true", true), ("absent", absent)):
            answers = Counter(answer(locvtp, videos, sentence) for sentence in sorted(sentences))
            print(f"{kind}, {what}: {len(sentences)} sentences, {dict(answers.most_common())}", flush=True)


if __name__ == "__main__":
    main()
