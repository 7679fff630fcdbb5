"""Golden of a model of open_clip's: the package's own CLIP, tiny, with random weights, and what it
makes of a picture and of sentences.

Nothing that a rule could tell is as the rule says: heads are 4 numbers wide, the activation is plain
GELU. Computed in f64 from weights that are exact in f32.
"""

import json

import torch
from open_clip.model import CLIP

from golden_files import folder, write_tensors
from random_weights import random_normal, randomise

CONFIG = {
    "embed_dim": 12,
    "vision_cfg": {"image_size": 8, "layers": 2, "width": 16, "head_width": 4, "patch_size": 4,
                   "mlp_ratio": 2.0},
    "text_cfg": {"context_length": 12, "vocab_size": 600, "width": 8, "heads": 4, "layers": 2,
                 "mlp_ratio": 2.0},
}  # fmt: skip
PREPROCESS = {
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}
# The tiny tokenizer's first and last token, of goldens/clip_tokenizer.
FIRST, LAST = 529, 530


def model(quick_gelu: bool = False, **vision) -> CLIP:
    settings = CONFIG | {"vision_cfg": CONFIG["vision_cfg"] | vision}
    return CLIP(**settings, quick_gelu=quick_gelu).double().eval()


def main() -> None:
    generator = torch.Generator().manual_seed(17)
    plain = model()
    randomise(plain, generator)
    pixels = random_normal((2, 3, 8, 8), generator, 1.0)
    ids = torch.zeros((2, CONFIG["text_cfg"]["context_length"]), dtype=torch.long)
    for row, length in zip(ids, (7, 4)):
        row[0], row[length - 1] = FIRST, LAST
        row[1 : length - 1] = torch.randint(0, FIRST, (length - 2,), generator=generator)
    with torch.no_grad():
        pictures, sentences = plain.encode_image(pixels), plain.encode_text(ids)
        # Every other reading of the same tensors must show.
        for other in (model(quick_gelu=True), model(head_width=8), model(head_width=2)):
            other.load_state_dict(plain.state_dict())
            assert (other.encode_image(pixels) - pictures).abs().max() > 1e-2

    out = folder("open_clip")
    write_tensors(out / "open_clip_model.safetensors", plain.state_dict())
    write_tensors(
        out / "expected.safetensors",
        {"pixel_values": pixels, "pictures": pictures, "input_ids": ids, "sentences": sentences},
    )
    (out / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": CONFIG, "preprocess_cfg": PREPROCESS}, indent=2) + "\n"
    )
    print("picture", pictures[0, :3].tolist(), "sentence", sentences[0, :3].tolist())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
