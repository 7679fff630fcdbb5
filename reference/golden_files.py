"""Where goldens live and how they are written: small, sorted, the same bytes on every run.

JSON for configurations and small values, safetensors (f32, little endian) for weights and
activations.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

GOLDENS = Path(__file__).resolve().parent.parent / "crates" / "model" / "tests" / "goldens"

SIGNIFICANT_DIGITS = 9


def folder(case: str, crate: str = "model") -> Path:
    """The folder of a case, made if it is missing."""
    path = GOLDENS.parents[2] / crate / "tests" / "goldens" / case
    path.mkdir(parents=True, exist_ok=True)
    return path


def nested(tensor: torch.Tensor):
    """A tensor as nested lists; floats are cut to 9 significant digits, more than f32 holds."""
    if tensor.is_floating_point():
        return _rounded(tensor.tolist())
    return tensor.tolist()


def _rounded(value):
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def write_json(path: Path, document: dict) -> None:
    """One line per top-level entry of a section, so that a diff names what changed."""
    sections = []
    for name, section in document.items():
        if isinstance(section, dict):
            rows = [
                f"    {json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}"
                for k, v in section.items()
            ]
            sections.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n  }")
        else:
            sections.append(f"  {json.dumps(name)}: {json.dumps(section, separators=(',', ':'))}")
    path.write_text("{\n" + ",\n".join(sections) + "\n}\n")


def write_tensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """f32 (integers stay integers), names sorted."""
    ready = {}
    for name in sorted(tensors):
        tensor = tensors[name].detach()
        if tensor.is_floating_point():
            tensor = tensor.to(torch.float32)
        ready[name] = tensor.contiguous().clone()
    save_file(ready, str(path))
    path.chmod(0o644)


def exact(shape: tuple[int, ...], generator: torch.Generator, scale: float = 1.0) -> torch.Tensor:
    """Normal numbers rounded to multiples of 1/128: the same value in f32, in f64 and in short
    decimals.
    """
    values = torch.randn(shape, generator=generator, dtype=torch.float64) * scale
    return torch.round(values * 128) / 128
