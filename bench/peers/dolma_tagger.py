"""A tagger for `dolma tag`: the places of keywords, found with ahocorasick_rs, the fastest that its toolkit is extended with.

    BENCH_WORDS=words.txt dolma tag --tagger_modules dolma_tagger.py --taggers keywords ...

The list comes by the environment because dolma makes its taggers without arguments.
"""

from __future__ import annotations

import os
from pathlib import Path

import ahocorasick_rs
from dolma import BaseTagger, add_tagger
from dolma.core.data_types import DocResult, Document, Span


@add_tagger("keywords")
class KeywordTagger(BaseTagger):
    """One span for each match, overlapping ones too. Documents without a match get no attribute."""

    def __init__(self) -> None:
        text = Path(os.environ["BENCH_WORDS"]).read_text(encoding="utf-8")
        self._automaton = ahocorasick_rs.AhoCorasick([word for word in text.split("\n") if word])

    def predict(self, doc: Document) -> DocResult:
        found = self._automaton.find_matches_as_indexes(doc.text, overlapping=True)
        spans = [Span(start=start, end=end, type="hit") for _, start, end in found]
        return DocResult(doc=doc, spans=spans)
