#!/usr/bin/env python3
"""Checks the evasion cases beside this file: their form, their offsets, their spread over kinds and languages.

It knows nothing of matching: whether an expectation is right is for a reader, and whether the engine meets it is for
the tests. Needs Python 3.9 or newer and nothing else.

    python3 check_cases.py                      # exit 0, or 1 and one line for each fault
    python3 check_cases.py --counts             # also prints the table of README.md
    python3 check_cases.py --against FILE.jsonl # no keyword of that file (same form) may be used here
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Iterator

HERE = Path(__file__).resolve().parent

# The least number of cases in a kind, and in each language it applies to. A language that is named here is one whose
# script or customs the kind is about; other languages may appear in any number.
REQUIRED: dict[str, dict[str, int]] = {
    "plain": {"zh": 5, "en": 5},
    "case": {"en": 5, "de": 5, "el": 5, "ru": 5},
    "width": {"zh": 5, "en": 5, "ja": 5},
    "enclosed": {"zh": 5, "en": 5, "ja": 5, "ko": 5},
    "math-alpha": {"zh": 5, "en": 5, "el": 5},
    "super-smallcap": {"zh": 5, "en": 5},
    "diacritics": {"en": 5, "ru": 5, "el": 5},
    "homoglyph": {"en": 5, "ru": 5, "el": 5},
    "leet": {"en": 5},
    "zero-width": {"zh": 5, "en": 5, "ru": 5, "ar": 5},
    "variation-selector": {"zh": 5, "en": 5, "ja": 5},
    "bidi-control": {"zh": 5, "en": 5, "ar": 5, "he": 5},
    "separator-cjk": {"zh": 5, "ja": 5, "ko": 5},
    "separator-latin": {"en": 5, "ru": 5},
    "repeat": {"zh": 5, "en": 5, "ru": 5},
    "trad-simp": {"zh": 5, "ja": 5},
    "cjk-compat": {"zh": 5, "ja": 5},
    "number-form": {"zh": 5, "en": 5},
    "html-entity": {"zh": 5, "en": 5},
    "url-encoding": {"zh": 5, "en": 5},
    "html-tag": {"zh": 5, "en": 5},
    "script-marks": {"vi": 5, "ar": 5, "he": 5, "hi": 5, "ja": 5, "ko": 5, "ru": 5, "el": 5, "th": 5},
    "boundary": {"zh": 5, "en": 5, "mul": 5, "ru": 5, "el": 5},
    "overlap": {"zh": 5, "en": 5},
    "offset": {"zh": 5, "en": 5},
    "chunk": {"zh": 5, "en": 5, "ru": 5},
    "combo": {"zh": 5, "en": 5},
    "allow-partial": {"zh": 5, "en": 5},
    "mixed": {"zh": 5, "en": 5},
    "pinyin-full": {"zh": 5},
    "pinyin-mixed": {"zh": 5},
    "homophone": {"zh": 5},
    "near-homophone": {"zh": 5},
    "shape-similar": {"zh": 5},
    "split-char": {"zh": 5},
    "emoji-sub": {"zh": 5},
    "martian": {"zh": 5},
    "reversed": {"zh": 5, "en": 5},
    "upside-down": {"en": 5},
    "masked-letter": {"en": 5},
    "pinyin-initials": {"zh": 5},
    "noise-letters": {"zh": 5, "en": 5},
    "wide-gap": {"zh": 5, "ja": 5, "ko": 5},
    "fuzzy": {"en": 5},
    "mixed-aggressive": {"zh": 5, "en": 5},
    "fp-substring": {"en": 20, "ru": 5, "ar": 3, "he": 3, "hi": 3},
    "fp-cross-token": {"en": 20, "ru": 5},
    "fp-cross-sentence": {"zh": 20, "ja": 5, "en": 5},
    "fp-allow": {"zh": 5, "en": 5},
    "fp-segmentation": {"zh": 10},
    "fp-prefix": {"zh": 10, "en": 10},
    "fp-number-leet": {"mul": 10, "zh": 5, "en": 20},
    "fp-confusable": {"ru": 10, "el": 5, "en": 5, "mul": 5},
    "fp-repeat": {"en": 15, "ru": 5},
    "fp-optin-off": {"zh": 20, "en": 10},
    "fp-code-url": {"en": 20, "zh": 5},
    "fp-optin-on": {"mul": 10, "zh": 15, "en": 10},
    "fp-clean": {"zh": 5, "en": 5},
    "fp-combo": {"zh": 10, "en": 5},
}

# Kinds that stay silent unless this option is set: a case without it would ask for a false alarm.
NEEDS: dict[str, tuple[str, Any]] = {
    **{
        kind: ("profile", "aggressive")
        for kind in (
            "pinyin-full pinyin-mixed homophone near-homophone shape-similar split-char emoji-sub martian reversed "
            "upside-down masked-letter pinyin-initials mixed-aggressive"
        ).split()
    },
    "noise-letters": ("noise", None),
    "wide-gap": ("gap", "wide"),
    "fuzzy": ("fuzzy", None),
    "html-tag": ("markup", None),
    "combo": ("combo", True),
    "fp-combo": ("combo", True),
    "chunk": ("chunks", None),
    "allow-partial": ("allow", None),
    "fp-allow": ("allow", None),
    "fp-segmentation": ("cjkBoundary", "lexicon"),
}

FIELDS = ["id", "kind", "lang", "text", "keywords", "options"]
EXTRA = {"expect", "expect_none", "note", "source_repo"}


def is_int(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) and word for word in value)


OPTIONS = {
    "profile": lambda value: value in ("standard", "aggressive"),
    "wordBoundary": lambda value: isinstance(value, bool),
    "allow": is_words,
    "overlap": lambda value: value in ("leftmost-longest", "all"),
    "combo": lambda value: value is True,
    "within": lambda value: is_int(value, 0),
    "scope": lambda value: value == "sentence",
    "chunks": lambda value: isinstance(value, list) and all(is_int(cut, 1) for cut in value),
    "gap": lambda value: value in ("narrow", "wide"),
    "noise": lambda value: isinstance(value, str) and value != "",
    "markup": lambda value: value in ("html", "markdown"),
    "pinyinInitials": lambda value: isinstance(value, bool),
    "fuzzy": lambda value: is_int(value, 1),
    "cjkBoundary": lambda value: value == "lexicon",
}


def faults_of_expect(case: dict[str, Any]) -> Iterator[str]:
    text, keywords, kind = case["text"], case["keywords"], case["kind"]
    if ("expect" in case) == ("expect_none" in case):
        yield "needs exactly one of expect and expect_none"
        return
    if kind.startswith("fp-") != ("expect_none" in case):
        yield "a kind expects nothing exactly when its name begins with fp-"
    if "expect_none" in case:
        if case["expect_none"] is not True:
            yield f"expect_none is {case['expect_none']!r}; only true may stand there"
        return
    if not isinstance(case["expect"], list) or not case["expect"]:
        yield "expect is empty; write expect_none"
        return
    last = (-1, -1)
    ends = 0
    for hit in case["expect"]:
        if list(hit) != ["keyword", "start", "end", "matched"]:
            yield f"a hit has the fields {list(hit)}"
            return
        start, end = hit["start"], hit["end"]
        if not (is_int(start, 0) and is_int(end, 1) and start < end <= len(text)):
            yield f"span {start}..{end} does not lie in a text of {len(text)} code points"
            return
        if text[start:end] != hit["matched"]:
            yield f"matched is {hit['matched']!r}, text[{start}:{end}] is {text[start:end]!r}"
        if hit["keyword"] not in keywords:
            yield f"keyword {hit['keyword']!r} is not in the library"
        if (start, end) <= last:
            yield "hits are not in the order of start, then end"
        if start < ends and case["options"].get("overlap") != "all":
            yield f"hits overlap at {start} without overlap: all"
        last, ends = (start, end), max(ends, end)


def faults_of(case: Any, file: str) -> Iterator[str]:
    if not isinstance(case, dict) or list(case)[: len(FIELDS)] != FIELDS:
        yield f"the first fields must be {FIELDS}"
        return
    for name in list(case)[len(FIELDS) :]:
        if name not in EXTRA:
            yield f"unknown field {name}"
    kind, lang, text, options = case["kind"], case["lang"], case["text"], case["options"]
    if not isinstance(kind, str) or not isinstance(lang, str) or not isinstance(text, str):
        yield "kind, lang and text must be strings"
        return
    if kind != file:
        yield f"kind {kind} stands in {file}.jsonl"
    if kind not in REQUIRED:
        yield f"unknown kind {kind}"
    if not re.fullmatch(rf"{re.escape(kind)}-{re.escape(lang)}-\d\d", str(case["id"])):
        yield f"id {case['id']!r} is not {kind}-{lang}-NN"
    if not re.fullmatch(r"[a-z]{2}|mul", lang):
        yield f"lang {lang!r} is neither two letters nor mul"
    if any("\ud800" <= char <= "\udfff" for char in text):
        yield "a lone surrogate in text"
    if not is_words(case["keywords"]) or len(set(case["keywords"])) != len(case["keywords"]):
        yield "keywords must be distinct words"
        return
    if not isinstance(options, dict):
        yield "options must be an object"
        return
    for name, value in options.items():
        if name not in OPTIONS or not OPTIONS[name](value):
            yield f"option {name} = {value!r} is unknown or out of range"
    cuts = options.get("chunks", [])
    if cuts != sorted(set(cuts)) or any(cut >= len(text) for cut in cuts):
        yield f"chunks {cuts} do not ascend inside a text of {len(text)} code points"
    needed = NEEDS.get(kind)
    if needed and (needed[0] not in options or (needed[1] is not None and options[needed[0]] != needed[1])):
        yield f"{kind} needs the option {needed[0]}"
    if ("within" in options or "scope" in options) and not options.get("combo"):
        yield "within and scope belong to combos"
    yield from faults_of_expect(case)


def words_of(case: dict[str, Any]) -> set[str]:
    """Keywords, parts of combos and allow words, without case: what must not be taken over from elsewhere."""
    words = [*case["keywords"], *case["options"].get("allow", [])]
    return {part.casefold() for word in words for part in re.split("[&~]", word) if part}


def read(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            yield number, line.rstrip("\n")


def table(cases: list[dict[str, Any]]) -> str:
    """The table of README.md: one row a kind, in the order of REQUIRED."""
    rows = ["| kind | cases | by language |", "|---|---|---|"]
    for kind in REQUIRED:
        langs = Counter(case["lang"] for case in cases if case["kind"] == kind)
        spread = ", ".join(f"{lang} {count}" for lang, count in sorted(langs.items(), key=lambda pair: (-pair[1], pair[0])))
        rows.append(f"| `{kind}` | {sum(langs.values())} | {spread} |")
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", action="store_true", help="print the table of counts")
    parser.add_argument("--against", type=Path, help="a file of the same form whose keywords may not be used")
    args = parser.parse_args()

    faults: list[str] = []
    cases: list[dict[str, Any]] = []
    for path in sorted(HERE.glob("*.jsonl")):
        for number, line in read(path):
            where = f"{path.name}:{number}"
            if not line.isascii():
                faults.append(f"{where}: characters beyond ASCII must be written as \\u escapes")
            try:
                case = json.loads(line)
            except ValueError as error:
                faults.append(f"{where}: not JSON: {error}")
                continue
            found = list(faults_of(case, path.stem))
            faults += [f"{where}: {fault}" for fault in found]
            if not found:
                cases.append(case)

    ids = Counter(case["id"] for case in cases)
    faults += [f"id {name} is used {count} times" for name, count in ids.items() if count > 1]
    asked: dict[str, str] = {}
    for case in cases:
        key = json.dumps([case["text"], case["keywords"], case["options"]], sort_keys=True)
        if key in asked:
            faults.append(f"{case['id']} asks the same as {asked[key]}")
        asked[key] = case["id"]

    counts = Counter((case["kind"], case["lang"]) for case in cases)
    for kind, langs in REQUIRED.items():
        for lang, least in langs.items():
            if counts[kind, lang] < least:
                faults.append(f"{kind} has {counts[kind, lang]} cases in {lang}; it needs {least}")

    if args.against:
        taken = {word for _, line in read(args.against) for word in words_of(json.loads(line))}
        faults += [f"{case['id']} uses {word!r} of {args.against.name}" for case in cases for word in words_of(case) & taken]

    if table(cases) not in (HERE / "README.md").read_text(encoding="utf-8"):
        faults.append("README.md does not hold the table that --counts prints")
    if args.counts:
        print(table(cases))
    for fault in faults:
        print(fault, file=sys.stderr)
    silent = sum("expect_none" in case for case in cases)
    print(f"{len(cases)} cases: {len(cases) - silent} with hits, {silent} without; {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
