"""Two processes of one thread beside one process of two threads: the CPU-seconds of the same training.

    python bench/two_ranks.py LOCVTP CORPUS [--steps 40] [--rounds 3] [--set KEY=VALUE ...]

LOCVTP is a binary with MPI (`cargo build --release --workspace --features mpi`), CORPUS a folder such as
`demo-run/corpus/train`; the model is the middle preset, 192 wide with 4 blocks, of 8 clips of 4 frames of 64 x 64. The rounds go in
turn. Starting and reading the corpus are in the numbers of both; `--steps 2` tells how much that is.
"""

import argparse
import os
import resource
import subprocess
import tempfile

MIDDLE = """
[run]
name = "middle"
[pairs]
long_span_s = [5.0, 13.0]
short_share = 0.0
long_batch = 16
[sampling]
long_clips = 8
[preprocessing]
num_frames = 4
image_size = 64
short_side = 64
[model.video]
image_size = 64
patch_size = 8
num_frames = 4
hidden_size = 192
num_hidden_layers = 4
num_attention_heads = 3
intermediate_size = 768
[model.text]
max_position_embeddings = 96
dim = 192
n_layers = 4
n_heads = 3
hidden_dim = 768
[tokenizer]
vocab_size = 400
[train]
log_every = 10
checkpoint_every = 0
"""


def cpu_seconds(command, threads):
    """User and system time of a command and what it starts, and its wall time is left to others to judge."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("locvtp")
    parser.add_argument("corpus")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run_file = os.path.join(folder, "middle.toml")
        with open(run_file, "w") as file:
            file.write(MIDDLE)
        ratios = []
        for number in range(args.rounds):
            def train(name, start, threads):
                settings = [f"corpus.dir={args.corpus}", f"train.steps={args.steps}", *args.set]
                more = [word for setting in settings for word in ("--set", setting)]
                run = os.path.join(folder, f"{name}-{number}")
                return cpu_seconds([*start, args.locvtp, "pretrain", run_file, "--run", run, *more], threads)

            one = train("one", [], 2)
            mpirun = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "2"]
            two = train("two", mpirun, 1)
            ratios.append(two / one)
            print(f"one process of two threads {one:.1f} CPU-s, two of one thread {two:.1f} CPU-s, ratio {two / one:.3f}")
        ratios.sort()
        print(f"ratio {ratios[len(ratios) // 2]:.3f} in the middle of {len(ratios)} rounds")


if __name__ == "__main__":
    main()
