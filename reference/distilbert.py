"""Goldens of the text encoder: Hugging Face's DistilBertModel, tiny, with random weights and
padded sentences.
"""

import torch
from transformers import DistilBertConfig, DistilBertModel

from golden_files import folder, write_json, write_tensors
from random_weights import random_normal, randomise

CONFIG = {
    "vocab_size": 50,
    "max_position_embeddings": 16,
    "dim": 24,
    "n_layers": 2,
    "n_heads": 3,
    "hidden_dim": 48,
    "activation": "gelu",
    "pad_token_id": 0,
}
# One full sentence, one of five tokens, one of three.
LENGTHS = (9, 5, 3)


def kept_gradient(name: str) -> bool:
    """Everything but the matrices of block 1, to stay small."""
    return not name.startswith("transformer.layer.1.") or name.endswith("bias") or "norm" in name


def main() -> None:
    generator = torch.Generator().manual_seed(12)
    config = DistilBertConfig(
        **CONFIG, dropout=0.0, attention_dropout=0.0, attn_implementation="eager"
    )
    model = DistilBertModel(config).to(torch.float64).eval()
    randomise(model, generator)
    out = folder("distilbert")

    longest = max(LENGTHS)
    ids = torch.randint(1, CONFIG["vocab_size"], (len(LENGTHS), longest), generator=generator)
    mask = torch.tensor([[int(s < length) for s in range(longest)] for length in LENGTHS])
    ids = ids * mask
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    alone = model(
        input_ids=ids[1:2, : LENGTHS[1]], attention_mask=mask[1:2, : LENGTHS[1]]
    ).last_hidden_state
    assert torch.allclose(hidden[1, : LENGTHS[1]], alone[0], atol=1e-12), (
        "padding must change nothing"
    )

    # What a padded position holds is nobody's business: zero here, and no part of the loss.
    hidden = hidden * mask[:, :, None]
    loss_weights = random_normal(hidden.shape, generator, 1.0) * mask[:, :, None]
    (hidden * loss_weights).sum().backward()
    gradients = {f"grad.{n}": p.grad for n, p in model.named_parameters() if kept_gradient(n)}
    # The softmax does not see a constant added to all keys: those gradients are zero but for
    # rounding.
    gradients = {
        n: torch.zeros_like(g) if n.endswith("k_lin.bias") else g for n, g in gradients.items()
    }

    write_json(
        out / "config.json",
        {
            "about": "Written by reference/distilbert.py; do not edit.",
            "model": CONFIG,
            "files": {
                "weights.safetensors": "Hugging Face names, PyTorch orientation; "
                "LayerNorm eps 1e-12",
                "activations.safetensors": "input_ids and attention_mask [b,n] (i64), "
                "last_hidden_state [b,n,d] (zero at padding), loss_weights; "
                "grad.* of sum(last_hidden_state * loss_weights)",
            },
        },
    )
    write_tensors(out / "weights.safetensors", dict(model.named_parameters()))
    write_tensors(
        out / "activations.safetensors",
        {
            "input_ids": ids,
            "attention_mask": mask,
            "last_hidden_state": hidden,
            "loss_weights": loss_weights,
            **gradients,
        },
    )
    print("first word", hidden[0, 0, :3].tolist())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
