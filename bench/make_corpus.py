#!/usr/bin/env python3
"""Makes the benchmark corpus: the texts of some files, repeated up to a size, in each way of storing them.

    python make_corpus.py --size 1000000000 --out bench/work/corpus --formats jsonl,gz,zst,parquet,arrow FILE_OR_FOLDER...

Reads Parquet, Arrow files and streams, and JSON lines (plain, .gz, .zst); the text is the column `text`, else
`content`. Rows without text are left out. The texts are repeated in their order until `--size` bytes of UTF-8 are
reached; each record gets an id of its own, so nothing but the text repeats, and a text comes back only after all
others. Nothing is drawn at random: the same input and the same versions of requirements.txt give the same bytes. Only
the texts and a group of rows are held, whatever the size.

Prints what it made as JSON: records, bytes of text, a digest of ids and texts, and size and SHA-256 of each file.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

EXTENSIONS = {".parquet", ".arrow", ".jsonl", ".gz", ".zst"}
TEXT_COLUMNS = ("text", "content")
# A shard of a columnar file is cut at these borders: small enough that two workers end at about the same time.
ROWS_PER_GROUP = 32_768
ROWS_PER_BATCH = 8_192
SCHEMA = pa.schema([pa.field("id", pa.string(), nullable=False), pa.field("text", pa.string(), nullable=False)])

Rows = list[tuple[str, str]]
Sink = Callable[[Rows], None]


def files_of(paths: list[Path]) -> list[Path]:
    """The data files that the paths name, folders opened, in an order that does not depend on the file system."""
    files = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        files += [file for file in inside if file.is_file() and file.suffix in EXTENSIONS]
    if not files:
        sys.exit(f"no data files ({', '.join(sorted(EXTENSIONS))}) in {', '.join(map(str, paths))}")
    return files


def text_column(names: list[str], path: Path) -> str:
    for name in TEXT_COLUMNS:
        if name in names:
            return name
    sys.exit(f"{path}: no column {' or '.join(TEXT_COLUMNS)} among {', '.join(names)}")


def texts_of(path: Path) -> Iterator[str | None]:
    """All texts of a file, in order."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        yield from table[text_column(table.column_names, path)].to_pylist()
    elif path.suffix == ".arrow":
        with pa.memory_map(str(path)) as source:
            # A file starts and ends with a magic number, a stream does not.
            is_file = source.read(6) == b"ARROW1"
            source.seek(0)
            reader = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
            table = reader.read_all()
            yield from table[text_column(table.column_names, path)].to_pylist()
    else:
        compression = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix)
        with pa.input_stream(str(path), compression=compression) as stream:
            for line in decoded(stream.read()).split("\n"):
                if line:
                    record = json.loads(line)
                    yield record[text_column(list(record), path)]


def decoded(stored: bytes) -> str:
    """UTF-8, else GB 18030, in which one of the example sources is stored. The benchmark corpus is all UTF-8."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored.decode("gb18030")


def repeated(texts: list[str], size: int) -> Iterator[Rows]:
    """Rows of (id, text) in groups, until `size` bytes of text are reached."""
    sizes = [len(text.encode()) for text in texts]
    rows: Rows = []
    number = total = 0
    while total < size:
        for text, length in zip(texts, sizes):
            rows.append((f"{number:09d}", text))
            number += 1
            total += length
            if len(rows) == ROWS_PER_GROUP:
                yield rows
                rows = []
            if total >= size:
                break
    if rows:
        yield rows


class Lines:
    """JSON lines, plain or compressed."""

    def __init__(self, path: Path, compression: str | None = None) -> None:
        self._raw = path.open("wb")
        self._file: Any = self._raw
        if compression == "gzip":
            # No name and no time, so that the bytes depend on the content alone.
            self._file = gzip.GzipFile("", "wb", 6, self._raw, 0)
        elif compression == "zstd":
            self._file = pa.CompressedOutputStream(self._raw, "zstd")

    def write(self, rows: Rows) -> None:
        quote = json.JSONEncoder(ensure_ascii=False).encode
        self._file.write("".join(f'{{"id":"{id}","text":{quote(text)}}}\n' for id, text in rows).encode())

    def close(self) -> None:
        self._file.close()
        self._raw.close()


class Parquet:
    """Parquet with zstd pages, as most corpora are handed around."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd", use_dictionary=False)

    def write(self, rows: Rows) -> None:
        self._writer.write_table(table_of(rows), row_group_size=ROWS_PER_GROUP)

    def close(self) -> None:
        self._writer.close()


class Arrow:
    """An Arrow IPC file, uncompressed."""

    def __init__(self, path: Path) -> None:
        self._writer = pa.ipc.new_file(str(path), SCHEMA)

    def write(self, rows: Rows) -> None:
        self._writer.write_table(table_of(rows), max_chunksize=ROWS_PER_BATCH)

    def close(self) -> None:
        self._writer.close()


def table_of(rows: Rows) -> pa.Table:
    ids, texts = zip(*rows)
    return pa.table([pa.array(ids, pa.string()), pa.array(texts, pa.string())], schema=SCHEMA)


class Half(Lines):
    """Every other batch of rows as JSON lines: for tools whose threads share files but not one file."""

    def __init__(self, path: Path, half: int, compression: str | None = None) -> None:
        super().__init__(path, compression)
        self._half = half
        self._batches = 0

    def write(self, rows: Rows) -> None:
        for start in range(0, len(rows), ROWS_PER_BATCH):
            if self._batches % 2 == self._half:
                super().write(rows[start : start + ROWS_PER_BATCH])
            self._batches += 1


WRITERS = {
    "jsonl": ("corpus.jsonl", Lines),
    "half-0": ("corpus-0.jsonl", lambda path: Half(path, 0)),
    "half-1": ("corpus-1.jsonl", lambda path: Half(path, 1)),
    "gz": ("corpus.jsonl.gz", lambda path: Lines(path, "gzip")),
    "gz-half-0": ("corpus-0.jsonl.gz", lambda path: Half(path, 0, "gzip")),
    "gz-half-1": ("corpus-1.jsonl.gz", lambda path: Half(path, 1, "gzip")),
    "zst": ("corpus.jsonl.zst", lambda path: Lines(path, "zstd")),
    "parquet": ("corpus.parquet", Parquet),
    "arrow": ("corpus.arrow", Arrow),
}


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the benchmark corpus.")
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument("--size", required=True, type=int, help="bytes of text")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--formats", default=",".join(WRITERS))
    options = parser.parse_args()

    files = files_of(options.texts)
    texts = [text for file in files for text in texts_of(file) if text]
    options.out.mkdir(parents=True, exist_ok=True)
    paths = {name: options.out / WRITERS[name][0] for name in options.formats.split(",")}
    writers = [WRITERS[name][1](path) for name, path in paths.items()]
    digest = hashlib.sha256()
    records = text_bytes = 0
    for rows in repeated(texts, options.size):
        for writer in writers:
            writer.write(rows)
        for id, text in rows:
            encoded = text.encode()
            digest.update(b"%s\0%s\0" % (id.encode(), encoded))
            text_bytes += len(encoded)
        records += len(rows)
    for writer in writers:
        writer.close()

    result = {
        "records": records,
        "textBytes": text_bytes,
        "distinctTexts": len(set(texts)),
        "repeatedTextBytes": sum(len(text.encode()) for text in texts),
        "digest": digest.hexdigest(),
        "from": [{"name": file.name, "sha256": sha256_of(file)} for file in files],
        "files": {
            name: {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
            for name, path in paths.items()
        },
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
