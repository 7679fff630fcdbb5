"""Pictures scaled, cut and mirrored by Pillow, torchvision, timm, open_clip and transformers themselves.

Writes crates/video/tests/goldens/scaling.json. The pictures follow a rule that the Rust test states
again (`made_picture`) and are not stored: noise, with patches of pure black and white, at which
bicubic scaling overshoots. Small results are stored as bytes, large ones as their CRC-32.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import open_clip.transform
import PIL
import timm
import timm.data
import torchvision
import transformers
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as tv
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

GOLDEN = Path(__file__).parent.parent / "crates/video/tests/goldens/scaling.json"

SMALL = [((9, 7), (5, 4)), ((5, 4), (13, 9)), ((31, 17), (7, 6)), ((16, 8), (16, 5)), ((3, 40), (10, 11)), ((1, 1), (4, 3))]
LARGE = [((640, 360), (398, 224)), ((1920, 1080), (398, 224)), ((240, 320), (341, 455)), ((854, 480), (224, 224))]
PILLOW = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
TORCHVISION = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}
NO_MEAN, NO_STD = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


def made_picture(width: int, height: int) -> Image.Image:
    """Noise of the generator x -> 1664525 x + 1013904223 mod 2^32 from 1 on, its upper byte; in every
    second field of 5 x 3 pixels black below 128 and white from there."""
    count = width * height * 3
    state, noise = 1, np.empty(count, np.uint8)
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        noise[i] = state >> 24
    noise = noise.reshape(height, width, 3)
    y, x = np.mgrid[:height, :width]
    field = ((x // 5 + y // 3) % 2 == 0)[..., None]
    return Image.fromarray(np.where(field, np.where(noise < 128, 0, 255), noise).astype(np.uint8))


def scaled() -> list[dict]:
    cases = []
    for sizes, is_small in ((SMALL, True), (LARGE, False)):
        for source, target in sizes:
            for name, resampling in PILLOW.items():
                pixels = made_picture(*source).resize(target, resampling).tobytes()
                kept = {"pixels": pixels.hex()} if is_small else {"crc32": zlib.crc32(pixels)}
                cases.append({"from": source, "to": target, "interpolation": name, **kept})
    return cases


def whole_bytes(picture) -> bytes:
    """Of a tensor [3, h, w] of 0 to 1."""
    array = np.asarray(picture).transpose(1, 2, 0) * 255
    assert np.abs(array - array.round()).max() < 1e-3, "not bytes"
    return array.round().astype(np.uint8).tobytes()


def timm_evaluation(picture, side, interpolation, **settings) -> bytes:
    transform = timm.data.create_transform(side, interpolation=interpolation, mean=NO_MEAN, std=NO_STD, **settings)
    return whole_bytes(transform(picture))


def open_clip_evaluation(picture, side, interpolation, resize_mode) -> bytes:
    transform = open_clip.transform.image_transform(
        side, is_train=False, mean=NO_MEAN, std=NO_STD, resize_mode=resize_mode, interpolation=interpolation
    )
    return whole_bytes(transform(picture))


def hugging_face(picture, side, interpolation, size) -> bytes:
    processor = CLIPImageProcessorPil(
        size=size, crop_size={"height": side, "width": side}, resample=PILLOW[interpolation],
        do_rescale=False, do_normalize=False,
    )
    pixels = processor(picture, return_tensors="np")["pixel_values"][0]
    return pixels.transpose(1, 2, 0).astype(np.uint8).tobytes()


def centres() -> list[dict]:
    """Squares of 5, cut from pictures with an odd number of spare pixels. `side` is the short side, or
    both where `squash`."""
    cases = []
    for source in ((31, 20), (20, 31)):
        for name in PILLOW:
            picture = made_picture(*source)
            both = {"height": 8, "width": 8}
            found = [
                # 5 / 0.7 = 7.1, a picture of 10 x 7; 5 / 0.6 = 8.3, one of 12 x 8.
                ("timm", 7, False, timm_evaluation(picture, 5, name, crop_pct=0.7)),
                ("timm", 8, False, timm_evaluation(picture, 5, name, crop_pct=0.6)),
                ("timm", 8, True, timm_evaluation(picture, 5, name, crop_pct=0.6, crop_mode="squash")),
                ("open_clip", 5, False, open_clip_evaluation(picture, 5, name, "shortest")),
                ("open_clip", 5, True, open_clip_evaluation(picture, 5, name, "squash")),
                ("transformers", 7, False, hugging_face(picture, 5, name, {"shortest_edge": 7})),
                ("transformers", 8, False, hugging_face(picture, 5, name, {"shortest_edge": 8})),
                ("transformers", 8, True, hugging_face(picture, 5, name, both)),
            ]
            for program, side, squash, pixels in found:
                cases.append(
                    {"program": program, "from": source, "side": side, "squash": squash, "interpolation": name, "pixels": pixels.hex()}
                )
    return cases


def crops() -> list[dict]:
    """Training: a box, scaled to a square of 6, mirrored or not. The box is left, top, width, height."""
    cases = []
    for name, mode in TORCHVISION.items():
        for box, flip in (((3, 2, 17, 13), False), ((8, 1, 9, 19), True)):
            left, top, width, height = box
            picture = tv.resized_crop(made_picture(31, 20), top, left, height, width, [6, 6], mode)
            picture = tv.hflip(picture) if flip else picture
            cases.append({"from": (31, 20), "box": box, "flip": flip, "interpolation": name, "pixels": picture.tobytes().hex()})
    return cases


def main() -> None:
    modules = (PIL, torchvision, timm, open_clip, transformers)
    golden = {
        "made_by": {module.__name__: module.__version__ for module in modules},
        "scaled": scaled(),
        "centres": centres(),
        "crops": crops(),
    }
    lines = [f'"made_by": {json.dumps(golden.pop("made_by"))}']
    for key, cases in golden.items():
        rows = ",\n".join(json.dumps(case) for case in cases)
        lines.append(f'"{key}": [\n{rows}\n]')
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
