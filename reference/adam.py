"""Golden of the optimiser: Adam steps with clipping by the global norm, from the formulas and
from torch.optim.

The gradients are given, so nothing but the optimiser is checked. Two parameters, because a norm
taken for each on its own is not the global one; some gradients near Adam's epsilon, because 1e-5
in place of 1e-8 must show. Once without weight decay and once with it, which PyTorch adds to the
gradient after clipping.
"""

import torch

from golden_files import exact, folder, nested, write_json

BETAS, EPSILON, MAX_NORM = (0.9, 0.999), 1e-8, 1.0
LEARNING_RATES = (0.1, 0.1, 0.01)


def write(name: str, weight_decay: float) -> None:
    generator = torch.Generator().manual_seed(14)
    start = [exact((4,), generator), exact((2, 3), generator)]
    # Clipped, left alone, clipped.
    gradients = [[exact(p.shape, generator, scale) for p in start] for scale in (1.5, 0.1, 3.0)]
    for step in gradients:
        step[0][3] = 2.0**-20
    values = [p.clone() for p in start]
    first = [torch.zeros_like(p) for p in start]
    second = [torch.zeros_like(p) for p in start]
    peer = [torch.nn.Parameter(p.clone()) for p in start]
    optimiser = torch.optim.Adam(
        peer, lr=LEARNING_RATES[0], betas=BETAS, eps=EPSILON, weight_decay=weight_decay
    )
    steps = []
    for number, (rate, given) in enumerate(zip(LEARNING_RATES, gradients), start=1):
        norm = torch.sqrt(sum((g * g).sum() for g in given))
        # PyTorch adds 1e-6 to the norm before it divides.
        scale = min(1.0, MAX_NORM / (float(norm) + 1e-6))
        for i, gradient in enumerate(given):
            clipped = gradient * scale + weight_decay * values[i]
            first[i] = BETAS[0] * first[i] + (1 - BETAS[0]) * clipped
            second[i] = BETAS[1] * second[i] + (1 - BETAS[1]) * clipped**2
            mean = first[i] / (1 - BETAS[0] ** number)
            spread = torch.sqrt(second[i] / (1 - BETAS[1] ** number))
            values[i] = values[i] - rate * mean / (spread + EPSILON)

        for parameter, gradient in zip(peer, given):
            parameter.grad = gradient.clone()
        torch.nn.utils.clip_grad_norm_(peer, MAX_NORM)
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        assert all(torch.allclose(p.detach(), v, atol=1e-12) for p, v in zip(peer, values))
        steps.append(
            {
                "learning_rate": rate,
                "gradients": [nested(g) for g in given],
                "global_norm": nested(norm),
                "parameters": [nested(v) for v in values],
            }
        )
        print("norm", float(norm), "clipped" if scale < 1 else "left alone")
    write_json(
        folder("adam") / name,
        {
            "about": "Written by reference/adam.py; do not edit.",
            "optimizer": {
                "betas": BETAS,
                "epsilon": EPSILON,
                "weight_decay": weight_decay,
                "max_gradient_norm": MAX_NORM,
            },
            "start": [nested(p) for p in start],
            "steps": steps,
        },
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    write("steps.json", 0.0)
    write("weight_decay.json", 0.05)
