"""What indexing costs beside extracting features, and whether its memory grows with a file's length.

    python bench/index_cost.py target/release/locvtp demo-run demo-run/corpus/seen/videos [MINUTES]

First both commands run three times in turn on the same videos; their CPU seconds are user and system time
together, and the least of the three counts. Then a file of 3 minutes and one of 180 (or MINUTES), of the same pictures,
are indexed, and the peaks of resident memory are compared. Needs the program ffmpeg.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 3


def run(*arguments):
    """CPU seconds and peak memory in MiB of a command."""
    child = subprocess.Popen([*map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(said.decode())
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def cost(locvtp, model, videos):
    seconds = {"extract": [], "index add": []}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            out, catalog = Path(folder, "out.safetensors"), Path(folder, "index")
            extract = ["extract", "--model", model, "--videos", videos, "--out", out]
            add = ["index", "add", videos, "--model", model, "--catalog", catalog]
            seconds["extract"].append(run(locvtp, *extract)[0])
            seconds["index add"].append(run(locvtp, *add)[0])
    least = {name: min(all_) for name, all_ in seconds.items()}
    for name, all_ in seconds.items():
        print(f"{name:10} {least[name]:7.1f} CPU s   of {' '.join(f'{one:.1f}' for one in all_)}")
    print(f"index add costs {least['index add'] / least['extract']:.3f} of extract")


def memory(locvtp, model, long):
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for minutes in (3, long):
            video, catalog = Path(folder, f"{minutes}.mp4"), Path(folder, f"index-{minutes}")
            source = f"testsrc2=size=320x240:rate=10:duration={minutes * 60}"
            make = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast"]
            subprocess.run([*make, "-g", "100", str(video)], check=True)
            peaks.append(run(locvtp, "index", "add", video, "--model", model, "--catalog", catalog)[1])
            print(f"{minutes:3} minutes: {peaks[-1]:.0f} MiB at most")
    print(f"the long file takes {peaks[1] / peaks[0]:.3f} of the short one's memory")


if __name__ == "__main__":
    locvtp, model, videos, *minutes = sys.argv[1:]
    cost(locvtp, model, videos)
    memory(locvtp, model, int(minutes[0]) if minutes else 180)
