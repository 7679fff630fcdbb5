"""PyTorch peer of the losses L_f and L_t: anchors against all words, from unit vectors to their
gradients, in f32.

    python bench/losses.py 256 --threads 2
    python bench/losses.py 4096 --threads 2 --ways chunked --runs 1
    python bench/losses.py 8 --check              # do the ways agree? (no timing)

Three ways: `naive` holds both tables of clips and words whole, as one writes the losses down first;
`chunked` goes through 256 anchors at a time with torch.utils.checkpoint, so that a chunk's table is
made twice and kept never; `accumulated` takes the gradient of every chunk at once, which is what
ours does with fewer passes. Prints one JSON object for each; memory is the growth of the peak of
the process beyond the vectors and their gradients, so run one way at a time to compare it.
"""

import argparse
import json
import resource
import time

import torch
from torch.utils.checkpoint import checkpoint

TEMPERATURE, NUM_MATCHES, CHUNK = 0.07, 3, 256


def unit(rows: int, width: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.rand(rows, width, generator=generator) * 2 - 1
    return torch.nn.functional.normalize(vectors, dim=1).requires_grad_()


def part(anchors: torch.Tensor, words: torch.Tensor, matches: torch.Tensor) -> torch.Tensor:
    """The sum of the losses of some anchors."""
    positive = (anchors * words[matches].mean(1)).sum(1) / TEMPERATURE
    return (torch.logsumexp(anchors @ words.T / TEMPERATURE, 1) - positive).sum()


def naive(terms: list, words: torch.Tensor, matches: torch.Tensor) -> float:
    total = sum(part(anchors, words, matches) / len(anchors) for anchors in terms)
    total.backward()
    return total.item()


def chunked(terms: list, words: torch.Tensor, matches: torch.Tensor) -> float:
    total = sum(
        checkpoint(part, a, words, m, use_reentrant=False) / len(anchors)
        for anchors in terms
        for a, m in zip(anchors.split(CHUNK), matches.split(CHUNK))
    )
    total.backward()
    return total.item()


def accumulated(terms: list, words: torch.Tensor, matches: torch.Tensor) -> float:
    total = 0.0
    for anchors in terms:
        for begin in range(0, len(anchors), CHUNK):
            rows = slice(begin, begin + CHUNK)
            loss = part(anchors[rows], words, matches[rows]) / len(anchors)
            loss.backward()
            total += loss.item()
    return total


WAYS = {"naive": naive, "chunked": chunked, "accumulated": accumulated}


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        return next((line.split(": ")[1].strip() for line in info if "model name" in line), "?")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("pairs", type=int)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--words", type=int, default=20)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    rows = args.pairs * args.clips
    terms = [unit(rows, args.width, 1), unit(rows, args.width, 2)]
    words = unit(args.pairs * args.words, args.width, 3)
    sentence = torch.arange(rows)[:, None] // args.clips * args.words
    within = torch.arange(rows)[:, None] + torch.arange(NUM_MATCHES)
    matches = sentence + within % args.words
    leaves = [*terms, words]
    gradients_mib = sum(leaf.numel() for leaf in leaves) / 2**18

    found = {}
    for name in args.ways:
        before, seconds, beyond = peak_mib(), [], 0.0
        for run in range(1 if args.check else args.runs):
            for leaf in leaves:
                leaf.grad = None
            began = time.perf_counter()
            loss = WAYS[name](terms, words, matches)
            seconds.append(time.perf_counter() - began)
            beyond = peak_mib() - before - gradients_mib if run == 0 else beyond
        found[name] = [torch.tensor(loss), *(leaf.grad.clone() for leaf in leaves)]
        if args.check:
            continue
        rate = 6 * 2 * rows * len(words) * args.width / min(seconds) / 1e9
        print(
            json.dumps(
                {
                    "who": f"pytorch, {name}",
                    "pairs": args.pairs,
                    "threads": args.threads,
                    "min_s": round(min(seconds), 4),
                    "gflops": round(rate, 1),
                    "beyond_mib": round(beyond, 1),
                    "loss": round(loss, 6),
                    "processor": processor(),
                    "torch": torch.__version__,
                }
            )
        )
    if args.check:
        first = found[args.ways[0]]
        for name, others in found.items():
            for ours, theirs in zip(first, others):
                torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6, msg=name)
        print(f"{', '.join(found)}: equal")


if __name__ == "__main__":
    main()
