//! Data of the opt-in kinds of matching: readings, look-alike shapes, characters written as their parts, Martian forms,
//! emoji, turned letters, and a lexicon that says where the words of Chinese text begin and end.
//!
//! Every table answers what one character of the *text* may stand for. It knows no keyword, and whether a hit counts is
//! decided by its caller. Characters are those of folded text: simplified, with radicals (U+2E80 to U+2FDF) already
//! folded to the ideographs they look like. `opt/make_opt.py` writes the files read here; `opt/README.md` has sources
//! and licences.
//!
//! # Panics
//!
//! [`opt`] panics when an embedded file is damaged: a defect of the build, not of any input.

use std::sync::LazyLock;

static SYLLABLES: &[u8] = include_bytes!("../opt/syllables.bin");
static WORDS: &[u8] = include_bytes!("../opt/words.bin");
static SHAPE: &[u8] = include_bytes!("../opt/shape.bin");
static MARTIAN: &[u8] = include_bytes!("../opt/martian.bin");
static SPLIT: &[u8] = include_bytes!("../opt/split.bin");
static EMOJI: &[u8] = include_bytes!("../opt/emoji.bin");
static LEXICON: &[u8] = include_bytes!("../opt/lexicon.bin");

/// The files that [`opt`] is parsed from.
pub(crate) static FILES: [&[u8]; 7] = [SYLLABLES, WORDS, SHAPE, MARTIAN, SPLIT, EMOJI, LEXICON];

/// The tables, parsed on the first call and the same for the whole process.
pub fn opt() -> &'static Opt {
    static OPT: LazyLock<Opt> = LazyLock::new(Opt::parse);
    &OPT
}

/// What characters of the text may stand for; see [`opt`].
pub struct Opt {
    readings: Lists<u16>,
    names: Vec<&'static str>,
    near: Vec<u16>,
    foreign: Vec<&'static str>,
    similar: Lists<char>,
    ways: Lists<(u32, u32)>,
    parts: Vec<char>,
    martian: Lists<char>,
    emoji: Lists<&'static str>,
    lexicon: Lexicon,
}

impl Opt {
    fn parse() -> Self {
        let mut file = Reader::new("syllables.bin", SYLLABLES, *b"SYL1");
        let (mut names, mut near) = (Vec::new(), Vec::new());
        for _ in 0..file.number() {
            names.push(file.string());
            near.push(file.number() as u16);
        }
        let readings = file.lists(|file, items| {
            loop {
                let id = file.two();
                items.push(id & 0x7FFF);
                if id & 0x8000 == 0 {
                    break;
                }
            }
        });
        file.end();

        let mut file = Reader::new("words.bin", WORDS, *b"WRD1");
        let count = file.number() as usize;
        let mut rest = file.string();
        let mut foreign = Vec::with_capacity(count);
        for _ in 0..count {
            let (word, after) = rest.split_at(usize::from(file.byte()));
            foreign.push(word);
            rest = after;
        }
        file.end();

        let mut file = Reader::new("shape.bin", SHAPE, *b"SHP1");
        let similar = file.char_lists();
        let mut file = Reader::new("martian.bin", MARTIAN, *b"MAR1");
        let martian = file.char_lists();

        let mut file = Reader::new("split.bin", SPLIT, *b"SPL1");
        let mut parts = Vec::new();
        let ways = file.lists(|file, items| {
            for _ in 0..file.number() {
                let start = parts.len() as u32;
                for _ in 0..file.number() {
                    parts.push(file.plane_zero());
                }
                items.push((start, parts.len() as u32));
            }
        });
        file.end();

        let mut file = Reader::new("emoji.bin", EMOJI, *b"EMO1");
        let emoji = file.lists(|file, items| {
            for _ in 0..file.number() {
                items.push(file.string());
            }
        });
        file.end();
        Self { readings, names, near, foreign, similar, ways, parts, martian, emoji, lexicon: Lexicon::parse() }
    }

    /// The toneless pinyin syllables of a Han character, the most used first; at most three, rare readings left out.
    /// Empty for anything else.
    #[inline]
    pub fn syllables(&self, c: char) -> &[u16] {
        self.readings.get(c)
    }

    /// How many syllables there are: ids are `0..syllable_count()`, in the order of their names.
    pub fn syllable_count(&self) -> u16 {
        self.names.len() as u16
    }

    /// The name of a syllable in ASCII: `zou`, and `lv` for *lü*.
    ///
    /// # Panics
    ///
    /// When `id` is not below [`Opt::syllable_count`].
    pub fn syllable_name(&self, id: u16) -> &'static str {
        self.names[usize::from(id)]
    }

    /// The syllable of a lower-case name without tone, if there is one. `lü`, `lv`; `lüe`, `lve`, `lue` are the same;
    /// `lu` is another.
    pub fn syllable_id(&self, name: &str) -> Option<u16> {
        let find = |name: &str| self.names.binary_search(&name).ok().map(|at| at as u16);
        match name {
            "lue" => find("lve"),
            "nue" => find("nve"),
            _ if name.is_ascii() => find(name),
            // The longest name has six letters; longer input is no syllable and needs no copy.
            _ if name.len() <= 8 => find(&name.replace('ü', "v")),
            _ => None,
        }
    }

    /// The class of near homophones of a syllable: zh/z, ch/c, sh/s, n/l, in/ing, en/eng and an/ang (also in ian/iang
    /// and uan/uang) are one. Two syllables are near exactly if their classes are equal; the class is the id of its
    /// first member.
    ///
    /// # Panics
    ///
    /// When `id` is not below [`Opt::syllable_count`].
    #[inline]
    pub fn near(&self, id: u16) -> u16 {
        self.near[usize::from(id)]
    }

    /// Common English and other words in Latin script that can be read as pinyin (`women`, `change`, `panda`), in
    /// lower-case ASCII and ascending order. A bare one is a word, not a keyword in pinyin.
    pub fn pinyin_words(&self) -> &[&'static str] {
        &self.foreign
    }

    /// Whether a word is one of [`Opt::pinyin_words`], in any ASCII case. Single letters are not words here.
    pub fn is_foreign_word(&self, word: &str) -> bool {
        self.foreign
            .binary_search_by(|known| known.bytes().cmp(word.bytes().map(|letter| letter.to_ascii_lowercase())))
            .is_ok()
    }

    /// The characters whose shape is much like that of `c`, the most alike first; at most 24. They look alike as pictures
    /// (未, 末), or are the same but for a radical (赌, 堵, 者), whatever their readings. The relation is symmetrical, and
    /// no character is in its own list.
    ///
    /// Ordinary words can differ by one such character (入口, 人口): a caller should know by more than one character
    /// which word it has found.
    #[inline]
    pub fn similar(&self, c: char) -> &[char] {
        self.similar.get(c)
    }

    /// The ways to write `c` as two or three characters that stand beside or below each other in it (骗 as 马扁), the
    /// plainest first; at most 8. A radical comes as itself and as its full character (氵酉 and 水酉).
    pub fn split(&self, c: char) -> impl ExactSizeIterator<Item = &[char]> {
        self.ways.get(c).iter().map(|&(start, end)| &self.parts[start as usize..end as usize])
    }

    /// The plain characters that a Martian form (火星文) stands for, the likeliest first; at most 8. A form is no usual
    /// character itself; some are also [`Opt::similar`].
    #[inline]
    pub fn martian(&self, c: char) -> &[char] {
        self.martian.get(c)
    }

    /// The characters and words of at most three characters that an emoji of one code point stands for (🍶: 酒), single
    /// characters first; at most 12. Variation selectors and skin tones are the caller's to skip.
    #[inline]
    pub fn emoji(&self, c: char) -> &[&'static str] {
        self.emoji.get(c)
    }

    /// The words of `cjkBoundary: lexicon`.
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// Every character with readings, ascending.
    pub fn all_syllables(&self) -> impl Iterator<Item = (char, &[u16])> {
        self.readings.iter()
    }

    /// Every character with look-alikes, ascending.
    pub fn all_similar(&self) -> impl Iterator<Item = (char, &[char])> {
        self.similar.iter()
    }

    /// Every character that can be written as its parts, ascending; [`Opt::split`] has the ways.
    pub fn all_split(&self) -> impl Iterator<Item = char> {
        self.ways.iter().map(|(c, _)| c)
    }

    /// Every Martian form, ascending: the table from the text's side, for a caller that needs it from the keyword's.
    pub fn all_martian(&self) -> impl Iterator<Item = (char, &[char])> {
        self.martian.iter()
    }

    /// Every emoji with terms, ascending.
    pub fn all_emoji(&self) -> impl Iterator<Item = (char, &[&'static str])> {
        self.emoji.iter()
    }
}

/// The letter or digit that `c` shows when the page is turned by half: `ɥ` is `h`, and the plain letters that turn into
/// each other are given too (`d` is `p`, `u` is `n`, `s` stays `s`).
///
/// Turned text is written backwards: `ɥsᴉɥd` reads `phish`. To be asked before folding, which changes some of these
/// letters; a run of plain letters alone is ordinary text, so a reader should see at least one [`is_turned`] letter.
pub fn upside_down(c: char) -> Option<char> {
    if let Some(plain) = turned(c) {
        return Some(plain);
    }
    Some(match c {
        'u' | 'U' => 'n',
        'n' => 'u',
        'b' => 'q',
        'q' => 'b',
        'd' => 'p',
        'p' => 'd',
        'm' | 'M' => 'w',
        'w' | 'W' => 'm',
        '6' => '9',
        '9' => '6',
        'o' | 's' | 'x' | 'z' | 'l' | '0' | '1' | '8' => c,
        'H' | 'I' | 'N' | 'O' | 'S' | 'X' | 'Z' => c.to_ascii_lowercase(),
        _ => return None,
    })
}

/// Whether `c` is written for no other reason than to show a turned letter or digit.
pub fn is_turned(c: char) -> bool {
    turned(c).is_some()
}

fn turned(c: char) -> Option<char> {
    Some(match c {
        'ɐ' | 'Ɐ' | '∀' | 'ɒ' => 'a',
        'ꓭ' | '𐐒' => 'b',
        'ɔ' | 'Ɔ' | 'ↄ' | 'Ↄ' => 'c',
        'ꓷ' | 'ᗡ' => 'd',
        'ǝ' | 'Ǝ' | 'ə' | 'ɘ' | '∃' | 'ⱻ' => 'e',
        'ɟ' | 'Ⅎ' | 'ⅎ' => 'f',
        'ƃ' | 'ᵷ' | 'ɓ' | '⅁' => 'g',
        'ɥ' | 'Ɥ' => 'h',
        'ᴉ' | 'ı' | 'ᴵ' => 'i',
        'ɾ' | 'ſ' | 'ɿ' => 'j',
        'ʞ' | 'Ʞ' | 'ꓘ' | '⋊' => 'k',
        'ꞁ' | 'Ꞁ' | 'ʃ' | 'ן' | '˥' | '⅂' => 'l',
        'ɯ' | 'Ɯ' => 'm',
        'ᴎ' => 'n',
        'Ԁ' | 'ԁ' => 'p',
        'Ό' => 'q',
        'ɹ' | 'ᴚ' | 'ꓤ' => 'r',
        'ʇ' | 'Ʇ' | 'ꓕ' | '┴' | '⊥' => 't',
        '∩' | 'Ո' => 'u',
        'ʌ' | 'Ʌ' | 'Λ' => 'v',
        'ʍ' => 'w',
        'ʎ' | '⅄' => 'y',
        'Ɩ' | '⇂' => '1',
        'ᄅ' | '↊' => '2',
        'Ɛ' | '↋' => '3',
        'ᔭ' | 'ㄣ' => '4',
        'ϛ' => '5',
        'ㄥ' => '7',
        _ => return None,
    })
}

/// The longest word, in characters.
const LONGEST_WORD: usize = 4;
/// In place of the cost of a word: nothing ends here.
const NO_WORD: u8 = u8::MAX;
const NO_COST: u16 = u16::MAX;
/// Steps of a natural logarithm in the costs of the file.
const STEPS: f32 = 15.0;
/// The cost of the rarest thing: an unknown character as a word, or one never seen at that place.
const MOST: u8 = u8::MAX;
/// Characters whose segmentation is worked out at once, and how many at the end are left for the next turn; so a text
/// without punctuation needs no more memory than this.
const WINDOW: usize = 4096;
const OVERLAP: usize = 64;

/// Chinese words of one to four characters with their frequencies, and the most probable segmentation of a text.
///
/// The probability of a segmentation is the geometric mean of two models of jieba: each word's frequency, and a chain of
/// the places (begin, middle, end, alone) that its characters take. The first alone prefers 走私 / 下 to 走 / 私下,
/// because 下 is so frequent; the second knows that 走 stands alone and 私 begins words.
pub struct Lexicon {
    /// Character to its number; the numbers ascend with the characters.
    alphabet: Rows,
    /// Cost of each character alone, for words not in the tree.
    alone: Vec<u8>,
    /// Cost of what follows a word: `[after a longer word, after a single][longer, single]`.
    follow: [[u16; 2]; 2],
    /// Number of a character to its node in the first level.
    roots: Vec<u32>,
    levels: [Level; LONGEST_WORD],
    words: usize,
}

/// All words and beginnings of words of one length.
#[derive(Default)]
struct Level {
    /// The last character's number.
    last: Vec<u16>,
    /// The daughters in the next level are `below[i]..below[i + 1]`.
    below: Vec<u32>,
    /// `-ln` of the word's share, or [`NO_WORD`].
    share: Vec<u8>,
    /// What the word costs in a segmentation, or [`NO_COST`].
    cost: Vec<u16>,
    /// Cost of the characters so far as the beginning of a longer word.
    open: Vec<u16>,
}

impl Lexicon {
    fn parse() -> Self {
        let mut file = Reader::new("lexicon.bin", LEXICON, *b"LEX1");
        let mut alphabet = Rows::default();
        let mut places = Vec::new(); // begin, middle, end, alone
        let mut code = 0;
        for row in 0..file.number() {
            code += file.number();
            alphabet.insert(file.char(code), row as u16);
            places.push([file.byte(), file.byte(), file.byte(), file.byte()].map(u16::from));
        }
        let [bm, be, mm, me, eb, es, sb, ss] = std::array::from_fn(|_| u16::from(file.byte()));
        let mut levels: [Level; LONGEST_WORD] = Default::default();
        // Sisters are stored together: how many each mother of the level above has.
        let mut sisters = vec![usize::MAX];
        let mut words = 0;
        for depth in 0..LONGEST_WORD {
            let count = file.number() as usize;
            if depth == 0 {
                sisters[0] = count;
            }
            let (mut level, mut daughters) = (Level::default(), Vec::with_capacity(count));
            let mut mothers = Vec::with_capacity(sisters.len() + 1);
            for (mother, &many) in sisters.iter().enumerate() {
                mothers.push(level.last.len() as u32);
                let mut id = 0;
                for _ in 0..many {
                    id += file.number();
                    let ends = if depth + 1 == LONGEST_WORD {
                        true
                    } else {
                        let shape = file.number();
                        daughters.push((shape / 2) as usize);
                        shape % 2 == 1
                    };
                    let [begin, middle, end, alone] = places[id as usize];
                    // After one character comes B→M or B→E, later M→M or M→E.
                    let (shut, open) = if depth == 0 {
                        (alone, begin)
                    } else {
                        let so_far = levels[depth - 1].open[mother];
                        let (to_end, to_middle) = if depth == 1 { (be, bm) } else { (me, mm) };
                        (so_far + to_end + end, so_far + to_middle + middle)
                    };
                    let share = if ends { file.byte() } else { NO_WORD };
                    words += usize::from(ends);
                    level.last.push(id as u16);
                    level.share.push(share);
                    level.cost.push(if ends { u16::from(share) + shut } else { NO_COST });
                    level.open.push(open);
                }
            }
            mothers.push(level.last.len() as u32);
            if depth > 0 {
                levels[depth - 1].below = mothers;
            }
            levels[depth] = level;
            sisters = daughters;
        }
        file.end();
        let mut roots = vec![u32::MAX; places.len()];
        for (node, &id) in levels[0].last.iter().enumerate() {
            roots[usize::from(id)] = node as u32;
        }
        let alone = places.iter().map(|place| place[3] as u8).collect();
        Self { alphabet, alone, follow: [[eb, es], [sb, ss]], roots, levels, words }
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.words
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.words == 0
    }

    /// Whether `word` is a word of the lexicon.
    pub fn contains(&self, word: &[char]) -> bool {
        self.log_share(word).is_some()
    }

    /// The natural logarithm of a word's share of running text (-17 to 0, in steps of 1/15), if it is in the lexicon.
    pub fn log_share(&self, word: &[char]) -> Option<f32> {
        let mut node = None;
        for (depth, &c) in word.iter().enumerate() {
            let id = self.alphabet.get(c)?;
            node = Some(self.step(depth, node, id)?);
        }
        let share = self.levels[word.len().checked_sub(1)?].share[node?];
        (share != NO_WORD).then(|| -f32::from(share) / STEPS)
    }

    /// The node below `mother` (or a root) for a character's number.
    #[inline]
    fn step(&self, depth: usize, mother: Option<usize>, id: u16) -> Option<usize> {
        let Some(mother) = mother else {
            let root = self.roots[usize::from(id)];
            return (root != u32::MAX).then_some(root as usize);
        };
        let level = self.levels.get(depth)?;
        let below = &self.levels[depth - 1].below;
        let (start, end) = (below[mother] as usize, below[mother + 1] as usize);
        level.last[start..end].binary_search(&id).ok().map(|at| start + at)
    }

    /// Divides `text` into words: `out` is cleared and gets the end of each, ascending, the last one `text.len()`.
    ///
    /// A run of other letters and digits is one word, any other character is a word by itself, and words do not reach
    /// over either: so the words of one unbroken run of Han characters do not depend on what surrounds it, and a caller
    /// may segment that run alone. Time is linear in the length, memory for the work is bounded.
    ///
    /// ```
    /// # use normalize::opt::opt;
    /// let text: Vec<char> = "有人走私香烟".chars().collect();
    /// let mut ends = Vec::new();
    /// opt().lexicon().segment(&text, &mut ends);
    /// assert_eq!(ends, [2, 4, 6]); // 有人 / 走私 / 香烟
    /// ```
    pub fn segment(&self, text: &[char], out: &mut Vec<usize>) {
        out.clear();
        let mut work = Work::default();
        let mut at = 0;
        while at < text.len() {
            let run = text[at..].iter().position(|&c| !is_han(c)).unwrap_or(text.len() - at);
            if run > 0 {
                self.segment_run(&text[at..at + run], at, &mut work, out);
                at += run;
            } else {
                let letters = text[at..].iter().position(|&c| is_han(c) || !c.is_alphanumeric());
                at += letters.unwrap_or(text.len() - at).max(1);
                out.push(at);
            }
        }
    }

    /// Segments one run of Han characters that starts at `offset` of the text.
    fn segment_run(&self, run: &[char], offset: usize, work: &mut Work, out: &mut Vec<usize>) {
        let (mut start, mut single) = (0, 0);
        while start < run.len() {
            let end = run.len().min(start + WINDOW);
            self.solve(&run[start..end], single, work);
            // Words near the end of a window may change with what follows: they are left for the next one.
            let keep = if end == run.len() { end - start } else { end - start - OVERLAP };
            let mut taken = 0;
            for &word_end in work.ends.iter().rev() {
                if word_end > keep {
                    break;
                }
                single = usize::from(word_end - taken == 1);
                taken = word_end;
                out.push(offset + start + word_end);
            }
            start += taken;
        }
    }

    /// Leaves in `scratch.ends` the ends of the cheapest segmentation of `run`, descending. `before` is 1 after a word of
    /// one character.
    fn solve(&self, run: &[char], before: usize, scratch: &mut Work) {
        const FAR: u32 = u32::MAX;
        let Work { cost, from, ends } = scratch;
        cost.clear();
        cost.resize(run.len() + 1, [FAR; 2]);
        from.clear();
        from.resize(run.len() + 1, [(0, 0); 2]);
        cost[0][before] = 0;
        for start in 0..run.len() {
            let best = cost[start];
            let mut relax = |length: usize, word: u32| {
                let single = usize::from(length == 1);
                let end = start + length;
                for (previous, (&so_far, follow)) in best.iter().zip(&self.follow).enumerate() {
                    if so_far == FAR {
                        continue;
                    }
                    let total = so_far + u32::from(follow[single]) + word;
                    // A longer last word comes first, so it stays on a tie.
                    if total < cost[end][single] {
                        cost[end][single] = total;
                        from[end][single] = (length as u8, previous as u8);
                    }
                }
            };
            let mut node = None;
            let mut known = false;
            for (depth, &c) in run[start..].iter().take(LONGEST_WORD).enumerate() {
                let Some(next) = self.alphabet.get(c).and_then(|id| self.step(depth, node, id)) else { break };
                let word = self.levels[depth].cost[next];
                if word != NO_COST {
                    relax(depth + 1, u32::from(word));
                    known |= depth == 0;
                }
                node = Some(next);
            }
            if !known {
                let alone = self.alphabet.get(run[start]).map_or(MOST, |id| self.alone[usize::from(id)]);
                relax(1, u32::from(MOST) + u32::from(alone));
            }
        }
        ends.clear();
        let mut at = run.len();
        let mut single = usize::from(cost[at][1] < cost[at][0]);
        while at > 0 {
            ends.push(at);
            let (length, previous) = from[at][single];
            at -= usize::from(length);
            single = usize::from(previous);
        }
    }
}

/// What a segmentation is worked out in, kept between runs.
#[derive(Default)]
struct Work {
    /// By end of the last word and whether it has one character.
    cost: Vec<[u32; 2]>,
    /// The last word's length and whether the word before has one character.
    from: Vec<[(u8, u8); 2]>,
    ends: Vec<usize>,
}

/// Ideographs and 〇, 々: what words of Chinese are written in.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{3005}' | '\u{3007}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// Character to row number in constant time: a page of 256 rows for each block of 256 code points that has any.
struct Rows {
    pages: Vec<u16>,
    rows: Vec<u16>,
}

const NO_ROW: u16 = u16::MAX;

impl Default for Rows {
    fn default() -> Self {
        Self { pages: vec![NO_ROW; (char::MAX as usize >> 8) + 1], rows: Vec::new() }
    }
}

impl Rows {
    fn insert(&mut self, c: char, row: u16) {
        let page = &mut self.pages[c as usize >> 8];
        if *page == NO_ROW {
            *page = (self.rows.len() >> 8) as u16;
            self.rows.resize(self.rows.len() + 256, NO_ROW);
        }
        self.rows[usize::from(*page) << 8 | c as usize & 0xFF] = row;
    }

    #[inline]
    fn get(&self, c: char) -> Option<u16> {
        let page = self.pages[c as usize >> 8];
        if page == NO_ROW {
            return None;
        }
        let row = self.rows[usize::from(page) << 8 | c as usize & 0xFF];
        (row != NO_ROW).then_some(row)
    }
}

/// A list for each of some characters.
struct Lists<T> {
    rows: Rows,
    keys: Vec<char>,
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> Lists<T> {
    #[inline]
    fn get(&self, c: char) -> &[T] {
        self.rows.get(c).map_or(&[], |row| self.row(usize::from(row)))
    }

    fn row(&self, row: usize) -> &[T] {
        &self.items[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    fn iter(&self) -> impl Iterator<Item = (char, &[T])> {
        self.keys.iter().enumerate().map(|(row, &c)| (c, self.row(row)))
    }
}

/// Reads one embedded file from its tag to its last byte.
struct Reader {
    name: &'static str,
    bytes: &'static [u8],
    at: usize,
}

impl Reader {
    fn new(name: &'static str, bytes: &'static [u8], tag: [u8; 4]) -> Self {
        assert!(bytes.starts_with(&tag), "{name} does not start with {tag:?}");
        Self { name, bytes, at: tag.len() }
    }

    fn byte(&mut self) -> u8 {
        let Some(&byte) = self.bytes.get(self.at) else { panic!("{} ends at byte {}", self.name, self.at) };
        self.at += 1;
        byte
    }

    fn two(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// LEB128.
    fn number(&mut self) -> u32 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= u32::from(byte & 127) << shift;
            if byte < 128 {
                return value;
            }
            shift += 7;
        }
    }

    fn char(&self, code: u32) -> char {
        char::from_u32(code).unwrap_or_else(|| panic!("{} has {code:#X} for a character before {}", self.name, self.at))
    }

    fn plane_zero(&mut self) -> char {
        let code = self.two();
        self.char(u32::from(code))
    }

    fn string(&mut self) -> &'static str {
        let length = self.number() as usize;
        let text = self.bytes.get(self.at..self.at + length).and_then(|bytes| std::str::from_utf8(bytes).ok());
        self.at += length;
        text.unwrap_or_else(|| panic!("{} has no text before byte {}", self.name, self.at))
    }

    /// Keys with what `read` pushes for each.
    fn lists<T>(&mut self, mut read: impl FnMut(&mut Self, &mut Vec<T>)) -> Lists<T> {
        let count = self.number();
        let mut lists = Lists {
            rows: Rows::default(),
            keys: Vec::new(),
            starts: Vec::with_capacity(count as usize + 1),
            items: Vec::new(),
        };
        let mut code = 0;
        for row in 0..count {
            code += self.number();
            let key = self.char(code);
            lists.rows.insert(key, row as u16);
            lists.keys.push(key);
            lists.starts.push(lists.items.len() as u32);
            read(self, &mut lists.items);
        }
        lists.starts.push(lists.items.len() as u32);
        lists
    }

    /// A whole file of keys with characters of the basic plane.
    fn char_lists(&mut self) -> Lists<char> {
        let lists = self.lists(|file, items| {
            for _ in 0..file.number() {
                items.push(file.plane_zero());
            }
        });
        self.end();
        lists
    }

    fn end(&self) {
        assert!(self.at == self.bytes.len(), "{} has {} bytes; {} were read", self.name, self.bytes.len(), self.at);
    }
}
