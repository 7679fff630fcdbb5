"""Random weights for models that a golden is taken from: everything is non-zero, everything is
exact in f32.
"""

import torch


def f32_exact(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to(torch.float32).to(torch.float64)


def random_normal(shape, generator: torch.Generator, scale: float) -> torch.Tensor:
    return f32_exact(torch.randn(shape, generator=generator, dtype=torch.float64) * scale)


def randomise(model: torch.nn.Module, generator: torch.Generator) -> None:
    """Matrices at 1/sqrt(inputs), norms around 1, everything else at 0.3."""
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            is_norm = "norm" in name.lower() or "ln_" in name
            if is_norm and name.endswith("weight"):
                parameter.copy_(f32_exact(1 + random_normal(parameter.shape, generator, 0.2)))
            elif (
                parameter.dim() >= 2 and name.endswith("weight") and "embeddings.weight" not in name
            ):
                inputs = parameter[0].numel()
                parameter.copy_(random_normal(parameter.shape, generator, inputs**-0.5))
            else:
                parameter.copy_(random_normal(parameter.shape, generator, 0.3))
