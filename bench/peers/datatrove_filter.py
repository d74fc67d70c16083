#!/usr/bin/env python3
"""Counts records with a keyword in a pipeline of datatrove: its reader, and a filter over ahocorasick_rs. Prints JSON.

    python datatrove_filter.py --words words.txt --workers 2 corpus-0.jsonl.gz corpus-1.jsonl.gz

The files stand in one folder. Its executor shares out files, so as many workers are of use as there are files. What the
filter drops is not written: the row is in its favour.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import ahocorasick_rs
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.readers import JsonlReader
from loguru import logger


class KeywordFilter(BaseFilter):
    """Drops documents with a keyword."""

    name = "keywords"

    def __init__(self, words: list[str]) -> None:
        super().__init__()
        self._words = words
        # Made where it is used: an automaton cannot be sent to another process.
        self._automaton: ahocorasick_rs.AhoCorasick | None = None

    def filter(self, doc: Document) -> bool:
        if self._automaton is None:
            self._automaton = ahocorasick_rs.AhoCorasick(self._words)
        return not self._automaton.find_matches_as_indexes(doc.text, overlapping=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Counts records with a keyword, in a pipeline of datatrove.")
    parser.add_argument("--words", required=True, type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("corpus", nargs="+", type=Path)
    options = parser.parse_args()
    words = [word for word in options.words.read_text(encoding="utf-8").split("\n") if word]
    folder = options.corpus[0].parent
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    with tempfile.TemporaryDirectory() as scratch:
        names = Path(scratch) / "files.txt"
        names.write_text("".join(f"{path.relative_to(folder)}\n" for path in options.corpus), encoding="utf-8")
        pipeline = [JsonlReader(str(folder), paths_file=str(names)), KeywordFilter(words)]
        tasks = {"tasks": len(options.corpus), "workers": options.workers, "logging_dir": f"{scratch}/logs"}
        # Its default, a fork server, would keep the workers' processor time to itself.
        executor = LocalPipelineExecutor(pipeline, **tasks, start_method="fork")
        stats = executor.run().stats
    counts = next(step for step in stats if step.name.endswith(KeywordFilter.name))
    print(json.dumps({"records": counts["total"].total, "hit": counts["dropped"].total}))


if __name__ == "__main__":
    main()
