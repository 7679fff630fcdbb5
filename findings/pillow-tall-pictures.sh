#!/bin/sh
# One would guess: Pillow scales a picture along its rows first and along its columns then, with the
# same bytes in every release, so features made with one Pillow are those made with the next.
# Seen: since 13.0.0 the order goes by the picture. Where more than twice as many rows as columns go
# (an upright phone's video, made a square's short side), columns are scaled first. What lies between
# the two passes is rounded to 8 bits, so the other order gives other bytes. Pictures lying down have the
# bytes of before. Nothing tells of it; only the bytes do.
# Seen 2026-11-28: Pillow 12.2.0 and 13.0.0, numpy 2.4.6.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip="$folder/venv/bin/pip install --quiet"
$pip numpy==2.4.6
cat > "$folder/scale.py" <<'PY'
import sys

import numpy
import PIL
from PIL import Image

noise = numpy.random.default_rng(0).integers(0, 256, (2400, 1080, 3), dtype=numpy.uint8)
upright = Image.fromarray(noise).resize((224, 497), Image.Resampling.BICUBIC)
lying = Image.fromarray(noise.transpose(1, 0, 2).copy()).resize((497, 224), Image.Resampling.BICUBIC)
numpy.savez(sys.argv[1], upright=numpy.asarray(upright), lying=numpy.asarray(lying))
print("Pillow", PIL.__version__)
PY
for version in 12.2.0 13.0.0; do
  $pip "pillow==$version"
  "$folder/venv/bin/python" "$folder/scale.py" "$folder/$version.npz"
done
cat > "$folder/compare.py" <<'PY'
import sys

import numpy

old, new = (numpy.load(file) for file in sys.argv[1:])
for name, are_equal in [("lying", True), ("upright", False)]:
    other = numpy.count_nonzero(old[name] != new[name])
    most = numpy.abs(old[name].astype(int) - new[name]).max()
    print(f"  {name:8} {other} of {old[name].size} bytes differ, by {most} at most")
    assert (other == 0) == are_equal, f"{name}: this has changed"
PY
"$folder/venv/bin/python" "$folder/compare.py" "$folder/12.2.0.npz" "$folder/13.0.0.npz"
