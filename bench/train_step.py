"""PyTorch peer of one pre-training step: the same encoders, heads, three losses, backward and
Adam, in f32.

    python bench/train_step.py --preset demo
    python bench/train_step.py --preset middle --threads 2 --steps 8
    python bench/train_step.py --sizes '{"videos": 4, "dim": 64}'      # over the preset
    python bench/train_step.py --preset vit --checkpoint --warm-up 1 --steps 1   # the paper's pair
    python bench/train_step.py --check            # is it the same model? (goldens, no timing)

glibc gives freed memory back and faults it in again at every step; an allocator that keeps it is
compared with PyTorch under MALLOC_TRIM_THRESHOLD_=100000000000
MALLOC_MMAP_THRESHOLD_=100000000000 as well as without.

Prints one JSON object. The batch is ready as f32 pixels and token ids, so that decoding and
tokenizing are not timed. Written as one would for speed in plain PyTorch: fused qkv,
scaled_dot_product_attention, batched losses, fused Adam.
"""

import argparse
import json
import resource
import statistics
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

PRESETS = {
    "demo": {
        "videos": 16, "clips": 8, "frames": 4, "image": 48, "patch": 12,
        "dim": 96, "blocks": 2, "heads": 3,
        "text_layers": 2, "text_dim": 96, "text_heads": 3, "words": 32,
        "vocab": 1000, "joint": 128,
    },
    "middle": {
        "videos": 8, "clips": 8, "frames": 4, "image": 64, "patch": 8,
        "dim": 192, "blocks": 4, "heads": 3,
        "text_layers": 2, "text_dim": 192, "text_heads": 3, "words": 24,
        "vocab": 1000, "joint": 128,
    },
    # ViT-B/16 and DistilBERT, one pair of the paper.
    "vit": {
        "videos": 1, "clips": 8, "frames": 16, "image": 224, "patch": 16,
        "dim": 768, "blocks": 12, "heads": 12,
        "text_layers": 6, "text_dim": 768, "text_heads": 12, "words": 26,
        "vocab": 30522, "joint": 256,
    },
}  # fmt: skip

TEMPERATURE, NUM_MATCHES, DELTA_MAX, LOSS_WEIGHTS = 0.07, 3, 4, (0.5, 1.0, 1.0)


class Attention(nn.Module):
    """Multi-head self-attention with one matrix for query, key and value."""

    # "sdpa", "eager" (softmax written out) or "mixed": written out for the few frames of a clip,
    # where it wins.
    kind = "mixed"

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        rows, tokens, dim = x.shape
        query, key, value = (
            self.qkv(x).view(rows, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        )
        if Attention.kind == "sdpa" or (Attention.kind == "mixed" and tokens > 16):
            y = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        else:
            scores = query @ key.transpose(-2, -1) * (dim // self.heads) ** -0.5
            if mask is not None:
                scores = scores.masked_fill(~mask, float("-inf"))
            y = scores.softmax(-1) @ value
        return self.out(y.transpose(1, 2).reshape(rows, tokens, dim))


def run(block: nn.Module, *inputs: torch.Tensor):
    """A block, with --checkpoint from its inputs alone: what is inside is made again when gradients are."""
    if run.checkpoints and torch.is_grad_enabled():
        return checkpoint(block, *inputs, use_reentrant=False)
    return block(*inputs)


run.checkpoints = False


class SpaceTimeBlock(nn.Module):
    """Divided space-time attention, pre-norm: time for each patch, then space for each frame,
    then the MLP.
    """

    def __init__(self, dim: int, heads: int, mlp: int):
        super().__init__()
        self.temporal_norm = nn.LayerNorm(dim, eps=1e-6)
        self.temporal_attention = Attention(dim, heads)
        self.temporal_dense = nn.Linear(dim, dim)
        self.norm_before = nn.LayerNorm(dim, eps=1e-6)
        self.attention = Attention(dim, heads)
        self.norm_after = nn.LayerNorm(dim, eps=1e-6)
        self.fc1 = nn.Linear(dim, mlp)
        self.fc2 = nn.Linear(mlp, dim)

    def forward(self, cls: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """cls [b, 1, d], x [b, p, f, d]; returns the same."""
        b, p, f, d = x.shape
        over_time = self.temporal_attention(self.temporal_norm(x).view(b * p, f, d))
        x = x + self.temporal_dense(over_time).view(b, p, f, d)
        frames = torch.cat([cls[:, None].expand(b, f, 1, d), x.transpose(1, 2)], 2).view(
            b * f, 1 + p, d
        )
        over_space = self.attention(self.norm_before(frames)).view(b, f, 1 + p, d)
        cls = cls + over_space[:, :, 0].mean(1, keepdim=True)
        x = x + over_space[:, :, 1:].transpose(1, 2)
        tokens = torch.cat([cls, x.reshape(b, p * f, d)], 1)
        tokens = tokens + self.fc2(F.gelu(self.fc1(self.norm_after(tokens))))
        return tokens[:, :1], tokens[:, 1:].view(b, p, f, d)


class TimeSformer(nn.Module):
    def __init__(
        self, image: int, patch: int, frames: int, dim: int, blocks: int, heads: int, mlp: int
    ):
        super().__init__()
        self.patch = patch
        self.project = nn.Linear(3 * patch * patch, dim)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(torch.zeros(1, 1 + (image // patch) ** 2, dim))
        self.times = nn.Parameter(torch.zeros(1, frames, dim))
        self.blocks = nn.ModuleList(SpaceTimeBlock(dim, heads, mlp) for _ in range(blocks))
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def tokens(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """pixels [b, f, 3, h, w]; returns cls [b, 1, d] and patches [b, p, f, d], before the last
        norm.
        """
        b, f, c, h, w = pixels.shape
        k = self.patch
        cut = (
            pixels.view(b, f, c, h // k, k, w // k, k)
            .permute(0, 3, 5, 1, 2, 4, 6)
            .reshape(b, -1, f, c * k * k)
        )
        x = self.project(cut) + self.positions[:, 1:, None] + self.times[:, None]
        cls = (self.cls + self.positions[:, :1]).expand(b, -1, -1)
        for block in self.blocks:
            cls, x = run(block, cls, x)
        return cls, x

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """The class token, [b, d]."""
        return self.norm(self.tokens(pixels)[0][:, 0])


class TextBlock(nn.Module):
    """DistilBERT's block, post-norm."""

    def __init__(self, dim: int, heads: int, mlp: int):
        super().__init__()
        self.attention = Attention(dim, heads)
        self.norm_before = nn.LayerNorm(dim, eps=1e-12)
        self.fc1 = nn.Linear(dim, mlp)
        self.fc2 = nn.Linear(mlp, dim)
        self.norm_after = nn.LayerNorm(dim, eps=1e-12)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = self.norm_before(self.attention(x, mask) + x)
        return self.norm_after(self.fc2(F.gelu(self.fc1(x))) + x)


class DistilBert(nn.Module):
    def __init__(self, vocab: int, max_words: int, dim: int, layers: int, heads: int, mlp: int):
        super().__init__()
        self.words = nn.Embedding(vocab, dim)
        self.positions = nn.Embedding(max_words, dim)
        self.norm = nn.LayerNorm(dim, eps=1e-12)
        self.blocks = nn.ModuleList(TextBlock(dim, heads, mlp) for _ in range(layers))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """ids and mask [b, n]; returns [b, n, d]."""
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]])
        for block in self.blocks:
            x = run(block, x, mask[:, None, None, :])
        return x


class ProjectionHead(nn.Module):
    def __init__(self, width: int, joint: int):
        super().__init__()
        self.projection = nn.Linear(width, joint)
        self.fc = nn.Linear(joint, joint)
        self.norm = nn.LayerNorm(joint, eps=1e-5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        projected = self.projection(x)
        return self.norm(self.fc(F.gelu(projected)) + projected)


def three_losses(
    clips, words, mask, deltas, warp_weight
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """L_c, L_f, L_t with the paper's settings; clips [b, t, e], words [b, n, e], mask [b, n],
    deltas [b, t].
    """
    b, t, e = clips.shape
    v, q = F.normalize(clips, dim=-1), F.normalize(words, dim=-1)
    present = mask[..., None].to(words.dtype)
    video = F.normalize(clips.mean(1), dim=-1)
    sentence = F.normalize((words * present).sum(1) / present.sum(1), dim=-1)
    coarse = F.cross_entropy(video @ sentence.T / TEMPERATURE, torch.arange(b))

    with torch.no_grad():
        own = torch.einsum("bte,bne->btn", v, q).masked_fill(~mask[:, None], float("-inf"))
        best = own.topk(min(NUM_MATCHES, q.shape[1]), -1)
        share = torch.zeros_like(own).scatter_(
            -1, best.indices, (best.values > float("-inf")).to(own.dtype)
        )
        share = share / share.sum(-1, keepdim=True)
    positive = share @ q

    batch_words = q.reshape(-1, e).T
    padding = ~mask.reshape(-1)

    def against_words(anchor: torch.Tensor) -> torch.Tensor:
        scores = (anchor.reshape(b * t, e) @ batch_words / TEMPERATURE).masked_fill(
            padding, float("-inf")
        )
        return (scores.logsumexp(-1) - (anchor * positive).sum(-1).reshape(-1) / TEMPERATURE).mean()

    fine = against_words(v)
    shifted = v.gather(1, (torch.arange(t) + deltas)[..., None].expand(-1, -1, e))
    extra = torch.stack([deltas.sign(), deltas.abs()], -1).to(v.dtype)
    z = F.normalize(F.relu(torch.cat([shifted, extra], -1) @ warp_weight), dim=-1)
    return coarse, fine, against_words(z)


class LocVtp(nn.Module):
    def __init__(self, s: dict):
        super().__init__()
        self.video = TimeSformer(
            s["image"], s["patch"], s["frames"], s["dim"], s["blocks"], s["heads"], 4 * s["dim"]
        )
        self.text = DistilBert(
            s["vocab"],
            s["words"],
            s["text_dim"],
            s["text_layers"],
            s["text_heads"],
            4 * s["text_dim"],
        )
        self.video_head = ProjectionHead(s["dim"], s["joint"])
        self.text_head = ProjectionHead(s["text_dim"], s["joint"])
        self.warp = nn.Parameter(torch.empty(s["joint"] + 2, s["joint"]))
        nn.init.xavier_uniform_(self.warp)
        for name, parameter in self.named_parameters():
            if parameter.dim() >= 2 and name != "warp" and "head" not in name:
                nn.init.trunc_normal_(parameter, std=0.02)

    def forward(self, batch: dict) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        b, t = batch["pixels"].shape[:2]
        clips = self.video_head(self.video(batch["pixels"].flatten(0, 1))).view(b, t, -1)
        words = self.text_head(self.text(batch["ids"], batch["attention_mask"]))
        return three_losses(clips, words, batch["word_mask"], batch["deltas"], self.warp)


def random_batch(s: dict) -> dict:
    """Pixels, sentences between half and full length ([CLS] and [SEP] are no words), and shifts
    inside the video.
    """
    generator = torch.Generator().manual_seed(1)
    b, t, n = s["videos"], s["clips"], s["words"]
    lengths = torch.randint(n // 2, n + 1, (b,), generator=generator)
    place = torch.arange(n)
    attention = place < lengths[:, None]
    ids = torch.randint(1, s["vocab"], (b, n), generator=generator) * attention
    deltas = torch.zeros(b, t, dtype=torch.int64)
    for i in range(t):
        support = [d for d in range(max(-DELTA_MAX, -i), min(DELTA_MAX, t - 1 - i) + 1) if d]
        deltas[:, i] = torch.tensor(support)[torch.randint(len(support), (b,), generator=generator)]
    return {
        "pixels": torch.randn(b, t, s["frames"], 3, s["image"], s["image"], generator=generator),
        "ids": ids,
        "attention_mask": attention,
        "word_mask": attention & (place > 0) & (place < lengths[:, None] - 1),
        "deltas": deltas,
    }


def measure(s: dict, arguments: argparse.Namespace) -> dict:
    # The libraries alone, so that the model's own share can be told from it.
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    torch.manual_seed(0)
    model, batch = LocVtp(s), random_batch(s)
    optimiser = torch.optim.Adam(
        model.parameters(), lr=1e-4, betas=(0.9, 0.999), eps=1e-8, fused=True
    )

    def step() -> list[float]:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
            parts = model(batch)
        sum(w * part.float() for w, part in zip(LOSS_WEIGHTS, parts)).backward()
        optimiser.step()
        return [float(part.detach()) for part in parts]

    first = step()
    for _ in range(arguments.warm_up - 1):
        step()
    seconds, started = [], resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(arguments.steps):
        begin = time.perf_counter()
        last = step()
        seconds.append(time.perf_counter() - begin)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "sizes": s,
        "torch": torch.__version__,
        "threads": arguments.threads,
        "attention": Attention.kind,
        "checkpoints": run.checkpoints,
        "dtype": "bf16 autocast" if arguments.bf16 else "f32",
        "parameters": sum(p.numel() for p in model.parameters()),
        "steps": arguments.steps,
        "median_s": round(statistics.median(seconds), 5),
        "min_s": round(min(seconds), 5),
        "max_s": round(max(seconds), 5),
        "user_s_per_step": round((ended.ru_utime - started.ru_utime) / arguments.steps, 5),
        "system_s_per_step": round((ended.ru_stime - started.ru_stime) / arguments.steps, 5),
        "peak_rss_mib": round(ended.ru_maxrss / 1024, 1),
        "rss_of_libraries_mib": round(idle / 1024, 1),
        "losses": {"first": first, "last": last},
    }


# ------------------------------------------------------------------ is it the same model?


def check() -> dict:
    """Largest differences to the goldens of the losses and both encoders."""
    from safetensors.torch import load_file

    goldens = Path(__file__).resolve().parent.parent / "crates" / "model" / "tests" / "goldens"
    case = json.loads((goldens / "losses" / "default.json").read_text())
    given = {k: torch.tensor(v, dtype=torch.float64) for k, v in case["inputs"].items()}
    got = three_losses(
        given["clips"],
        given["words"],
        given["word_mask"].bool(),
        given["deltas"].long(),
        given["warp_weight"],
    )
    differences = {
        name: abs(float(value) - case["expected"][name])
        for name, value in zip(("coarse", "fine", "temporal"), got)
    }

    config = json.loads((goldens / "timesformer" / "config.json").read_text())["model"]
    video = TimeSformer(
        config["image_size"], config["patch_size"], config["num_frames"], config["hidden_size"],
        config["num_hidden_layers"], config["num_attention_heads"], config["intermediate_size"],
    )  # fmt: skip
    weights = load_file(goldens / "timesformer" / "weights.safetensors")
    renamed = {}
    for name, value in weights.items():
        for old, new in VIDEO_NAMES:
            name = name.replace(old, new)
        renamed[name] = value.reshape(value.shape[0], -1) if name == "project.weight" else value
    video.load_state_dict(renamed)
    case = load_file(goldens / "timesformer" / "square.safetensors")
    with torch.no_grad():
        cls, x = video.tokens(case["pixel_values"])
        hidden = video.norm(torch.cat([cls, x.flatten(1, 2)], 1))
    differences["timesformer"] = float((hidden - case["last_hidden_state"]).abs().max())

    config = json.loads((goldens / "distilbert" / "config.json").read_text())["model"]
    text = DistilBert(
        config["vocab_size"], config["max_position_embeddings"], config["dim"], config["n_layers"],
        config["n_heads"], config["hidden_dim"],
    )  # fmt: skip
    weights = load_file(goldens / "distilbert" / "weights.safetensors")
    for name in [n for n in weights if ".q_lin." in n]:
        parts = [weights.pop(name.replace("q_lin", f"{letter}_lin")) for letter in "qkv"]
        weights[name.replace("q_lin", "qkv")] = torch.cat(parts)
    renamed = {}
    for name, value in weights.items():
        for old, new in TEXT_NAMES:
            name = name.replace(old, new)
        renamed[name] = value
    text.load_state_dict(renamed)
    case = load_file(goldens / "distilbert" / "activations.safetensors")
    mask = case["attention_mask"].bool()
    with torch.no_grad():
        hidden = text(case["input_ids"], mask)
    differences["distilbert"] = float((hidden - case["last_hidden_state"])[mask].abs().max())
    assert max(differences.values()) < 1e-5, differences
    return {"largest_difference": differences}


VIDEO_NAMES = (
    ("embeddings.patch_embeddings.projection", "project"), ("embeddings.cls_token", "cls"),
    ("embeddings.position_embeddings", "positions"), ("embeddings.time_embeddings", "times"),
    ("encoder.layer", "blocks"), ("attention.attention", "attention"),
    ("attention.output.dense", "attention.out"),
    ("intermediate.dense", "fc1"), ("output.dense", "fc2"), ("temporal_layernorm", "temporal_norm"),
    ("layernorm_before", "norm_before"), ("layernorm_after", "norm_after"), ("layernorm", "norm"),
)  # fmt: skip
TEXT_NAMES = (
    ("embeddings.word_embeddings", "words"), ("embeddings.position_embeddings", "positions"),
    ("embeddings.LayerNorm", "norm"), ("transformer.layer", "blocks"), ("out_lin", "out"),
    ("sa_layer_norm", "norm_before"), ("output_layer_norm", "norm_after"), ("ffn.lin", "fc"),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", choices=PRESETS, default="demo")
    parser.add_argument("--sizes", type=json.loads, default={}, help="JSON object over the preset")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--attention", choices=("mixed", "sdpa", "eager"), default="mixed")
    parser.add_argument("--bf16", action="store_true", help="autocast the forward pass")
    parser.add_argument("--checkpoint", action="store_true", help="keep the inputs of blocks only")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    unknown = set(arguments.sizes) - set(PRESETS["demo"])
    if unknown:
        parser.error(f"unknown sizes {sorted(unknown)}; known are {sorted(PRESETS['demo'])}")
    torch.set_num_threads(arguments.threads)
    Attention.kind = arguments.attention
    run.checkpoints = arguments.checkpoint
    result = (
        check()
        if arguments.check
        else measure({**PRESETS[arguments.preset], **arguments.sizes}, arguments)
    )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
