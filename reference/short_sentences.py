"""What are sentences answered that say less than a caption, and how often is an answer right? Measured on a demo run.

    locvtp index add VIDEOS --model demo-run
    python short_sentences.py locvtp VIDEOS demo-run/corpus/seen/truth.json demo-run/corpus/new/truth.json

VIDEOS is a folder with some of the held-out videos of the truths. Asked for are every shape; every colour and shape; every
shape and action; and all three, as events are written. Those that are true of a video of the folder are counted apart from
those that are true of none. Of those that were answered `found` or `maybe` it is told of how many the first moment is right:
it lies in a video of which the sentence is true, and its overlap with an event is half of their union at least.
"""

import itertools
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

KINDS = {
    "a SHAPE": lambda colour, shape, action: f"a {shape}",
    "a COLOUR SHAPE": lambda colour, shape, action: f"a {colour} {shape}",
    "a SHAPE ACTION": lambda colour, shape, action: f"a {shape} {action}",
    "whole captions": lambda colour, shape, action: f"a {colour} {shape} {action}",
}


def answer(locvtp: str, videos: str, sentence: str) -> tuple[str, dict | None]:
    """The answer in a word, and its first moment."""
    command = [locvtp, "search", "--catalog", videos, sentence, "--json"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(found.stdout)
    return told["verdict"]["sure"], next(iter(told["hits"]), None)


def overlap(moment: dict, span: dict) -> float:
    """Intersection over union."""
    common = min(moment["end_s"], span["end"]) - max(moment["start_s"], span["start"])
    union = max(moment["end_s"], span["end"]) - min(moment["start_s"], span["start"])
    return max(0.0, common) / union


def happening(truths: list, names: set) -> list:
    """Of each event of the videos: its video, its span, and the words of its colour, shape and action."""
    events = []
    for truth in truths:
        parts = vocabulary(truth)
        for video in truth["videos"]:
            for event in video["events"] if video["id"] in names else ():
                said = [part[event[name]] for part, name in zip(parts, ("colour", "shape", "action"))]
                events.append((video["id"], event["span"], said))
    return events


def vocabulary(truth: dict) -> list:
    words = truth["vocabulary"]
    return [words["colours"], words["shapes"], [action["fragment"] for action in words["actions"]]]


def main() -> None:
    locvtp, videos, *paths = sys.argv[1:]
    names = {path.stem for path in Path(videos).glob("*.mp4")}
    truths = [json.loads(Path(path).read_text()) for path in paths]
    here = happening(truths, names)
    right, given = Counter(), Counter()
    for kind, say in KINDS.items():
        spans = defaultdict(list)
        for video, span, said in here:
            spans[say(*said)].append((video, span))
        absent = {say(*said) for said in itertools.product(*vocabulary(truths[0]))} - set(spans)
        for what, sentences in (("true", set(spans)), ("absent", absent)):
            answers = Counter()
            for sentence in sorted(sentences):
                sure, first = answer(locvtp, videos, sentence)
                answers[sure] += 1
                given[kind, sure] += 1
                right[kind, sure] += first is not None and any(
                    Path(first["file"]).stem == video and overlap(first, span) >= 0.5
                    for video, span in spans[sentence]
                )
            print(f"{kind}, {what}: {len(sentences)} sentences, {dict(answers.most_common())}", flush=True)
        for sure in ("found", "maybe"):
            print(f"{kind}, {sure}: the first moment is right in {right[kind, sure]} of {given[kind, sure]}", flush=True)


if __name__ == "__main__":
    main()
