"""Does a number tell a sentence that is in a catalogue from one that is not? Measured on a demo run.

    for split in train seen new; do
        locvtp extract --model demo-run --videos demo-run/corpus/$split/videos --out $split.safetensors
    done
    python absent_sentences.py demo-run locvtp train.safetensors seen.safetensors new.safetensors

Catalogues of 10 held-out videos are drawn, 12 a seed and split. All sentences of the synthetic corpus are asked
of each, with 200 captions of the training videos as null sentences. Absent ones are of three kinds: of words of
nothing in the corpus; true of other held-out videos; true but for one attribute (colour, shape or action). Beside
`locvtp`'s standout stand one fixed cosine, the best clip's, and other candidates, one of them with the null sentences as
rivals at the same clips. For each the cut is fitted on a
catalogue, so that 90 % of what is there is kept, and false alarms are counted on another of 10 other videos. The stated
rates are those of 100 of the sentences on a catalogue; they are compared with the share of other absent sentences that
reach them, on the same videos and on others. Then the shares that are answered at each cut, on catalogues of several
sizes, and two bounds: who knows everything but which way time runs, and a linear classifier of runs of clips, fitted with
the truth of the training videos. Needs numpy and safetensors; train.safetensors, where it is given first, is for the latter.
"""

import json
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

UNKNOWN = """a man pours coffee into a cup; two dogs run on the beach; a woman plays the piano; snow falls on the hills;
someone cuts an onion; a cat sleeps on the sofa; a train leaves the station; people dance at a wedding;
a chef fries an egg; a boat crosses the river; fireworks over the city; a horse jumps over a fence""".replace("\n", " ")
NUMBERS = ("standout", "with rivals", "fixed cosine", "best three", "(best - median) / MAD", "best - median")
KINDS = ("unknown words", "true elsewhere", "one attribute swapped")
RATES = (0.05, 0.2, 0.5)
CUTS = (0.05, 0.2, 0.3, 0.5, 0.7, 0.95)
SIZES = (10, 20, 40)
# Which actions look alike for who does not see which way time runs.
GROUPS = (0, 0, 0, 0, 1, 1, 2, 2, 3, 4)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def embedded(locvtp, run, texts):
    with tempfile.TemporaryDirectory() as folder:
        lines, out = Path(folder, "texts.txt"), Path(folder, "texts.safetensors")
        lines.write_text("\n".join(texts))
        arguments = [locvtp, "embed", "--model", run, "--file", lines, "--out", out]
        subprocess.run(arguments, check=True, capture_output=True)
        return unit(load_file(out)["sentences"].astype(np.float64))


def margin(own, rivals):
    """The part that a sentence has among its rivals, as a logarithm in units of the score."""
    unit = 0.1 * rivals.std()
    best = max(own, rivals.max())
    return own - best - unit * np.log(np.exp((np.append(rivals, own) - best) / unit).sum())


def runs_of(scores):
    return sum(np.roll(scores, -k, 1) for k in range(3))[:, :-2] / 3


def numbers(clips, sentences, nulls):
    """The candidates for all sentences over the clips of each video."""
    scores = [sentences @ video.T for video in clips]
    runs = np.concatenate([runs_of(one) for one in scores], 1)
    rivals = np.concatenate([runs_of(nulls @ video.T) for video in clips], 1)
    is_other = sentences @ nulls.T < 0.9999
    best = runs.argmax(1)
    margins = np.array([margin(runs[i, at], rivals[is_other[i], at]) for i, at in enumerate(best)])
    every = np.concatenate(scores, 1)
    above = every.max(1) - np.median(every, 1)
    standout = runs.max(1) - 0.35 * np.quantile(every, 0.05, axis=1)
    return {
        "standout": standout,
        "with rivals": standout + 2 * margins,
        "fixed cosine": every.max(1),
        "best three": runs.max(1),
        "(best - median) / MAD": above / np.median(abs(every - np.median(every, 1, keepdims=True)), 1),
        "best - median": above,
    }


def auroc(present, absent):
    present, absent = np.sort(present), np.sort(absent)
    below, upto = (np.searchsorted(absent, present, side) for side in ("left", "right"))
    return (below + upto).sum() / 2 / len(present) / len(absent)


def kinds_of(events, videos, everywhere):
    """Each event's kinds in a catalogue; behind them the sentences of unknown words."""
    here = {(e["colour"], e["shape"], e["action"]) for video in videos for e in video["events"]}
    kinds = []
    for event in events:
        is_near = any(sum(a != b for a, b in zip(event, other)) == 1 for other in here)
        absent = [kind for kind, holds in zip(KINDS[1:], (event in everywhere, is_near)) if holds]
        kinds.append(["present"] if event in here else absent)
    return kinds


def measure(seed, videos, clips, vectors, nulls, events, found):
    draw = random.Random(seed)
    everywhere = {(e["colour"], e["shape"], e["action"]) for video in videos for e in video["events"]}
    for _ in range(12):
        drawn = draw.sample(videos, 20)
        fitted, other = drawn[:10], drawn[10:]
        asked = [numbers([clips[video["id"]] for video in some], vectors, nulls) for some in (fitted, other)]
        unknown = [["unknown words"]] * (len(vectors) - len(events))
        kinds = [kinds_of(events, some, everywhere) + unknown for some in (fitted, other)]
        bank = set(draw.sample(range(len(events)), 100))
        for name in NUMBERS:
            of_kind = [[np.array([k in one for one in some]) for k in ("present", *KINDS)] for some in kinds]
            cut = np.quantile(asked[0][name][of_kind[0][0]], 0.1)
            values = asked[1][name]
            found["kept", name].append((values[of_kind[1][0]] >= cut).mean())
            for kind, is_kind in zip(KINDS, of_kind[1][1:]):
                found["auroc", name, kind].append(auroc(values[of_kind[1][0]], values[is_kind]))
                found["alarms", name, kind].append((values[is_kind] >= cut).mean())
        reached = asked[0]["standout"][sorted(bank)]
        for where, values, some in zip(("same", "other"), asked, kinds):
            absent = [i for i in range(len(events)) if i not in bank and some[i] != ["present"]]
            stated = np.array([(1 + (reached >= values["standout"][i]).sum()) / 101 for i in absent])
            for rate in RATES:
                found["stated", where, rate].append((stated <= rate).mean())


def kept_at_cuts(seed, videos, clips, vectors, nulls, events, found):
    """What is answered at each cut, with null sentences that are measured on the catalogue itself, as an index does."""
    draw = random.Random(seed)
    for size in SIZES:
        for _ in range(6):
            some = draw.sample(videos, size)
            here = {(e["colour"], e["shape"], e["action"]) for video in some for e in video["events"]}
            chosen = [clips[video["id"]] for video in some]
            values, reached = (numbers(chosen, asked, nulls)["standout"] for asked in (vectors, nulls))
            rates = (1 + (reached >= values[:, None]).sum(1)) / (len(nulls) + 1)
            is_here = np.array([event in here for event in events])
            of_events = rates[: len(events)]
            for cut in CUTS:
                found["kept", size, cut].append((of_events[is_here] <= cut).mean())
                found["absent answered", size, cut].append((of_events[~is_here] <= cut).mean())
                found["unknown words answered", size, cut].append((rates[len(events) :] <= cut).mean())


def bound_of_time(seed, videos, events, found):
    """AUROC of who knows all of a video, but not which of the actions of a group it is."""
    draw = random.Random(seed)
    everywhere = {(e["colour"], e["shape"], e["action"]) for video in videos for e in video["events"]}
    for _ in range(12):
        some = draw.sample(videos, 10)
        groups = {(e["colour"], e["shape"], GROUPS[e["action"]]) for video in some for e in video["events"]}
        for kind in KINDS[1:]:
            asked = [e for e, kinds in zip(events, kinds_of(events, some, everywhere)) if kind in kinds]
            alike = [(colour, shape, GROUPS[action]) in groups for colour, shape, action in asked]
            found["bound, blind to time", kind].append(1 - np.mean(alike) / 2)


def classifier(videos, clips):
    """The logarithm of the probability of each event at runs of three clips, learned from the truth."""
    looks, labels = [], []
    for video in videos:
        runs = runs_of(clips[video["id"]].T).T
        for event in video["events"]:
            first, last = event["span"]["start"], event["span"]["end"] - 3
            for at in range(len(runs)):
                if first <= at <= last:
                    looks.append(runs[at])
                    labels.append((event["colour"], event["shape"], event["action"]))
    looks, labels = np.c_[unit(np.array(looks)), np.ones(len(looks))], np.array(labels)
    heads = []
    for label, num in zip(labels.T, (5, 4, 10)):
        weights, slow, square = np.zeros((3, looks.shape[1], num))
        for step in range(1, 401):
            parts = np.exp(looks @ weights - (looks @ weights).max(1, keepdims=True))
            slope = looks.T @ (parts / parts.sum(1, keepdims=True) - np.eye(num)[label]) / len(looks) + 1e-4 * weights
            slow, square = 0.9 * slow + 0.1 * slope, 0.99 * square + 0.01 * slope**2
            weights = weights - 0.1 * slow / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
        heads.append(weights)

    def best(some, events):
        runs = np.concatenate([runs_of(clips_of.T).T for clips_of in some])
        logits = [np.c_[unit(runs), np.ones(len(runs))] @ head for head in heads]
        parts = [one - np.log(np.exp(one).sum(1, keepdims=True)) for one in logits]
        return sum(part[:, column] for part, column in zip(parts, np.array(events).T)).max(0)

    return best


def bound_of_vectors(seed, videos, clips, events, best, found):
    draw = random.Random(seed)
    everywhere = {(e["colour"], e["shape"], e["action"]) for video in videos for e in video["events"]}
    for _ in range(12):
        some = draw.sample(videos, 10)
        values = best([clips[video["id"]] for video in some], events)
        kinds = kinds_of(events, some, everywhere)
        of_kind = {kind: values[[kind in one for one in kinds]] for kind in ("present", *KINDS)}
        for kind in KINDS[1:]:
            found["bound, fitted classifier", kind].append(auroc(of_kind["present"], of_kind[kind]))


def main(run, locvtp, *features):
    truths = {split: json.loads(Path(run, f"corpus/{split}/truth.json").read_text()) for split in ("train", "seen", "new")}
    said = json.loads(Path(run, "corpus/train/caption.json").read_text()).values()
    captions = sorted({text for video in said for text in video["text"]})
    nulls = embedded(locvtp, run, random.Random(0).sample(captions, 200))
    best = None
    for path in features:
        split = Path(path).stem
        truth = truths[split]
        store = load_file(path)
        clips = {key.split("/")[0]: unit(store[key].astype(np.float64)) for key in store if not key.endswith("/spans")}
        if split == "train":
            best = classifier(truth["videos"], clips)
        words = truth["vocabulary"]
        events = [(c, s, a) for c in range(5) for s in range(4) for a in range(10)]
        texts = [f"a {words['colours'][c]} {words['shapes'][s]} {words['actions'][a]['fragment']}" for c, s, a in events]
        vectors = embedded(locvtp, run, texts + [text.strip() for text in UNKNOWN.split(";")])
        seeds = []
        for seed in range(3):
            found = defaultdict(list)
            measure(seed, truth["videos"], clips, vectors, nulls, events, found)
            kept_at_cuts(seed, truth["videos"], clips, vectors, nulls, events, found)
            bound_of_time(seed, truth["videos"], events, found)
            if best:
                bound_of_vectors(seed, truth["videos"], clips, events, best, found)
            seeds.append({key: np.mean(values) for key, values in found.items()})
        print(f"{split}: mean of three seeds, and each")
        for key in seeds[0]:
            each = [seed[key] for seed in seeds]
            print(f"  {' '.join(map(str, key)):44} {np.mean(each):.3f}   {' '.join(f'{one:.3f}' for one in each)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
