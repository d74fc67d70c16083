//! The fast route of profile `standard`: clean text is searched in place, and only what may hold an evasion is read
//! as units.
//!
//! Every pattern has one *anchor*, a small part of it that must show in any occurrence: two or three ideographs, or a
//! whole word of letters, or up to six letters where words need not be whole. One pass over the text turns ideographs
//! (and then letters) into codes, folded and with separators left out, and looks their windows up; another looks up the
//! words of ASCII letters. Both are exact where the text is clean. What is not clean (a sign inside a word, a digit
//! beside a letter, letters beyond ASCII, escapes, repeats) is noted as an *event*; the text around events is read as
//! units and searched for anchors by their keys.
//!
//! An anchor that is found only proposes: the occurrence is confirmed by [`align`], as on every other route, or by a
//! comparison that is known to agree with it.

mod anchor;
mod beside;
mod chunk;
mod codes;
mod index;
mod kernel;
mod keys;
mod near;
mod ranges;
mod verify;
mod words;

use std::sync::OnceLock;

use normalize::Unit;

use self::anchor::Anchor;
pub(crate) use self::codes::Codes;
use self::codes::{Block, Filling};
use self::index::{Index, Part};
pub(crate) use self::kernel::Kernel;
use self::ranges::Ranges;
use self::verify::Verdict;
use crate::automaton::{Automaton, Settings, is_start};
use crate::file::{FileError, Reader, Writer};
use crate::letters::is_leet_symbol;
use crate::library::Numbered;
use crate::matcher::{Found, Matcher, Route, Scratch};
use crate::pattern::{self, Pattern};
use crate::spec::{Gap, Level, MatchOptions};

/// Patterns by their anchors.
pub(crate) struct Fast {
    patterns: Vec<Pattern>,
    /// The number of each pattern in the library.
    ids: Vec<u32>,
    settings: Settings,
    kernel: Kernel,
    codes: Codes,
    index: Index,
    /// The route that text is given to which has too many candidates, made when there is one; nothing if it cannot be.
    plain: OnceLock<Option<Automaton>>,
}

/// Memory that is kept between texts.
#[derive(Debug, Default)]
pub(crate) struct FastScratch {
    block: Block,
    ranges: Ranges,
    candidates: Vec<index::Candidate>,
    words: Vec<words::Candidate>,
    /// Units of a stretch around events, and of the surroundings of one candidate.
    units: Vec<Unit>,
    near: Vec<Unit>,
    runs: Vec<near::Run>,
    work: Work,
}

/// Counts what is done for candidates and events, so that text which is made of them costs no more than reading all of it.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Candidates compared; characters around events; units read, looked up and aligned.
    done: usize,
    most: usize,
}

impl Work {
    /// Ordinary text takes about a tenth of a step for each byte, text of letters beyond ASCII two. Reading a byte by the
    /// other route takes as long as this many.
    const STEPS_PER_BYTE: usize = 8;
    const STEPS: usize = 16 * 1024;

    fn for_text(text: &str) -> Self {
        Self { done: 0, most: Self::STEPS + Self::STEPS_PER_BYTE * text.len() }
    }

    fn add(&mut self, steps: usize) {
        self.done = self.done.saturating_add(steps);
    }

    fn is_over(&self) -> bool {
        self.done > self.most
    }
}

impl Fast {
    /// Most patterns that are found by letters inside words: English text shows the windows of many at every other word,
    /// and then reading every character is as fast.
    const MOST_BY_LETTERS: usize = 4096;

    /// Divides patterns into those that this route can find fast under these settings, and others.
    pub(crate) fn divide(
        patterns: Vec<Numbered>,
        settings: &Settings,
        codes: &Codes,
    ) -> (Vec<Numbered>, Vec<Numbered>) {
        let anchors: Vec<_> = patterns.iter().map(|(_, pattern)| Anchor::of(pattern, settings, codes)).collect();
        let by_letters = anchors.iter().filter(|anchor| matches!(anchor, Some(Anchor::Letters { .. }))).count();
        let takes = |anchor: &Option<Anchor>| match anchor {
            Some(Anchor::Letters { .. }) => by_letters <= Self::MOST_BY_LETTERS,
            anchor => anchor.is_some(),
        };
        let (mut fast, mut rest) = (Vec::new(), Vec::new());
        for (pattern, anchor) in patterns.into_iter().zip(&anchors) {
            if takes(anchor) { &mut fast } else { &mut rest }.push(pattern);
        }
        (fast, rest)
    }

    /// Compiles patterns that the route takes, to be found with the loops of a kernel.
    pub(crate) fn new(patterns: Vec<Numbered>, settings: Settings, mut codes: Codes, kernel: Kernel) -> Self {
        let (ids, patterns): (Vec<u32>, Vec<Pattern>) = patterns.into_iter().unzip();
        let index = Index::new(&patterns, &settings, &codes);
        codes.suit(&index);
        Self { patterns, ids, settings, kernel, codes, index, plain: OnceLock::new() }
    }

    /// Reads what is stored for these patterns.
    pub(crate) fn restore(patterns: Vec<Numbered>, settings: Settings, file: &mut Reader) -> Result<Self, FileError> {
        let (ids, patterns): (Vec<u32>, Vec<Pattern>) = patterns.into_iter().unzip();
        let index = Index::restore(&patterns, file)?;
        let mut codes = Codes::new(settings.gap == Gap::Wide);
        codes.suit(&index);
        Ok(Self { patterns, ids, settings, kernel: Kernel::best(), codes, index, plain: OnceLock::new() })
    }

    /// Searches a text. False if it was given up because of too many candidates; then what was found is not all.
    fn find_within(&self, text: &str, scratch: &mut FastScratch, work: Work, out: &mut Vec<Found>) -> bool {
        scratch.work = work;
        scratch.ranges.clear();
        // Without digits or letters to look for, ASCII has neither windows nor events of this kind.
        let reads_codes = self.index.has_digits || self.index.takes_letters() || !text.is_ascii();
        if reads_codes {
            self.find_codes(text, scratch, out);
        }
        // Both passes note escapes on their way, if they look anything up.
        if self.index.words.is_empty() && !(reads_codes && self.index.has_codes()) {
            scratch.ranges.push_escapes(text);
        }
        self.find_words(text, scratch, out);
        self.find_around_events(text, scratch, out);
        !scratch.work.is_over()
    }

    /// Searches the ideographs of the text, and notes events among them.
    fn find_codes(&self, text: &str, scratch: &mut FastScratch, out: &mut Vec<Found>) {
        let FastScratch { block, ranges, candidates, near, work, .. } = scratch;
        let takes_letters = self.index.takes_letters();
        let skips_ascii = !(takes_letters || self.index.has_digits);
        let filling = Filling { keeps: self.index.has_codes(), skips_ascii, takes_letters };
        let mut at = 0;
        block.clear();
        while at < text.len() {
            at = self.codes.fill(self.kernel, text, at, filling, block, ranges);
            if !filling.keeps {
                continue;
            }
            candidates.clear();
            self.index.look_up(self.kernel, block, at == text.len(), candidates, ranges);
            for candidate in candidates.drain(..) {
                let at = candidate.index as usize;
                for shape in self.index.shapes_of(candidate) {
                    work.add(1);
                    if work.is_over() {
                        return;
                    }
                    match verify::compare_codes(text, block, at, &shape) {
                        Verdict::Not => {}
                        Verdict::Found(start, end) => self.found(self.index.part(shape.part), (start, end), out),
                        Verdict::Unsure => {
                            let anchor = self.index.part(shape.part);
                            let at = block.position(at);
                            if self.may_stand(text, at, anchor, work) {
                                self.confirm(text, at, anchor, near, work, out);
                            }
                        }
                    }
                }
            }
            block.keep_tail();
        }
    }

    /// Searches the words of ASCII letters, and notes events around them.
    fn find_words(&self, text: &str, scratch: &mut FastScratch, out: &mut Vec<Found>) {
        let FastScratch { ranges, words: candidates, near, work, .. } = scratch;
        if self.index.words.is_empty() || work.is_over() {
            return;
        }
        candidates.clear();
        words::look_up(self.kernel, text, &self.index, self.settings.gap == Gap::Wide, candidates, ranges);
        for candidate in candidates.drain(..) {
            let span = candidate.start as usize..candidate.end as usize;
            for anchor in self.index.words_of(candidate.list) {
                work.add(1);
                if work.is_over() {
                    return;
                }
                let pattern = &self.patterns[anchor.pattern as usize];
                match verify::compare_word(text, span.clone(), anchor, pattern, &self.settings) {
                    Verdict::Found(start, end) => self.found(anchor, (start, end), out),
                    Verdict::Unsure if self.may_stand(text, span.start, anchor, work) => {
                        self.confirm(text, span.start, anchor, near, work, out);
                    }
                    Verdict::Unsure | Verdict::Not => {}
                }
            }
        }
    }

    /// Reads the text around events as units and searches it for anchors.
    fn find_around_events(&self, text: &str, scratch: &mut FastScratch, out: &mut Vec<Found>) {
        let FastScratch { ranges, units, near, runs, work, .. } = scratch;
        for &(from, to) in ranges.merge(text, &self.settings, work) {
            if work.is_over() {
                return;
            }
            units.clear();
            let mut reader = normalize::Reader::new(text, from as usize, self.settings.reading);
            reader.read(units, to as usize, usize::MAX);
            work.add(units.len());
            let has_symbols = units.iter().any(|unit| !unit.is_content() && is_leet_symbol(unit.fold));
            for symbols_are_letters in [false, true] {
                if symbols_are_letters && !has_symbols {
                    break;
                }
                self.index.near.divide(units, symbols_are_letters, runs);
                self.index.near.find(runs, units.len(), work, |part, run, work| {
                    let anchor = self.index.part(part);
                    for at in run {
                        work.add(1);
                        let is_read = near::is_read(&units[at], symbols_are_letters);
                        let is_inside = anchor.is_word && near::is_inside_word(units, at);
                        if is_read
                            && is_start(units, at)
                            && !is_inside
                            && !work.is_over()
                            && self.may_stand(text, units[at].start as usize, anchor, work)
                        {
                            self.confirm(text, units[at].start as usize, anchor, near, work, out);
                        }
                    }
                });
            }
        }
    }

    fn found(&self, anchor: &Part, (start, end): (u32, u32), out: &mut Vec<Found>) {
        out.push(Found { pattern: self.ids[anchor.pattern as usize], start, end, level: Level::Folded });
    }

    /// Whether a look at the characters around an anchor leaves its pattern possible.
    fn may_stand(&self, text: &str, at: usize, anchor: &Part, work: &mut Work) -> bool {
        let pattern = &self.patterns[anchor.pattern as usize];
        let mut steps = 0;
        let may_stand = beside::may_stand(text, at, pattern, anchor, self.settings.gap == Gap::Wide, &mut steps);
        work.add(steps);
        may_stand
    }

    /// Aligns the pattern of an anchor that stands at byte `at`, in all ways in which it may cover that place.
    fn confirm(
        &self,
        text: &str,
        at: usize,
        anchor: &Part,
        near: &mut Vec<Unit>,
        work: &mut Work,
        out: &mut Vec<Found>,
    ) {
        let pattern = &self.patterns[anchor.pattern as usize];
        work.add(verify::align_around(text, at, pattern, anchor, &self.settings, near, |start, end, level| {
            out.push(Found { pattern: self.ids[anchor.pattern as usize], start, end, level });
        }));
    }
}

impl Matcher for Fast {
    fn find_all(&self, text: &str, scratch: &mut Scratch, out: &mut Vec<Found>) {
        let before = out.len();
        if self.find_within(text, &mut scratch.fast, Work::for_text(text), out) {
            return;
        }
        out.truncate(before);
        let plain = self.plain.get_or_init(|| {
            let patterns = self.ids.iter().copied().zip(self.patterns.iter().cloned()).collect();
            let Settings { word_boundary, gap, .. } = self.settings;
            // The route takes patterns under no other settings than these.
            Automaton::new(patterns, &MatchOptions { word_boundary, gap, ..MatchOptions::default() }).ok()
        });
        match plain {
            Some(automaton) => automaton.find_all(text, scratch, out),
            None => {
                self.find_within(text, &mut scratch.fast, Work { done: 0, most: usize::MAX }, out);
            }
        }
    }

    fn routes(&self) -> Vec<Route> {
        let kernel = self.kernel.name();
        let (words, letters) = (self.index.word_count(), self.index.letters_count);
        vec![
            Route { name: "ideographs", kernel, patterns: self.patterns.len() - words - letters },
            Route { name: "words", kernel, patterns: words },
            Route { name: "letters", kernel, patterns: letters },
        ]
    }

    fn store(&self, out: &mut Writer) {
        pattern::store("fast", &self.ids, &self.patterns, out);
        self.index.store(out);
    }

    fn heap_bytes(&self) -> usize {
        let elements: usize = self.patterns.iter().map(|pattern| size_of_val(&*pattern.elements)).sum();
        elements + size_of_val(&*self.patterns) + self.codes.heap_bytes() + self.index.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::{Hit, Library, routes_on};
    use crate::measure::compile_automaton;
    use crate::spec::{EntrySpec, LibrarySpec, Overlap};

    const BYTES: usize = 100_000;

    /// What costs most: texts, and the keywords that make them cost it.
    fn hostile() -> Vec<(&'static str, Vec<String>, String)> {
        let common: Vec<char> = "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年".chars().collect();
        let tails = |between: &str| -> Vec<String> {
            let three = |at: usize| [at / 900, at / 30 % 30, at % 30].map(|at| common[at % 30]);
            (0..10_000).map(|at| three(at).iter().map(char::to_string).collect::<Vec<_>>().join(between)).collect()
        };
        let words =
            |count: usize| (0..count).map(|at| format!("w{}", ["a", "e", "i", "o"][at % 4].repeat(1 + at / 4 % 9)));
        let behind = |beginning: &str| tails("").iter().map(|tail| format!("{beginning}{tail}")).collect::<Vec<_>>();
        let plain = || vec!["走私".to_owned(), "malware".to_owned(), "六四".to_owned(), "a b".to_owned()];
        let filled = |part: &str| part.repeat(BYTES / part.len());
        vec![
            ("candidates only", tails(""), filled(&tails("").concat())),
            ("candidates of words only", words(36).collect(), filled(&(words(36).collect::<Vec<_>>().join(" ") + " "))),
            ("events only", plain(), filled("①é㍿Я&#x61;")),
            ("letters beyond ASCII", plain(), filled("Привет")),
            ("marks only", plain(), filled("\u{301}")),
            ("marks behind events", plain(), filled(&("㍿é".repeat(20) + &"\u{301}".repeat(2000)))),
            ("nothing visible behind events", plain(), filled(&("€a".repeat(40) + &"\u{200B}".repeat(2000)))),
            ("escapes only", plain(), filled("&#36208;%E7%A7%81")),
            ("one keyword", plain(), filled("走私")),
            ("one word", plain(), filled("malware ")),
            ("one word in disguise", plain(), filled("m@lw4re ")),
            ("letters by themselves", plain(), filled("m a l w a r e ")),
            ("letters by themselves, joined", plain(), filled("m-a-l-w-")),
            ("one letter", plain(), filled("a")),
            ("one ideograph", plain(), filled("走")),
            ("near misses of many", behind("龘靐齉"), filled("龘靐齉口")),
            ("near misses of many, disguised", behind("龘靐齉"), filled("龘.靐&#40777;口")),
            ("near misses of many by a word", behind("supercalifragilistic "), filled("supercalifragilistic ")),
            (
                "near misses of many by a word, disguised",
                behind("supercalifragilistic "),
                filled("supercal1fragilistic "),
            ),
        ]
    }

    fn found(library: &Library, text: &str, scratch: &mut crate::library::Scratch) -> Vec<Hit> {
        let mut hits = Vec::new();
        library.find(text, scratch, &mut hits);
        hits
    }

    /// All hits of one keyword on every kernel and on the route that reads every character.
    fn agree(keyword: &str, text: &str, options: &MatchOptions) -> usize {
        let entry = EntrySpec { text: keyword.to_owned(), ..EntrySpec::default() };
        let spec = || LibrarySpec { entries: vec![entry.clone()], options: options.clone() };
        let mut scratch = crate::library::Scratch::default();
        let expected = found(&compile_automaton(spec()).expect("compiles"), text, &mut scratch);
        for kernel in Kernel::available() {
            let routes = |patterns, options: &_| routes_on(kernel, patterns, options);
            let library = Library::compile_with(spec(), routes).expect("compiles");
            assert_eq!(found(&library, text, &mut scratch), expected, "{keyword} in {text}, {kernel:?}");
        }
        expected.len()
    }

    #[test]
    fn letters_inside_words_are_looked_for_in_place_unless_they_are_many() {
        let route_of = |count: usize| {
            let entries = (0..count).map(|at| EntrySpec { text: word_of(at), ..EntrySpec::default() }).collect();
            let options = MatchOptions { word_boundary: false, ..MatchOptions::default() };
            let library = Library::compile(LibrarySpec { entries, options }).expect("compiles");
            library.routes().iter().map(|route| (route.name, route.patterns)).collect::<Vec<_>>()
        };
        let most = Fast::MOST_BY_LETTERS;
        assert_eq!(route_of(most), [("letters", most)]);
        assert_eq!(route_of(most + 1), [("automaton", most + 1)]);
    }

    /// Four letters for each number, all different.
    fn word_of(number: usize) -> String {
        (0..4).map(|at| char::from(b'a' + (number / 26_usize.pow(at) % 26) as u8)).collect()
    }

    #[test]
    fn runs_are_seen_however_far_from_the_anchor() {
        let options = MatchOptions { overlap: Overlap::All, ..MatchOptions::default() };
        for keyword in ["天地人心中国龘靐齉", "龘靐齉天地人心中国", "天地人心龘靐齉中国大小"]
        {
            let chars: Vec<char> = keyword.chars().collect();
            for (first, second, times) in (0..chars.len()).flat_map(|first| {
                (0..chars.len()).flat_map(move |second| [2, 3, 4].map(|times| (first, second, times)))
            }) {
                let shown = |(at, c): (usize, &char)| {
                    String::from(*c).repeat(if at == first || at == second { times } else { 1 })
                };
                let text: String = chars.iter().enumerate().map(shown).collect();
                let hits = agree(keyword, &format!("有{text}也"), &options);
                assert!(hits == 1 || times == 2, "{text}");
            }
        }
    }

    #[test]
    fn hostile_text_takes_a_bounded_number_of_steps_and_gives_the_same_hits() {
        let mut given_up = Vec::new();
        let cases = hostile().into_iter().flat_map(|case| [(case.clone(), true), (case, false)]);
        for ((name, keywords, text), word_boundary) in cases {
            let options = MatchOptions { overlap: Overlap::All, word_boundary, ..MatchOptions::default() };
            let entry = |text: &String| EntrySpec { text: text.clone(), ..EntrySpec::default() };
            let spec = || LibrarySpec { entries: keywords.iter().map(entry).collect(), options: options.clone() };
            let mut scratch = crate::library::Scratch::default();
            let expected = found(&compile_automaton(spec()).expect("compiles"), &text, &mut scratch);
            for kernel in Kernel::available() {
                let routes = |patterns, options: &_| routes_on(kernel, patterns, options);
                let library = Library::compile_with(spec(), routes).expect("compiles");
                assert_eq!(found(&library, &text, &mut scratch), expected, "{name}, {kernel:?}");
                let Work { done, most } = scratch.fast().work;
                // The last step may be a long one.
                assert!(
                    done <= most + 20_000,
                    "{name}, {kernel:?}: {done} steps for {} bytes, {word_boundary}",
                    text.len()
                );
                if done > most {
                    given_up.push((name, word_boundary));
                }
            }
        }
        let is_given_up = |name: &str| {
            let count = given_up.iter().filter(|other| **other == (name, true)).count();
            assert!(count == 0 || count == Kernel::available().len(), "{name}: all kernels or none, {given_up:?}");
            count > 0
        };
        assert!(is_given_up("near misses of many"));
        for name in ["one keyword", "one word", "letters beyond ASCII", "near misses of many by a word"] {
            assert!(!is_given_up(name), "{name}");
        }
    }
}
