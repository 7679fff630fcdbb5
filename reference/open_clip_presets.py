"""Golden of open_clip's presets: those whose picture tower is a plain ViT and whose text tower is
CLIP's, as the package holds them. Needs open_clip_torch alone, not torch's numbers.
"""

import json
from importlib.resources import files

from golden_files import folder, write_json

# Settings that `locvtp weights import --preset` builds.
VISION = {"image_size", "layers", "width", "head_width", "mlp_ratio", "patch_size"}
TEXT = {"context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio"}
TOP = {"embed_dim", "vision_cfg", "text_cfg", "quick_gelu"}


def is_plain(model: dict) -> bool:
    vision, text = model["vision_cfg"], model["text_cfg"]
    return (
        set(model) <= TOP
        and set(vision) <= VISION
        and set(text) <= TEXT
        and not isinstance(vision["layers"], list)
    )


def main() -> None:
    presets = {}
    for file in sorted(files("open_clip").joinpath("model_configs").iterdir(), key=lambda f: f.name):
        model = json.loads(file.read_text())
        if is_plain(model):
            presets[file.name.removesuffix(".json")] = model
    write_json(
        folder("open_clip") / "presets.json",
        {
            "about": "Written by reference/open_clip_presets.py from open_clip_torch 3.3.0.",
            "presets": dict(sorted(presets.items())),
        },
    )
    print(len(presets), "presets")


if __name__ == "__main__":
    main()
