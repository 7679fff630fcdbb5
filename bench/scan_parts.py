"""Which part of the scan loses some of the true best ten: half floats, bytes, or too few looked at again.

    target/scan-peers/bin/python bench/scan_parts.py SEGMENT

SEGMENT is one that the bench of `bench/scan.py` wrote. Queries are a hundred of its rows with noise. A row
that was picked counts where its score in double precision reaches that of the tenth true one.
"""

import struct
import sys
from pathlib import Path

import numpy
from scan import WIDTH, vectors

QUERIES, AT_ONCE = 100, 50_000


def main():
    path = Path(sys.argv[1])
    with path.open("rb") as file:
        (rows,) = struct.unpack_from("<I", file.read(128), 20)
    parts = [(at, min(at + AT_ONCE, rows)) for at in range(0, rows, AT_ONCE)]
    rng = numpy.random.default_rng(7)
    queries = []
    for number in range(QUERIES):
        row = int(rng.integers(rows))
        noise = rng.normal(0, 0.08 if number % 2 else 0.06, WIDTH)
        queries.append(vectors(path, row, row + 1)[0] + noise)
    queries = numpy.array(queries)
    queries /= numpy.linalg.norm(queries, axis=1, keepdims=True)
    exact, half, byte = (numpy.empty((QUERIES, rows)) for _ in range(3))
    steps = numpy.empty(rows)
    for first, end in parts:
        part = vectors(path, first, end)
        steps[first:end] = numpy.abs(part).max(axis=1) / 127
        rounded = numpy.round(part / steps[first:end, None]) * steps[first:end, None]
        for scores, some in ((exact, part), (half, part.astype("f2")), (byte, rounded)):
            scores[:, first:end] = queries @ some.astype("f8").T
    tenth = numpy.sort(exact, axis=1)[:, -10]

    def best(scores, count):
        return [numpy.argpartition(-some, count)[:count] for some in scores]

    def recall(picked):
        # Scores of f32 numbers are no finer than this.
        good = [exact[at][some] >= tenth[at] - 6e-8 for at, some in enumerate(picked)]
        return round(float(numpy.mean(good)), 4)

    def again(scores, picked):
        return [some[numpy.argsort(-scores[at][some])[:10]] for at, some in enumerate(picked)]

    print("half floats, all rows looked at:", recall(best(half, 10)))
    print("bytes alone:", recall(best(byte, 10)))
    for count in (20, 100, 500):
        picked = best(byte, count)
        as_single, as_half = recall(again(exact, picked)), recall(again(half, picked))
        print(f"{count} looked at again: as f32 {as_single}, as half floats {as_half}")
    off = numpy.abs(byte - exact) / steps
    print(f"bytes, in steps: largest {off.max():.3f}, deviation {(off**2).mean() ** 0.5:.3f}")
    print(f"half floats: deviation {((half - exact) ** 2).mean() ** 0.5:.2e}")


if __name__ == "__main__":
    main()
