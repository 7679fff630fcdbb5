"""PyTorch peers of the video encoder's forward pass, f32, without gradients.

    python bench/encoder_forward.py write FOLDER                # weights, pixels, tokens; once
    python bench/encoder_forward.py run FOLDER --peer sdpa --clips 4 --threads 2

`write` draws a TimeSformer ViT-B/16 (16 frames of 224 x 224, nothing at zero) with transformers and
stores what it gives for the first of four clips; `crates/model/benches/encoder_forward.rs` reads
the same folder. `run` prints one JSON object. Peers:

- `transformers`: Hugging Face's TimesformerModel, which writes attention out (it has no SDPA);
- `sdpa`: the encoder of bench/train_step.py with scaled_dot_product_attention for space and time;
- `mixed`: the same, written out over time, where sequences are short;
- `onednn`: `sdpa` with oneDNN's matrix products on packed weights in every linear layer, which is
  what torch.compile's freezing makes of them. PyTorch's own choice, MKL, leaves AVX-512 unused on
  AMD's processors.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from train_step import VIDEO_NAMES, Attention, TimeSformer

CONFIG = {
    "image_size": 224, "patch_size": 16, "num_channels": 3, "num_frames": 16,
    "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
    "intermediate_size": 3072, "layer_norm_eps": 1e-6,
}  # fmt: skip
NUM_CLIPS = 4
PEERS = ("transformers", "sdpa", "mixed", "onednn")


def transformers_model(config: dict) -> torch.nn.Module:
    from transformers import TimesformerConfig, TimesformerModel

    return TimesformerModel(TimesformerConfig(**config, hidden_act="gelu", qkv_bias=True)).eval()


def hand_written(config: dict, weights: dict) -> torch.nn.Module:
    model = TimeSformer(
        config["image_size"], config["patch_size"], config["num_frames"], config["hidden_size"],
        config["num_hidden_layers"], config["num_attention_heads"], config["intermediate_size"],
    ).eval()  # fmt: skip
    renamed = {}
    for name, value in weights.items():
        for old, new in VIDEO_NAMES:
            name = name.replace(old, new)
        renamed[name] = value.reshape(value.shape[0], -1) if name == "project.weight" else value
    model.load_state_dict(renamed)
    return model


class PackedLinear(torch.nn.Module):
    """A linear layer whose weight oneDNN has laid out for `rows` rows of input."""

    def __init__(self, linear: torch.nn.Linear, rows: int):
        super().__init__()
        self.weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.data, rows)
        self.bias = linear.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")


def pack(module: torch.nn.Module, rows: int) -> None:
    for name, child in module.named_children():
        if isinstance(child, torch.nn.Linear):
            setattr(module, name, PackedLinear(child, rows))
        else:
            pack(child, rows)


def write(folder: Path) -> None:
    sys.path.append(str(Path(__file__).resolve().parent.parent / "reference"))
    from random_weights import randomise

    folder.mkdir(parents=True, exist_ok=True)
    model = transformers_model(CONFIG)
    generator = torch.Generator().manual_seed(5)
    randomise(model, generator)
    side = CONFIG["image_size"]
    pixels = torch.randn(NUM_CLIPS, CONFIG["num_frames"], 3, side, side, generator=generator)
    with torch.inference_mode():
        tokens = model(pixels[:1]).last_hidden_state
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    save_file({"pixels": pixels, "tokens": tokens.clone()}, folder / "case.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG))


def run(arguments: argparse.Namespace) -> dict:
    folder = arguments.folder
    config = json.loads((folder / "config.json").read_text())
    weights = load_file(folder / "weights.safetensors")
    case = load_file(folder / "case.safetensors")
    if arguments.peer == "transformers":
        model = transformers_model(config)
        model.load_state_dict(weights)

        def tokens_of(pixels: torch.Tensor) -> torch.Tensor:
            return model(pixels).last_hidden_state
    else:
        model = hand_written(config, weights)
        Attention.kind = "sdpa" if arguments.peer == "onednn" else arguments.peer
        if arguments.peer == "onednn":
            places = (config["image_size"] // config["patch_size"]) ** 2
            with torch.inference_mode():
                pack(model, arguments.clips * places * config["num_frames"])

        def tokens_of(pixels: torch.Tensor) -> torch.Tensor:
            cls, x = model.tokens(pixels)
            return model.norm(torch.cat([cls, x.flatten(1, 2)], 1))

    del weights
    pixels = case["pixels"][: arguments.clips].clone()
    resting = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, cpu, difference = [], [], 0.0
    with torch.inference_mode():
        for turn in range(arguments.runs + 1):
            before, began = time.process_time(), time.perf_counter()
            tokens = tokens_of(pixels)
            if turn:
                seconds.append(time.perf_counter() - began)
                cpu.append(time.process_time() - before)
            difference = max(difference, float((tokens[:1] - case["tokens"]).abs().max()))
    assert difference < 1e-4, f"tokens differ from transformers' by {difference}"
    return {
        "who": f"pytorch, {arguments.peer}",
        "clips": arguments.clips,
        "threads": arguments.threads,
        "min_s": round(min(seconds), 3),
        "median_s": round(statistics.median(seconds), 3),
        "min_cpu_s": round(min(cpu), 3),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "rss_before_mib": resting // 1024,
        "difference": float(f"{difference:.1e}"),
        "torch": torch.__version__,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("write", "run"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peer", choices=PEERS, default="sdpa")
    parser.add_argument("--clips", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.action == "write":
        write(arguments.folder)
    else:
        print(json.dumps(run(arguments)))


if __name__ == "__main__":
    main()
