#!/usr/bin/env python3
"""The peer that a Python team would write: a pool of processes over ahocorasick_rs. Prints records and records hit.

    python ahocorasick_pool.py --words words.txt --workers 2 corpus.jsonl

Each process builds the automaton, reads its parts of the file, decodes each record and finds all matches, overlapping
ones with them: what a scan with evidence needs. Plain JSON lines are cut at lines, Parquet at row groups, Arrow at
batches; gzip and zstd cannot be cut, so the first process unpacks and hands lines on.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import multiprocessing
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import ahocorasick_rs
import orjson
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

PART_BYTES = 16 << 20

Part = tuple[str, object]


class Scanner:
    """One process's automaton."""

    def __init__(self, words: list[str], path: str) -> None:
        self._path = path
        self._automaton = ahocorasick_rs.AhoCorasick(words)

    def count(self, part: Part) -> tuple[int, int]:
        """Records of a part, and how many of them have a match."""
        find = self._automaton.find_matches_as_indexes
        records = hit = 0
        for text in self._texts(part):
            records += 1
            if find(text, overlapping=True):
                hit += 1
        return records, hit

    def _texts(self, part: Part) -> Iterator[str]:
        kind, what = part
        if kind == "range":
            start, end = what
            with open(self._path, "rb") as file:
                file.seek(start)
                lines = file.read(end - start).splitlines()
            yield from (orjson.loads(line)["text"] for line in lines)
        elif kind == "lines":
            yield from (orjson.loads(line)["text"] for line in what.splitlines())
        elif kind == "group":
            yield from pq.ParquetFile(self._path).read_row_group(what, ["text"])["text"].to_pylist()
        else:
            with pa.memory_map(self._path) as source:
                yield from pa.ipc.open_file(source).get_batch(what)["text"].to_pylist()


def parts_of(path: str) -> Iterable[Part]:
    if path.endswith(".parquet"):
        return (("group", i) for i in range(pq.ParquetFile(path).num_row_groups))
    if path.endswith(".arrow"):
        with pa.memory_map(path) as source:
            return [("batch", i) for i in range(pa.ipc.open_file(source).num_record_batches)]
    return unpacked(path) if path.endswith((".gz", ".zst")) else ranges(path)


def ranges(path: str) -> Iterator[Part]:
    """Byte ranges that end at lines."""
    size = Path(path).stat().st_size
    with open(path, "rb") as file:
        start = 0
        while start < size:
            file.seek(min(start + PART_BYTES, size))
            file.readline()
            end = file.tell()
            yield "range", (start, end)
            start = end


def unpacked(path: str) -> Iterator[Part]:
    with open_packed(path) as file:
        while chunk := file.read(1 << 20):
            yield "lines", chunk + file.readline()


def open_packed(path: str) -> io.BufferedIOBase:
    if path.endswith(".gz"):
        return gzip.open(path, "rb")
    return io.BufferedReader(pa.input_stream(path, compression="zstd"))


def held_back(parts: Iterable[Part], waiting: threading.Semaphore) -> Iterator[Part]:
    for part in parts:
        waiting.acquire()
        yield part


scanner: Scanner


def start(words: list[str], path: str) -> None:
    global scanner
    scanner = Scanner(words, path)


def count(part: Part) -> tuple[int, int]:
    return scanner.count(part)


def main() -> None:
    parser = argparse.ArgumentParser(description="Counts records with a keyword, with a pool over ahocorasick_rs.")
    parser.add_argument("--words", required=True, type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("corpus")
    options = parser.parse_args()
    words = [word for word in options.words.read_text(encoding="utf-8").split("\n") if word]
    records = hit = 0
    with multiprocessing.Pool(options.workers, start, (words, options.corpus)) as pool:
        # A pool takes its whole input at once if it may, which would hold an unpacked corpus in memory.
        waiting = threading.Semaphore(4 * options.workers)
        for part_records, part_hit in pool.imap_unordered(count, held_back(parts_of(options.corpus), waiting)):
            waiting.release()
            records += part_records
            hit += part_hit
    print(json.dumps({"records": records, "hit": hit}))


if __name__ == "__main__":
    main()
