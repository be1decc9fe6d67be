"""Tiny, randomly initialised sentence encoders in sentence-transformers' layout, for the tests.

    python models/export/tests/tiny.py mean build/tiny-mean

transformers itself makes them, so that an exported model is compared with the original.
"""

import json
import sys
from pathlib import Path

WORDS = ["the", "a", "is", "was", "tea", "cup", "hot", "dough", "bread", "rises", "star", "bright"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MAX_LENGTH = 24


def make(folder: Path, pooling: str, normalize: bool = True) -> Path:
    """Write a BERT of 2 layers, 4 heads and 32 dimensions with pooling "mean" or "cls"."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = {word: i for i, word in enumerate(SPECIAL + WORDS)}
    torch.manual_seed(11)
    model = BertModel(
        BertConfig(
            vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=48, max_position_embeddings=MAX_LENGTH,
        )
    )  # fmt: skip
    with torch.no_grad():  # at first all biases are 0: an export that forgot them would pass
        for value in model.parameters():
            value.add_(torch.randn_like(value) * 0.1)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)

    tokenizer = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(t, words[t]) for t in ("[CLS]", "[SEP]")]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=MAX_LENGTH,
        unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
    ).save_pretrained(folder)  # fmt: skip

    kinds = ["Transformer", "Pooling", *(["Normalize"] if normalize else [])]
    paths = ["", "1_Pooling", "2_Normalize"]
    _write(
        folder / "modules.json",
        [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (kind, path) in enumerate(zip(kinds, paths, strict=False))
        ],
    )
    _write(
        folder / "sentence_bert_config.json", {"max_seq_length": MAX_LENGTH, "do_lower_case": False}
    )
    _write(
        folder / "1_Pooling" / "config.json",
        {
            "word_embedding_dimension": 32,
            "pooling_mode_mean_tokens": pooling == "mean",
            "pooling_mode_cls_token": pooling == "cls",
        },
    )
    (folder / "2_Normalize").mkdir(exist_ok=True)
    return folder


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


if __name__ == "__main__":
    make(Path(sys.argv[2]), sys.argv[1])
