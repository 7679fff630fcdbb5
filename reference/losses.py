"""Goldens of the three losses: L_c, L_f, L_t and their gradients on random raw features.

Written from the formulas of the paper (arXiv 2207.10362) one clip at a time and in double
precision, with no batched similarity, masking or gather, so that it shares no trick (and no slip)
with an implementation that does.

A run checks itself first: hand-computed vectors, finite differences, and that every choice
(top-k, ReLU) is far enough from a tie that f32 decides the same.
"""

import math
from dataclasses import asdict, dataclass, replace

import torch

from golden_files import exact, folder, nested, write_json

WEIGHTS = {"coarse": 0.5, "fine": 1.0, "temporal": 1.0}
# Nearest that a selection or a ReLU may come to a tie; single precision errs by about 1e-6 here.
MARGIN = 1e-4


@dataclass(frozen=True)
class Choices:
    """Every switch of the losses; the defaults are the paper's, or ours where it is silent."""

    temperature: float = 0.07
    num_matches: int = 3
    # clip_topk | word_topk | 2d_topk
    correspondence: str = "clip_topk"
    # L_c: mean of video-to-text and text-to-video instead of video-to-text alone.
    symmetric: bool = False
    # Unit length for the mean of the matched words.
    renorm_positive: bool = False
    # all_words | all_words_plus_positive | positive_plus_other_sentences
    denominator: str = "all_words"
    # cross_modal: z^t against the matched words of clip t. intra_modal: z^t against v^t among all
    # clips.
    temporal_target: str = "cross_modal"
    # What follows v^(t+delta) in the input of the warp head, in this order: sign, magnitude.
    warp_sign: bool = True
    warp_magnitude: bool = True
    # |delta| / delta_max instead of |delta|.
    scale_magnitude: bool = False
    delta_max: int = 4


def unit(x: torch.Tensor) -> torch.Tensor:
    """x / max(|x|, 1e-12); the gradient at x = 0 is finite because the norm is then a constant."""
    norm = torch.sqrt((x * x).sum()) if bool((x != 0).any()) else torch.zeros((), dtype=x.dtype)
    return x / torch.clamp(norm, min=1e-12)


def largest(pairs: list[tuple[float, tuple]], count: int) -> list[tuple]:
    """Keys of the `count` largest values; among equals the earlier one."""
    ranked = sorted(range(len(pairs)), key=lambda i: (-pairs[i][0], i))
    if 0 < count < len(pairs):
        gap = pairs[ranked[count - 1]][0] - pairs[ranked[count]][0]
        assert gap == 0 or gap > MARGIN, (
            f"a selection is nearly a tie ({gap:.2e}): take another seed"
        )
    return [pairs[i][1] for i in ranked[:count]]


def correspondence(v: list, q: list, choices: Choices) -> list[list[int]]:
    """For each clip of one pair, the words of its own sentence that match it (maybe none)."""
    similarity = [[float(clip @ word) for word in q] for clip in v]
    k, num_clips, num_words = choices.num_matches, len(v), len(q)
    matches: list[list[int]] = [[] for _ in v]
    if choices.correspondence == "clip_topk":
        for t in range(num_clips):
            matches[t] = largest(
                [(similarity[t][s], s) for s in range(num_words)], min(k, num_words)
            )
    elif choices.correspondence == "word_topk":
        for s in range(num_words):
            for t in largest([(similarity[t][s], t) for t in range(num_clips)], min(k, num_clips)):
                matches[t].append(s)
    elif choices.correspondence == "2d_topk":
        cells = [(similarity[t][s], (t, s)) for t in range(num_clips) for s in range(num_words)]
        for t, s in largest(cells, min(k * num_clips, len(cells))):
            matches[t].append(s)
    else:
        raise ValueError(choices.correspondence)
    return [sorted(m) for m in matches]


def contrast(anchor, positive, own: int, q: list, choices: Choices) -> torch.Tensor:
    """-log of the share of `positive` for one anchor, against the words `q[i][s]` of the batch."""
    tau = choices.temperature
    if choices.denominator == "all_words":
        terms = [anchor @ word for sentence in q for word in sentence]
    elif choices.denominator == "all_words_plus_positive":
        terms = [anchor @ word for sentence in q for word in sentence] + [anchor @ positive]
    elif choices.denominator == "positive_plus_other_sentences":
        terms = [anchor @ word for i, sentence in enumerate(q) if i != own for word in sentence]
        terms.append(anchor @ positive)
    else:
        raise ValueError(choices.denominator)
    return torch.logsumexp(torch.stack(terms) / tau, 0) - anchor @ positive / tau


def warp(v: list, t: int, delta: int, weight: torch.Tensor, choices: Choices) -> torch.Tensor:
    """g(v^(t+delta), delta), unit length."""
    assert delta != 0 and 0 <= t + delta < len(v)
    extra = []
    if choices.warp_sign:
        extra.append(math.copysign(1.0, delta))
    if choices.warp_magnitude:
        extra.append(abs(delta) / (choices.delta_max if choices.scale_magnitude else 1))
    row = torch.cat([v[t + delta], torch.tensor(extra, dtype=weight.dtype)])
    pre = row @ weight
    assert float(pre.detach().abs().min()) > MARGIN, (
        "a ReLU is nearly at its kink: take another seed"
    )
    return unit(torch.relu(pre))


def mean(values: list) -> torch.Tensor:
    return torch.stack(values).mean(0)


def losses(clips, words, word_mask, deltas, weight, choices: Choices) -> dict:
    """L_c, L_f, L_t (None for one clip) and the matches `[b][t] -> words`.

    clips [b, t, e] and words [b, n, e] are projected and not normalised; deltas [b, t]; weight [e
    + extra, e]. L_f and L_t are means over all clips of the batch that have a positive, L_c over
    the pairs.
    """
    tau = choices.temperature
    num_pairs, num_clips = clips.shape[:2]
    raw_words = [
        [words[i, s] for s in range(words.shape[1]) if word_mask[i, s]] for i in range(num_pairs)
    ]
    v = [[unit(clip) for clip in clips[i]] for i in range(num_pairs)]
    q = [[unit(word) for word in sentence] for sentence in raw_words]
    video = [unit(mean(list(clips[i]))) for i in range(num_pairs)]
    sentence = [unit(mean(raw_words[i])) for i in range(num_pairs)]

    forth = mean(
        [
            torch.logsumexp(torch.stack([video[n] @ s for s in sentence]) / tau, 0)
            - video[n] @ sentence[n] / tau
            for n in range(num_pairs)
        ]
    )
    back = mean(
        [
            torch.logsumexp(torch.stack([sentence[n] @ x for x in video]) / tau, 0)
            - video[n] @ sentence[n] / tau
            for n in range(num_pairs)
        ]
    )
    coarse = (forth + back) / 2 if choices.symmetric else forth

    matches, fine, temporal = [], [], []
    for n in range(num_pairs):
        # Which words match is a constant; the gradient flows through the words themselves.
        chosen = correspondence([x.detach() for x in v[n]], [x.detach() for x in q[n]], choices)
        matches.append(chosen)
        for t in range(num_clips):
            positive = None
            if chosen[t]:
                positive = mean([q[n][s] for s in chosen[t]])
                if choices.renorm_positive:
                    positive = unit(positive)
                fine.append(contrast(v[n][t], positive, n, q, choices))
            if num_clips == 1:
                continue
            if choices.temporal_target == "intra_modal":
                z = warp(v[n], t, int(deltas[n, t]), weight, choices)
                terms = torch.stack([z @ clip for video_clips in v for clip in video_clips]) / tau
                temporal.append(torch.logsumexp(terms, 0) - z @ v[n][t] / tau)
            elif positive is not None:
                z = warp(v[n], t, int(deltas[n, t]), weight, choices)
                temporal.append(contrast(z, positive, n, q, choices))
    return {
        "coarse": coarse,
        "back": back,
        "fine": mean(fine),
        "temporal": mean(temporal) if temporal else None,
        "matches": matches,
    }


def total(result: dict) -> torch.Tensor:
    value = WEIGHTS["coarse"] * result["coarse"] + WEIGHTS["fine"] * result["fine"]
    return value if result["temporal"] is None else value + WEIGHTS["temporal"] * result["temporal"]


# ---------------------------------------------------------------------- self-checks


def check_hand_vectors() -> None:
    """Numbers worked out by hand or by plain Python elsewhere, on unit vectors in the plane."""

    def at(angle: float) -> list[float]:
        return [math.cos(angle), math.sin(angle)]

    clips = torch.tensor([[at(0.1), at(0.7)], [at(1.5), at(2.0)]], dtype=torch.float64)
    words = torch.tensor(
        [[at(0), at(0.5), at(2.5)], [at(1.2), at(1.9), [9.0, 9.0]]], dtype=torch.float64
    )
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    deltas = torch.tensor([[1, -1], [1, -1]])
    # One row per input: v0, v1, sign, magnitude.
    warp_rows = torch.tensor(
        [[0.5, -0.25], [0.1, 0.3], [0.2, -0.1], [-0.05, 0.15]], dtype=torch.float64
    )

    def fine(**changes) -> float:
        # L_t is not looked at; its intra-modal form works with every setting of L_f.
        choices = replace(Choices(), temporal_target="intra_modal", **changes)
        return float(losses(clips, words, mask, deltas, warp_rows, choices)["fine"])

    plain = losses(
        clips, words, mask, deltas, warp_rows, replace(Choices(), temporal_target="intra_modal")
    )
    close(plain["coarse"], 0.001738)
    close(plain["back"], 0.003221)
    for k, renormed, raw in [
        (1, 0.302044, 0.302044),
        (2, 0.791315, 1.412295),
        (3, 1.216966, 4.739775),
    ]:
        close(fine(num_matches=k, renorm_positive=True), renormed)
        close(fine(num_matches=k), raw)
    others = "positive_plus_other_sentences"
    for k, renormed, raw in [
        (1, 0.096310, 0.096310),
        (2, 0.272455, 0.420884),
        (3, 0.181189, 1.871326),
    ]:
        close(fine(num_matches=k, renorm_positive=True, denominator=others), renormed)
        close(fine(num_matches=k, denominator=others), raw)

    for delta, expected in [(2, [0.48, 0.29]), (-3, [0.03, 0.64]), (1, [0.53, 0.14])]:
        v = torch.tensor([0.6, 0.8], dtype=torch.float64)
        row = torch.cat(
            [v, torch.tensor([math.copysign(1.0, delta), abs(delta)], dtype=torch.float64)]
        )
        for got, want in zip(torch.relu(row @ warp_rows), expected):
            close(got, want)

    support = {t: list(delta_support(t, 8, 4)) for t in (0, 3, 4, 7)}
    assert support == {
        0: [1, 2, 3, 4],
        3: [-3, -2, -1, 1, 2, 3, 4],
        4: [-4, -3, -2, -1, 1, 2, 3],
        7: [-4, -3, -2, -1],
    }


def close(got, want: float) -> None:
    assert abs(float(got) - want) < 6e-7, f"{float(got):.7f} is not {want}"


def delta_support(t: int, num_clips: int, delta_max: int):
    """The non-zero shifts that keep clip t inside the video."""
    return [d for d in range(max(-delta_max, -t), min(delta_max, num_clips - 1 - t) + 1) if d != 0]


def check_gradients(inputs: dict, gradients: dict, choices: Choices) -> None:
    """Central differences along one random direction per input."""
    generator = torch.Generator().manual_seed(99)
    step = 1e-6
    for name, gradient in gradients.items():
        direction = torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
        ends = []
        for sign in (1, -1):
            moved = dict(inputs)
            moved[name] = inputs[name] + sign * step * direction
            with torch.no_grad():
                ends.append(float(total(losses(**moved, choices=choices))))
        numeric, analytic = (ends[0] - ends[1]) / (2 * step), float((gradient * direction).sum())
        assert abs(numeric - analytic) < 1e-6 * max(1.0, abs(numeric)), (name, numeric, analytic)


# ---------------------------------------------------------------------------- cases


def inputs_of(choices: Choices, seed: int, num_clips: int = 4, dead: bool = False) -> dict:
    """Three pairs with 5, 2 and 4 words (the padding holds junk), features of width 6."""
    generator = torch.Generator().manual_seed(seed)
    num_pairs, num_words, width = 3, 5, 6
    extra = int(choices.warp_sign) + int(choices.warp_magnitude)
    clips = exact((num_pairs, num_clips, width), generator)
    words = exact((num_pairs, num_words, width), generator)
    weight = exact((width + extra, width), generator, 0.5)
    if dead:
        # The magnitude pushes every output of a far clip below zero.
        weight[-1] = -1.0
    deltas = torch.zeros((num_pairs, num_clips), dtype=torch.int64)
    if num_clips > 1:
        for n in range(num_pairs):
            for t in range(num_clips):
                support = delta_support(t, num_clips, choices.delta_max)
                deltas[n, t] = support[int(torch.randint(len(support), (), generator=generator))]
    mask = torch.tensor([[1] * 5, [1] * 2 + [0] * 3, [1] * 4 + [0]])
    return {"clips": clips, "words": words, "word_mask": mask, "deltas": deltas, "weight": weight}


@dataclass(frozen=True)
class Case:
    """One golden file."""

    choices: Choices
    num_clips: int = 4
    dead: bool = False


CASES = {
    "default": Case(Choices()),
    "one_match": Case(Choices(num_matches=1)),
    "more_matches_than_words": Case(Choices(num_matches=7)),
    "one_clip": Case(Choices(), num_clips=1),
    "symmetric_coarse": Case(Choices(symmetric=True)),
    "renorm_positive": Case(Choices(renorm_positive=True)),
    "denominator_all_words_plus_positive": Case(Choices(denominator="all_words_plus_positive")),
    "denominator_positive_plus_other_sentences": Case(
        Choices(denominator="positive_plus_other_sentences")
    ),
    "correspondence_word_topk": Case(Choices(correspondence="word_topk", num_matches=1)),
    "correspondence_word_topk_three": Case(Choices(correspondence="word_topk")),
    "correspondence_2d_topk": Case(Choices(correspondence="2d_topk", num_matches=1)),
    "temporal_intra_modal": Case(Choices(temporal_target="intra_modal")),
    "warp_scaled_magnitude": Case(Choices(scale_magnitude=True)),
    "warp_without_sign_and_magnitude": Case(Choices(warp_sign=False, warp_magnitude=False)),
    "warp_sign_only": Case(Choices(warp_magnitude=False)),
    "warp_magnitude_only": Case(Choices(warp_sign=False)),
    "warp_with_dead_outputs": Case(Choices(), dead=True),
}


def run(case: Case, seed: int) -> tuple[dict, dict, dict]:
    inputs = inputs_of(case.choices, seed, case.num_clips, case.dead)
    leaves = {name: inputs[name].clone().requires_grad_() for name in ("clips", "words", "weight")}
    result = losses(**{**inputs, **leaves}, choices=case.choices)
    value = total(result)
    value.backward()
    gradients = {
        name: leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)
        for name, leaf in leaves.items()
    }
    check_gradients(inputs, gradients, case.choices)
    return inputs, result, gradients


def unmatched_clips(result: dict) -> int:
    return sum(not m for pair in result["matches"] for m in pair)


def dead_warps(inputs: dict, choices: Choices) -> int:
    """Clips whose warped feature is zero in every component."""
    count = 0
    for n in range(inputs["clips"].shape[0]):
        v = [unit(clip) for clip in inputs["clips"][n]]
        for t in range(len(v)):
            count += int(
                not bool(warp(v, t, int(inputs["deltas"][n, t]), inputs["weight"], choices).any())
            )
    return count


def main() -> None:
    check_hand_vectors()
    out = folder("losses")
    for name, case in CASES.items():
        seed = 20220721
        # The first seed where nothing is near a tie and the case shows what it is for.
        while True:
            try:
                inputs, result, gradients = run(case, seed)
            except AssertionError as error:
                if "take another seed" not in str(error):
                    raise
                seed += 1
                continue
            if (
                name in ("correspondence_word_topk", "correspondence_2d_topk")
                and unmatched_clips(result) == 0
            ):
                seed += 1
                continue
            dead = dead_warps(inputs, case.choices) if case.num_clips > 1 else 0
            if (dead > 0) != case.dead or (case.dead and dead > 8):
                seed += 1
                continue
            break
        num_pairs, num_clips, num_words = (
            len(result["matches"]),
            case.num_clips,
            inputs["words"].shape[1],
        )
        matches = torch.zeros((num_pairs, num_clips, num_words), dtype=torch.int64)
        for n, pair in enumerate(result["matches"]):
            for t, chosen in enumerate(pair):
                matches[n, t, chosen] = 1
        temporal = result["temporal"]
        document = {
            "about": f"Written by reference/losses.py with seed {seed}; do not edit.",
            "choices": {**asdict(case.choices), "loss_weights": WEIGHTS},
            "inputs": {
                "clips": nested(inputs["clips"]),
                "words": nested(inputs["words"]),
                "word_mask": nested(inputs["word_mask"]),
                "deltas": nested(inputs["deltas"]),
                "warp_weight": nested(inputs["weight"]),
            },
            "expected": {
                "matches": nested(matches),
                "coarse": nested(result["coarse"].detach()),
                "fine": nested(result["fine"].detach()),
                "temporal": None if temporal is None else nested(temporal.detach()),
                "total": nested(total(result).detach()),
                "grad_clips": nested(gradients["clips"]),
                "grad_words": nested(gradients["words"]),
                "grad_warp_weight": nested(gradients["weight"]),
            },
        }
        write_json(out / f"{name}.json", document)
        shown = "   none" if temporal is None else f"{float(temporal.detach()):7.4f}"
        print(
            f"{name:44s} seed {seed} L_c {float(result['coarse'].detach()):7.4f} "
            f"L_f {float(result['fine'].detach()):7.4f} L_t {shown} "
            f"unmatched {unmatched_clips(result)} dead {dead}"
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
