"""What `--sandbox` costs: `locvtp extract` with and without it, in turn, whole processes.

    python bench/sandbox.py LOCVTP --model DIR --videos PATH.. [--turns 5] [-- more arguments of extract]

Prints a JSON line a run: CPU-seconds (user and system, of the command and of all workers), seconds, and in the end the
medians and their ratio. The features must be the same to the last byte. With `-- --space mean-colour` nothing but
decoding is measured: what a worker costs shows most there.
"""

import argparse
import ctypes
import hashlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def timed(command: list[str]) -> dict:
    """Runs a command and waits for it and for the workers that it leaves to this process as it ends."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = child.stderr.read()
    seconds, cpu_s = time.perf_counter() - began, 0.0
    while True:
        try:
            process, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu_s += usage.ru_utime + usage.ru_stime
        if process == child.pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - began
    if child.returncode:
        raise SystemExit(f"{command} ended with {child.returncode}: {said}")
    return {"cpu_s": round(cpu_s, 3), "seconds": round(seconds, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("locvtp", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--videos", required=True, nargs="+")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("more", nargs="*")
    arguments = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    costs: dict[str, list[float]] = {"plain": [], "--sandbox": []}
    sums = set()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "features.h5"
        command = [str(arguments.locvtp.resolve()), "extract", "--model", arguments.model]
        command += ["--videos", *arguments.videos, "--out", str(out), "--fresh", "--frame-tables", ""]
        for turn in range(arguments.turns):
            ways = list(costs) if turn % 2 == 0 else list(costs)[::-1]
            for way in ways:
                extra = [] if way == "plain" else [way]
                cost = timed([*command, *arguments.more, *extra])
                sums.add(hashlib.sha256(out.read_bytes()).hexdigest())
                costs[way].append(cost["cpu_s"])
                print(json.dumps({"way": way, **cost}), flush=True)
    if len(sums) != 1:
        raise SystemExit("the features are not the same")
    medians = {way: statistics.median(found) for way, found in costs.items()}
    ratio = medians["--sandbox"] / medians["plain"]
    print(json.dumps({"median_cpu_s": medians, "ratio": round(ratio, 4), "features": "the same"}))


if __name__ == "__main__":
    main()
