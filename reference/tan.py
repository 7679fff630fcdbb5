"""Golden of 2D-TAN: the sparse map and its masks, the clips averaged to a fixed length, the network
with either kind of moments, its loss, one training step, and its moments, stated again in PyTorch and
numpy from `paper.md` D.1.

Everything is a dense map here: all N x N cells, a mask, and convolutions of the whole padded square.
In f64 from f32 weights; times of moments are f32 where the release has them so.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from golden_files import folder, nested, write_json, write_tensors
from random_weights import f32_exact, random_normal

SIZES = {
    "samples": 16, "stride": 2, "scales": [4, 2], "hidden": 6, "lstm_layers": 2, "kernel": 3,
    "layers": 4, "iou_min": 0.3, "iou_max": 0.9, "clip_width": 5, "word_width": 4,
}  # fmt: skip
NUM_WORDS = [4, 1, 3]
DURATIONS = [23.7, 61.31, 12.9]
MOMENTS = [[2.4, 9.1], [0.0, 61.31], [11.05, 12.85]]
STEP = {"learning_rate": 1e-2, "betas": [0.9, 0.999], "epsilon": 1e-8, "gradient_clip": 10.0}


def placements(frames: int, scales: list[int]):
    """(scale, layer, stride, how much longer than one frame) of every length, in order."""
    longer, stride = 0, 1
    for scale, layers in enumerate(scales):
        for layer in range(layers):
            if (scale, layer) != (0, 0):
                longer += stride
            yield scale, layer, stride, longer
        stride *= 2


class Tan(nn.Module):
    def __init__(self, c: dict, pooled: bool):
        super().__init__()
        h, k = c["hidden"], c["kernel"]
        self.c, self.pooled = c, pooled
        self.frames = c["samples"] // c["stride"]
        self.frame_layer = nn.ModuleDict({"vis_conv": nn.Conv1d(c["clip_width"], h, 1)})
        places = lambda s, i: 1 if (s, i) == (0, 0) else 3 if i == 0 else 2  # noqa: E731
        if not pooled:
            self.prop_layer = nn.ModuleDict({"layers": nn.ModuleList(
                nn.ModuleList(
                    nn.Conv1d(h, h, places(s, i), 2 if places(s, i) == 3 else 1) for i in range(n)
                )
                for s, n in enumerate(c["scales"])
            )})  # fmt: skip
        self.fusion_layer = nn.ModuleDict({
            "textual_encoder": nn.LSTM(c["word_width"], h, c["lstm_layers"], batch_first=True),
            "tex_linear": nn.Linear(h, h),
            "vis_conv": nn.Conv2d(h, h, 1),
        })  # fmt: skip
        padding = lambda i: (k - 1) * c["layers"] // 2 if i == 0 else 0  # noqa: E731
        self.map_layer = nn.ModuleDict({"convs": nn.ModuleList(
            nn.Conv2d(h, h, k, padding=padding(i)) for i in range(c["layers"])
        )})  # fmt: skip
        self.pred_layer = nn.Conv2d(h, 1, 1)

    def moment_map(self, x):
        """[b, h, N] to [b, h, N, N] and the mask [N, N]."""
        n = self.frames
        full = x.new_zeros(x.shape[0], x.shape[1], n, n)
        mask = x.new_zeros(n, n)
        for scale, layer, stride, longer in placements(n, self.c["scales"]):
            if not self.pooled:
                x = self.prop_layer["layers"][scale][layer](x)
            elif layer > 0:
                x = F.max_pool1d(x, 2, 1)
            elif scale > 0:
                x = F.max_pool1d(x, 3, 2)
            starts = torch.arange(0, n - longer, stride)
            full[:, :, starts, starts + longer] = x
            mask[starts, starts + longer] = 1
        return full, mask

    def map_weights(self, mask):
        """Per convolution: 1 / (cells that count under the kernel), 0 where none do."""
        weights, counted = [], mask[None, None]
        for conv in self.map_layer["convs"]:
            ones = torch.ones(1, 1, *conv.kernel_size, dtype=mask.dtype)
            counts = F.conv2d(counted, ones, padding=conv.padding).round()
            weights.append(torch.where(counts > 0, 1 / counts.clamp(min=1), 0 * counts))
            counted = (counts > 0).to(mask.dtype)
        return weights

    def forward(self, clips, words, num_words):
        x = F.relu(self.frame_layer["vis_conv"](clips.transpose(1, 2)))
        x = F.avg_pool1d(x, self.c["stride"], self.c["stride"])
        moments, mask = self.moment_map(x)
        states, _ = self.fusion_layer["textual_encoder"](words)
        last = torch.stack([states[i, n - 1] for i, n in enumerate(num_words)])
        sentence = self.fusion_layer["tex_linear"](last)[:, :, None, None]
        x = F.normalize(sentence * self.fusion_layer["vis_conv"](moments)) * mask
        for conv, weight in zip(self.map_layer["convs"], self.map_weights(mask)):
            x = F.relu(conv(x)) * weight
        return self.pred_layer(x)[:, 0] * mask, mask


def iou(moments: np.ndarray, truth: list[float]) -> np.ndarray:
    start, end = moments[..., 0], moments[..., 1]
    shared = np.maximum(0.0, np.minimum(end, truth[1]) - np.maximum(start, truth[0]))
    return shared / (np.maximum(end, truth[1]) - np.minimum(start, truth[0]))


def iou_map(frames: int, duration: float, truth: list[float]) -> np.ndarray:
    places = np.arange(frames + 1, dtype=np.float32)
    times = (places * np.float32(duration) / np.float32(frames)).astype(np.float64)
    truth = [float(np.float32(t)) for t in truth]
    start, end = np.meshgrid(times[:-1], times[1:], indexing="ij")
    return iou(np.stack([start, end], -1), truth)


def loss(c: dict, scores, mask, ious):
    y = ((ious - c["iou_min"]) / (c["iou_max"] - c["iou_min"])).clamp(0, 1)
    p = torch.sigmoid(scores) * mask
    each = F.binary_cross_entropy(p, y * mask, reduction="none") * mask
    return each.sum() / (mask.sum() * scores.shape[0])


def average_to_fixed_length(features: np.ndarray, length: int) -> np.ndarray:
    features = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    count = len(features)
    cuts = [min(int(np.round(i / length * count)), count - 1) for i in range(length + 1)]
    rows = [
        features[a:b].mean(0) if a < b else features[a] for a, b in zip(cuts[:-1], cuts[1:])
    ]
    return np.stack(rows)


def best_moments(scores: np.ndarray, cells: list, frames: int, duration: float, most_iou: float):
    order = sorted(range(len(cells)), key=lambda i: -scores[i])
    grid = np.array([[cells[i][0], cells[i][1] + 1] for i in order], dtype=np.float32)
    times = (grid / np.float32(frames) * np.float32(duration)).astype(np.float64)
    left, kept = list(range(len(times))), []
    while left and len(kept) < 5:
        best, rest = left[0], left[1:]
        kept.append(times[best].tolist())
        a, lengths = times[best], times[:, 1] - times[:, 0]
        shared = [max(0.0, min(a[1], times[i][1]) - max(a[0], times[i][0])) for i in rest]
        left = [
            i for i, s in zip(rest, shared) if s / (lengths[best] + lengths[i] - s) <= most_iou
        ]
    return kept


def network(c: dict, pooled: bool, name: str, inputs: dict) -> dict:
    generator = torch.Generator().manual_seed(39 if pooled else 34)
    model = Tan(c, pooled).double()
    with torch.no_grad():
        for key, parameter in sorted(model.named_parameters()):
            # The map's weights divide by counts, and would leave all scores alike.
            gain = 12.0 if key.startswith("map_layer") else 1.5
            scale = gain * parameter[0].numel() ** -0.5 if parameter.dim() > 1 else 0.15
            parameter.copy_(random_normal(parameter.shape, generator, scale))
    path = folder("tan", "transfer")
    squeezed = lambda tensor: tensor.detach().clone()  # noqa: E731
    write_tensors(
        path / f"{name}_weights.safetensors",
        {key: squeezed(value) for key, value in model.named_parameters()},
    )
    scores, mask = model(inputs["clips"], inputs["words"], NUM_WORDS)
    ious = torch.tensor(np.stack([
        iou_map(model.frames, duration, truth) for duration, truth in zip(DURATIONS, MOMENTS)
    ]))  # fmt: skip
    value = loss(c, scores, mask, ious)
    value.backward()
    gradients = {f"grad.{key}": p.grad.clone() for key, p in model.named_parameters()}
    norm = nn.utils.clip_grad_norm_(model.parameters(), STEP["gradient_clip"])
    torch.optim.Adam(
        model.parameters(), lr=STEP["learning_rate"], betas=STEP["betas"], eps=STEP["epsilon"]
    ).step()
    after, _ = model(inputs["clips"], inputs["words"], NUM_WORDS)
    write_tensors(
        path / f"{name}_outputs.safetensors",
        {"scores": scores, "mask": mask, "ious": ious, "scores_after_one_step": after, **gradients},
    )
    print(name, "loss", float(value.detach()), "norm", float(norm), "spread", float(scores.detach().std()))
    return {"loss": float(value.detach()), "loss_after_one_step": float(loss(c, after, mask, ious).detach())}


def main() -> None:
    generator = torch.Generator().manual_seed(30)
    c = SIZES
    features = random_normal((11, c["clip_width"]), generator, 1.0).numpy()
    clips = np.stack([
        average_to_fixed_length(features[:count], c["samples"]) for count in (11, 5, 8)
    ])  # fmt: skip
    words = random_normal((3, max(NUM_WORDS), c["word_width"]), generator, 1.0)
    inputs = {"clips": f32_exact(torch.tensor(clips)), "words": words}
    path = folder("tan", "transfer")
    averaged = {}
    long = random_normal((300, 2), generator, 1.0).numpy()
    for count, length in ((5, 8), (20, 8), (11, 16), (300, 256), (1, 4)):
        averaged[f"averaged_{count}_to_{length}"] = torch.tensor(
            average_to_fixed_length(long[:count], length)
        )
    write_tensors(
        path / "inputs.safetensors",
        {**inputs, "features": torch.tensor(long), **averaged},
    )
    networks = {
        "max_pool": network(c, True, "max_pool", inputs),
        "conv": network(c, False, "conv", inputs),
    }

    # Scores at random over the sparse map of 64 frames; half of the thresholds lie on the grid.
    rng = np.random.default_rng(4)
    cells = []
    for _, _, stride, longer in placements(64, [16, 8, 8]):
        cells += [[s, s + longer] for s in range(0, 64 - longer, stride)]
    kept = []
    for seed in range(12):
        duration, most_iou = float(rng.uniform(8, 240)), [0.5, 0.4, 0.45][seed % 3]
        # Smooth scores, so that neighbours of the best are good as well.
        centre = rng.uniform(0, 64, 2)
        scores = np.array([
            -abs(s - min(centre)) - abs(e - max(centre)) + rng.uniform(0, 6) for s, e in cells
        ]).astype(np.float32)  # fmt: skip
        moments = best_moments(scores, cells, 64, duration, most_iou)
        kept.append({
            "duration": duration, "most_iou": most_iou,
            "scores": [float(f"{x:.9g}") for x in scores] if seed < 2 else None,
            "centre": centre.tolist(), "moments": moments,
        })  # fmt: skip
    kept = [case for case in kept if case["scores"] is not None]
    write_json(
        path / "config.json",
        {
            "about": "Written by reference/tan.py; do not edit.",
            "model": c,
            "step": STEP,
            "num_words": NUM_WORDS,
            "durations": DURATIONS,
            "moments": MOMENTS,
            "networks": networks,
            "cells_of_64": cells,
            "kept": kept,
        },
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
