"""The exact scan of `locvtp-search` beside faiss-cpu and usearch, on the same vectors.

    cargo bench -p locvtp-search --bench scan --no-run
    python bench/scan.py --bench TARGET/release/deps/scan-HASH [--rows 1000000] [--folder DIR]
                         [--threads 2] [--rounds 3] [--only ours,sq8]

Needs faiss-cpu, usearch and numpy. The bench writes the vectors (256 numbers, shaped as those of
videos) once; the others read them out of its segments as half floats. In each round every program
answers the same number of single queries for the best 50, one after the other, each in a process of
its own with the same number of threads, and prints one JSON line with its median. Recall is of the
best 10 against faiss's flat index.
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


def halves(path: Path):
    """The half floats of a segment; `crates/search/src/segment/layout.rs` says where they stand."""
    import numpy

    with path.open("rb") as file:
        width, rows, runs = struct.unpack_from("<III", file.read(128), 16)
    assert width == WIDTH

    def after(place, size):
        return (place + size + 63) // 64 * 64

    place = after(after(after(after(128, rows * WIDTH), rows * 4), runs * 16), rows * 16)
    return numpy.memmap(path, dtype="<f2", mode="r", offset=place, shape=(rows, WIDTH))


def peer(name: str, folder: Path, threads: int):
    import numpy

    paths = sorted(folder.glob("*.vectors"))
    parts = [halves(path) for path in paths]
    rng = numpy.random.default_rng(5)
    rows = sum(len(part) for part in parts)
    queries = []
    for _ in range(TURNS + 2):
        part = parts[rng.integers(len(parts))]
        row = part[rng.integers(len(part))].astype("float32")
        query = row + rng.normal(0, 0.08, WIDTH).astype("float32")
        queries.append((query / numpy.linalg.norm(query))[None])
    if name == "usearch":
        from usearch.index import MetricKind, search

        dataset = numpy.empty((rows, WIDTH), dtype="float32")
        at = 0
        for part in parts:
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
            index.train(parts[0][:: max(1, len(parts[0]) // 50_000)].astype("float32"))
        for part in parts:
            for first in range(0, len(part), 100_000):
                index.add(part[first : first + 100_000].astype("float32"))

        def ask(query):
            return index.search(query, TOP)[1][0]

    times, cpu, found = [], [], []
    for turn, query in enumerate(queries):
        began, cpu_began = time.perf_counter(), time.process_time()
        keys = ask(query)
        if turn >= 2:
            times.append(time.perf_counter() - began)
            cpu.append(time.process_time() - cpu_began)
        found.append([int(key) for key in list(keys)[:10]])
    scan_ms, cpu_ms = (statistics.median(some) * 1e3 for some in (times, cpu))
    print(json.dumps({"rows": rows, "scan_ms": scan_ms, "cpu_ms": cpu_ms, "found": found}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="ours,flat,sq8,usearch")
    parser.add_argument("--peer")
    args = parser.parse_args()
    if args.peer:
        return peer(args.peer, args.folder, args.threads)
    folder = args.folder or Path(tempfile.mkdtemp())
    common = ["--folder", str(folder)]
    if not any(folder.glob("*.vectors")):
        made = [str(args.bench), "make", *common, "--rows", str(args.rows)]
        subprocess.run(made, check=True)
    environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads)}
    truth = None
    for _ in range(args.rounds):
        for name in args.only.split(","):
            if name == "ours":
                asked = ["scan", *common, "--threads", str(args.threads), "--turns", str(TURNS)]
                command = [str(args.bench), *asked]
            else:
                asked = ["--peer", name, *common, "--threads", str(args.threads)]
                command = [sys.executable, __file__, *asked]
            ran = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=environment
            )
            row = {"program": name, **json.loads(ran.stdout)}
            found = row.pop("found", None)
            if name == "flat":
                truth = found
            if found and truth:
                hits = [len(set(some) & set(true)) for some, true in zip(found, truth)]
                row["recall_at_10"] = round(sum(hits) / (10 * len(hits)), 4)
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
