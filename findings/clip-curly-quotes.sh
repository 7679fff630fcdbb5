#!/bin/sh
# One would guess: CLIP has one tokenizer; open_clip's (OpenAI's) and the one of transformers give a
# sentence the same numbers, since vocabulary and merges are the same.
# Seen: open_clip repairs a text before it is cut (ftfy, then HTML's entities), as OpenAI's program did
# in training; transformers does not. For plain ASCII both agree. A curly apostrophe, which most
# subtitles and captions from word processors have, gives other numbers: "don't" is two tokens in
# open_clip, and four in transformers when its apostrophe is curly. So do curly quotes, `&amp;`, ligatures
# and full-width letters. No warning is given.
# Seen 2026-11-28: open_clip_torch 3.3.0 with ftfy 6.3.1, transformers 5.23.0.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip="$folder/venv/bin/pip install --quiet"
$pip ftfy==6.3.1 regex==2026.11.19 numpy==2.4.6 transformers==5.23.0
$pip --no-deps open_clip_torch==3.3.0
cat > "$folder/compare.py" <<'PY'
import gzip
import importlib.util
import json
import sys
import types
from importlib.metadata import version
from pathlib import Path

# Cutting a text needs no torch; an empty module in its place saves some gigabytes.
torch = types.ModuleType("torch")
torch.LongTensor = torch.Tensor = torch.IntTensor = object
sys.modules["torch"] = torch
package = Path(importlib.util.find_spec("open_clip").submodule_search_locations[0])
spec = importlib.util.spec_from_file_location("open_clip_tokenizer", package / "tokenizer.py")
tokenizer = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tokenizer)
del sys.modules["torch"]
from transformers import CLIPTokenizer  # noqa: E402

# Vocabulary and merges of open_clip's own file, as transformers wants them.
own = tokenizer.SimpleTokenizer()
here = Path(__file__).parent
merges = gzip.open(tokenizer.default_bpe()).read().decode().split("\n")[1 : 49152 - 256 - 2 + 1]
(here / "vocab.json").write_text(json.dumps(own.encoder))
(here / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
theirs = CLIPTokenizer(str(here / "vocab.json"), str(here / "merges.txt"))

print(f"open_clip_torch {version('open_clip_torch')}, transformers {version('transformers')}")
PLAIN = ["a red square moves left", "don't stop", "salt & pepper, 2023"]
OTHER = ["don\u2019t stop", "\u201csmart\u201d quotes", "salt &amp; pepper", "\ufb01sh", "\uff21\uff22"]
for text in PLAIN + OTHER:
    first = own.encode(text)
    second = theirs(text, add_special_tokens=False)["input_ids"]
    print(f"  {text:25} open_clip {first}, transformers {second}")
    assert (first == second) == (text in PLAIN), f"{text!r}: this has changed"
PY
"$folder/venv/bin/python" "$folder/compare.py"
