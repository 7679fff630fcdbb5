"""Goldens of SigLIP 1 and 2: Hugging Face's SiglipModel, tokenizers and image processor, tiny.

Weights are formulas of whole numbers by a parameter's name, so that the goldens hold results alone and the test
makes the same model. A gradient is kept as its size and its product with a vector that is a formula, too. What
is ours in the image tower, attention over time, is stated here: Hugging Face's own layers, each after an
attention over time, and the mean over frames of what the pooling head gives. Computed in f64 from weights that are
exact in f32.

The tokenizers are of the kinds that the two versions have: SentencePiece pieces with scores (`spiece.model`), and byte
pairs with byte fallback as Gemma's (`tokenizer.json`), each of a few hundred tokens.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch.nn import functional
from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipTokenizer
from transformers.models.siglip2.tokenization_siglip2 import Siglip2Tokenizer

from frame_search import numbers, seed_of
from golden_files import folder, nested, write_json

VISION = {
    "image_size": 12,
    "patch_size": 4,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}
TEXT = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}
PLACES = 64
FRAMES = 3
HEADS = VISION["num_attention_heads"]
EPS = 1e-6

CORPUS = """
a photo of a red square moving left and a photo of two cats
the blue ring moves right and then it shrinks while a dog runs over the road
she whisks the eggs in a white bowl and he cuts the bread with a knife
eine rote katze sitzt auf dem tisch und ein kleiner hund schl\u00e4ft
un chien noir court dans la rue et la fille mange une pomme verte
el perro duerme en la casa y la mujer abre la puerta roja
a man rides a bike at 7 and walks home at 20 in 2024
\u732b\u304c\u6728\u306e\u4e0a\u306b\u3044\u308b \u7ea2\u8272\u7684\u732b \u043a\u0440\u0430\u0441\u043d\u0430\u044f \u043a\u043e\u0448\u043a\u0430
""".strip().split("\n")

SENTENCES = [
    "a photo of a red square",
    "A Photo OF a RED Square",
    "the blue ring moves right.",
    "The dog's running, isn't it?",
    "don't we're they'll I've she'd",
    "two cats & 3 dogs; 20 % of 2024!",
    "at 7:30, #1: (left) [right] {up} \"down\"",
    "she  whisks\tthe eggs\nin a bowl",
    " begins with a blank",
    "ends with a blank ",
    "",
    "   ",
    ".,;:!?",
    "a",
    "Z",
    "eine Katze schl\u00e4ft auf dem Tisch",
    "EINE STRASSE, eine Stra\u00dfe",
    "un chien noir \u00e0 la gar\u00e7onne, l'\u00e9t\u00e9",
    "el perro \u00bfduerme? \u00a1s\u00ed!",
    "\u043a\u0440\u0430\u0441\u043d\u0430\u044f \u041a\u043e\u0448\u043a\u0430",
    "\u0395\u039b\u039b\u0397\u039d\u0399\u039a\u039f\u03a3 \u03a3\u03bf\u03c6\u03cc\u03c2",
    "\u732b\u304c\u6728\u306e\u4e0a\u306b\u3044\u308b",
    "\u7ea2\u8272\u7684\u732b\u3002",
    "\u5feb\u901f\u7684 \u8f66",
    "\u0e41\u0e21\u0e27\u0e19\u0e2d\u0e19",
    "\u0642\u0637\u0629 \u062d\u0645\u0631\u0627\u0621",
    "\u0130stanbul'da bir k\u00f6pek",
    "\ufb01ne \uff21\u00a0dog",
    "\U0001f600 a cat \U0001f431",
    "caf\u00e9 and cafe\u0301",
    "\u201ccurly\u201d \u2018quotes\u2019 \u2026 \u2013 \u2014",
    "snake_case and kebab-case and a/b",
    "http://example.com/a?b=c",
    "<b>bold</b> &amp; more",
    "a\u2581b \u2581 c",
    "!!!a cat!!!",
    "e=mc^2 ~ `code` | pipe \\ slash",
    "the quick brown fox jumps over the lazy dog " * 4,
    "red " * 70,
    "x" * 90,
    "1234567890 " * 9,
    "\u00c4\u00d6\u00dc \u00e4\u00f6\u00fc \u00df \u1e9e",
]  # fmt: skip


def formula(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Norms around 1, matrices at 1/sqrt(inputs), everything else within 0.3, exact in f32."""
    mean, width = 0.0, 0.3
    if "norm" in name and name.endswith("weight"):
        mean, width = 1.0, 0.2
    elif name.endswith("weight") and len(shape) == 2 and "embedding.weight" not in name:
        width = (3 / shape[1]) ** 0.5
    count = int(np.prod(shape))
    units = numbers(seed_of(name), count) / 8388608.0 - 1.0
    values = torch.from_numpy((mean + width * units).astype(np.float32).reshape(shape))
    return values.to(torch.float64)


def temporal_shapes() -> dict[str, tuple[int, ...]]:
    """What attention over time adds to the image tower, by name."""
    d = VISION["hidden_size"]
    shapes = {"vision_model.embeddings.time_embedding.weight": (FRAMES, d)}
    for layer in range(VISION["num_hidden_layers"]):
        at = f"vision_model.encoder.layers.{layer}.temporal"
        shapes |= {f"{at}.layer_norm.weight": (d,), f"{at}.layer_norm.bias": (d,)}
        for part in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                     "self_attn.out_proj", "dense"):
            shapes |= {f"{at}.{part}.weight": (d, d), f"{at}.{part}.bias": (d,)}
    return shapes


def time_attention(x: torch.Tensor, weights: dict, at: str) -> torch.Tensor:
    """`[b, p, f, d]`: every position attends over its frames; a last map, then the sum."""
    b, p, f, d = x.shape

    def affine(x, part):
        return functional.linear(x, weights[f"{at}.{part}.weight"], weights[f"{at}.{part}.bias"])

    normed = functional.layer_norm(
        x, (d,), weights[f"{at}.layer_norm.weight"], weights[f"{at}.layer_norm.bias"], EPS
    )
    q, k, v = (
        affine(normed, f"self_attn.{part}_proj").reshape(b, p, f, HEADS, d // HEADS).transpose(2, 3)
        for part in "qkv"
    )
    seen = torch.softmax(q @ k.transpose(-1, -2) * (d // HEADS) ** -0.5, -1) @ v
    seen = seen.transpose(2, 3).reshape(b, p, f, d)
    return x + affine(affine(seen, "self_attn.out_proj"), "dense")


def divided_features(model: SiglipModel, weights: dict, pixels: torch.Tensor) -> torch.Tensor:
    """Clip features `[b, e]` of `pixels` `[b, f, c, h, w]`."""
    b, f = pixels.shape[:2]
    tower = model.vision_model
    x = tower.embeddings(pixels.flatten(0, 1))  # [b f, p, d]
    p, d = x.shape[1:]
    times = weights["vision_model.embeddings.time_embedding.weight"]
    x = (x.reshape(b, f, p, d) + times[None, :f, None]).transpose(1, 2)  # [b, p, f, d]
    for i, layer in enumerate(tower.encoder.layers):
        x = time_attention(x, weights, f"vision_model.encoder.layers.{i}.temporal")
        frames = layer(x.transpose(1, 2).flatten(0, 1), None)  # [b f, p, d]
        x = frames.reshape(b, f, p, d).transpose(1, 2)
    frames = tower.post_layernorm(x.transpose(1, 2).flatten(0, 1))
    return tower.head(frames).reshape(b, f, -1).mean(1)


def gradients(loss: torch.Tensor, parameters: dict[str, torch.Tensor]) -> dict[str, list[float]]:
    """Of every parameter the length of its gradient and its product with numbers by its name. The softmax does not see
    what is added to all keys: those gradients are zero but for rounding."""
    found = {}
    for (name, parameter), g in zip(parameters.items(), torch.autograd.grad(loss, list(parameters.values()))):
        if name.endswith("k_proj.bias"):
            g = torch.zeros_like(g)
        if name.endswith("in_proj_bias"):
            third = len(g) // 3
            g = torch.cat([g[:third], torch.zeros_like(g[:third]), g[2 * third :]])
        unit = torch.from_numpy(numbers(seed_of("grad." + name), g.numel()) / 8388608.0 - 1.0)
        found[name] = nested(torch.stack([g.norm(), (g.flatten() * unit).sum()]))
    return found


def sentence_piece(out) -> SiglipTokenizer:
    """A tokenizer of SigLIP 1's kind: padding is 0, the end 1, unknown 2, and pieces have scores."""
    with tempfile.TemporaryDirectory() as place:
        corpus, rules = Path(place) / "corpus", Path(place) / "rules.tsv"
        corpus.write_text("\n".join(CORPUS * 20) + "\n")
        # Of the usual rules a few: they are a table of a quarter of a megabyte.
        rules.write_text("FB01\t66 69\nA0\t20\nFF21\t61\n65 301\tE9\n")
        sentencepiece.SentencePieceTrainer.train(
            input=str(corpus), model_prefix=str(Path(place) / "spiece"), vocab_size=220,
            model_type="unigram", hard_vocab_limit=False, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
            normalization_rule_tsv=str(rules), character_coverage=0.98, shrinking_factor=0.95, num_threads=1, minloglevel=2,
        )
        shutil.copy(Path(place) / "spiece.model", out / "spiece.model")
    (out / "spiece.model").chmod(0o644)
    return SiglipTokenizer(str(out / "spiece.model"))


def byte_pairs(out) -> Siglip2Tokenizer:
    """A tokenizer of SigLIP 2's kind; lower case is no matter of the file, but of the class that reads it."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    trained = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    trained.normalizer = normalizers.Replace(" ", "\u2581")
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special + fallback, show_progress=False)
    trained.train_from_iterator(sorted(CORPUS), trainer)
    trained.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    trained.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    document = json.loads(trained.to_str())
    # The bytes are tokens of the table, and not added ones.
    document["added_tokens"] = [token for token in document["added_tokens"] if token["content"] in special]
    (out / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False) + "\n")
    (out / "tokenizer.json").chmod(0o644)
    with tempfile.TemporaryDirectory() as place:
        shutil.copy(out / "tokenizer.json", Path(place) / "tokenizer.json")
        said = {"tokenizer_class": "Siglip2Tokenizer", "padding_side": "right", "model_max_length": PLACES}
        (Path(place) / "tokenizer_config.json").write_text(json.dumps(said))
        return Siglip2Tokenizer.from_pretrained(place)


def ids_of(tokenizer, sentences: list[str]) -> torch.Tensor:
    """`[b, 64]`"""
    made = tokenizer(sentences, padding="max_length", truncation=True, max_length=PLACES, return_tensors="pt")
    return made["input_ids"]


def without_padding(row: list[int], end: int) -> list[int]:
    return row[: row.index(end) + 1]


def picture() -> Image.Image:
    """Noise of an odd size."""
    width, height = 37, 23
    noise = (numbers(99, width * height * 3) >> 16).astype(np.uint8)
    return Image.fromarray(noise.reshape(height, width, 3))


def main() -> None:
    out = folder("siglip")
    first, second = sentence_piece(out), byte_pairs(out)
    sentences = {
        "siglip": [without_padding(row, 1) for row in ids_of(first, SENTENCES).tolist()],
        "siglip2": [without_padding(row, 1) for row in ids_of(second, SENTENCES).tolist()],
    }
    padded = {"siglip": ids_of(first, SENTENCES[:1]), "siglip2": ids_of(second, SENTENCES[:1])}
    assert padded["siglip"][0, -1] == 1 and padded["siglip2"][0, -1] == 0
    assert max(len(row) for row in sentences["siglip2"]) == PLACES

    config = SiglipConfig(vision_config=VISION, text_config=TEXT | {"vocab_size": second.vocab_size})
    # The eager softmax would be taken in f32.
    model = SiglipModel._from_config(config, attn_implementation="sdpa").to(torch.float64).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(formula(name, tuple(parameter.shape)))
    temporal = {name: formula(name, shape).requires_grad_() for name, shape in temporal_shapes().items()}
    named = dict(model.named_parameters())
    vision = {n: p for n, p in named.items() if n.startswith("vision_model")}
    text = {n: p for n, p in named.items() if n.startswith("text_model")}
    assert set(named) - set(vision) - set(text) == {"logit_scale", "logit_bias"}

    side, e = VISION["image_size"], VISION["hidden_size"]
    count = 2 * FRAMES * 3 * side * side
    pixels = torch.from_numpy(numbers(7, count) / 8388608.0 - 1.0).reshape(2, FRAMES, 3, side, side)
    pixels = pixels.to(torch.float32).to(torch.float64)
    images = model.get_image_features(pixel_values=pixels.flatten(0, 1)).pooler_output
    loss_weights = torch.from_numpy(numbers(8, 2 * e) / 8388608.0 - 1.0).reshape(2, e)
    mean = images.reshape(2, FRAMES, e).mean(1)
    divided = divided_features(model, temporal, pixels)
    silent = {n: torch.zeros_like(w) if "dense" in n or "time_embedding" in n else w for n, w in temporal.items()}
    assert torch.allclose(divided_features(model, silent, pixels), mean, atol=1e-12)
    assert (divided - divided_features(model, temporal, pixels.flip(1))).abs().max() > 1e-2

    asked = [SENTENCES[0], SENTENCES[3], SENTENCES[-3]]
    ids = ids_of(second, asked)
    lengths = [len(without_padding(row, 1)) for row in ids.tolist()]
    said = model.text_model(input_ids=ids)
    words = model.text_model.head(said.last_hidden_state)
    shown = [words[i, : length - 1] for i, length in enumerate(lengths)]
    sentence_vectors = model.get_text_features(input_ids=ids).pooler_output
    probabilities = torch.sigmoid(model(input_ids=ids, pixel_values=pixels[0]).logits_per_image)
    text_weights = torch.from_numpy(numbers(9, len(asked) * e) / 8388608.0 - 1.0).reshape(-1, e)
    word_sum = sum(row.sum() for row in shown)
    text_loss = (sentence_vectors * text_weights).sum() + word_sum

    processed = {}
    for name, resample in (("bicubic", 3), ("bilinear", 2)):
        processor = SiglipImageProcessor(size={"height": side, "width": side}, resample=resample)
        made = processor(picture(), return_tensors="pt")["pixel_values"][0]
        levels = ((made.permute(1, 2, 0) * 0.5 + 0.5) * 255).round().to(torch.int64).clamp(0, 255)
        processed[name] = bytes(levels.flatten().tolist()).hex()
    picture().save(out / "picture.png")
    os.chmod(out / "picture.png", 0o644)

    write_json(
        out / "expected.json",
        {
            "about": "Written by reference/siglip.py; do not edit.",
            "vocabularies": {"siglip": first.vocab_size, "siglip2": second.vocab_size},
            "sentences": SENTENCES,
            "tokens": sentences,
            "images": nested(images.reshape(2, FRAMES, e)),
            "divided": nested(divided),
            "asked": asked,
            "words": [nested(row) for row in shown[:2]],
            "sentence_vectors": nested(sentence_vectors),
            "probabilities": nested(probabilities),
            "mean_gradients": gradients((mean * loss_weights).sum(), vision),
            "divided_gradients": gradients((divided * loss_weights).sum(), vision | temporal),
            "text_gradients": gradients(text_loss, text),
            "pictures": processed,
        },
    )
    print("siglip", images[0, :3].tolist(), "sentence", sentence_vectors[0, :3].tolist(), lengths)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
