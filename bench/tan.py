"""PyTorch peer of one training step of 2D-TAN: whole squares and masks, as its release computes them,
in f32.

    python bench/tan.py --preset activitynet --batch 1 --threads 2
    python bench/tan.py --preset activitynet --batch 1 --no-mask     # what the mask costs here

Prints one JSON object. The network is `reference/tan.py`'s, which the goldens are made by; the masks
of the map are made once, not in every step as in the release.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))
import tan  # noqa: E402

PRESETS = {
    "activitynet": {"samples": 256, "stride": 4, "scales": [16, 8, 8], "kernel": 9, "layers": 4,
                    "clip_width": 500},
    "charades": {"samples": 256, "stride": 16, "scales": [16], "kernel": 5, "layers": 8,
                 "clip_width": 4096},
    "tacos": {"samples": 256, "stride": 2, "scales": [16, 8, 8, 8], "kernel": 5, "layers": 8,
              "clip_width": 4096},
}  # fmt: skip


class Masked(tan.Tan):
    """The same, with the map's weights kept."""

    kept: list | None = None
    masked = True

    def map_weights(self, mask):
        if self.kept is None:
            self.kept = super().map_weights(mask)
        return self.kept if self.masked else [1.0] * len(self.kept)


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="activitynet", choices=PRESETS)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--conv", action="store_true", help="convolved moments, not pooled ones")
    parser.add_argument("--no-mask", action="store_true", help="without the weights of the mask")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    sizes = {**PRESETS[options.preset], "hidden": 512, "lstm_layers": 3, "word_width": 300}
    model = Masked(sizes, not options.conv)
    model.masked = not options.no_mask
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4)
    b = options.batch
    clips = torch.rand(b, sizes["samples"], sizes["clip_width"]) * 2 - 1
    words = torch.rand(b, 20, 300) * 2 - 1
    num_words = [5 + i * 7 % 16 for i in range(b)]
    frames = sizes["samples"] // sizes["stride"]
    targets = torch.rand(b, frames, frames)
    wall, parts = [], [0.0, 0.0, 0.0]
    before = cpu_seconds()
    for _ in range(options.steps):
        began = time.perf_counter()
        scores, mask = model(clips, words, num_words)
        p = torch.sigmoid(scores) * mask
        each = F.binary_cross_entropy(p, targets * mask, reduction="none") * mask
        loss = each.sum() / (mask.sum() * b)
        value = float(loss.detach())
        forward = time.perf_counter() - began
        optimiser.zero_grad()
        loss.backward()
        backward = time.perf_counter() - began
        nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimiser.step()
        wall.append(time.perf_counter() - began)
        for i, part in enumerate((forward, backward - forward, wall[-1] - backward)):
            parts[i] += part / options.steps
    print(json.dumps({
        "preset": options.preset, "batch": b, "threads": options.threads,
        "masked": model.masked, "cpu_s_per_step": round((cpu_seconds() - before) / options.steps, 2),
        "median_s": round(sorted(wall)[len(wall) // 2], 2), "forward_s": round(parts[0], 2),
        "backward_s": round(parts[1], 2), "update_s": round(parts[2], 2), "loss": round(value, 4),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
