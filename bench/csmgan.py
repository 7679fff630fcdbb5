"""PyTorch peer of one training step of CSMGAN: the network of `reference/csmgan.py` in f32 with its
dropout, its loss, backward and fused Adam.

    python bench/csmgan.py --preset activity_net --batch 128 --steps 3

Prints one JSON object. The features are ready as tensors and the targets are made before, as in
`crates/transfer/benches/csmgan_step.rs`.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))
from csmgan import Csmgan, offset_bases, targets  # noqa: E402

SHARED = {
    "word_width": 300, "num_frames": 200, "num_words": 20, "frame_width": 500, "hidden_width": 512,
    "attention_layers": 2, "attention_heads": 4, "attention_radius": 3, "share_of_greatest": 0.8,
    "dropout": 0.2,
}  # fmt: skip
PRESETS = {
    "activity_net": SHARED | {
        "features": 500, "batch": 128, "regression_weight": 1e-3,
        "anchor_widths": [16.0, 32.0, 64.0, 96.0, 128.0, 160.0, 192.0],
    },
    "tacos": SHARED | {
        "features": 4096, "batch": 64, "regression_weight": 5e-3,
        "anchor_widths": [2.75, 4.75, 8.75, 16.75],
    },
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", choices=PRESETS, default="activity_net")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    c = PRESETS[arguments.preset]
    b = arguments.batch or c["batch"]
    torch.manual_seed(0)
    model = Csmgan(c).train()
    with torch.no_grad():
        for layer in model.video_encoder.attn_layers:
            layer.in_proj_weight.uniform_(-0.05, 0.05)
            layer.in_proj_bias.zero_()
    frames = torch.rand(b, c["num_frames"], c["features"]) * 2 - 1
    words = torch.rand(b, c["num_words"], c["word_width"]) * 2 - 1
    counts = [5 + i * 7 % 16 for i in range(b)]
    moments = np.array([[i % 100, i % 100 + 20 + i % 60] for i in range(b)], dtype=float)
    scores, legal, regressed = (np.stack(t) for t in zip(*(targets(c, m) for m in moments)))
    scores, legal = torch.as_tensor(scores).float(), torch.as_tensor(legal).float()
    chosen = torch.as_tensor(regressed)
    anchors = offset_bases(c, torch.as_tensor(moments).int())
    truth = torch.as_tensor(moments).float()[:, None]
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-7, fused=True)

    def step() -> float:
        optimiser.zero_grad(set_to_none=True)
        logits, offsets = model(frames, words, counts)
        value = F.binary_cross_entropy(torch.sigmoid(logits) * legal, scores)
        refined = (anchors + offsets)[chosen]
        value = value + c["regression_weight"] * F.smooth_l1_loss(
            refined, truth.expand_as(offsets)[chosen]
        )
        value.backward()
        optimiser.step()
        return float(value.detach())

    step()
    seconds, started = [], resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(arguments.steps):
        begin = time.perf_counter()
        last = step()
        seconds.append(time.perf_counter() - begin)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    cpu = ended.ru_utime + ended.ru_stime - started.ru_utime - started.ru_stime
    print(json.dumps({
        "preset": arguments.preset, "batch": b, "torch": torch.__version__,
        "threads": arguments.threads, "cpu_s_per_step": round(cpu / arguments.steps, 3),
        "median_s": round(statistics.median(seconds), 3), "loss": round(last, 4),
        "parameters": sum(p.numel() for p in model.parameters()),
        "peak_rss_mib": round(ended.ru_maxrss / 1024),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
