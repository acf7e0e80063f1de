"""Compare the estimate of tokens with a tokenizer's: `python benchmarks/tokens.py FOLDER RANKS`.

FOLDER holds corpora as `codemem dev eval` reads them, RANKS is `cl100k_base.tiktoken`, which OpenAI
publishes; needs `pip install tiktoken`. Every eighth memory of a family is looked at, as a line of
a pack: at most 1,000 characters of its body.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import tiktoken
from tiktoken.load import load_tiktoken_bpe

from codemem_core.retrieval.pack.render import BODY_CHARS, clip, harmless, tokens

_EVERY = 8
# As OpenAI cuts text into words before it looks for ranks.
_WORD = (
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*"""
    r"""|\s*[\r\n]|\s+(?!\S)|\s+"""
)


def main() -> None:
    """Print the estimate as a multiple of the tokenizer's count, by family."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("ranks", type=Path)
    chosen = options.parse_args()
    ranks = load_tiktoken_bpe(str(chosen.ranks))
    encoding = tiktoken.Encoding("ranks", pat_str=_WORD, mergeable_ranks=ranks, special_tokens={})
    families: dict[str, list[Path]] = {}
    for path in sorted(chosen.folder.rglob("docs.jsonl")):
        families.setdefault(path.parent.parent.name, []).append(path)
    report = {family: _ratio(paths, encoding) for family, paths in families.items()}
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


def _ratio(paths: list[Path], encoding: tiktoken.Encoding) -> float:
    texts = [text for path in paths for text in _lines(path)]
    counted = sum(len(encoding.encode(text)) for text in texts)
    return round(sum(map(tokens, texts)) / counted, 3)


def _lines(path: Path) -> list[str]:
    docs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        f"[{at}] ({doc['kind']}) {harmless(doc['title'])} - {body}"
        for at, doc in list(enumerate(docs, 1))[::_EVERY]
        if (body := clip(harmless(doc["body"]), BODY_CHARS))
    ]


if __name__ == "__main__":
    main()
