#!/usr/bin/env python3
"""Counts records with a keyword, with polars: Aho-Corasick over a column that it reads itself. Prints JSON.

    POLARS_MAX_THREADS=2 python polars_scan.py --words words.txt --find contains_any corpus.parquet

`contains_any` says whether a text holds one of the words and stops at the first; `extract_many` gives all matches,
overlapping ones too, as a scan with evidence needs. `--engine in-memory` holds the whole column; `streaming` a part of it at
a time, for each of which it makes the automaton anew. JSON lines are read as polars reads them, gzip and zstd too.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import polars as pl


def scan(path: str) -> pl.LazyFrame:
    if path.endswith(".parquet"):
        return pl.scan_parquet(path)
    if path.endswith(".arrow"):
        return pl.scan_ipc(path)
    # A schema, so that no line is read twice to find one out.
    return pl.scan_ndjson(path, schema={"id": pl.String, "text": pl.String})


def main() -> None:
    parser = argparse.ArgumentParser(description="Counts records with a keyword, with polars.")
    parser.add_argument("--words", required=True, type=Path)
    parser.add_argument("--find", required=True, choices=["contains_any", "extract_many"])
    parser.add_argument("--engine", default="in-memory", choices=["streaming", "in-memory"])
    parser.add_argument("corpus")
    options = parser.parse_args()
    words = [word for word in options.words.read_text(encoding="utf-8").split("\n") if word]
    text = pl.col("text")
    if options.find == "contains_any":
        hit = text.str.contains_any(words)
    else:
        hit = text.str.extract_many(words, overlapping=True).list.len() > 0
    counted = scan(options.corpus).select(records=pl.len(), hit=hit.sum()).collect(engine=options.engine)
    print(json.dumps(counted.row(0, named=True)))


if __name__ == "__main__":
    main()
