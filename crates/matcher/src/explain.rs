//! Why a text is matched as it is: the steps from text to normal form, how each hit is seen character by character, and
//! where an entry that is not found came nearest and what stood in the way.
//!
//! For people who tend a library. It looks at every place of the text for every entry it is asked about, so texts and
//! questions are small; no scan uses it. Positions are code points.

mod combos;
mod miss;
mod steps;
mod trace;

use std::fmt;

use serde::Serialize;

pub use combos::PartFound;
pub use miss::{Miss, Obstacle};
pub use steps::{Change, Step};
pub use trace::ShownChar;

use crate::automaton::Settings;
use crate::combo::Expression;
use crate::library::{Hit, Library, Scratch};
use crate::spec::{CjkBoundary, EntrySpec, Gap, Level, LibrarySpec, MarkupKind, MatchOptions, Profile, Scope};
use steps::Text;

/// Longest text that is explained, in bytes.
pub const MAX_EXPLAINED_BYTES: usize = 1024 * 1024;
/// Most edits that a keyword is tried with.
const MAX_FUZZY: u32 = 3;

/// A text, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What leads from the text to its normal form.
    pub steps: Vec<Step>,
    /// The text in normal form, separators included.
    pub normal: String,
    /// What the normal form may be read as beside itself; the keyword decides which of it counts.
    pub readings: Vec<Step>,
    /// The entries, in the order of the library.
    pub entries: Vec<EntryExplanation>,
}

/// One entry in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryExplanation {
    /// Index of the entry.
    pub entry: u32,
    /// Its hits, as they are reported.
    pub hits: Vec<HitExplanation>,
    /// Why there is none: one reason, or one for each part of a combination that is missing. Empty when there are hits.
    pub misses: Vec<Miss>,
    /// Options under which the entry alone would be found in this text: each was tried.
    pub would: Vec<Would>,
}

/// A hit and how it is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HitExplanation {
    /// First code point.
    pub start: u32,
    /// Code point behind it.
    pub end: u32,
    /// What was needed to see it, as its number.
    pub level: u8,
    /// The hit as it stands in the text.
    pub matched: String,
    /// How the keyword is shown; empty for a combination.
    pub characters: Vec<ShownChar>,
    /// The parts of a combination within the hit; empty for a keyword.
    pub parts: Vec<PartFound>,
}

/// An option with another value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Would {
    /// Name of the option.
    pub option: &'static str,
    /// Its value.
    pub value: Value,
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// No value: no limit.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(u32),
    /// One of several names.
    Name(&'static str),
}

/// The text is too long to be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextTooLong {
    /// Its length.
    pub bytes: usize,
}

impl fmt::Display for TextTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of {} bytes; the limit of an explanation is {MAX_EXPLAINED_BYTES}", self.bytes)
    }
}

impl std::error::Error for TextTooLong {}

impl Library {
    /// Explains a text: entries that are found in it, and those of `asked` that are not.
    ///
    /// # Errors
    ///
    /// [`TextTooLong`] with the length and the limit.
    ///
    /// # Panics
    ///
    /// When `asked` holds an index that is not one of [`Library::entries`].
    pub fn explain(&self, text: &str, asked: &[u32]) -> Result<Explanation, TextTooLong> {
        if text.len() > MAX_EXPLAINED_BYTES {
            return Err(TextTooLong { bytes: text.len() });
        }
        let settings = Settings::new(self.options());
        let read = Text::read(text, settings.reading);
        let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
        self.find(text, &mut scratch, &mut hits);
        let mut ids: Vec<u32> = hits.iter().map(|hit| hit.entry).chain(asked.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut raw = Vec::new();
        self.collect(text, &mut scratch, &mut raw);
        let explainer =
            Explainer { library: self, settings: &settings, read: &read, hits: &hits, raw: &raw, scratch: &scratch };
        let entries = ids.into_iter().map(|id| explainer.entry(id)).collect();
        Ok(Explanation { entries, normal: read.normal(), readings: read.readings(), steps: read.steps })
    }
}

/// All that is known of the text when an entry is explained.
struct Explainer<'a> {
    library: &'a Library,
    settings: &'a Settings,
    read: &'a Text<'a>,
    /// What is reported.
    hits: &'a [Hit],
    /// What was found before allow words and overlaps were seen to.
    raw: &'a [Hit],
    /// With the allow words and the parts of combinations.
    scratch: &'a Scratch,
}

impl Explainer<'_> {
    fn entry(&self, id: u32) -> EntryExplanation {
        let spec = &self.library.entries()[id as usize];
        let is_combo = spec.combo || self.library.options().combo;
        let hits: Vec<HitExplanation> =
            self.hits.iter().filter(|hit| hit.entry == id).map(|hit| self.hit(*hit, spec, is_combo)).collect();
        let (mut misses, mut would) = (Vec::new(), Vec::new());
        if hits.is_empty() {
            misses = if is_combo { self.combo_misses(id, spec) } else { vec![self.miss(id, spec)] };
            would = self.would(spec, is_combo);
        }
        EntryExplanation { entry: id, hits, misses, would }
    }

    fn hit(&self, hit: Hit, spec: &EntrySpec, is_combo: bool) -> HitExplanation {
        let options = self.library.options();
        HitExplanation {
            start: self.read.codepoint(hit.start),
            end: self.read.codepoint(hit.end),
            level: hit.level as u8,
            matched: self.slice(hit.start, hit.end),
            characters: if is_combo || hit.level == Level::Combo {
                Vec::new()
            } else {
                trace::trace(&spec.text, hit, self.read, self.settings, options)
            },
            parts: if is_combo { self.parts_within(hit, spec) } else { Vec::new() },
        }
    }

    fn slice(&self, start: u32, end: u32) -> String {
        self.read.stored[start as usize..end as usize].to_owned()
    }

    /// The options under which the entry would be found, each changed by itself.
    fn would(&self, spec: &EntrySpec, is_combo: bool) -> Vec<Would> {
        let finds = |options: &MatchOptions| {
            let spec = LibrarySpec { entries: vec![spec.clone()], options: options.clone() };
            let Ok(library) = Library::compile(spec) else { return false };
            let mut hits = Vec::new();
            library.find(self.read.stored, &mut Scratch::default(), &mut hits);
            !hits.is_empty()
        };
        let options = self.library.options();
        // What hides an entry among others is told by its miss; alone, the same options must first fail.
        if finds(options) {
            return Vec::new();
        }
        let mut found: Vec<Would> = others(options, is_combo, self.read.stored)
            .into_iter()
            .filter(|(_, changed)| finds(changed))
            .map(|(would, _)| would)
            .collect();
        let edits = (options.fuzzy + 1..=MAX_FUZZY).find(|&fuzzy| finds(&MatchOptions { fuzzy, ..options.clone() }));
        found.extend(edits.map(|edits| Would { option: "fuzzy", value: Value::Number(edits) }));
        found
    }

    /// The parts of a combination, in the order of its expression.
    fn expression(spec: &EntrySpec, id: u32) -> Expression {
        Expression::parse(&spec.text, id as usize).expect("the library was compiled")
    }
}

/// The options with one of them more generous, as far as they can be.
fn others(options: &MatchOptions, is_combo: bool, text: &str) -> Vec<(Would, MatchOptions)> {
    let mut others = Vec::new();
    let mut add = |is_other: bool, option: &'static str, value: Value, change: &dyn Fn(&mut MatchOptions)| {
        if is_other {
            let mut changed = options.clone();
            change(&mut changed);
            others.push((Would { option, value }, changed));
        }
    };
    let is_exact = options.profile == Profile::Exact;
    add(is_exact, "profile", Value::Name("standard"), &|options| options.profile = Profile::Standard);
    let is_less = options.profile != Profile::Aggressive;
    add(is_less, "profile", Value::Name("aggressive"), &|options| options.profile = Profile::Aggressive);
    add(options.word_boundary, "wordBoundary", Value::Bool(false), &|options| options.word_boundary = false);
    add(options.gap == Gap::Narrow, "gap", Value::Name("wide"), &|options| options.gap = Gap::Wide);
    add(is_combo && options.within.is_some(), "within", Value::Null, &|options| options.within = None);
    let is_narrow = is_combo && options.scope == Scope::Sentence;
    add(is_narrow, "scope", Value::Name("text"), &|options| options.scope = Scope::Text);
    let is_plain = options.markup == MarkupKind::None;
    add(is_plain && text.contains('<'), "markup", Value::Name("html"), &|options| options.markup = MarkupKind::Html);
    let has_marks = text.contains(['*', '_', '[', '`', '~', '\\']);
    add(is_plain && has_marks, "markup", Value::Name("markdown"), &|options| options.markup = MarkupKind::Markdown);
    add(!options.pinyin_initials, "pinyinInitials", Value::Bool(true), &|options| options.pinyin_initials = true);
    let is_cut = options.cjk_boundary == CjkBoundary::Lexicon;
    add(is_cut, "cjkBoundary", Value::Name("none"), &|options| options.cjk_boundary = CjkBoundary::None);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(entries: &[&str], options: MatchOptions) -> Library {
        let entries =
            entries.iter().map(|text| EntrySpec { text: (*text).to_owned(), ..EntrySpec::default() }).collect();
        Library::compile(LibrarySpec { entries, options }).expect("compiles")
    }

    /// The first entry, which the text has not.
    fn missed(text: &str, entries: &[&str], options: MatchOptions) -> EntryExplanation {
        let explained = library(entries, options).explain(text, &[0]).expect("is short");
        let entry = explained.entries[0].clone();
        assert!(entry.hits.is_empty() && !entry.misses.is_empty(), "{text}: {entry:?}");
        entry
    }

    fn why(text: &str, keyword: &str) -> Obstacle {
        missed(text, &[keyword], MatchOptions::default()).misses[0].why.clone()
    }

    /// How the first entry is shown: `from>to how`, for each character.
    fn shown(text: &str, keyword: &str, options: MatchOptions) -> String {
        let explained = library(&[keyword], options).explain(text, &[]).expect("is short");
        let hits = &explained.entries.first().unwrap_or_else(|| panic!("{keyword} in {text}")).hits;
        let characters = hits[0].characters.iter();
        characters.map(|one| format!("{}>{} {}", one.from, one.to, one.how.join("+"))).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn hits_are_told_character_by_character() {
        for (text, keyword, expected) in [
            ("有人走私", "走私", "走>走 , 私>私 "),
            ("A走\u{200B}—Ｓ", "走s", "走>走 , Ｓ>s zero-width+separator+width"),
            (
                "m\u{430}1w\u{e1}RRRe",
                "malware",
                "m>m , \u{430}>a homoglyph, 1>l leet, w>w , \u{e1}>a diacritics, RRR>r case+repeat, e>e ",
            ),
            ("&#36208;%E7%A7%81", "走私", "&#36208;>走 html-entity, %E7%A7%81>私 url-encoding"),
            ("\u{fb01}ne", "fine", "\u{fb01}>f compat, \u{fb01}>i compat, n>n , e>e "),
            ("b@nk", "bank", "b>b , @>a leet, n>n , k>k "),
            (
                "9\u{20E3}\u{fe0f}11",
                "九一一",
                "9\u{20E3}\u{fe0f}>九 diacritics+variation-selector+number-form, 1>一 number-form, 1>一 number-form",
            ),
            ("c + +", "c++", "c>c , +>+ separator, +>+ separator"),
            ("credit - card", "credit card", "c>c , r>r , e>e , d>d , i>i , t>t , c>c separator, a>a , r>r , d>d "),
            ("葉  子", "叶子", "葉>叶 trad-simp, 子>子 separator"),
        ] {
            assert_eq!(shown(text, keyword, MatchOptions::default()), expected, "{text}");
        }
        let noise = MatchOptions { noise: "x".to_owned(), ..MatchOptions::default() };
        assert_eq!(shown("走x私", "走私", noise), "走>走 , 私>私 noise");
        let html = MatchOptions { markup: MarkupKind::Html, ..MatchOptions::default() };
        assert_eq!(shown("走<b>私</b>", "走私", html), "走>走 , 私>私 html-tag");
    }

    #[test]
    fn guessed_hits_are_told_by_what_was_guessed() {
        let options = || MatchOptions { profile: Profile::Aggressive, ..MatchOptions::default() };
        for (text, keyword, expected) in [
            ("zou3 si1", "走私", "zou3>走 pinyin-full, si1>私 separator+pinyin-full"),
            ("走si", "走私", "走>走 , si>私 pinyin-full"),
            ("马扁子", "骗子", "马扁>骗 split-char, 子>子 "),
            ("私走", "走私", "私走>走私 reversed"),
            ("m*lw*re", "malware", "m>m , *>a masked-letter, l>l , w>w , *>a masked-letter, r>r , e>e "),
        ] {
            assert_eq!(shown(text, keyword, options()), expected, "{text}");
        }
        let fuzzy = MatchOptions { fuzzy: 1, ..MatchOptions::default() };
        assert_eq!(shown("ransim", "ransom", fuzzy), "ransim>ransom fuzzy");
        let initials = MatchOptions { pinyin_initials: true, ..MatchOptions::default() };
        assert_eq!(shown("ZS", "走私", initials), "ZS>走私 pinyin-initials");
    }

    #[test]
    fn a_miss_names_the_nearest_place_and_what_stands_there() {
        let one = |c: &str| c.to_owned();
        assert_eq!(why("没有", "走私"), Obstacle::Nowhere { wanted: one("走") });
        assert_eq!(why("他走人了", "走私"), Obstacle::Other { at: 2, there: Some(one("人")), wanted: one("私") });
        assert_eq!(why("他走", "走私"), Obstacle::Other { at: 2, there: None, wanted: one("私") });
        assert_eq!(why("antimalware", "malware"), Obstacle::Boundary { at: 3, there: one("i"), edge: "before" });
        assert_eq!(why("malwares", "malware"), Obstacle::Boundary { at: 7, there: one("s"), edge: "behind" });
        assert_eq!(why("b-a-n-k-e-r", "bank"), Obstacle::Boundary { at: 8, there: one("e"), edge: "spelled" });
        assert_eq!(why("走。私", "走私"), Obstacle::Clause { at: 1, there: one("。") });
        assert_eq!(why("走\n\n私", "走私"), Obstacle::Clause { at: 2, there: one("\n") });
        assert_eq!(why("走-----私", "走私"), Obstacle::Separators { at: 1, count: 5, limit: 4 });
        assert_eq!(why("mal ware", "malware"), Obstacle::PartlySpaced);
        assert_eq!(why("creditcard", "credit card"), Obstacle::NoGap { at: 6 });
        assert_eq!(why("see mal.ware.com", "malware"), Obstacle::Path);
        assert_eq!(why("\u{440}\u{43e}\u{441}", "poc"), Obstacle::OtherScript);
        assert_eq!(why("1337", "leet"), Obstacle::NoLetter);
        let lexicon = MatchOptions { cjk_boundary: CjkBoundary::Lexicon, ..MatchOptions::default() };
        let cut = missed("他慢慢走私下也谈", &["走私"], lexicon);
        assert_eq!((&cut.misses[0].why, cut.would.len()), (&Obstacle::CutsWord, 1));
    }

    #[test]
    fn a_miss_says_how_far_it_came() {
        let miss = &missed("他走私香蕉", &["走私香烟"], MatchOptions::default()).misses[0];
        assert_eq!((miss.found, miss.of, miss.start, miss.end), (3, 4, Some(1), Some(4)));
        let miss = &missed("antimalware", &["malware"], MatchOptions::default()).misses[0];
        assert_eq!((miss.found, miss.of, miss.start, miss.end), (7, 7, Some(4), Some(11)));
        let miss = &missed("", &["malware"], MatchOptions::default()).misses[0];
        assert_eq!((miss.found, miss.of, miss.start, miss.end), (0, 7, None, None));
    }

    #[test]
    fn hits_that_others_hide_name_them() {
        let allow = MatchOptions { allow: vec!["走私人".to_owned()], ..MatchOptions::default() };
        let excused = Obstacle::Excused { word: "走私人".to_owned(), start: 1, end: 4 };
        assert_eq!(missed("他走私人车", &["走私"], allow).misses[0].why, excused);
        let overlapped = Obstacle::Overlapped { entry: 1, start: 0, end: 4 };
        assert_eq!(missed("走私香烟", &["走私", "走私香烟"], MatchOptions::default()).misses[0].why, overlapped);
    }

    #[test]
    fn combinations_are_told_by_their_parts() {
        let combo = || MatchOptions { combo: true, ..MatchOptions::default() };
        let found = library(&["走私&香烟"], combo()).explain("香烟是走 私的", &[]).expect("is short");
        let hit = &found.entries[0].hits[0];
        let parts: Vec<(&str, u32, u32)> =
            hit.parts.iter().map(|part| (part.part.as_str(), part.start, part.end)).collect();
        assert_eq!((hit.start, hit.end, parts), (0, 6, vec![("香烟", 0, 2), ("走私", 3, 6)]));

        let missing = missed("走私香蕉", &["走私&香烟&码头"], combo()).misses;
        let parts: Vec<Option<&str>> = missing.iter().map(|miss| miss.part.as_deref()).collect();
        assert_eq!(parts, [Some("香烟"), Some("码头")]);
        let there = Some("蕉".to_owned());
        assert_eq!(missing[0].why, Obstacle::Other { at: 3, there, wanted: "烟".to_owned() });

        let forbidden = Obstacle::Forbidden { word: "打击".to_owned(), start: 0, end: 2 };
        assert_eq!(missed("打击走私香烟", &["走私&香烟~打击"], combo()).misses[0].why, forbidden);
    }

    #[test]
    fn parts_that_are_apart_are_measured() {
        let options = |within, scope| MatchOptions { combo: true, within, scope, ..MatchOptions::default() };
        let apart = missed("走私一二三香烟", &["走私&香烟"], options(Some(2), Scope::Text));
        assert_eq!(apart.misses[0].why, Obstacle::TooFar { gap: 3, limit: 2 });
        assert_eq!(apart.would, [Would { option: "within", value: Value::Null }]);
        let apart = missed("走私。香烟", &["走私&香烟"], options(None, Scope::Sentence));
        assert_eq!(apart.misses[0].why, Obstacle::OtherSentence);
        assert_eq!(apart.would, [Would { option: "scope", value: Value::Name("text") }]);
    }

    #[test]
    fn other_options_are_tried_and_not_guessed() {
        for (text, keyword, expected) in [
            ("走。私", "走私", vec![("gap", Value::Name("wide"))]),
            ("antimalware", "malware", vec![("wordBoundary", Value::Bool(false))]),
            ("zousi", "走私", vec![("profile", Value::Name("aggressive"))]),
            ("走<b>私", "走私", vec![("markup", Value::Name("html"))]),
            ("zs", "走私", vec![("pinyinInitials", Value::Bool(true))]),
            ("ranosm", "ransom", vec![("fuzzy", Value::Number(2))]),
            ("nothing", "走私", vec![]),
        ] {
            let would = missed(text, &[keyword], MatchOptions::default()).would;
            let would: Vec<(&str, Value)> = would.into_iter().map(|would| (would.option, would.value)).collect();
            assert_eq!(would, expected, "{text}");
        }
    }

    #[test]
    fn only_what_is_asked_for_or_found_is_told() {
        let library = library(&["走私", "malware", "bank"], MatchOptions::default());
        let ids = |asked: &[u32]| {
            let explained = library.explain("a bank", asked).expect("is short");
            explained.entries.iter().map(|entry| entry.entry).collect::<Vec<_>>()
        };
        assert_eq!((ids(&[]), ids(&[1]), ids(&[2, 0])), (vec![2], vec![1, 2], vec![0, 2]));
        let long = "x".repeat(MAX_EXPLAINED_BYTES + 1);
        let error = library.explain(&long, &[]).expect_err("is too long");
        assert_eq!(error.to_string(), "a text of 1048577 bytes; the limit of an explanation is 1048576");
    }

    /// Pieces from which hostile texts and keywords are put together.
    const PIECES: [&str; 42] = [
        "走",
        "私",
        "走私",
        "香烟",
        "打击",
        "malware",
        "mal",
        "ware",
        "m",
        "a",
        "l",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\r\n",
        "。",
        ",",
        "-",
        "...",
        "@",
        "4",
        "1",
        "\u{200B}",
        "\u{301}",
        "\u{fe0f}",
        "\u{202E}",
        "\u{fb01}",
        "⑩",
        "&#36208;",
        "&nvlt;",
        "%E7%A7%81",
        "\\u79c1",
        "<b>",
        "</p>",
        "**",
        "zou",
        "si1",
        "🍶",
        "🇨🇳",
        "か\u{3099}",
        "aaaa",
    ];

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 48, ..Default::default() })]
        #[test]
        fn what_is_told_is_what_is_found(
            text in proptest::collection::vec(0..PIECES.len(), 0..24),
            keywords in proptest::collection::vec(proptest::collection::vec(0..PIECES.len(), 1..4), 1..4),
            choice in 0_u32..64,
        ) {
            let join = |pieces: &[usize]| pieces.iter().map(|&piece| PIECES[piece]).collect::<String>();
            let text = join(&text);
            let combo = choice & 1 > 0;
            let options = MatchOptions {
                profile: if choice & 2 > 0 { Profile::Aggressive } else { Profile::Standard },
                gap: if choice & 4 > 0 { Gap::Wide } else { Gap::Narrow },
                markup: [MarkupKind::None, MarkupKind::Html, MarkupKind::Markdown, MarkupKind::None][choice as usize >> 3 & 3],
                noise: if choice & 32 > 0 { "l4".to_owned() } else { String::new() },
                allow: vec!["走私香烟".to_owned()],
                combo,
                ..MatchOptions::default()
            };
            let keywords = keywords.iter().map(|pieces| {
                let text = if combo { format!("{}&走", join(pieces)) } else { join(pieces) };
                EntrySpec { text, ..EntrySpec::default() }
            });
            // Keywords of nothing visible, and `&` of escapes in expressions, are refused.
            let usable = |entry: &EntrySpec| {
                let entries = vec![entry.clone()];
                Library::compile(LibrarySpec { entries, options: options.clone() }).is_ok()
            };
            let entries: Vec<EntrySpec> = keywords.filter(usable).collect();
            let library = Library::compile(LibrarySpec { entries, options: options.clone() }).expect("each compiles");
            let asked: Vec<u32> = (0..library.entries().len() as u32).collect();
            let explained = library.explain(&text, &asked).expect("is short");
            let mut hits = Vec::new();
            library.find(&text, &mut Scratch::default(), &mut hits);
            let chars: Vec<char> = text.chars().collect();
            let cut = |start: u32, end: u32| chars[start as usize..end as usize].iter().collect::<String>();
            proptest::prop_assert_eq!(explained.entries.len(), asked.len());
            for (entry, id) in explained.entries.iter().zip(0_u32..) {
                let own = hits.iter().filter(|hit| hit.entry == id);
                let found: Vec<&str> = own.map(|hit| &text[hit.start as usize..hit.end as usize]).collect();
                let told: Vec<&str> = entry.hits.iter().map(|hit| hit.matched.as_str()).collect();
                proptest::prop_assert_eq!(found, told);
                proptest::prop_assert_eq!(entry.hits.is_empty(), !entry.misses.is_empty());
                for hit in &entry.hits {
                    proptest::prop_assert_eq!(&hit.matched, &cut(hit.start, hit.end));
                    proptest::prop_assert!(!hit.characters.is_empty() || !hit.parts.is_empty());
                    for one in &hit.characters {
                        proptest::prop_assert_eq!(&one.from, &cut(one.start, one.end));
                    }
                }
                for miss in &entry.misses {
                    proptest::prop_assert!(miss.found <= miss.of);
                    proptest::prop_assert!(miss.start <= miss.end && miss.end.is_none_or(|end| end as usize <= chars.len()));
                }
            }
            for change in explained.steps.iter().chain(&explained.readings).flat_map(|step| &step.changes) {
                proptest::prop_assert!(change.start < change.end || change.from.is_empty());
                proptest::prop_assert!(change.end as usize <= chars.len());
            }
        }
    }
}
