"""Goldens of CLIP's two towers: Hugging Face's CLIPModel, tiny, with random weights.

The image tower is taken frame by frame (the mean of the frames' features), and with divided
space-time attention: Hugging Face's own layers, each after an attention over time that is stated
here. Everything that a fresh temporal part leaves at zero is random. Computed in f64 from weights
that are exact in f32.
"""

import torch
from torch.nn import functional
from transformers import CLIPConfig, CLIPModel

from golden_files import folder, write_json, write_tensors
from random_weights import random_normal, randomise

VISION = {
    "image_size": 8,
    "patch_size": 4,
    "num_channels": 3,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
}
TEXT = {
    "vocab_size": 40,
    "max_position_embeddings": 12,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "bos_token_id": 38,
    "eos_token_id": 39,
    "pad_token_id": 39,
}
PROJECTION_DIM = 12
FRAMES = 3
# One full sentence, one of five tokens, one of three.
LENGTHS = (9, 5, 3)
HEADS = VISION["num_attention_heads"]
EPS = VISION["layer_norm_eps"]


def temporal_weights(generator: torch.Generator) -> dict[str, torch.Tensor]:
    """What divided space-time attention adds to the image tower, by name."""
    d = VISION["hidden_size"]
    weights = {
        "vision_model.embeddings.time_embedding.weight": random_normal((FRAMES, d), generator, 0.3)
    }
    for layer in range(VISION["num_hidden_layers"]):
        at = f"vision_model.encoder.layers.{layer}.temporal"
        weights[f"{at}.layer_norm.weight"] = 1 + random_normal((d,), generator, 0.2)
        weights[f"{at}.layer_norm.bias"] = random_normal((d,), generator, 0.3)
        for part in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                     "self_attn.out_proj", "dense"):
            weights[f"{at}.{part}.weight"] = random_normal((d, d), generator, d**-0.5)
            weights[f"{at}.{part}.bias"] = random_normal((d,), generator, 0.3)
    return {name: w.to(torch.float32).to(torch.float64) for name, w in weights.items()}


def time_attention(patches: torch.Tensor, weights: dict, at: str) -> torch.Tensor:
    """`[b, p, f, d]`: every patch position attends over its frames; a last map, then the sum."""
    b, p, f, d = patches.shape

    def affine(x, part):
        return functional.linear(x, weights[f"{at}.{part}.weight"], weights[f"{at}.{part}.bias"])

    normed = functional.layer_norm(
        patches, (d,), weights[f"{at}.layer_norm.weight"], weights[f"{at}.layer_norm.bias"], EPS
    )
    q, k, v = (
        affine(normed, f"self_attn.{part}_proj").reshape(b, p, f, HEADS, d // HEADS).transpose(2, 3)
        for part in "qkv"
    )
    attended = torch.softmax(q @ k.transpose(-1, -2) * (d // HEADS) ** -0.5, -1) @ v
    attended = attended.transpose(2, 3).reshape(b, p, f, d)
    return patches + affine(affine(attended, "self_attn.out_proj"), "dense")


def divided_features(model: CLIPModel, weights: dict, pixels: torch.Tensor) -> torch.Tensor:
    """Clip features `[b, e]` of `pixels` `[b, f, c, h, w]`."""
    b, f = pixels.shape[:2]
    tower = model.vision_model
    tokens = tower.embeddings(pixels.flatten(0, 1))  # [b f, 1 + p, d]
    n, d = tokens.shape[1:]
    tokens = tokens.reshape(b, f, n, d)
    times = weights["vision_model.embeddings.time_embedding.weight"]
    patches = (tokens[:, :, 1:] + times[None, :f, None]).transpose(1, 2)  # [b, p, f, d]
    patches = tower.pre_layrnorm(patches)
    cls = tower.pre_layrnorm(tokens[:, 0, 0])  # [b, d], the same in every frame

    for i, layer in enumerate(tower.encoder.layers):
        patches = time_attention(patches, weights, f"vision_model.encoder.layers.{i}.temporal")
        frames = torch.cat([cls[:, None, None].expand(b, f, 1, d), patches.transpose(1, 2)], 2)
        frames = frames.flatten(0, 1)  # [b f, 1 + p, d]
        attended = layer.self_attn(layer.layer_norm1(frames))[0].reshape(b, f, n, d)
        cls = cls + attended[:, :, 0].mean(1)
        patches = patches + attended[:, :, 1:].transpose(1, 2)
        cls = cls + layer.mlp(layer.layer_norm2(cls))
        patches = patches + layer.mlp(layer.layer_norm2(patches))
    return model.visual_projection(tower.post_layernorm(cls))


def gradients(loss: torch.Tensor, parameters: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """`grad.*` of what takes part; the softmax does not see a constant added to all keys, so those
    gradients are zero but for rounding."""
    grads = torch.autograd.grad(loss, list(parameters.values()))
    return {
        f"grad.{name}": torch.zeros_like(g) if name.endswith("k_proj.bias") else g
        for name, g in zip(parameters, grads)
    }


def main() -> None:
    generator = torch.Generator().manual_seed(13)
    config = CLIPConfig(vision_config=VISION, text_config=TEXT, projection_dim=PROJECTION_DIM)
    # The eager softmax would be taken in f32.
    model = CLIPModel._from_config(config, attn_implementation="sdpa").to(torch.float64).eval()
    randomise(model, generator)
    temporal = {n: w.requires_grad_() for n, w in temporal_weights(generator).items()}
    out = folder("clip")

    named = dict(model.named_parameters())
    vision = {n: p for n, p in named.items() if n.startswith(("vision_model", "visual_"))}
    text = {n: p for n, p in named.items() if n.startswith(("text_model", "text_projection"))}
    assert set(named) - set(vision) - set(text) == {"logit_scale"}

    side = VISION["image_size"]
    pixels = random_normal((2, FRAMES, 3, side, side), generator, 1.0)
    frames = model.vision_model(pixel_values=pixels.flatten(0, 1)).pooler_output
    mean_features = model.visual_projection(frames).reshape(2, FRAMES, -1).mean(1)
    silent = {
        n: torch.zeros_like(w) if "dense" in n or "time_embedding" in n else w
        for n, w in temporal.items()
    }
    one = pixels[:, :1]
    image = model.visual_projection(model.vision_model(pixel_values=one[:, 0]).pooler_output)
    assert torch.allclose(divided_features(model, silent, one), image, atol=1e-12), (
        "one frame and silent time attention must give the image's feature"
    )
    divided = divided_features(model, temporal, pixels)
    backwards = divided_features(model, temporal, pixels.flip(1))
    assert (divided - backwards).abs().max() > 1e-2, "the order of frames must show"
    loss_weights = random_normal(divided.shape, generator, 1.0)
    vision_gradients = gradients((divided * loss_weights).sum(), vision | temporal)

    longest = max(LENGTHS)
    ids = torch.full((len(LENGTHS), longest), TEXT["pad_token_id"])
    for row, length in zip(ids, LENGTHS):
        row[0], row[length - 1] = TEXT["bos_token_id"], TEXT["eos_token_id"]
        row[1 : length - 1] = torch.randint(0, 38, (length - 2,), generator=generator)
    mask = torch.tensor([[int(s < length) for s in range(longest)] for length in LENGTHS])
    said = model.text_model(input_ids=ids, attention_mask=mask)
    is_token = mask[:, :, None].to(torch.float64)
    words = model.text_projection(said.last_hidden_state) * is_token
    sentences = model.text_projection(said.pooler_output)
    word_weights = random_normal(words.shape, generator, 1.0) * is_token
    text_gradients = gradients((words * word_weights).sum(), text)

    write_json(
        out / "config.json",
        {
            "about": "Written by reference/clip.py; do not edit.",
            "vision": VISION | {"num_frames": FRAMES, "projection_dim": PROJECTION_DIM},
            "text": TEXT | {"projection_dim": PROJECTION_DIM},
            "files": {
                "vision.safetensors": "weights, Hugging Face names; temporal.* and "
                "time_embedding belong to divided space-time attention alone",
                "text.safetensors": "weights, Hugging Face names",
                "clips.safetensors": "pixel_values [b,f,c,h,w]; mean_features and "
                "divided_features [b,e]; grad.* of sum(divided_features * loss_weights)",
                "sentences.safetensors": "input_ids and attention_mask [b,n] (i64), words [b,n,e] "
                "(zero at padding), sentences [b,e]; grad.* of sum(words * loss_weights)",
            },
        },
    )
    write_tensors(out / "vision.safetensors", vision | temporal)
    write_tensors(out / "text.safetensors", text)
    write_tensors(
        out / "clips.safetensors",
        {
            "pixel_values": pixels,
            "mean_features": mean_features,
            "divided_features": divided,
            "loss_weights": loss_weights,
            **vision_gradients,
        },
    )
    write_tensors(
        out / "sentences.safetensors",
        {
            "input_ids": ids,
            "attention_mask": mask,
            "words": words,
            "sentences": sentences,
            "loss_weights": word_weights,
            **text_gradients,
        },
    )
    print("clip", divided[0, :3].tolist(), "sentence", sentences[0, :3].tolist())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
