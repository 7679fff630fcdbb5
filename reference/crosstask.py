"""Goldens of step localisation: the alignment by trying all choices, and the component model of Zhukov
et al. with its look-ahead, stated in PyTorch from `paper.md` D.3 and differentiated by autograd.

The numbers are multiples of 1/128, exact in f32; everything is computed in f64.
"""

from itertools import combinations

import torch

from golden_files import exact, folder, nested, write_json

SECONDS, WIDTH = 9, 5
STEPS = ["pour the water", "pour milk", "stir the milk", "Add ice"]
CONSTRAINT_WEIGHT = 40.0
# Large, so that looking ahead changes where steps are taken to be.
LEARNING_RATE = 0.75
STEP = {"learning_rate": 1e-2, "betas": [0.9, 0.999], "epsilon": 1e-8}


def cheapest(costs: torch.Tensor) -> tuple[float | None, list[int] | None]:
    """Of all increasing choices of a second a step, the one with the least sum."""
    seconds, steps = costs.shape
    best, best_choice = None, None
    for choice in combinations(range(seconds), steps):
        cost = sum(costs[t, k].item() for k, t in enumerate(choice))
        if best is None or cost < best:
            best, best_choice = cost, list(choice)
    return best, best_choice


def alignments(generator: torch.Generator) -> list[dict]:
    cases = []
    for seconds, steps in [(8, 3), (11, 4), (5, 5), (4, 1), (3, 4), (12, 2)]:
        costs = exact((seconds, steps), generator)
        cost, choice = cheapest(costs)
        cases.append({"costs": nested(costs), "seconds": choice, "cost": cost})
    return cases


def shares() -> tuple[list[str], torch.Tensor]:
    """A[M, K]: the share of each word in each step, words in the order in which they first come."""
    words: list[str] = []
    for step in STEPS:
        words += [word for word in step.lower().split() if word not in words]
    table = torch.zeros(len(words), len(STEPS), dtype=torch.float64)
    for k, step in enumerate(STEPS):
        parts = step.lower().split()
        for word in parts:
            table[words.index(word), k] += 1 / len(parts)
    return words, table


def objective(weight, bias, x, table, assignment, constraints):
    """1/T sum_tk Y (lambda C - log softmax O)."""
    scores = (x @ weight.T + bias) @ table
    costs = CONSTRAINT_WEIGHT * constraints - torch.log_softmax(scores, dim=1)
    return scores, (assignment * costs).sum() / x.shape[0]


def component_model(generator: torch.Generator) -> dict:
    words, table = shares()
    x = exact((SECONDS, WIDTH), generator)
    weight = exact((len(words), WIDTH), generator, 0.5).requires_grad_()
    bias = exact((len(words),), generator, 0.5).requires_grad_()
    constraints = torch.ones(SECONDS, len(STEPS), dtype=torch.float64)
    for step, start, end in [(0, 0, 4), (1, 2, 7), (3, 3, 9)]:
        constraints[start:end, step] = 0
    constraints[:, 2] = 1  # told nowhere

    scores = (x @ weight.T + bias) @ table
    now = CONSTRAINT_WEIGHT * constraints - torch.log_softmax(scores, dim=1)
    _, first = cheapest(now.detach())
    assignment = torch.zeros_like(constraints)
    assignment[first, range(len(STEPS))] = 1
    assignment.requires_grad_()
    _, loss = objective(weight, bias, x, table, assignment, constraints)
    gradients = torch.autograd.grad(loss, [weight, bias], create_graph=True)
    ahead = loss - LEARNING_RATE / 2 * sum((gradient**2).sum() for gradient in gradients)
    (costs,) = torch.autograd.grad(ahead, [assignment])
    costs = SECONDS * costs
    _, second = cheapest(costs)
    assert first != second, "the case should show that looking ahead matters"

    chosen = torch.zeros_like(constraints)
    chosen[second, range(len(STEPS))] = 1
    scores, loss = objective(weight, bias, x, table, chosen, torch.zeros_like(constraints))
    loss.backward()
    gradients = {"weight": nested(weight.grad), "bias": nested(bias.grad)}
    drawn = {"weight": nested(weight), "bias": nested(bias)}
    optimizer = torch.optim.Adam(
        [weight, bias], lr=STEP["learning_rate"], betas=STEP["betas"], eps=STEP["epsilon"]
    )
    optimizer.step()
    return {
        "inputs": {
            "steps": STEPS,
            "words": words,
            "x": nested(x),
            "constraints": nested(constraints),
            "constraint_weight": CONSTRAINT_WEIGHT,
            "learning_rate": LEARNING_RATE,
            **drawn,
        },
        "expected": {
            "shares": nested(table),
            "scores": nested(scores),
            "costs": nested(now),
            "seconds": first,
            "costs_ahead": nested(costs),
            "seconds_ahead": second,
            "loss": loss.item(),
            "grad_weight": gradients["weight"],
            "grad_bias": gradients["bias"],
        },
        "step": {**STEP, "weight": nested(weight), "bias": nested(bias)},
    }


def main() -> None:
    generator = torch.Generator().manual_seed(31)
    path = folder("crosstask", "transfer")
    uniform = [
        {
            "num_seconds": t,
            "num_steps": k,
            "seconds": [min(round(t * (2 * i + 1) / (2 * k)), t - 1) for i in range(k)],
        }
        for t, k in [(10, 4), (7, 3), (300, 7), (5, 5), (2, 1), (6, 4)]
    ]
    write_json(path / "alignments.json", {"cases": alignments(generator), "equal_distances": uniform})
    for seed in range(1000):
        try:
            document = component_model(torch.Generator().manual_seed(seed))
            break
        except AssertionError:
            continue
    write_json(path / "component_model.json", {**document, "seed": seed})


if __name__ == "__main__":
    main()
