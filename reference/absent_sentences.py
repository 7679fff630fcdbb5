"""Does a number tell a sentence that is in a catalogue from one that is not? Measured on a demo run.

    for split in seen new; do
        locvtp extract --model demo-run --videos demo-run/corpus/$split/videos --out $split.safetensors
    done
    python absent_sentences.py demo-run locvtp seen.safetensors new.safetensors

Catalogues of 10 held-out videos are drawn, 12 a seed and split. All sentences of the synthetic corpus are asked
of each. Absent ones are of three kinds: of words of nothing in the corpus; true of other held-out videos; true but
for one attribute (colour, shape or action). Beside `locvtp`'s standout stand one fixed cosine, the best clip's, and
other candidates. For each the cut is fitted on a catalogue, so that 90 % of what is there is kept, and false alarms are counted on
another of 10 other videos. The stated rates are those of 100 null sentences on a catalogue; they are compared with
the share of other absent sentences that reach them, on the same videos and on others. Needs numpy and safetensors.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

UNKNOWN = """a man pours coffee into a cup; two dogs run on the beach; a woman plays the piano; snow falls on the hills;
someone cuts an onion; a cat sleeps on the sofa; a train leaves the station; people dance at a wedding;
a chef fries an egg; a boat crosses the river; fireworks over the city; a horse jumps over a fence""".replace("\n", " ")
NUMBERS = ("standout", "fixed cosine", "best three", "(best - median) / MAD", "best - median")
KINDS = ("unknown words", "true elsewhere", "one attribute swapped")
RATES = (0.05, 0.2)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def embedded(locvtp, run, texts):
    with tempfile.TemporaryDirectory() as folder:
        lines, out = Path(folder, "texts.txt"), Path(folder, "texts.safetensors")
        lines.write_text("\n".join(texts))
        arguments = [locvtp, "embed", "--model", run, "--file", lines, "--out", out]
        subprocess.run(arguments, check=True, capture_output=True)
        return unit(load_file(out)["sentences"].astype(np.float64))


def numbers(clips, sentences):
    """The candidates for all sentences over the clips of each video."""
    scores = [sentences @ video.T for video in clips]
    runs = np.concatenate([sum(np.roll(one, -k, 1) for k in range(3))[:, :-2] / 3 for one in scores], 1)
    every = np.concatenate(scores, 1)
    above = every.max(1) - np.median(every, 1)
    return {
        "standout": runs.max(1) - 0.35 * np.quantile(every, 0.05, axis=1),
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


def measure(seed, videos, clips, vectors, events, found):
    draw = random.Random(seed)
    everywhere = {(e["colour"], e["shape"], e["action"]) for video in videos for e in video["events"]}
    for _ in range(12):
        drawn = draw.sample(videos, 20)
        fitted, other = drawn[:10], drawn[10:]
        asked = [numbers([clips[video["id"]] for video in some], vectors) for some in (fitted, other)]
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
        nulls = asked[0]["standout"][sorted(bank)]
        for where, values, some in zip(("same", "other"), asked, kinds):
            absent = [i for i in range(len(events)) if i not in bank and some[i] != ["present"]]
            stated = np.array([(1 + (nulls >= values["standout"][i]).sum()) / 101 for i in absent])
            for rate in RATES:
                found["stated", where, rate].append((stated <= rate).mean())


def main(run, locvtp, *features):
    for path in features:
        split = Path(path).stem
        truth = json.loads(Path(run, f"corpus/{split}/truth.json").read_text())
        words = truth["vocabulary"]
        events = [(c, s, a) for c in range(5) for s in range(4) for a in range(10)]
        texts = [f"a {words['colours'][c]} {words['shapes'][s]} {words['actions'][a]['fragment']}" for c, s, a in events]
        vectors = embedded(locvtp, run, texts + [text.strip() for text in UNKNOWN.split(";")])
        store = load_file(path)
        clips = {key.split("/")[0]: unit(store[key].astype(np.float64)) for key in store if not key.endswith("/spans")}
        seeds = []
        for seed in range(3):
            found = {("kept", name): [] for name in NUMBERS}
            found |= {(what, name, kind): [] for what in ("auroc", "alarms") for name in NUMBERS for kind in KINDS}
            found |= {("stated", where, rate): [] for where in ("same", "other") for rate in RATES}
            measure(seed, truth["videos"], clips, vectors, events, found)
            seeds.append({key: np.mean(values) for key, values in found.items()})
        print(f"{split}: mean of three seeds, and each")
        for key in seeds[0]:
            each = [seed[key] for seed in seeds]
            print(f"  {' '.join(map(str, key)):44} {np.mean(each):.3f}   {' '.join(f'{one:.3f}' for one in each)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
