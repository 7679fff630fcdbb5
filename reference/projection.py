"""Goldens of the projection head: p = Linear(x); y = Linear(GELU(p)) + p; LayerNorm (eps 1e-5),
exact GELU.
"""

import torch

from golden_files import folder, write_json, write_tensors
from random_weights import random_normal

WIDTH_IN, WIDTH_OUT = 6, 4


def erf_gelu(x: torch.Tensor) -> torch.Tensor:
    return x * 0.5 * (1 + torch.erf(x / 2**0.5))


def layer_norm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    centred = x - x.mean(-1, keepdim=True)
    variance = (centred * centred).mean(-1, keepdim=True)
    return centred / torch.sqrt(variance + 1e-5) * weight + bias


def main() -> None:
    generator = torch.Generator().manual_seed(13)
    weights = {
        "projection.weight": random_normal((WIDTH_OUT, WIDTH_IN), generator, 0.5),
        "projection.bias": random_normal((WIDTH_OUT,), generator, 0.3),
        "fc.weight": random_normal((WIDTH_OUT, WIDTH_OUT), generator, 0.5),
        "fc.bias": random_normal((WIDTH_OUT,), generator, 0.3),
        "layer_norm.weight": 1 + random_normal((WIDTH_OUT,), generator, 0.2),
        "layer_norm.bias": random_normal((WIDTH_OUT,), generator, 0.3),
    }
    weights = {
        name: w.to(torch.float32).to(torch.float64).requires_grad_() for name, w in weights.items()
    }
    x = random_normal((2, 3, WIDTH_IN), generator, 1.0).requires_grad_()
    projected = x @ weights["projection.weight"].T + weights["projection.bias"]
    mixed = erf_gelu(projected) @ weights["fc.weight"].T + weights["fc.bias"] + projected
    y = layer_norm(mixed, weights["layer_norm.weight"], weights["layer_norm.bias"])
    loss_weights = random_normal(y.shape, generator, 1.0)
    (y * loss_weights).sum().backward()

    # The same through PyTorch's own layers.
    functional = torch.nn.functional
    again = functional.linear(x, weights["projection.weight"], weights["projection.bias"])
    again = (
        functional.linear(functional.gelu(again), weights["fc.weight"], weights["fc.bias"]) + again
    )
    again = functional.layer_norm(
        again, (WIDTH_OUT,), weights["layer_norm.weight"], weights["layer_norm.bias"], 1e-5
    )
    assert torch.allclose(y, again, atol=1e-12)

    out = folder("projection")
    write_json(
        out / "config.json",
        {
            "about": "Written by reference/projection.py; do not edit.",
            "model": {"input_width": WIDTH_IN, "joint_width": WIDTH_OUT, "layer_norm_eps": 1e-5},
            "files": {
                "weights.safetensors": "PyTorch orientation: [out, in]",
                "activations.safetensors": "input [2,3,in], output, loss_weights; "
                "grad.* of sum(output * loss_weights)",
            },
        },
    )
    write_tensors(out / "weights.safetensors", weights)
    write_tensors(
        out / "activations.safetensors",
        {
            "input": x,
            "output": y,
            "loss_weights": loss_weights,
            "grad.input": x.grad,
            **{f"grad.{name}": w.grad for name, w in weights.items()},
        },
    )
    print("output", y[0, 0].tolist())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
