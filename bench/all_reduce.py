"""Peer of the sums over ranks: torch.distributed's all_reduce over gloo, on this machine.

    python bench/all_reduce.py MIB TIMES [--ranks 2]

One thread a rank, f32, the same buffer each time. Prints one JSON object of rank 0.
"""

import argparse
import json
import os
import statistics
import tempfile
import time

import torch
import torch.distributed as dist


def work(rank: int, args: argparse.Namespace, meeting: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=args.ranks
    )
    values = torch.ones(int(args.mib * (1 << 18)))
    seconds = []
    for _ in range(args.times + 2):
        values.fill_(1.0)
        dist.barrier()
        began = time.perf_counter()
        dist.all_reduce(values)
        seconds.append(time.perf_counter() - began)
        assert float(values[-1]) == args.ranks
    if rank == 0:
        # The first two touch memory for the first time.
        found = [1e3 * second for second in seconds[2:]]
        print(
            json.dumps(
                {
                    "body": "gloo",
                    "ranks": args.ranks,
                    "mib": args.mib,
                    "median_ms": round(statistics.median(found), 3),
                    "least_ms": round(min(found), 3),
                }
            ),
            flush=True,
        )
    dist.destroy_process_group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mib", type=float)
    parser.add_argument("times", type=int)
    parser.add_argument("--ranks", type=int, default=2)
    args = parser.parse_args()
    # Without it gloo asks the name service for the machine's address.
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(work, (args, f"{folder}/meeting"), nprocs=args.ranks)


if __name__ == "__main__":
    main()
