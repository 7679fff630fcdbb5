"""Which number tells a sentence that is in a catalogue from one that is not? Measured on a demo run.

    locvtp extract --model demo-run --videos demo-run/corpus/new/videos --out new.safetensors
    python absent_sentences.py demo-run new.safetensors locvtp

Catalogues of 10 held-out videos are drawn. All sentences of the synthetic corpus are asked of each; the null
sentences are one half of them, as they come (some are true), and the rates are measured on the other half.
Prints AUROC for the three kinds of absent sentence, the false alarms where 90 % of the present ones are
kept, and the stated beside the measured rate. Needs numpy and safetensors.
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


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def embedded(locvtp, run, texts):
    with tempfile.TemporaryDirectory() as folder:
        lines, out = Path(folder, "texts.txt"), Path(folder, "texts.safetensors")
        lines.write_text("\n".join(texts))
        arguments = [locvtp, "embed", "--model", run, "--file", lines, "--out", out]
        subprocess.run(arguments, check=True, capture_output=True)
        return unit(load_file(out)["sentences"].astype(np.float64))


def numbers(clips, sentence):
    """The candidates for one sentence over the clips of each video."""
    scores = [video @ sentence for video in clips]
    runs = np.concatenate([np.convolve(one, np.ones(3) / 3, "valid") for one in scores])
    every = np.concatenate(scores)
    middle = np.median(every)
    return {
        "best clip": every.max(),
        "best run of 3": runs.max(),
        "(best - median)/MAD": (every.max() - middle) / np.median(abs(every - middle)),
        "best - median": every.max() - middle,
        "standout": runs.max() - 0.35 * np.quantile(every, 0.05),
    }


def auroc(present, absent):
    present, absent = np.sort(present), np.sort(absent)
    below, upto = (np.searchsorted(absent, present, side) for side in ("left", "right"))
    return (below + upto).sum() / 2 / len(present) / len(absent)


def main(run, features, locvtp):
    truth = json.loads(Path(run, "corpus/new/truth.json").read_text())
    words = truth["vocabulary"]
    events = [(c, s, a) for c in range(5) for s in range(4) for a in range(10)]
    texts = [f"a {words['colours'][c]} {words['shapes'][s]} {words['actions'][a]['fragment']}" for c, s, a in events]
    vectors = embedded(locvtp, run, texts + [text.strip() for text in UNKNOWN.split(";")])
    store = load_file(features)
    clips = {key.split("/")[0]: unit(store[key].astype(np.float64)) for key in store if not key.endswith("/spans")}
    for seed in range(3):
        draw = random.Random(seed)
        kinds = {kind: {} for kind in ("present", "unknown words", "absent object", "another action")}
        rates = {0.05: [], 0.2: []}
        for _ in range(12):
            videos = draw.sample(truth["videos"], 10)
            here = {(e["colour"], e["shape"], e["action"]) for video in videos for e in video["events"]}
            objects = {event[:2] for event in here}
            catalogue = [clips[video["id"]] for video in videos]
            found = [numbers(catalogue, vector) for vector in vectors]
            for index, values in enumerate(found):
                kind = "unknown words"
                if index < len(events):
                    event = events[index]
                    kind = "absent object" if event[:2] not in objects else "another action"
                    kind = "present" if event in here else kind
                for name, value in values.items():
                    kinds[kind].setdefault(name, []).append(value)
            bank = set(draw.sample(range(len(events)), 100))
            nulls = np.array([found[index]["standout"] for index in bank])
            asked = [i for i in range(len(events)) if i not in bank and events[i] not in here]
            stated = np.array([(1 + (nulls >= found[i]["standout"]).sum()) / 101 for i in asked])
            for rate in rates:
                rates[rate].append((stated <= rate).mean())
        counts = [f"{len(values['standout'])} {kind}" for kind, values in kinds.items()]
        print(f"seed {seed}: {', '.join(counts)}")
        for name in kinds["present"]:
            present = kinds["present"][name]
            cut = np.quantile(present, 0.1)
            line = [(auroc(present, kinds[k][name]), np.mean(np.array(kinds[k][name]) >= cut)) for k in list(kinds)[1:]]
            print(f"  {name:20}" + "  ".join(f"AUROC {a:.3f} false alarms {f:4.0%}" for a, f in line))
        print("  " + ", ".join(f"stated {rate:.0%}: measured {np.mean(found):.1%}" for rate, found in rates.items()))


if __name__ == "__main__":
    main(*sys.argv[1:])
