"""Reads the labelled sets and the clean corpora, and says what each text may be used for.

Nothing here knows features or models. The division of texts is by hash of their ids, so it is the same everywhere.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import zstandard

# What a set's people looked for: only for these risks is a harmless text of the set known to be harmless.
# A set whose unsafe texts carry one risk out of several says little about the others; see `label`.
ANNOTATED: dict[str, tuple[str, ...]] = {
    "cold": ("A2a", "A2d", "A2e"),
    "swsr": ("A2e",),
    "edos": ("A1f", "A2e"),
    "davidson": ("A1f", "A2i"),
    "stormfront": ("A2a",),
    "toxigen-safenlp": ("A2a", "A2b", "A2c", "A2e", "A2h", "A2i"),
    "mlma-en": ("A2b", "A2c", "A2e", "A2h", "A2i"),
    "surge-toxicity": ("A4g",),
    "toxic-spans": ("A4g",),
    "covid19-rumor": ("A1g",),
    "sms-spam-en": ("A3e",),
}

# Harmless texts also known to be harmless for a risk that the set has no positives of: davidson's third class is
# "neither hateful nor offensive", so it is free of insults; its tweets keep A4g from learning "reads like a comment".
ALSO_HARMLESS: dict[str, tuple[str, ...]] = {"davidson": ("A4g",)}

# Weight of an unsafe text as a negative of another risk of its set. toxigen names all target groups, and davidson's
# people chose between hate and offence; cold's risk is inferred from the topic under which a post was collected.
OTHER_RISK_WEIGHT: dict[str, float] = {"toxigen-safenlp": 1.0, "davidson": 1.0, "cold": 0.3}

# mlma-en has noisy labels and is 88 % positive.
SET_WEIGHT: dict[str, float] = {"mlma-en": 0.1}

# Sets whose risk is inferred from a topic or a coarse class: good enough to train on, not to promise a risk by.
WEAK_SETS = {"cold", "davidson", "stormfront", "mlma-en", "surge-toxicity", "toxic-spans", "sms-spam-en"}

# The veracity of a claim is no property of its tone, so it stays out of the output that corroborates other findings.
NOT_IN_ANY = {"covid19-rumor"}

# Human-labelled texts that thresholds are set on. cold's dev split is labelled by a model, so half of its test split
# takes its place.
CALIBRATION_DEV = (
    "swsr", "edos", "toxigen-safenlp", "covid19-rumor", "sms-spam-en", "stormfront", "surge-toxicity", "davidson",
)

# Raw social text: not clean, so it is no negative.
NOT_CLEAN = {"en-social-goemotions"}


@dataclass(frozen=True)
class Text:
    """One text. `use` is `train`, `calibrate`, `test` or `other` (read for a report only)."""

    id: str
    set: str
    split: str
    lang: str
    text: str
    unsafe: bool
    risks: frozenset[str]
    clean: bool
    use: str


@dataclass(frozen=True)
class DataFile:
    """A data file that was read: what the model card lists."""

    set: str
    split: str
    records: int
    sha256: str


def id_byte(id: str) -> int:
    """Last byte of SHA-256(id): even texts calibrate and (clean ones) train, odd ones belong to examples and tests."""
    return hashlib.sha256(id.encode()).digest()[-1]


def use_of_labelled(set_name: str, split: str, id: str) -> str:
    if split == "train":
        return "train"
    if split == "test":
        if set_name == "cold":
            return "calibrate" if id_byte(id) % 2 == 0 else "test"
        return "test"
    return "calibrate" if set_name in CALIBRATION_DEV else "other"


def use_of_clean(id: str) -> str:
    byte = id_byte(id)
    if byte % 2 == 1:
        return "test"
    return "train" if byte // 2 % 2 == 0 else "calibrate"


def read_all(labelled: Path, corpora: Path) -> tuple[list[Text], list[DataFile]]:
    """Reads every `SET.SPLIT.jsonl.zst` of `labelled` and every clean `SOURCE.jsonl.zst` of `corpora`, by name."""
    texts: list[Text] = []
    files: list[DataFile] = []
    for path in sorted(labelled.glob("*.jsonl.zst")):
        set_name, split = path.name.split(".")[:2]
        rows = _read(path, set_name, split, files)
        for row in rows:
            texts.append(Text(
                id=row["id"], set=set_name, split=split, lang=row["lang"], text=row["text"],
                unsafe=bool(row["unsafe"]), risks=frozenset(row["risks"]), clean=False,
                use=use_of_labelled(set_name, split, row["id"]),
            ))
    for path in sorted(corpora.glob("*.jsonl.zst")):
        source = path.name.split(".")[0]
        if source in NOT_CLEAN:
            continue
        for row in _read(path, source, "corpus", files):
            texts.append(Text(
                id=row["id"], set=source, split="corpus", lang=row["lang"], text=row["text"],
                unsafe=False, risks=frozenset(), clean=True, use=use_of_clean(row["id"]),
            ))
    if not any(not text.clean for text in texts) or not any(text.clean for text in texts):
        raise SystemExit(f"no labelled sets in {labelled}, or no corpora in {corpora}")
    return texts, files


def _read(path: Path, set_name: str, split: str, files: list[DataFile]) -> list[dict]:
    raw = path.read_bytes()
    with zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        rows = [json.loads(line) for line in io.TextIOWrapper(stream, encoding="utf-8")]
    files.append(DataFile(set_name, split, len(rows), hashlib.sha256(raw).hexdigest()))
    return rows


def label(text: Text, output: str) -> tuple[bool, float]:
    """Label of `text` for `output` (a risk, or `any`) and its weight; weight 0 = not observed, left out."""
    if text.clean:
        return False, 1.0
    weight = SET_WEIGHT.get(text.set, 1.0)
    if output == "any":
        return text.unsafe, 0.0 if text.set in NOT_IN_ANY else weight
    if output in text.risks:
        return True, weight
    if not text.unsafe:
        known = ANNOTATED.get(text.set, ()) + ALSO_HARMLESS.get(text.set, ())
        return False, weight if output in known else 0.0
    if output in ANNOTATED.get(text.set, ()):
        return False, OTHER_RISK_WEIGHT.get(text.set, 0.0)
    return False, 0.0
