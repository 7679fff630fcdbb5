"""Tiny checkpoints as other programs write them, and what those programs compute with them.

Every file format and every kind of names that `locvtp weights import` reads, a few KB each. The
models are Hugging Face's and timm's own; names of the original TimeSformer are made from Hugging
Face's, as its authors' conversion does. Nothing here is pretrained.
"""

import io
import json
import os
import shutil
import warnings
import zipfile

import timm
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    DistilBertConfig,
    DistilBertForMaskedLM,
    TimesformerConfig,
    TimesformerForVideoClassification,
)

from golden_files import folder, write_tensors
from random_weights import random_normal, randomise

WIDTH, HEADS, LAYERS, HIDDEN = 8, 2, 2, 16
IMAGE, PATCH, FRAMES = 8, 4, 2

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "square", "move", "##s"]


def original_timesformer_name(name: str) -> str:
    """Hugging Face's name of a parameter -> the original program's."""
    for theirs, original in [
        ("timesformer.", ""),
        ("embeddings.cls_token", "cls_token"),
        ("embeddings.position_embeddings", "pos_embed"),
        ("embeddings.time_embeddings", "time_embed"),
        ("embeddings.patch_embeddings.projection", "patch_embed.proj"),
        ("encoder.layer.", "blocks."),
        ("temporal_attention.attention.qkv", "temporal_attn.qkv"),
        ("temporal_attention.output.dense", "temporal_attn.proj"),
        ("attention.attention.qkv", "attn.qkv"),
        ("attention.output.dense", "attn.proj"),
        ("temporal_layernorm", "temporal_norm1"),
        ("temporal_dense", "temporal_fc"),
        ("layernorm_before", "norm1"),
        ("layernorm_after", "norm2"),
        ("intermediate.dense", "mlp.fc1"),
        ("output.dense", "mlp.fc2"),
        ("layernorm", "norm"),
        ("classifier", "head"),
    ]:
        name = name.replace(theirs, original)
    return name


def save_deterministic(obj, path, legacy: bool = False) -> None:
    """`torch.save` with the archive's name fixed, so that a second run writes the same bytes."""
    torch.save(obj, str(path), _use_new_zipfile_serialization=not legacy)
    path.chmod(0o644)


def save_pretrained(model, path, **options) -> None:
    shutil.rmtree(path, ignore_errors=True)
    model.save_pretrained(path, **options)
    for file in path.iterdir():
        file.chmod(0o644)


class AsksToRunCode:
    """What an attack looks like: a call in the place of a value."""

    def __reduce__(self):
        return (os.system, ("echo this file ran a command",))


class Scaled(torch.nn.Module):
    """Something small to compile."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(2))

    def forward(self, x):
        return x * self.weight


def video(out, generator) -> dict[str, torch.Tensor]:
    config = TimesformerConfig(
        image_size=IMAGE,
        patch_size=PATCH,
        num_frames=FRAMES,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=HIDDEN,
        num_labels=3,
    )
    model = TimesformerForVideoClassification(config).eval()
    randomise(model, generator)
    save_pretrained(model, out / "hf-timesformer")
    save_pretrained(model, out / "sharded", max_shard_size="4KB")
    weights = model.state_dict()
    renamed = {f"model.{original_timesformer_name(name)}": t for name, t in weights.items()}
    save_deterministic(
        {"model_state": renamed, "epoch": 3, "optimizer_state": {"state": {0: torch.zeros(1)}}},
        out / "timesformer.pyth",
    )
    pixels = random_normal((1, FRAMES, 3, IMAGE, IMAGE), generator, 1.0).float()
    with torch.no_grad():
        hidden = model.timesformer(pixels).last_hidden_state

    # Numbers of 16 bits and 64 bits, each with what they are as f32.
    for name, dtype in [("f16", torch.float16), ("bf16", torch.bfloat16), ("f64", torch.float64)]:
        save_file({k: t.to(dtype) for k, t in weights.items()}, str(out / f"{name}.safetensors"))
        (out / f"{name}.safetensors").chmod(0o644)
    broken = {k: t.clone() for k, t in weights.items()}
    broken["timesformer.encoder.layer.1.temporal_dense.bias"][3] = float("nan")
    save_file(broken, str(out / "nan.safetensors"))
    (out / "nan.safetensors").chmod(0o644)
    return {"pixel_values": pixels, "timesformer": hidden}


def image(out, generator, pixels) -> dict[str, torch.Tensor]:
    model = timm.models.vision_transformer.VisionTransformer(
        img_size=IMAGE,
        patch_size=PATCH,
        embed_dim=WIDTH,
        depth=LAYERS,
        num_heads=HEADS,
        mlp_ratio=HIDDEN / WIDTH,
        num_classes=5,
    ).eval()
    randomise(model, generator)
    save_deterministic(model.state_dict(), out / "timm_vit_legacy.pth", legacy=True)
    save_deterministic({"state_dict": {f"module.{k}": t for k, t in model.state_dict().items()}},
                       out / "timm_vit.pth")
    with torch.no_grad():
        frame = model.forward_features(pixels[:, 0])
        larger = timm.layers.resample_abs_pos_embed(
            model.pos_embed, [3, 3], antialias=False, interpolation="bicubic"
        )
    return {"timm_first_frame": frame, "timm_positions_3x3": larger}


def text(out, generator) -> dict[str, torch.Tensor]:
    config = DistilBertConfig(
        vocab_size=len(VOCABULARY),
        max_position_embeddings=8,
        dim=WIDTH,
        n_layers=LAYERS,
        n_heads=HEADS,
        hidden_dim=HIDDEN,
    )
    model = DistilBertForMaskedLM(config).eval()
    randomise(model, generator)
    save_pretrained(model, out / "distilbert")
    (out / "distilbert" / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    # As older copies are: a pickle, with positions that were counted.
    old = out / "distilbert_old"
    shutil.rmtree(old, ignore_errors=True)
    old.mkdir()
    shutil.copy(out / "distilbert" / "config.json", old / "config.json")
    shutil.copy(out / "distilbert" / "vocab.txt", old / "vocab.txt")
    weights = dict(model.state_dict())
    weights["distilbert.embeddings.position_ids"] = torch.arange(8).unsqueeze(0)
    save_deterministic(weights, old / "pytorch_model.bin", legacy=True)
    # [CLS] a red square move ##s [SEP]
    ids = torch.tensor([[2, 5, 6, 7, 8, 9, 3]])
    with torch.no_grad():
        hidden = model.distilbert(ids).last_hidden_state
    return {"input_ids": ids, "distilbert": hidden}


def resizing(generator) -> dict[str, torch.Tensor]:
    """PyTorch's bicubic interpolation of embeddings, larger and smaller."""
    found = {}
    for before, after in [(4, 7), (7, 4), (2, 5)]:
        positions = random_normal((1, 1 + before**2, 3), generator, 1.0).float()
        grid = positions[:, 1:].reshape(1, before, before, 3).permute(0, 3, 1, 2)
        grid = torch.nn.functional.interpolate(
            grid, size=(after, after), mode="bicubic", align_corners=False
        )
        resized = torch.cat([positions[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)], 1)
        found[f"before_{before}_{after}"] = positions
        found[f"after_{before}_{after}"] = resized
    return found


def refused(out) -> None:
    save_deterministic({"weight": torch.ones(2), "more": AsksToRunCode()}, out / "runs_code.pt")
    save_deterministic(
        {"weight": torch.ones(2), "more": AsksToRunCode()}, out / "runs_code_legacy.pt", legacy=True
    )
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Scaled()), buffer)
    # Without what compiling leaves about where the program stood.
    with zipfile.ZipFile(buffer) as archive, zipfile.ZipFile(
        out / "torchscript.pt", "w"
    ) as smaller:
        for info in archive.infolist():
            if not info.filename.endswith(".debug_pkl"):
                fixed = zipfile.ZipInfo(info.filename, (1980, 1, 1, 0, 0, 0))
                smaller.writestr(fixed, archive.read(info))
    (out / "torchscript.pt").chmod(0o644)


def other_numbers(out) -> None:
    """Weights beside a tensor whose numbers are of a type that no weights are read in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, tensor in {
            "float8_e4m3fn": torch.ones(2, 3).to(torch.float8_e4m3fn),
            "float8_e5m2": torch.ones(2, 3).to(torch.float8_e5m2),
            "uint16": torch.ones(2, 3).to(torch.uint16),
            "complex64": torch.ones(2, 3).to(torch.complex64),
            "qint8": torch.quantize_per_tensor(torch.ones(2, 3), 0.1, 0, torch.qint8),
            "sparse": torch.eye(3).to_sparse(),
        }.items():
            tensors = {"bias": torch.ones(2), "weight": tensor}
            save_deterministic(tensors, out / f"holds_{name}.pt")
        fp8 = {"weight": torch.ones(2, 3).to(torch.float8_e4m3fn)}
        save_deterministic(fp8, out / "holds_float8_legacy.pt", legacy=True)


def main() -> None:
    generator = torch.Generator().manual_seed(31)
    out = folder("foreign")
    found = video(out, generator)
    found |= image(out, generator, found["pixel_values"])
    found |= text(out, generator)
    write_tensors(out / "expected.safetensors", found)
    write_tensors(out / "resized_positions.safetensors", resizing(generator))
    refused(out)
    other_numbers(out)
    # The temporal weights must show in the output, or the golden would not test them.
    reversed_frames = found["pixel_values"].flip(1)
    weights = load_file(str(out / "hf-timesformer" / "model.safetensors"))
    config = TimesformerConfig(**json.loads((out / "hf-timesformer" / "config.json").read_text()))
    model = TimesformerForVideoClassification(config).eval()
    model.load_state_dict(weights)
    with torch.no_grad():
        other = model.timesformer(reversed_frames).last_hidden_state[:, 0]
    assert (other - found["timesformer"][:, 0]).abs().max() > 1e-2


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
