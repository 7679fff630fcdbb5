"""The other encoders at their published sizes: CLIP ViT-B/16, Frozen-in-Time, C3D. Random weights in
the source's format, and what `locvtp extract` makes of a real video beside another implementation.

CLIP is transformers' CLIPModel frame by frame; Frozen-in-Time and C3D are the statements in PyTorch
that the goldens come from (frozen.py, c3d.py), at full width. Used by scripts/full_size.

    full_size_others.py make OUT               OUT/clip, OUT/frozen, OUT/c3d
    full_size_others.py compare OUT            OUT/features-{clip,frozen,c3d}.h5 as extract wrote them
    full_size_others.py pixels VIDEO           640 x 360: our bicubic scaling beside Pillow's
"""

import shutil
import subprocess
import sys
from pathlib import Path

import decord
import h5py
import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from transformers import CLIPConfig, CLIPModel, DistilBertModel

import c3d
import frozen
from full_size import HEIGHT, SIDE, VIDEOS, WIDTH, error, randomised
from golden_files import GOLDENS

FRAMES = 16
FROZEN = {
    "image_size": SIDE,
    "patch_size": 16,
    "num_channels": 3,
    "num_frames": 4,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
}
# Frozen-in-Time's name of a parameter for Hugging Face's; the first that fits is replaced.
FROZEN_NAMES = [
    ("embeddings.cls_token", "cls_token"),
    ("embeddings.position_embeddings", "pos_embed"),
    ("embeddings.time_embeddings", "temporal_embed"),
    ("embeddings.patch_embeddings.projection", "patch_embed.proj"),
    ("encoder.layer", "blocks"),
    ("temporal_attention.attention", "timeattn"),
    ("temporal_attention.output.dense", "timeattn.proj"),
    ("attention.attention", "attn"),
    ("attention.output.dense", "attn.proj"),
    ("temporal_layernorm", "norm3"),
    ("layernorm_before", "norm1"),
    ("layernorm_after", "norm2"),
    ("intermediate.dense", "mlp.fc1"),
    ("output.dense", "mlp.fc2"),
    ("layernorm", "norm"),
]
C3D_SIDE, C3D_SHORT_SIDE, C3D_WIDTH, C3D_FEATURE = 112, 128, 64, 4096
# What the imports write into preprocessor_config.json.
NORMALISATION = {
    "clip": ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]),
    "frozen": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    "c3d": ([104 / 255, 117 / 255, 128 / 255], [1 / 255] * 3),
}


def frozen_weights() -> dict[str, torch.Tensor]:
    """Of the size that is set in frozen.CONFIG, under Hugging Face's names."""
    generator = torch.Generator().manual_seed(4)
    shapes = {name: w.shape for name, w in frozen.random_weights(generator).items()}
    return {
        name: torch.ones(shape) if "norm" in name and name.endswith("weight")
        else torch.randn(shape, generator=generator) * 0.02
        for name, shape in shapes.items()
    }


def c3d_weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    weights, inputs = {}, 3
    for name, factor, _ in c3d.LAYERS:
        outputs = factor * C3D_WIDTH
        scale = (2 / (27 * inputs)) ** 0.5
        weights[f"{name}.weight"] = torch.randn((outputs, inputs, 3, 3, 3), generator=generator) * scale
        weights[f"{name}.bias"] = torch.randn(outputs, generator=generator) * 0.1
        inputs = outputs
    for name, inputs, outputs in [("fc6", 8192, C3D_FEATURE), ("fc7", 4096, 4096), ("fc8", 4096, 487)]:
        weights[f"{name}.weight"] = torch.randn((outputs, inputs), generator=generator) * inputs**-0.5
        weights[f"{name}.bias"] = torch.randn(outputs, generator=generator) * 0.1
    return weights


def c3d_features(weights: dict, clips: torch.Tensor) -> torch.Tensor:
    """`[b, f, c, height, width]` to fc6 behind its ReLU."""
    x = clips.transpose(1, 2)
    for name, _, is_pooled in c3d.LAYERS:
        x = functional.relu(functional.conv3d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1))
        x = c3d.pool(name)(x) if is_pooled else x
    return functional.relu(functional.linear(x.flatten(1), weights["fc6.weight"], weights["fc6.bias"]))


def make(out: Path) -> None:
    for name in ("clip", "frozen", "c3d"):
        (out / name).mkdir(parents=True, exist_ok=True)
    config = CLIPConfig(vision_config={"patch_size": 16}, projection_dim=512)
    randomised(CLIPModel(config), 6).save_pretrained(out / "clip")
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(GOLDENS / "clip_tokenizer" / name, out / "clip" / name)

    state = {}
    for name, tensor in frozen_weights().items():
        for ours, theirs in FROZEN_NAMES:
            name = name.replace(ours, theirs)
        state[f"module.video_model.{name}"] = tensor
    text = DistilBertModel.from_pretrained(out / "distilbert")
    state |= {f"module.text_model.{name}": tensor for name, tensor in text.state_dict().items()}
    for name, width in [("txt_proj.1", 768), ("vid_proj.0", 768)]:
        state[f"module.{name}.weight"], state[f"module.{name}.bias"] = torch.zeros(256, width), torch.zeros(256)
    torch.save({"epoch": 1, "state_dict": state}, out / "frozen" / "frozen.pth")
    shutil.copy(out / "distilbert" / "vocab.txt", out / "frozen" / "vocab.txt")
    torch.save(c3d_weights(), out / "c3d" / "c3d.pth")


def centre(frames: np.ndarray, side: int) -> np.ndarray:
    top, left = (round((size - side) / 2) for size in frames.shape[1:3])
    return frames[:, top : top + side, left : left + side]


def bilinear(path: Path, short_side: int, side: int) -> np.ndarray:
    reader = decord.VideoReader(str(path), width=short_side * WIDTH // HEIGHT, height=short_side)
    return centre(reader.get_batch(range(len(reader))).asnumpy(), side)


def by_ffmpeg(path: Path, width: int, height: int) -> np.ndarray:
    """By the flags that our bicubic scaling has."""
    flags = "bicubic+full_chroma_int+accurate_rnd"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", f"scale={width}:{height}:flags={flags}",
               "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def bicubic_by_ffmpeg(path: Path) -> np.ndarray:
    return centre(by_ffmpeg(path, SIDE * WIDTH // HEIGHT, SIDE), SIDE)


def scaled_by_pillow(frames: np.ndarray, resample: Image.Resampling) -> np.ndarray:
    """As CLIP's own preprocessing: of a whole RGB picture."""
    size = (SIDE * WIDTH // HEIGHT, SIDE)
    return centre(np.stack([np.asarray(Image.fromarray(f).resize(size, resample)) for f in frames]), SIDE)


def by_decord(path: Path) -> np.ndarray:
    reader = decord.VideoReader(str(path))
    return reader.get_batch(range(len(reader))).asnumpy()


def clips_of(frames: np.ndarray, kind: str, num_frames: int) -> torch.Tensor:
    """Normalised clips of neighbouring frames, `[b, f, c, height, width]`."""
    mean, std = (torch.tensor(numbers) for numbers in NORMALISATION[kind])
    whole = len(frames) // num_frames * num_frames
    pixels = (torch.from_numpy(frames[:whole].copy()).float() / 255 - mean) / std
    pixels = pixels.permute(0, 3, 1, 2)
    return pixels.reshape(-1, num_frames, *pixels.shape[1:])


def report(kind: str, found: torch.Tensor, expected: torch.Tensor, frames: str) -> float:
    worst = error(found[: len(expected)], expected)
    print(f"{kind}: {len(expected)} clips, {expected.shape[1]} numbers each, on {frames}: relative error {worst:.1e}")
    return worst


def difference(name: str, ours: np.ndarray, others: np.ndarray) -> None:
    apart = np.abs(ours.astype(int) - others.astype(int))
    print(f"  {name}: {(apart > 0).mean():.1%} of the bytes differ, by {apart.mean():.2f} on the mean, "
          f"{np.percentile(apart, 99):.0f} at the 99th percentile, {apart.max()} at most")


def pixels(path: Path) -> None:
    ours, bicubic = bicubic_by_ffmpeg(path), Image.Resampling.BICUBIC
    difference("Pillow of whole pictures rounded as ours", ours, scaled_by_pillow(by_ffmpeg(path, WIDTH, HEIGHT), bicubic))
    whole = by_decord(path)
    difference("Pillow of decord's whole pictures", ours, scaled_by_pillow(whole, bicubic))
    difference("bilinear as everything else is scaled", ours, bilinear(path, SIDE, SIDE))
    difference("for comparison: decord's bilinear beside Pillow's bilinear", bilinear(path, SIDE, SIDE),
               scaled_by_pillow(whole, Image.Resampling.BILINEAR))


@torch.no_grad()
def compare(out: Path) -> None:
    name = next(iter(VIDEOS))
    path = out / "videos" / name
    found = {
        kind: torch.from_numpy(h5py.File(out / f"features-{kind}.h5")[path.stem]["c3d_features"][:])
        for kind in NORMALISATION
    }
    worst = []

    model = CLIPModel.from_pretrained(out / "clip").eval()

    def clip_features(frames: np.ndarray) -> torch.Tensor:
        clips = clips_of(frames, "clip", FRAMES)
        pooled = model.vision_model(pixel_values=clips.flatten(0, 1)).pooler_output
        return model.visual_projection(pooled).reshape(*clips.shape[:2], -1).mean(1)

    pillow = scaled_by_pillow(by_decord(path), Image.Resampling.BICUBIC)
    worst.append(report("CLIP ViT-B/16", found["clip"], clip_features(pillow), "Pillow's bicubic frames"))
    fast = bicubic_by_ffmpeg(path)
    report("CLIP ViT-B/16", found["clip"], clip_features(fast), "ffmpeg's bicubic frames, as `fast` scales")
    report("CLIP ViT-B/16", found["clip"], clip_features(bilinear(path, SIDE, SIDE)), "decord's bilinear frames")
    pixels(path)

    clips = clips_of(bilinear(path, SIDE, SIDE), "frozen", FROZEN["num_frames"])
    weights = frozen_weights()
    expected = torch.cat([frozen.forward(weights, clip[None])[:, 0] for clip in clips])
    worst.append(report("Frozen-in-Time", found["frozen"], expected, "decord's frames"))

    clips = clips_of(bilinear(path, C3D_SHORT_SIDE, C3D_SIDE), "c3d", FRAMES)
    expected = c3d_features(torch.load(out / "c3d" / "c3d.pth"), clips)
    worst.append(report("C3D", found["c3d"], expected, "decord's frames"))
    print("all within 1e-4" if max(worst) < 1e-4 else sys.exit(f"the largest relative error is {max(worst):.1e}"))


if __name__ == "__main__":
    torch.set_num_threads(2)
    commands = {"make": make, "compare": compare, "pixels": pixels}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    frozen.CONFIG.update(FROZEN)
    commands[sys.argv[1]](Path(sys.argv[2]))
