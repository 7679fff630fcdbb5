"""The exact scan of `locvtp-search` beside faiss-cpu and usearch, on the same vectors and queries.

    python bench/scan.py [--rows 1000000] [--folder DIR] [--threads 2] [--rounds 3] [--python PYTHON]

Builds the bench, which writes the vectors (256 numbers, shaped as those of videos) once; the others read
them out of its segments. In each round every program answers the same single queries for the best 50, one
after the other, each in a process of its own with the same number of threads. Each answer is a JSON line:
median and least time of a query, CPU time, and recall@10 against faiss's flat index. The last lines are
ratios: of each round, so that a change of the machine's load meets all, the median and the best.
The others run in an environment of their own in `target/scan-peers` (faiss-cpu, usearch, numpy, pinned
below), or in that of `--python`.
"""

import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WIDTH, TOP, TURNS = 256, 50, 15
ROOT = Path(__file__).resolve().parent.parent
PEERS = ["faiss-cpu==1.15.1", "usearch==2.26.6", "numpy==2.4.6"]


def vectors(path: Path, first: int, end: int):
    """Rows of a segment as f32; `crates/search/src/segment/layout.rs` says where their parts stand."""
    import numpy

    with path.open("rb") as file:
        width, rows, runs = struct.unpack_from("<III", file.read(128), 16)
    assert width == WIDTH

    def after(place, size):
        return (place + size + 63) // 64 * 64

    def part(kind, place, shape):
        return numpy.memmap(path, dtype=kind, mode="r", offset=place, shape=shape)[first:end]

    scales = after(128, rows * WIDTH)
    remainders = after(after(after(scales, rows * 4), runs * 16), rows * 16)
    steps = part("<i2", remainders, (rows, WIDTH)).astype("float32")
    steps /= 65534
    steps += part("<i1", 128, (rows, WIDTH))
    steps *= part("<f4", scales, (rows,))[:, None]
    return steps


def all_vectors(folder: Path):
    """All rows as f32, at most 100,000 at a time."""
    for path in sorted(folder.glob("*.vectors")):
        with path.open("rb") as file:
            (rows,) = struct.unpack_from("<I", file.read(128), 20)
        for first in range(0, rows, 100_000):
            yield vectors(path, first, min(first + 100_000, rows))


def make_queries(folder: Path, into: Path):
    """Rows drawn from all, each with noise: what is looked for is there and not alone."""
    import numpy

    rng = numpy.random.default_rng(5)
    paths = sorted(folder.glob("*.vectors"))
    queries = []
    for _ in range(TURNS + 2):
        path = paths[rng.integers(len(paths))]
        with path.open("rb") as file:
            (rows,) = struct.unpack_from("<I", file.read(128), 20)
        row = int(rng.integers(rows))
        queries.append(vectors(path, row, row + 1)[0] + rng.normal(0, 0.08, WIDTH))
    numpy.array(queries, dtype="<f4").tofile(into)


def peer(name: str, folder: Path, queries: Path, threads: int):
    import numpy

    if name == "usearch":
        from usearch.index import MetricKind, search

        parts = list(all_vectors(folder))
        rows = sum(len(part) for part in parts)
        dataset = numpy.empty((rows, WIDTH), dtype="float32")
        at = 0
        while parts:
            part = parts.pop(0)
            dataset[at : at + len(part)] = part
            at += len(part)

        def ask(query):
            return search(dataset, query, TOP, MetricKind.IP, exact=True, threads=threads).keys

    else:
        import faiss

        faiss.omp_set_num_threads(threads)
        if name == "flat":
            index = faiss.IndexFlatIP(WIDTH)
        else:
            quantizer = faiss.ScalarQuantizer.QT_8bit
            index = faiss.IndexScalarQuantizer(WIDTH, quantizer, faiss.METRIC_INNER_PRODUCT)
            index.train(next(all_vectors(folder)))
        for part in all_vectors(folder):
            index.add(part)
        rows = index.ntotal

        def ask(query):
            return index.search(query, TOP)[1][0]

    times, cpu, found = [], [], []
    for turn, query in enumerate(numpy.fromfile(queries, dtype="<f4").reshape(-1, WIDTH)):
        query = (query / numpy.linalg.norm(query))[None]
        began, cpu_began = time.perf_counter(), time.process_time()
        keys = ask(query)
        if turn >= 2:
            times.append(time.perf_counter() - began)
            cpu.append(time.process_time() - cpu_began)
        found.append([int(key) for key in list(keys)[:10]])
    row = {
        "rows": rows,
        "scan_ms": statistics.median(times) * 1e3,
        "least_ms": min(times) * 1e3,
        "cpu_ms": statistics.median(cpu) * 1e3,
        "found": found,
    }
    print(json.dumps(row))


def built() -> str:
    """The bench's program."""
    command = ["cargo", "bench", "--locked", "-p", "locvtp-search", "--bench", "scan", "--no-run"]
    command += ["--message-format", "json"]
    ran = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    programs = [message["executable"] for message in messages if message.get("executable")]
    return programs[-1]


def own_python() -> str:
    folder = ROOT / "target" / "scan-peers"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return str(python)


def say_ratios(rounds):
    """How often ours answers while another does once, and its share of a plain read."""
    names = [name for name in rounds[0] if name != "ours"]
    for key in ("scan_ms", "least_ms"):
        for name in names:
            ratios = [one[name][key] / one["ours"][key] for one in rounds]
            print(json.dumps({f"{name} / ours, {key}": [round(it, 2) for it in ratios]}))
    shares = {key: [round(one["ours"][key], 3) for one in rounds] for key in SHARES}
    print(json.dumps(shares))


SHARES = ("share_of_read", "share_of_least_read")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", help="the bench's program, where it is built already")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="flat,ours,sq8,usearch")
    parser.add_argument("--python")
    parser.add_argument("--peer")
    parser.add_argument("--queries", type=Path)
    args = parser.parse_args()
    if args.peer == "queries":
        return make_queries(args.folder, args.queries)
    if args.peer:
        return peer(args.peer, args.folder, args.queries, args.threads)
    bench, python = args.bench or built(), args.python or own_python()
    folder = args.folder or Path(tempfile.mkdtemp())
    common = ["--folder", str(folder), "--queries", str(folder / "queries.f32")]
    common += ["--threads", str(args.threads)]
    if not any(folder.glob("*.vectors")):
        subprocess.run([bench, "make", *common, "--rows", str(args.rows)], check=True)
    subprocess.run([python, __file__, "--peer", "queries", *common], check=True)
    environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads)}
    truth, rounds = None, []
    for _ in range(args.rounds):
        rounds.append({})
        for name in args.only.split(","):
            ours = [bench, "scan", *common]
            command = ours if name == "ours" else [python, __file__, "--peer", name, *common]
            ran = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=environment
            )
            row = {"program": name, **json.loads(ran.stdout)}
            found = row.pop("found")
            truth = found if name == "flat" else truth
            if truth:
                hits = [len(set(some) & set(true)) for some, true in zip(found, truth)]
                row["recall_at_10"] = round(sum(hits) / (10 * len(hits)), 4)
            rounds[-1][name] = row
            print(json.dumps(row), flush=True)
    if "ours" in args.only:
        say_ratios(rounds)


if __name__ == "__main__":
    main()
