"""A training step in two passes against one: CPU-seconds, and the peak of memory.

    python bench/two_passes.py ratio middle 8 8       # preset, pairs, clips of each: both, in turn
    python bench/two_passes.py ratio vit 1 1
    python bench/two_passes.py memory middle 256 8    # in two passes alone
    python bench/two_passes.py memory vit 1 8         # the paper's pair

`ratio` runs the two in alternation (--rounds times) and divides the least CPU-seconds of a step. The
processor is named, because ratios differ between them. `cargo bench -p locvtp-train --bench
two_passes --no-run` builds the program; --program names it where it is not the newest of
target/release/deps. Prints JSON.
"""

import argparse
import json
import os
import subprocess
from pathlib import Path


def newest_program() -> str:
    deps = Path(__file__).parent.parent / "target/release/deps"
    found = [path for path in deps.glob("two_passes-*") if os.access(path, os.X_OK)]
    # The test of this name is in another crate and takes no sizes.
    found = [path for path in found if b"cpu_median_s" in path.read_bytes()]
    if not found:
        raise SystemExit("no program; build it with cargo bench --bench two_passes --no-run")
    return str(max(found, key=lambda path: path.stat().st_mtime))


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))


def run(program: str, args: argparse.Namespace, memory: str) -> dict:
    sizes = [args.preset, str(args.pairs), str(args.clips), memory, str(args.steps)]
    if memory == "recompute" and args.micro_batch:
        sizes.append(str(args.micro_batch))
    environment = dict(os.environ, RAYON_NUM_THREADS=str(args.threads))
    done = subprocess.run([program, *sizes], capture_output=True, check=True, env=environment)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["ratio", "memory"])
    parser.add_argument("preset", choices=["middle", "vit"])
    parser.add_argument("pairs", type=int)
    parser.add_argument("clips", type=int)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--micro-batch", type=int)
    parser.add_argument("--program")
    args = parser.parse_args()
    program = args.program or newest_program()
    ways = ["recompute"] if args.what == "memory" else ["plain", "recompute"]
    rounds = 1 if args.what == "memory" else args.rounds
    runs = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            runs[way].append(run(program, args, way))
    result = {"processor": processor(), "runs": runs}
    if args.what == "ratio":
        least = {way: min(one["cpu_min_s"] for one in runs[way]) for way in ways}
        result["ratio"] = round(least["recompute"] / least["plain"], 3)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
