"""Golden of CSMGAN: the network, its loss, one training step, and its evaluation, stated again in
PyTorch and numpy from `paper.md` D.2.

Recurrent layers, convolutions and their lengths are PyTorch's own; the attention among neighbours is
written out with a mask over all frames; the additive attention makes every sum. Everything in f64
from f32 weights, without dropout.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from golden_files import folder, nested, write_json, write_tensors

SIZES = {
    "features": 10, "word_width": 6, "num_frames": 12, "num_words": 7, "frame_width": 8,
    "hidden_width": 8, "attention_layers": 2, "attention_heads": 2, "attention_radius": 3,
    "anchor_widths": [2.0, 4.75, 9.0], "share_of_greatest": 0.8, "regression_weight": 0.05,
}  # fmt: skip
COUNTS = [7, 3, 1]
MOMENTS = [[2, 5], [0, 11], [10, 10]]
STEP = {"learning_rate": 8e-4, "weight_decay": 1e-2, "betas": [0.9, 0.999], "epsilon": 1e-8}


class Neighbours(nn.Module):
    """Multi-head attention to frames up to `radius` away."""

    def __init__(self, width: int, heads: int, radius: int):
        super().__init__()
        self.heads, self.radius = heads, radius
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x):
        batch, frames, width = x.shape
        query, key, value = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        split = lambda t: t.view(batch, frames, self.heads, -1).transpose(1, 2)  # noqa: E731
        scores = split(query) @ split(key).transpose(-1, -2) / math.sqrt(width // self.heads)
        at = torch.arange(frames)
        far = (at[:, None] - at[None, :]).abs() > self.radius
        weights = scores.masked_fill(far, -math.inf).softmax(-1)
        return self.out_proj((weights @ split(value)).transpose(1, 2).reshape(x.shape))


class Recurrent(nn.Module):
    """One layer of gated recurrent units both ways over sequences of different lengths."""

    def __init__(self, width: int, out: int):
        super().__init__()
        self.gru = nn.GRU(width, out // 2, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=x.shape[1])
        return out


class Video(nn.Module):
    def __init__(self, c):
        super().__init__()
        if c["features"] != c["frame_width"]:
            self.tran = nn.Linear(c["features"], c["frame_width"])
        self.attn_layers = nn.ModuleList(
            Neighbours(c["frame_width"], c["attention_heads"], c["attention_radius"])
            for _ in range(c["attention_layers"])
        )
        self.rnn = Recurrent(c["frame_width"], c["hidden_width"])
        self.p = c.get("dropout", 0.0)

    def forward(self, x):
        x = self.tran(x) if hasattr(self, "tran") else x
        for layer in self.attn_layers:
            x = x + F.dropout(layer(x), self.p, self.training)
        return F.dropout(self.rnn(x, [x.shape[1]] * len(x)), self.p, self.training)


class Sentence(nn.Module):
    def __init__(self, c):
        super().__init__()
        w = c["word_width"]
        self.p = c.get("dropout", 0.0)
        self.unigram_conv = nn.Conv1d(w, w, 1)
        self.bigram_conv = nn.Conv1d(w, w, 2, padding=1, dilation=2)
        self.trigram_conv = nn.Conv1d(w, w, 3, padding=2, dilation=2)
        self.bilstm = nn.LSTM(
            w, w // 2, num_layers=2, bidirectional=True, batch_first=True, dropout=self.p
        )
        self.concat = Recurrent(3 * w, c["hidden_width"])

    def forward(self, words, counts):
        x = words.transpose(1, 2)
        convolutions = (self.unigram_conv, self.bigram_conv, self.trigram_conv)
        phrases = torch.stack([conv(x) for conv in convolutions]).amax(0).transpose(1, 2)
        sentence, _ = self.bilstm(phrases)
        out = self.concat(torch.cat([words, phrases, sentence], -1), counts)
        return F.dropout(out, self.p, self.training)


class Cross(nn.Module):
    def __init__(self, d: int):
        super().__init__()
        self.q_proj = nn.Linear(d, d, bias=False)


class Update(nn.Module):
    """A step of a gated recurrent unit for every node."""

    def __init__(self, d: int):
        super().__init__()
        self.reset_gate, self.update_gate, self.out_gate = (nn.Linear(2 * d, d) for _ in range(3))

    def forward(self, message, node):
        both = torch.cat([message, node], -1)
        reset, update = torch.sigmoid(self.reset_gate(both)), torch.sigmoid(self.update_gate(both))
        new = torch.tanh(self.out_gate(torch.cat([message, node * reset], -1)))
        return node * (1 - update) + new * update


class Read(nn.Module):
    """Additive attention of frames to words."""

    def __init__(self, d: int):
        super().__init__()
        self.ws1, self.ws2 = nn.Linear(d, d), nn.Linear(d, d, bias=False)
        self.wst = nn.Linear(d, 1, bias=False)

    def forward(self, frames, words, counts):
        sums = self.ws1(frames)[:, :, None] + self.ws2(words)[:, None]
        scores = self.wst(torch.tanh(sums)).squeeze(-1)
        padding = torch.arange(words.shape[1])[None] >= torch.tensor(counts)[:, None]
        return scores.masked_fill(padding[:, None], -math.inf).softmax(-1) @ words


def placed(x):
    """With sines and cosines of the place added."""
    _, length, width = x.shape
    angle = torch.arange(length, dtype=x.dtype)[:, None] * torch.exp(
        torch.arange(0, width, 2, dtype=x.dtype) * (-math.log(10000.0) / width)
    )
    return x + torch.stack([angle.sin(), angle.cos()], -1).reshape(length, width)


class Csmgan(nn.Module):
    def __init__(self, c):
        super().__init__()
        d, anchors = c["hidden_width"], len(c["anchor_widths"])
        self.p = c.get("dropout", 0.0)
        self.video_encoder, self.sentence_encoder = Video(c), Sentence(c)
        self.atten = Cross(d)
        self.update_v, self.update_s = Update(d), Update(d)
        self.update_v_intra, self.update_s_intra = Update(d), Update(d)
        self.v2s = Read(d)
        self.rnn = Recurrent(2 * d, d)
        self.fc_score, self.fc_reg = nn.Conv1d(d, anchors, 1), nn.Conv1d(d, 2 * anchors, 1)

    def among(self, x):
        drop = lambda t: F.dropout(t, self.p, self.training)  # noqa: E731
        links = drop(placed(x)) @ drop(placed(x)).transpose(1, 2)
        return links.softmax(1) @ x

    def forward(self, frames, words, counts):
        drop = lambda t: F.dropout(t, self.p, self.training)  # noqa: E731
        v = self.video_encoder(drop(frames))
        s = self.sentence_encoder(drop(words), counts)
        seen = self.atten.q_proj(v)
        links = seen @ s.transpose(1, 2)
        # The weights of what a sender sends sum to 1 over those who receive it.
        to_v, to_s = links.softmax(1) @ s, links.softmax(2).transpose(1, 2) @ seen
        v, s = self.update_v(to_v, v), self.update_s(to_s, s)
        v, s = self.update_v_intra(self.among(v), v), self.update_s_intra(self.among(s), s)
        x = drop(self.rnn(torch.cat([v, self.v2s(v, s, counts)], -1), [v.shape[1]] * len(v)))
        x = x.transpose(1, 2)
        logits = self.fc_score(x).transpose(1, 2).flatten(1)
        offsets = self.fc_reg(x).transpose(1, 2).reshape(len(v), -1, 2)
        return logits, offsets


def proposals(c) -> np.ndarray:
    centres = np.arange(c["num_frames"])[:, None, None]
    half = 0.5 * (np.array(c["anchor_widths"])[None, :, None] - 1) * np.array([-1, 1])
    return (centres + half).reshape(-1, 2)


def inclusive_iou(a, b) -> np.ndarray:
    """Of frame spans `[.., 2]`; a frame counts whole."""
    hull = np.maximum(a[..., 1], b[..., 1]) - np.minimum(a[..., 0], b[..., 0])
    shared = np.minimum(a[..., 1], b[..., 1]) - np.maximum(a[..., 0], b[..., 0])
    return np.where(hull < -1e-5, 0.0, np.maximum((shared + 1) / (hull + 1), 0.0))


def targets(c, moment):
    """Scores, which proposals are within the video, which are regressed."""
    all_proposals = proposals(c)
    legal = (all_proposals[:, 0] >= 0) & (all_proposals[:, 1] < c["num_frames"])
    ious = np.where(legal, inclusive_iou(all_proposals, np.asarray(moment)), 0.0)
    greatest = ious.max()
    return ious / greatest, legal, (ious > 0) & (ious >= c["share_of_greatest"] * greatest)


def offset_bases(c, truth: torch.Tensor, keep_fractions: bool = False) -> torch.Tensor:
    """What offsets are added to, `[p, 2]`. The release gives its proposals the type of the true
    moments (frame numbers, integers) before it makes them floating point (`models_/gcn_final.py`,
    in training and in evaluation), so a fraction is lost on the way.
    """
    spans = torch.from_numpy(proposals(c))
    return (spans if keep_fractions else spans.type_as(truth)).float()


def boxes(c, offsets, truth: torch.Tensor, keep_fractions: bool = False) -> np.ndarray:
    """The moments of every proposal in whole frames of the video."""
    moved = (offset_bases(c, truth, keep_fractions) + offsets).detach().numpy()
    found = np.round(moved).astype(np.int32)
    found[..., 0] = np.maximum(found[..., 0], 0)
    found[..., 1] = np.minimum(found[..., 1], c["num_frames"] - 1)
    return found


def loss(c, logits, offsets, moments, keep_fractions: bool = False):
    truth = torch.tensor(moments, dtype=torch.int32)
    scores, legal, regressed = (np.stack(t) for t in zip(*(targets(c, m) for m in moments)))
    as_tensor = lambda t: torch.as_tensor(t, dtype=logits.dtype)  # noqa: E731
    p = torch.sigmoid(logits) * as_tensor(legal)
    cross_entropy = F.binary_cross_entropy(p, as_tensor(scores))
    chosen = torch.as_tensor(regressed)
    refined = (offset_bases(c, truth, keep_fractions) + offsets)[chosen]
    moment = truth[:, None].expand(offsets.shape)[chosen].to(refined.dtype)
    return cross_entropy + c["regression_weight"] * F.smooth_l1_loss(refined, moment)


def picks(scores, boxes, overlap):
    """Indices that non-maximum suppression keeps; of equal scores the later first."""
    left = sorted(range(len(scores)), key=lambda i: scores[i])
    kept = []
    while left:
        best = left.pop()
        kept.append(best)
        rest = []
        for i in left:
            shared = max(0, min(boxes[best][1], boxes[i][1]) - max(boxes[best][0], boxes[i][0]))
            lengths = [boxes[j][1] - boxes[j][0] for j in (best, i)]
            joint = sum(lengths) - shared
            if joint != 0 and shared / joint <= overlap:
                rest.append(i)
        left = rest
    return kept


def evaluation(generator) -> list[dict]:
    """Random moments with many equal scores, and what they hit."""
    cases = []
    for number in range(6):
        count = 40
        starts = generator.integers(0, 30, count)
        boxes = np.stack([starts, np.minimum(starts + generator.integers(0, 14, count), 31)], -1)
        scores = (generator.integers(0, 8, count) / 8).astype(np.float32)
        truth = boxes[number].astype(float) + [0, generator.integers(0, 3)]
        hits = {}
        for required in (0.1, 0.3, 0.5, 0.7):
            kept = picks(scores.tolist(), boxes.tolist(), required - 0.05)
            for n in (1, 5):
                ious = inclusive_iou(boxes[kept[:n]].astype(float), truth)
                hits[f"R@{n},IoU@{required}"] = bool((ious >= required).any())
        kept = picks(scores.tolist(), boxes.tolist(), 0.45)
        cases.append({"frames": boxes.tolist(), "scores": scores.tolist(), "truth": truth.tolist(),
                      "picks_045": kept[:8], "hits": hits})  # fmt: skip
    return cases


def main() -> None:
    torch.manual_seed(21)
    c = SIZES
    model = Csmgan(c)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.35)
    model = model.double()
    frames = torch.randn(3, c["num_frames"], c["features"]).double()
    words = torch.randn(3, c["num_words"], c["word_width"]).double()
    for row, count in enumerate(COUNTS):
        words[row, count:] = 0
    path = folder("csmgan", "transfer")
    weights = {name: p.detach().clone() for name, p in model.named_parameters()}
    logits, offsets = model(frames, words, COUNTS)
    value = loss(c, logits, offsets, MOMENTS)
    kept = loss(c, logits, offsets, MOMENTS, keep_fractions=True)
    (kept_gradient,) = torch.autograd.grad(kept, model.fc_reg.bias, retain_graph=True)
    value.backward()
    truth = torch.tensor(MOMENTS, dtype=torch.int32)
    assert (boxes(c, offsets, truth) != boxes(c, offsets, truth, True)).any()
    assert (kept_gradient - model.fc_reg.bias.grad).abs().max() > 1e-3, "the types must show"
    gradients = {f"grad.{name}": p.grad.clone() for name, p in model.named_parameters()}
    optimiser = torch.optim.Adam(
        model.parameters(), lr=STEP["learning_rate"], betas=STEP["betas"], eps=STEP["epsilon"],
        weight_decay=STEP["weight_decay"],
    )  # fmt: skip
    optimiser.step()
    after = loss(c, *model(frames, words, COUNTS), MOMENTS)
    write_tensors(path / "weights.safetensors", weights)
    write_tensors(
        path / "after_one_step.safetensors",
        {name: p.detach() for name, p in model.named_parameters()},
    )
    write_tensors(
        path / "activations.safetensors",
        {"frames": frames, "words": words, "logits": logits, "offsets": offsets, **gradients},
    )
    scores, legal, regressed = zip(*(targets(c, m) for m in MOMENTS))
    write_json(
        path / "config.json",
        {
            "about": "Written by reference/csmgan.py; do not edit.",
            "model": c,
            "step": STEP,
            "num_words": COUNTS,
            "moments": MOMENTS,
            "targets": {
                "scores": [nested(torch.tensor(s)) for s in scores],
                "regressed": [r.tolist() for r in regressed],
            },
            "loss": {"before": nested(value.detach()), "after": nested(after.detach())},
            "boxes": boxes(c, offsets, truth).tolist(),
            "keep_fractions": {
                "loss": nested(kept.detach()),
                "grad.fc_reg.bias": nested(kept_gradient),
                "boxes": boxes(c, offsets, truth, True).tolist(),
            },
            "evaluation": evaluation(np.random.default_rng(8)),
        },
    )
    print("loss", float(value), "after a step", float(after))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
