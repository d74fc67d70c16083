#!/usr/bin/env python3
"""Makes the example corpus: eleven sources in every format that the scanner reads, and the manifest.

    python make_corpus.py --corpora DIR --labelled DIR --lexicons DIR --out examples/corpus

The three folders hold zstd JSON lines: clean pre-training text, sets labelled safe or unsafe by people,
and open word lists. Which of them, and under which licence, says `LICENSES.md`.

Three rules make the corpus fit to show a gate on:

* Only records whose SHA-256(id) ends in an odd byte are taken. Thresholds and the keyword library are tuned on
  the even half, so the example never measures what it was tuned on.
* Of labelled sets only `test` (and `dev` of the SMS set) is taken, so no model has trained on a record.
* Labels decide which records enter a source. They are not written into it: the share is for the scan to find.

The same input and the same versions of requirements.txt give the same bytes: order is by SHA-256(id), archives
carry no time, and nothing is drawn at random.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

Record = dict[str, object]

# What a record carries beside id and text: the metadata that GB/T 45652 6.2 a asks of samples from data sets.
METADATA = ["source_type", "dataset_name", "organization", "license", "locator"]


@dataclass(frozen=True)
class Labelled:
    """One labelled set, and the metadata that its own records lack."""

    dataset: str
    splits: tuple[str, ...]
    name: str
    organization: str
    license: str
    repository: str


COLD = Labelled("cold", ("test",), "COLDataset", "CoAI group, Tsinghua University", "Apache-2.0", "thu-coai/COLDataset")
EDOS = Labelled("edos", ("test",), "EDOS (SemEval-2023 task 10)", "Rewire", "CC0-1.0", "rewire-online/edos")
DAVIDSON = Labelled(
    "davidson", ("test",), "Hate Speech and Offensive Language", "Davidson et al., Cornell University", "MIT",
    "t-davidson/hate-speech-and-offensive-language",
)
SMS = Labelled(
    "sms-spam-en", ("dev", "test"), "SMS Spam Collection v.1", "Almeida and Gómez Hidalgo; UCI repository",
    "CC-BY-4.0", "mohitgupta-omg/Kaggle-SMS-Spam-Collection-Dataset-",
)


def is_odd(record_id: str) -> bool:
    """True for the half of the records that no threshold and no keyword list was tuned on."""
    return hashlib.sha256(record_id.encode()).digest()[-1] & 1 == 1


def order(record: Record) -> bytes:
    """Sort key that mixes safe and unsafe records without a seed."""
    return hashlib.sha256(str(record["id"]).encode()).digest()


def read_lines(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file)
        for line in io.TextIOWrapper(reader, encoding="utf-8"):
            yield json.loads(line)


def columns(record: Record) -> Record:
    return {name: record[name] for name in ["id", "text", *METADATA]}


def clean_records(corpora: Path, name: str, limit: int | None = None) -> list[Record]:
    """Odd half of one unlabelled corpus, or the first `limit` of it by hash."""
    records = sorted((r for r in read_lines(corpora / f"{name}.jsonl.zst") if is_odd(str(r["id"]))), key=order)
    return [columns(r) for r in records[:limit]]


def labelled_records(labelled: Path, labels: Labelled) -> list[Record]:
    """Odd half of the held-out splits of one labelled set, label and all, by hash."""
    records: list[Record] = []
    for split in labels.splits:
        for row in read_lines(labelled / f"{labels.dataset}.{split}.jsonl.zst"):
            if is_odd(str(row["id"])):
                records.append({
                    **row,
                    "source_type": "open-source-dataset",
                    "dataset_name": labels.name,
                    "organization": labels.organization,
                    "license": labels.license,
                    "locator": f"{labels.repository}:{split}",
                })
    return sorted(records, key=order)


def fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


class Screen:
    """Stands for the moderation of a curated source: tells whether a text holds a listed word.

    EDOS labels sexism and nothing else, so its safe records may be unsafe in other ways; without this the
    share written down for the source would be too small.
    """

    def __init__(self, lexicons: Path, lists: Iterable[str], language: str) -> None:
        rows = (row for name in lists for row in read_lines(lexicons / f"{name}.jsonl.zst"))
        self.terms = {fold(str(row["term"])) for row in rows if row["lang"] == language}
        self.language = language

    def hits(self, text: str) -> bool:
        folded = fold(text)
        if self.language == "zh":
            return any(folded[i : i + n] in self.terms for i in range(len(folded)) for n in range(2, 9))
        words = re.findall(r"[^\W\d_]+", folded)
        return any(" ".join(words[i : i + n]) in self.terms for i in range(len(words)) for n in (1, 2, 3))


def curated(records: list[Record], safe: list[Record], unsafe: int) -> list[Record]:
    """The safe records with the first `unsafe` unsafe ones by hash among them."""
    bad = [r for r in records if r["unsafe"] == 1][:unsafe]
    return sorted(safe + bad, key=order)


# --- formats ---------------------------------------------------------------------------------------------------------


def table(records: list[Record], text_type: pa.DataType, metadata_type: pa.DataType) -> pa.Table:
    fields = [pa.field("id", pa.string(), nullable=False), pa.field("text", text_type)]
    fields += [pa.field(name, metadata_type if name != "locator" else pa.string()) for name in METADATA]
    schema = pa.schema(fields)
    arrays = []
    for field in schema:
        # Dictionary columns are made by encoding: pyarrow builds none from a Python list.
        plain = pa.array([r[field.name] for r in records], pa.string())
        arrays.append(plain.dictionary_encode() if pa.types.is_dictionary(field.type) else plain.cast(field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def write_ipc_file(path: Path, records: list[Record]) -> None:
    """Arrow IPC file: many small batches, zstd buffers, dictionary columns for what repeats."""
    data = table(records, pa.large_string(), pa.dictionary(pa.int32(), pa.string()))
    with pa.ipc.new_file(path, data.schema, options=pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", 9))) as writer:
        writer.write_table(data, max_chunksize=128)


def write_ipc_stream(path: Path, records: list[Record]) -> None:
    """Arrow IPC stream without compression, with the schema metadata that Hugging Face `datasets` puts there."""
    data = table(records, pa.string(), pa.string())
    features = {name: {"dtype": "string", "_type": "Value"} for name in data.schema.names}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    schema = data.schema.with_metadata(metadata)
    with pa.ipc.new_stream(path, schema) as writer:
        writer.write_table(data.cast(schema), max_chunksize=100)


def write_parquet(path: Path, records: list[Record]) -> None:
    data = table(records, pa.string(), pa.string())
    pq.write_table(data, path, row_group_size=192, compression="zstd", compression_level=12, data_page_size=64 << 10)


def json_lines(records: list[Record], encoding: str) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode(encoding)


def write_jsonl(path: Path, records: list[Record]) -> None:
    path.write_bytes(json_lines(records, "utf-8"))


def write_jsonl_gb18030(path: Path, records: list[Record]) -> None:
    path.write_bytes(json_lines(records, "gb18030"))


def write_jsonl_gz(path: Path, records: list[Record]) -> None:
    path.write_bytes(gzip.compress(json_lines(records, "utf-8"), 9, mtime=0))


def write_jsonl_zst(path: Path, records: list[Record]) -> None:
    path.write_bytes(zstandard.ZstdCompressor(level=19, write_checksum=True).compress(json_lines(records, "utf-8")))


WRITERS = {
    "arrow": (write_ipc_file, "arrow"),
    "arrow-stream": (write_ipc_stream, "arrow"),
    "parquet": (write_parquet, "parquet"),
    "jsonl": (write_jsonl, "jsonl"),
    "jsonl gb18030": (write_jsonl_gb18030, "jsonl"),
    "jsonl.gz": (write_jsonl_gz, "jsonl.gz"),
    "jsonl.zst": (write_jsonl_zst, "jsonl.zst"),
}


# --- the corpus ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """One source: its records, how they are stored, and what a scan should decide."""

    id: str
    writer: str
    records: list[Record]
    files: int = 1
    expected: str = "pass"


def sources(corpora: Path, labelled: Path, lexicons: Path) -> list[Source]:
    zh_screen = Screen(lexicons, ["fwwdn", "houbb", "ldnoobw", "sexhatelex"], "zh")
    en_screen = Screen(lexicons, ["dsojevic", "ldnoobw", "surge-profanity"], "en")
    cold, edos, sms = (labelled_records(labelled, s) for s in (COLD, EDOS, SMS))
    # fine_grained 0 is plain talk; 3 is counter-speech, which quotes what it speaks against.
    cold_safe = [r for r in cold if r["orig"]["fine_grained"] == 0 and not zh_screen.hits(str(r["text"]))]  # type: ignore[index]
    edos_safe = [r for r in edos if r["unsafe"] == 0 and not en_screen.hits(str(r["text"]))]
    sms_safe = [r for r in sms if r["unsafe"] == 0]
    return [
        Source("statutes-zh", "arrow", clean_records(corpora, "zh-laws")),
        Source("wiki-zh", "arrow-stream", clean_records(corpora, "zh-wiki-cmrc")),
        Source("history-zh", "parquet", clean_records(corpora, "zh-history"), files=2),
        Source("poetry-zh", "jsonl.zst", clean_records(corpora, "zh-poetry", 6000)),
        Source("textbook-zh", "jsonl gb18030", clean_records(corpora, "zh-textbook-d2l")),
        Source("posts-zh", "jsonl.gz", curated(cold, cold_safe, 6)),
        Source("gov-en", "jsonl.gz", clean_records(corpora, "en-gov-18f")),
        Source("book-en", "arrow-stream", clean_records(corpora, "en-tech-rust")),
        Source("posts-en", "parquet", curated(edos, edos_safe, 6)),
        Source("sms-en", "jsonl", curated(sms, sms_safe, 7)),
        Source("forum-en", "arrow", labelled_records(labelled, DAVIDSON), expected="fail"),
    ]


def write_source(source: Source, out: Path) -> Record:
    """Writes the files of one source and returns its row of the manifest."""
    write, extension = WRITERS[source.writer]
    rows = [columns(r) for r in source.records]
    per_file = -(-len(rows) // source.files)
    files = []
    for part in range(source.files):
        suffix = f"-{part:03d}" if source.files > 1 else ""
        path = out / f"{source.id}{suffix}.{extension}"
        write(path, rows[part * per_file : (part + 1) * per_file])
        body = path.read_bytes()
        files.append({"path": path.name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()})
    unsafe = sum(r["unsafe"] for r in source.records) if "unsafe" in source.records[0] else None  # type: ignore[misc]
    first = rows[0]
    return {
        "id": source.id,
        "format": source.writer,
        "origin": {"dataset": first["dataset_name"], "organization": first["organization"]},
        "license": first["license"],
        "records": len(rows),
        "textBytes": sum(len(str(r["text"]).encode()) for r in rows),
        "labelledUnsafe": unsafe,
        "labelledShare": None if unsafe is None else round(unsafe / len(rows), 4),
        "expected": source.expected,
        "files": files,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the clean corpora, *.jsonl.zst")
    parser.add_argument("--labelled", type=Path, required=True, help="folder of the labelled sets, *.jsonl.zst")
    parser.add_argument("--lexicons", type=Path, required=True, help="folder of the open word lists, *.jsonl.zst")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to; made when missing")
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    rows = [write_source(source, args.out) for source in sources(args.corpora, args.labelled, args.lexicons)]
    manifest = {
        "schema": "corpusgate.example-corpus/1",
        "rule": "records with an odd last byte of SHA-256(id); labelled sets: test splits, and dev of the SMS set",
        "records": sum(r["records"] for r in rows),  # type: ignore[misc]
        "textBytes": sum(r["textBytes"] for r in rows),  # type: ignore[misc]
        "sources": rows,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (args.out / "MANIFEST.json").write_text(text, encoding="utf-8")
    for row in rows:
        stored = sum(f["bytes"] for f in row["files"])  # type: ignore[union-attr]
        print(f"{row['id']:12} {row['records']:6} records {row['textBytes']:9} bytes of text {stored:9} stored"
              f"  unsafe {row['labelledShare']}")


if __name__ == "__main__":
    main()
