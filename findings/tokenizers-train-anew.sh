#!/bin/sh
# One would guess: training a tokenizer twice on the same texts, in one process or two, gives the same
# vocabulary; nothing is drawn at random.
# Seen: the WordPiece trainer of Hugging Face's tokenizers walks hash maps whose order differs from run
# to run. That order breaks ties among equally frequent pairs, so every run gives other numbers to the
# words, and with many ties other words. A model that was trained with one of them cannot be used with
# another, and nothing says so: both have the same size.
# Seen 2026-11-28: tokenizers 0.23.3.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tokenizers==0.23.3
cat > "$folder/train.py" <<'PY'
import tokenizers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

# Every word once: all pairs of letters tie.
TEXTS = ["a red square moves left", "the blue disc grows", "one green ring shrinks", "it spins up"]


def trained() -> dict[str, int]:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordPieceTrainer(
        vocab_size=60, special_tokens=["[UNK]"], show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer.get_vocab()


vocabularies = [trained() for _ in range(6)]
numbers = len({tuple(sorted(v.items())) for v in vocabularies})
words = len({frozenset(v) for v in vocabularies})
sizes = {len(v) for v in vocabularies}
common = set.intersection(*(set(v) for v in vocabularies))
uncommon = sorted(set().union(*vocabularies) - common)
print(f"tokenizers {tokenizers.__version__}: 6 trainings on the same 4 texts")
print(f"  sizes {sizes}; different vocabularies {numbers}; different sets of words {words}")
print(f"  the words of two letters and more that not all have: {uncommon}")
assert numbers > 1, "every training gave the same numbers: this has changed"
assert words > 1, "every training gave the same words: this has changed"
assert len(sizes) == 1
PY
"$folder/venv/bin/python" "$folder/train.py"
