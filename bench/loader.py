"""The Python peer of the loader's bench: a PyTorch DataLoader with decord and torchvision v2.

    cargo bench --workspace --bench loader -- FOLDER     # ours; makes the videos
    python bench/loader.py FOLDER [--samples 48] [--workers 2] [--plain]

A sample is what ours is: 8 clips of 16 frames over a caption's span, each frame at a random moment of
its part; one random crop (area 0.5 to 1, ratio 3/4 to 4/3) scaled to 224 x 224, one mirror (p 0.5) and
one colour jitter (0.2, 0.2, 0.2, 0.05) for all of them; normalised float32, batches of 2. decord
decodes at the size of the file, since the crop is cut from it. Each worker has one thread. Prints one
JSON line: samples a second, CPU-seconds a sample (workers and parent, without start and imports), and the
mean of the numbers.
"""

import argparse
import csv
import json
import random
import resource
import time
from pathlib import Path

CLIPS, FRAMES, SIDE, BATCH = 8, 16, 224, 2


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=48)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plain", action="store_true", help="short side 256, centre, no jitter")
    arguments = parser.parse_args()

    import decord
    import torch
    from torch.utils.data import DataLoader, Dataset
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    decord.bridge.set_bridge("torch")
    with open(arguments.folder / "list.csv") as file:
        rows = list(csv.DictReader(file))
    if arguments.plain:
        changes = [v2.Resize(256, antialias=True), v2.CenterCrop(SIDE)]
    else:
        changes = [
            v2.RandomResizedCrop(SIDE, scale=(0.5, 1.0), ratio=(3 / 4, 4 / 3), antialias=True),
            v2.RandomHorizontalFlip(0.5),
            v2.ColorJitter(0.2, 0.2, 0.2, 0.05),
        ]
    normalise = [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.5] * 3)]
    transform = v2.Compose(changes + normalise)

    class Samples(Dataset):
        def __len__(self) -> int:
            return arguments.samples

        def __getitem__(self, index: int):
            draw = random.Random(index)
            row = draw.choice(rows)
            start, end = float(row["start"]), float(row["end"])
            reader = decord.VideoReader(str(arguments.folder / row["path"]), num_threads=1)
            part = (end - start) / (CLIPS * FRAMES)
            moments = [start + (i + draw.random()) * part for i in range(CLIPS * FRAMES)]
            rate, last = reader.get_avg_fps(), len(reader) - 1
            frames = reader.get_batch([min(int(moment * rate), last) for moment in moments])
            pixels = transform(frames.permute(0, 3, 1, 2))
            return pixels.view(CLIPS, FRAMES, 3, SIDE, SIDE)

    loader = DataLoader(Samples(), batch_size=BATCH, num_workers=arguments.workers)

    def cpu_s() -> float:
        both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    began, cpu_before = time.perf_counter(), cpu_s()
    given, total = 0, 0.0
    batches = iter(loader)
    for batch in batches:
        given += len(batch)
        total += float(batch.flatten()[::16].double().sum())
        shape = list(batch.shape[1:])
    wall = time.perf_counter() - began
    # The workers' time counts when they have ended.
    del batches
    line = {
        "loader": "pytorch",
        "torch": torch.__version__,
        "decord": decord.__version__,
        "augmented": not arguments.plain,
        "threads": arguments.workers,
        "samples": given,
        "shape": shape,
        "wall_s": round(wall, 2),
        "samples_per_s": round(given / wall, 3),
        "cpu_s_per_sample": round((cpu_s() - cpu_before) / given, 4),
        "mean": round(total / (given * CLIPS * FRAMES * 3 * SIDE * SIDE / 16), 4),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
