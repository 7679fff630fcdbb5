#!/bin/sh
# One would guess: the centre crop of a model's preprocessing cuts the same pixels in torchvision
# (open_clip, timm) and in the image processors of transformers, since both cut the centre.
# Seen: where an odd number of pixels is to spare they may begin one pixel apart. torchvision rounds half
# of it to the even number, transformers cuts it off: of 3 spare pixels 2 go before the cut in one and 1 in
# the other. Pictures of 227 and 231 columns show it, those of 225 and 229 do not. No warning is given.
# Seen 2026-11-28: torchvision 0.29.2 with torch 2.15.0, transformers 5.23.0.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet numpy==2.4.6 pillow==13.0.0 torch==2.15.0 torchvision==0.29.2 transformers==5.23.0
cat > "$folder/crop.py" <<'PY'
from importlib.metadata import version

import numpy
from PIL import Image
from torchvision.transforms import CenterCrop
from transformers.image_transforms import center_crop

print(f"torchvision {version('torchvision')}, transformers {version('transformers')}")
for width, are_equal in [(224, True), (225, True), (226, True), (227, False), (229, True), (231, False)]:
    # A picture whose columns are numbered.
    columns = numpy.tile(numpy.arange(width, dtype=numpy.uint8)[None, :, None], (224, 1, 3))
    first = int(numpy.asarray(CenterCrop(224)(Image.fromarray(columns)))[0, 0, 0])
    second = int(center_crop(columns, (224, 224))[0, 0, 0])
    print(f"  {width} columns: torchvision begins at {first}, transformers at {second}")
    assert (first == second) == are_equal, f"{width}: this has changed"
PY
"$folder/venv/bin/python" "$folder/crop.py"
