"""What steps of a synthetic corpus can be found by: average recall on `seen` of someone who sees, in every second, the true event's
colour, shape and action, or only some of them, and names seconds as the task does without training (softmax over a task's steps, then
the cheapest seconds in order).

    python3 reference/steps_oracle.py CORPUS [CORPUS ..]
"""

import collections
import json
import math
import sys
from pathlib import Path

TEMPERATURE = 0.07


def cheapest(costs):
    """One second for each step, in order; costs[second][step]."""
    count, steps = len(costs), len(costs[0])
    best, ways = [row[0] for row in costs], []
    for step in range(1, steps):
        now, way, least = [math.inf] * count, [0] * count, 0
        for second in range(1, count):
            if best[second - 1] < best[least]:
                least = second - 1
            now[second], way[second] = best[least] + costs[second][step], least
        best = now
        ways.append(way)
    found = [min(range(count), key=lambda second: best[second])]
    for way in reversed(ways):
        found.append(way[found[-1]])
    return found[::-1]


def attributes(query):
    _, colour, shape, *action = query.split()
    return colour, shape, " ".join(action)


def recall(corpus, seen):
    release = corpus / "annotations/crosstask/crosstask_release"
    blocks = (release / "tasks_primary.txt").read_text().strip().split("\n\n")
    tasks = {lines[0]: lines[4].split(",") for lines in (block.split("\n") for block in blocks)}
    truth = {video["id"]: video for video in json.loads((corpus / "seen/truth.json").read_text())["videos"]}
    counts = collections.defaultdict(lambda: [0, 0])
    for row in (release / "videos.csv").read_text().split():
        task, video, _ = row.split(",")
        if video not in truth:
            continue
        steps, events = tasks[task], truth[video]["events"]
        costs = []
        for second in range(math.floor(truth[video]["duration"])):
            event = next(e for e in events if e["span"]["start"] <= second + 0.5 < e["span"]["end"])
            shown = attributes(event["query"])[:seen]
            alike = [sum(a == b for a, b in zip(shown, attributes(step))) / max(seen, 1) for step in steps]
            total = math.log(sum(math.exp(a / TEMPERATURE) for a in alike))
            costs.append([total - a / TEMPERATURE for a in alike])
        named = dict(zip(steps, cheapest(costs)))
        for event in events:
            if event["query"] in named:
                start, end = math.floor(event["span"]["start"]), math.ceil(event["span"]["end"])
                counts[task][0] += start <= named[event["query"]] < end
                counts[task][1] += 1
    asked = sum(steps for _, steps in counts.values())
    return 100 * sum(right / steps for right, steps in counts.values()) / len(counts), asked


for corpus in map(Path, sys.argv[1:]):
    for seen, what in [(3, "colour, shape and action"), (2, "colour and shape"), (1, "colour"), (0, "nothing")]:
        average, asked = recall(corpus, seen)
        print(f"{corpus}: {what}: {average:.1f} of {asked} steps")
