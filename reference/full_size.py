"""The paper's sizes once, against transformers: random weights in Hugging Face's format, what our
import and extraction make of them, and whether transformers loads what we wrote.

Used by scripts/full_size, which says in which order; weights are seeded, so a run can be repeated.

    full_size.py make OUT                    OUT/timesformer, OUT/distilbert, OUT/videos/*.mp4
    full_size.py compare OUT FEATURES        FEATURES: the HDF5 file that `locvtp extract` wrote
    full_size.py round-trip OUT MODEL        loads MODEL/model.safetensors with transformers
"""

import json
import sys
import time
from pathlib import Path

import av
import decord
import h5py
import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import (
    DistilBertConfig,
    DistilBertModel,
    TimesformerConfig,
    TimesformerModel,
)

FRAMES, SIDE = 16, 224
MEAN, STD = 0.45, 0.225
WIDTH, HEIGHT, RATE, LENGTH = 640, 360, 25, 40
VIDEOS = {"one.mp4": "libx264", "two.mkv": "libx264", "three.webm": "libvpx-vp9", "four.avi": "mpeg4", "five.mov": "libx264"}


def make_video(path: Path, codec: str) -> None:
    """Coloured waves that move."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
        for t in range(LENGTH):
            waves = [np.sin((x * a + y * b) / 40 + t * c) for a, b, c in
                     [(1, 0, 0.3), (0.3, 1, -0.2), (0.7, -0.7, 0.5)]]
            rgb = np.stack([(w + 1) * 127 for w in waves], -1).astype(np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def randomised(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Random weights: also what a fresh model leaves at zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            if parameter.dim() > 1 or not bool((parameter == 1).all()):
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.02)
    return model.eval()


def make(out: Path) -> None:
    (out / "videos").mkdir(parents=True, exist_ok=True)
    for name, codec in VIDEOS.items():
        make_video(out / "videos" / name, codec)
    config = TimesformerConfig(num_frames=FRAMES)
    randomised(TimesformerModel(config), 1).save_pretrained(out / "timesformer")
    config = DistilBertConfig()
    randomised(DistilBertModel(config), 2).save_pretrained(out / "distilbert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "square", "moves"]
    words += [f"[unused{i}]" for i in range(config.vocab_size - len(words))]
    (out / "distilbert" / "vocab.txt").write_text("\n".join(words) + "\n")


def scaled_by_pillow(frames: list[np.ndarray]) -> np.ndarray:
    """As VideoMAE's image processor does it, which TimeSformer's files name."""
    size = (SIDE * WIDTH // HEIGHT, SIDE)
    return centre(np.stack([np.asarray(Image.fromarray(f).resize(size, Image.Resampling.BILINEAR)) for f in frames]))


def frames_by_pyav(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return scaled_by_pillow([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


def frames_by_decord(path: Path) -> np.ndarray:
    reader = decord.VideoReader(str(path))
    return scaled_by_pillow(list(reader.get_batch(range(len(reader))).asnumpy()))


def centre(frames: np.ndarray) -> np.ndarray:
    left = (frames.shape[2] - SIDE) // 2
    return frames[:, :, left : left + SIDE]


def error(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest error, relative to the largest number expected."""
    return float((found - expected).abs().max() / expected.abs().max())


def features_of(model: TimesformerModel, frames: np.ndarray) -> torch.Tensor:
    pixels = (torch.from_numpy(frames).float() / 255 - MEAN) / STD
    with torch.no_grad():
        return model(
            pixels.permute(0, 3, 1, 2).reshape(-1, FRAMES, 3, SIDE, SIDE)
        ).last_hidden_state[:, 0]


def compare(out: Path, features: Path) -> None:
    model = TimesformerModel.from_pretrained(out / "timesformer").eval()
    worst = 0.0
    for name in VIDEOS:
        path = out / "videos" / name
        frames, others = frames_by_decord(path), frames_by_pyav(path)
        difference = np.abs(frames.astype(int) - others.astype(int))
        # The line a person would type; clips of 16 neighbouring frames, the last one shorter.
        found = torch.from_numpy(h5py.File(features)[path.stem]["c3d_features"][:])
        clips = len(frames) // FRAMES
        began = time.perf_counter()
        expected = features_of(model, frames[: clips * FRAMES])
        seconds = time.perf_counter() - began
        worst = max(worst, error(found[:clips], expected))
        by_pyav = features_of(model, others[: clips * FRAMES])
        print(
            f"{name}: {clips} whole clips, ours against transformers on decord's frames "
            f"{error(found[:clips], expected):.1e} (transformers took {seconds:.1f} s), "
            f"on PyAV's {error(found[:clips], by_pyav):.1e}; "
            f"{(difference > 0).mean():.2%} of their pixels differ, by {difference.max()} at most"
        )
    print("all within 1e-4" if worst < 1e-4 else sys.exit(f"the largest relative error is {worst:.1e}"))


def round_trip(out: Path, directory: Path) -> None:
    weights = load_file(str(directory / "model.safetensors"))
    config = json.loads((directory / "config.json").read_text())
    print("written:", config["video"]["hidden_size"], "wide video,", config["text"]["dim"], "wide text")
    generator = torch.Generator().manual_seed(3)
    for name, kind, arguments in [
        ("timesformer", TimesformerModel,
         {"pixel_values": torch.randn((1, FRAMES, 3, SIDE, SIDE), generator=generator)}),
        ("distilbert", DistilBertModel, {"input_ids": torch.tensor([[2, 5, 6, 7, 8, 3]])}),
    ]:
        original = kind.from_pretrained(out / name).eval()
        ours = kind(original.config).eval()
        prefix = name + "."
        own = {k.removeprefix(prefix): t for k, t in weights.items() if k.startswith(prefix)}
        ours.load_state_dict(own, strict=True)
        with torch.no_grad():
            difference = error(ours(**arguments).last_hidden_state,
                               original(**arguments).last_hidden_state)
        print(f"{kind.__name__} loads our weights: {len(own)} tensors, relative error {difference:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(2)
    command, out, *more = sys.argv[1], *map(Path, sys.argv[2:])
    if command == "make":
        make(out)
    elif command == "compare":
        compare(out, more[0])
    elif command == "round-trip":
        round_trip(out, more[0])
    else:
        sys.exit(__doc__)
