"""Golden of a search frame by frame: Hugging Face's CLIPModel with random weights over ten videos.

Weights and pictures are formulas of whole numbers, so that the golden holds results alone and the test makes
the same model and the same frames. A video is worth its best frame for a sentence; one frame a second counts.
"""

import math

import numpy as np
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel, CLIPTokenizerFast

from golden_files import folder, write_json

SIDE = 8
WIDTH, HEIGHT, BLOCK = 40, 30, 5
VIDEOS, SECONDS, RATE = 10, 4, 2
MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
VISION = {
    "image_size": SIDE,
    "patch_size": 4,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "hidden_act": "quick_gelu",
}
TEXT = {
    "vocab_size": 531,
    "max_position_embeddings": 24,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "hidden_act": "quick_gelu",
    "bos_token_id": 529,
    "eos_token_id": 530,
    "pad_token_id": 530,
}
SENTENCES = ["the red square", "and there is a ring", "it is dark", "anna reads a square thing"]
# Two programs in f32 and an index differ by a hundredth of this step between two videos at most.
GAP = 0.001


def numbers(seed: int, count: int) -> np.ndarray:
    """Whole numbers of 24 bits, by a linear congruence."""
    state, found = seed, np.empty(count, np.int64)
    for at in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        found[at] = state >> 8
    return found


def seed_of(name: str) -> int:
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    return seed


def frame(video: int, place: int) -> np.ndarray:
    """`[30, 40, 3]`: squares of five pixels in colours of chance."""
    rows, columns = HEIGHT // BLOCK, WIDTH // BLOCK
    colours = numbers(1000 * (video + 1) + place, rows * columns * 3) >> 16
    squares = colours.reshape(rows, columns, 3).astype(np.uint8)
    return squares.repeat(BLOCK, 0).repeat(BLOCK, 1)


def pixel_values(picture: np.ndarray) -> torch.Tensor:
    """As CLIPImageProcessor with Pillow: the short side, the centre, the normalisation."""
    image = Image.fromarray(picture)
    long = int(SIDE * image.width / image.height)
    image = image.resize((long, SIDE), Image.BICUBIC)
    left = (long - SIDE) // 2
    values = np.asarray(image, np.float32)[:, left : left + SIDE] / 255
    values = (values - np.float32(MEAN)) / np.float32(STD)
    return torch.from_numpy(values).permute(2, 0, 1)


def scale_of(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Mean and width of a parameter's even distribution."""
    if "norm" in name and name.endswith("weight"):
        return 1.0, 0.3
    if len(shape) >= 2 and "embedding.weight" not in name:
        return 0.0, 1.7 / math.sqrt(math.prod(shape[1:]))
    return 0.0, 0.5


def main() -> None:
    config = CLIPConfig(vision_config=VISION, text_config=TEXT, projection_dim=12)
    model = CLIPModel(config).eval()
    parameters = {}
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            mean, width = scale_of(name, tuple(parameter.shape))
            mean, width = float(np.float32(mean)), float(np.float32(width))
            drawn = numbers(seed_of(name), parameter.numel()) / 2**23 - 1
            values = np.float32(mean + width * drawn).reshape(tuple(parameter.shape))
            parameter.copy_(torch.from_numpy(values))
            parameters[name] = [list(parameter.shape), mean, width]
        tokens = folder("clip_tokenizer")
        tokenizer = CLIPTokenizerFast.from_pretrained(str(tokens))
        scores = {}
        for sentence in SENTENCES:
            ids = torch.tensor([tokenizer(sentence)["input_ids"]])
            pooled = model.text_model(input_ids=ids).pooler_output
            text = torch.nn.functional.normalize(model.text_projection(pooled), dim=-1)
            worth = []
            for video in range(VIDEOS):
                frames = [frame(video, RATE * second) for second in range(SECONDS)]
                pixels = torch.stack([pixel_values(one) for one in frames])
                pooled = model.vision_model(pixel_values=pixels).pooler_output
                images = torch.nn.functional.normalize(model.visual_projection(pooled), dim=-1)
                worth.append(float((images @ text[0]).max()))
            order = sorted(range(VIDEOS), key=lambda video: -worth[video])
            steps = [worth[a] - worth[b] for a, b in zip(order, order[1:])]
            print(sentence, order, [round(worth[video], 4) for video in order], "gap", min(steps))
            assert min(steps) > GAP, "choose another sentence: two videos are as good"
            scores[sentence] = {"ranking": order, "scores": [round(worth[video], 7) for video in order]}
    vision = VISION | {"num_channels": 3, "layer_norm_eps": 1e-5}
    text = TEXT | {"layer_norm_eps": 1e-5}
    write_json(
        folder("frames", "finder") / "expected.json",
        {
            "about": "Written by reference/frame_search.py; do not edit.",
            "config": {"model_type": "clip", "projection_dim": 12, "vision_config": vision, "text_config": text},
            "preprocessor": {
                "size": {"shortest_edge": SIDE},
                "crop_size": {"height": SIDE, "width": SIDE},
                "resample": 3,
                "image_mean": MEAN,
                "image_std": STD,
            },
            "parameters": parameters,
            "answers": scores,
        },
    )


if __name__ == "__main__":
    main()
