#!/usr/bin/env python3
"""Counts all matches of words in a text, overlapping ones too, with ahocorasick_rs, and says what that took.

    python ahocorasick_match.py words.txt text.txt rounds

Prints JSON: version, hits, seconds of processor time to build the automaton, and of each round of matching alone.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

from ahocorasick_rs import BytesAhoCorasick

CHUNK_BYTES = 1 << 20


def chunks_of(text: bytes) -> list[bytes]:
    """Pieces that end with a line: no word holds a line feed. All matches of the whole would be one long list."""
    chunks, start = [], 0
    while start < len(text):
        end = text.rfind(b"\n", start, start + CHUNK_BYTES) + 1 or len(text)
        chunks.append(text[start:end])
        start = end
    return chunks


def main() -> None:
    words_path, text_path, rounds = sys.argv[1:]
    words = Path(words_path).read_bytes().splitlines()
    chunks = chunks_of(Path(text_path).read_bytes())
    start = time.thread_time()
    # Bytes, not str: the faster of its two, and the text is UTF-8 anyway.
    automaton = BytesAhoCorasick(words)
    build = time.thread_time() - start
    hits, seconds = 0, []
    for _ in range(int(rounds)):
        start = time.thread_time()
        hits = sum(len(automaton.find_matches_as_indexes(chunk, overlapping=True)) for chunk in chunks)
        seconds.append(time.thread_time() - start)
    print(json.dumps({"version": version("ahocorasick_rs"), "hits": hits, "build": build, "rounds": seconds}))


if __name__ == "__main__":
    main()
