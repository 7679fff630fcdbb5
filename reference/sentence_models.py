"""Goldens of sentence models: sentence-transformers' own directories of a BERT and of an XLM-RoBERTa, tiny, with random
weights, and what it makes of sentences.

What the files beside the weights say is not what their `tokenizer.json` says: that one cuts at 8 tokens and pads to 8,
and right is a cut at 20 or 18 and no padding. Computed in f64 from weights that are exact in f32.
"""

import json
import shutil
import tempfile
from pathlib import Path

import sentencepiece
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

from golden_files import folder, write_json, write_tensors
from random_weights import random_normal, randomise

SENTENCES = [
    "the red square",
    "The RED Square",
    "THE RED SQUARE MOVES!",
    "it's a dog, isn't it?",
    "don't we're they'll",
    "2024 was 365 days",
    "3.14 and 1,000",
    "a man opens the door and walks away",
    "caf\u00e9 na\u00efve",
    "cafe\u0301",
    "\u4e16\u754c",
    "\u4e16 and \u754c",
    "der Hund l\u00e4uft \u00fcber die Stra\u00dfe",
    "el ni\u00f1o corre",
    "le chien n'a pas mang\u00e9",
    "\u0441\u043e\u0431\u0430\u043a\u0430",
    "\u72ac\u304c\u8d70\u308b",
    "\uff21\uff22\uff23 full width",
    "\u201cquoted\u201d \u2026",
    "tabs\tand  spaces ",
    " leading",
    "a",
    "",
    "  ",
    "!?",
    "red-square re_d #3",
    "e-mail@me.org",
    "50% of $20",
    "word " * 40,
    "the red square moves " * 12,
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "what is he doing?",
    "When does SHE cut the onions",
    "someone pours 2 cups of water",
    "\U0001f436 dog",
    "(a re\u0301d square)",
    "first; then: last.",
    "line\nbreak",
    "soft\u00adhyphen zero\u200bwidth",
    "I I I i i",
]

# Of these the gradients are taken: one cut, one short, one of many signs.
TRAINED = [29, 5, 3]

WORDS = ["the", "red", "square", "moves", "dog", "man", "and", "opens", "door", "water", "##ing"]
SIGNS = list("!?.,;:'\"()-_@#$%") + ["\u2026", "\u201c", "\u4e16", "\u754c"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

WIDTH, HEADS, LAYERS, HIDDEN, PLACES = 8, 2, 2, 12, 24


def wordpiece() -> Tokenizer:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    vocabulary = SPECIAL + list(letters) + [f"##{letter}" for letter in letters] + WORDS + SIGNS
    tokenizer = Tokenizer(
        models.WordPiece(
            {token: i for i, token in enumerate(vocabulary)},
            unk_token="[UNK]",
            max_input_chars_per_word=100,
        )
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8, pad_id=0, pad_token="[PAD]")
    return tokenizer


def fields(message: bytes) -> dict[int, list]:
    """The fields of a message of protocol buffers, by number."""
    found, at = {}, 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        match key & 7:
            case 0:
                value = varint()
            case 1:
                value, at = message[at : at + 8], at + 8
            case 2:
                length = varint()
                value, at = message[at : at + length], at + length
            case 5:
                value, at = message[at : at + 4], at + 4
        found.setdefault(key >> 3, []).append(value)
    return found


def unigram() -> Tokenizer:
    """Pieces that SentencePiece learns of the sentences, with a small map of its own for the letters, laid out as
    XLM-RoBERTa's.
    """
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        texts = [" ".join(s.split()) for s in SENTENCES if s.strip() and len(s) < 60]
        (place / "texts").write_text("\n".join(texts * 4) + "\n")
        # Full width letters, two spaces, the soft hyphen, as nmt_nfkc has them.
        rules = [(f"{0xFF21 + i:X}", f"{0x41 + i:X}") for i in range(26)]
        rules += [("9", "20"), ("A", "20"), ("2026", "2E 2E 2E"), ("65 301", "E9"), ("AD", "")]
        (place / "rules.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in rules))
        sentencepiece.SentencePieceTrainer.train(
            input=str(place / "texts"),
            model_prefix=str(place / "tiny"),
            vocab_size=110,
            model_type="unigram",
            character_coverage=0.98,
            normalization_rule_tsv=str(place / "rules.tsv"),
            num_threads=1,
            minloglevel=2,
        )
        trained = sentencepiece.SentencePieceProcessor(model_file=str(place / "tiny.model"))
        charsmap = fields(fields((place / "tiny.model").read_bytes())[3][0])[2][0]
    size = trained.get_piece_size()
    pieces = [(trained.id_to_piece(i), round(trained.get_score(i), 4)) for i in range(3, size)]
    special = [(token, 0.0) for token in ["<s>", "<pad>", "</s>", "<unk>"]]
    tokenizer = Tokenizer(models.Unigram(special + pieces + [("<mask>", 0.0)], unk_id=3))
    tokenizer.normalizer = normalizers.Precompiled(charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always"),
        ]
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8, pad_id=1, pad_token="<pad>")
    return tokenizer


def write(path: Path, value) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_model(out: Path, model, tokenizer: Tokenizer, names: dict, rules: dict[str, object]) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    write(out / "config.json", json.loads(model.config.to_json_string()))
    state = {name: t.float().contiguous() for name, t in model.state_dict().items() if "pooler" not in name}
    save_file(state, str(out / "model.safetensors"), metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)
    (out / "tokenizer.json").write_text(tokenizer.to_str(pretty=False) + "\n")
    write(out / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **names})
    for name, value in rules.items():
        write(out / name, value)


def modules(*kinds: str) -> list[dict]:
    """As sentence-transformers wrote it for years."""
    paths = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    return [
        {"idx": i, "name": str(i), "path": paths[kind], "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]


def outcome(out: Path, model, prompts: bool, kept_gradient) -> None:
    """What sentence-transformers reads of the directory and makes of the sentences."""
    whole = SentenceTransformer(str(out), device="cpu").double().eval()
    # Padded in batches, as everybody calls it.
    def encode(how) -> torch.Tensor:
        return how(SENTENCES, convert_to_tensor=True, batch_size=7, show_progress_bar=False)

    found = {"sentences": encode(whole.encode)}
    if prompts:
        # Of some, to stay small.
        found["queries"] = encode(whole.encode_query)[:12]
        found["documents"] = encode(whole.encode_document)[:12]
        assert (found["queries"] - found["sentences"][:12]).abs().max() > 1e-3
        assert (found["documents"] - found["sentences"][:12]).abs().max() > 1e-3
    alone = torch.stack([whole.encode(s, convert_to_tensor=True) for s in SENTENCES[:4]])
    assert torch.allclose(alone, found["sentences"][:4], atol=1e-12), "padding must change nothing"
    ids = [whole.tokenizer(s, truncation=True, max_length=whole.max_seq_length)["input_ids"] for s in SENTENCES]
    # Without the padding that the file asks for.
    pad = whole.tokenizer.pad_token_id
    ids = [[i for i in row if i != pad] for row in ids]
    assert max(map(len, ids)) == whole.max_seq_length and min(map(len, ids)) == 2

    generator = torch.Generator().manual_seed(5)
    rows = [ids[i] for i in TRAINED]
    longest = max(map(len, rows))
    batch = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
    mask = (batch != pad).long()
    hidden = model(input_ids=batch, attention_mask=mask).last_hidden_state
    found["words"] = hidden * mask[:, :, None]
    vectors = whole({"input_ids": batch, "attention_mask": mask})["sentence_embedding"]
    assert torch.allclose(vectors, found["sentences"][TRAINED], atol=1e-12)
    found["loss_weights"] = random_normal(vectors.shape, generator, 1.0)
    (vectors * found["loss_weights"]).sum().backward()
    for name, parameter in whole[0].model.named_parameters():
        # Of BERT one block, of XLM-RoBERTa what is not BERT's: its places.
        if not kept_gradient(name):
            continue
        gradient = parameter.grad
        # The softmax does not see a constant added to all keys: rounding alone is left of that gradient.
        found[f"grad.{name}"] = torch.zeros_like(gradient) if name.endswith("key.bias") else gradient
    write_tensors(out / "expected.safetensors", found)
    document = {"about": "Written by reference/sentence_models.py; do not edit.", "ids": ids, "trained": TRAINED}
    (out / "sentences.json").write_text(
        json.dumps(document | {"sentences": SENTENCES}, ensure_ascii=False) + "\n"
    )
    print(out.name, [len(row) for row in ids], found["sentences"][0, :3].tolist())


def main() -> None:
    generator = torch.Generator().manual_seed(41)
    out = folder("sentence_models")
    sizes = {
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": HIDDEN,
        "max_position_embeddings": PLACES,
        "attention_probs_dropout_prob": 0.0,
        "hidden_dropout_prob": 0.0,
    }

    tokenizer = wordpiece()
    config = BertConfig(vocab_size=tokenizer.get_vocab_size(), attn_implementation="eager", **sizes)
    model = BertModel(config).double().eval()
    randomise(model, generator)
    names = {
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "mask_token": "[MASK]",
        "model_max_length": PLACES,
    }
    rules = {
        "modules.json": modules("Transformer", "Pooling", "Normalize"),
        "1_Pooling/config.json": {
            "word_embedding_dimension": WIDTH,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        "sentence_bert_config.json": {"max_seq_length": 20, "do_lower_case": False},
        "config_sentence_transformers.json": {"__version__": {"sentence_transformers": "2.0.0"}},
    }
    write_model(out / "bert", model, tokenizer, names, rules)
    
    def kept(name: str) -> bool:
        return "pooler" not in name and "layer.1." not in name

    outcome(out / "bert", model, prompts=False, kept_gradient=kept)

    tokenizer = unigram()
    config = XLMRobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), type_vocab_size=1, attn_implementation="eager", layer_norm_eps=1e-5,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, **sizes | {"num_hidden_layers": 1},
    )  # fmt: skip
    model = XLMRobertaModel(config).double().eval()
    randomise(model, generator)
    names = {
        "bos_token": "<s>",
        "cls_token": "<s>",
        "eos_token": "</s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
        "model_max_length": 18,
    }
    # The newer form, and no length: the tokenizer's own holds.
    rules = {
        "modules.json": modules("Transformer", "Pooling"),
        "1_Pooling/config.json": {"embedding_dimension": WIDTH, "pooling_mode": "cls", "include_prompt": True},
        "sentence_bert_config.json": {"max_seq_length": None, "do_lower_case": True},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "default_prompt_name": None,
        },
    }
    write_model(out / "xlm-roberta", model, tokenizer, names, rules)
    outcome(out / "xlm-roberta", model, prompts=True, kept_gradient=lambda name: "position" in name)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
