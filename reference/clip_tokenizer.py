"""Goldens of CLIP's tokenizer: Hugging Face's fast one, on a vocabulary of a few joined pairs.

The vocabulary is laid out as CLIP's: 256 bytes as letters, the same at the end of a word, the
joined pairs, the two special tokens.
"""

import json

from transformers import CLIPTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

from golden_files import folder, write_json

MERGES = [
    ("t", "h"), ("th", "e</w>"), ("r", "e"), ("re", "d</w>"), ("s", "q"), ("u", "a"),
    ("sq", "ua"), ("squa", "re</w>"), ("i", "n"), ("in", "g</w>"), ("'", "s</w>"), ("r", "e</w>"),
    ("Ã", "©</w>"), ("a", "n"), ("an", "d</w>"), ("!", "!</w>"), ("<", "|"),
]  # fmt: skip
SENTENCES = [
    "the red square",
    "The RED  Square's\tmoving!!",
    "and 2024, the caf\u00e9 re-opens",
    "nai\u0308ve \u4e16\u754c \U0001f600",
    "it is <|endoftext|> the <|startoftext|> end",
    "[SEP] [CLS] \u2026 don't we're",
    "",
    "  ",
]


def main() -> None:
    out = folder("clip_tokenizer")
    letters = list(bytes_to_unicode().values())
    tokens = letters + [letter + "</w>" for letter in letters]
    tokens += [first + second for first, second in MERGES]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    assert len(set(tokens)) == len(tokens)
    vocabulary = {token: i for i, token in enumerate(tokens)}
    (out / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n")
    merges = "#version: 0.2\n" + "".join(f"{first} {second}\n" for first, second in MERGES)
    (out / "merges.txt").write_text(merges)

    tokenizer = CLIPTokenizerFast.from_pretrained(str(out))
    # A special token that stands in a text is text.
    tokenizer.backend_tokenizer.encode_special_tokens = True
    ids = [tokenizer.backend_tokenizer.encode(sentence).ids for sentence in SENTENCES]
    first, last = vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"]
    for sentence in ids:
        assert sentence[0] == first and sentence[-1] == last
        assert first not in sentence[1:-1] and last not in sentence[1:-1]
    write_json(
        out / "sentences.json",
        {
            "about": "Written by reference/clip_tokenizer.py; do not edit.",
            "sentences": {sentence: row for sentence, row in zip(SENTENCES, ids)},
        },
    )
    print(ids)


if __name__ == "__main__":
    main()
