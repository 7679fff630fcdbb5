"""Seconds and peak memory of `locvtp corpus check` on a generated HowTo100M caption file.

    cargo build --release --locked --workspace
    python3 bench/corpus_check.py                       # 100,000 videos of 78 captions, as HowTo100M has
    python3 bench/corpus_check.py --videos 1000 --runs 1

The file is like raw_caption.json: lower-case words, overlapping times, a bare NaN in a thousand
captions, an end before its start in a thousand. The same every time. Prints one JSON line a run;
the first one may have to read the file from the disk. Needs nothing but Python.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORDS = (
    "okay so now we are going to take the pan and put it on heat then add some oil wait until it is "
    "hot cut onions into small pieces stir them for five minutes paint first coat let dry sand "
    "motorcycle tank remove screws with a driver carefully don't forget this part it's important"
).split()


def write(path, videos, captions):
    """Returns how many captions are sound."""
    rng = random.Random(0)
    sentences = [" ".join(rng.choices(WORDS, k=rng.randint(4, 14))) for _ in range(20_000)]
    sound = 0
    with open(path, "w") as out:
        out.write("{")
        for video in range(videos):
            start, end, text = [], [], []
            at = 0.0
            for _ in range(captions):
                length = rng.uniform(2.0, 5.5)
                fault = rng.random()
                start.append(f"{at:.2f}")
                end.append(f"{at - 1.0:.2f}" if 0.001 < fault < 0.002 else f"{at + length:.2f}")
                text.append("NaN" if fault < 0.001 else f'"{rng.choice(sentences)}"')
                sound += fault >= 0.002
                at += length * 0.9
            comma = ", " if video else ""
            lists = (", ".join(items) for items in (start, end, text))
            out.write('%s"%011d": {"start": [%s], "end": [%s], "text": [%s]}' % (comma, video, *lists))
        out.write("}")
    return sound


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--captions", type=int, default=78)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--binary", default=ROOT / "target/release/locvtp")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "raw_caption.json"
        sound = write(path, arguments.videos, arguments.captions)
        command = [arguments.binary, "corpus", "check", path, "--json"]
        for _ in range(arguments.runs):
            began = time.perf_counter()
            child = subprocess.Popen(command, stdout=subprocess.PIPE)
            told = json.loads(child.stdout.read())
            # One child at a time, so that its own peak is told and not that of all.
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - began
            assert os.waitstatus_to_exitcode(status) == 0
            assert told["total"]["captions"] == sound, (told["total"], sound)
            print(
                json.dumps(
                    {
                        "videos": told["total"]["videos"],
                        "captions": told["total"]["captions"],
                        "file_mb": round(path.stat().st_size / 1e6, 1),
                        "seconds": round(seconds, 2),
                        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
                        "peak_memory_mib": round(usage.ru_maxrss / 1024, 1),
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
