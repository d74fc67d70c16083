//! All routes against the oracle.

use super::input::Input;
use super::pieces;
use crate::automaton::{Automaton, Settings};
use crate::brute::Brute;
use crate::fast::Kernel;
use crate::library::{Hit, Library, Numbered, Scratch, routes_on};
use crate::matcher::Matcher;
use crate::spec::{EntrySpec, Gap, LibraryError, LibrarySpec, MarkupKind, MatchOptions, Overlap};

pub(super) fn run(input: &mut Input) {
    let options = options(input);
    let words = pieces::words(input, 1, 10);
    let has_markup = options.markup != MarkupKind::None;
    let Some(mut rivals) = Rivals::new(words, options) else { return };
    // Compiling takes longer than matching, so a library has several texts.
    loop {
        // The oracle tries every pattern at every unit: long texts are the exception.
        let most = [300, 300, 300, 300, 300, 1000, 1000, 9000][input.below(8)];
        let decisions = if most > 1000 { usize::MAX } else { 24 + input.below(64) };
        let mut text_input = Input::new(input.bytes(decisions));
        rivals.agree(&pieces::text(&mut text_input, &rivals.words, most, has_markup));
        if input.is_empty() {
            return;
        }
    }
}

/// How patterns are found.
type Routes<'r> = &'r dyn Fn(Vec<Numbered>, &MatchOptions) -> Result<Vec<Box<dyn Matcher>>, LibraryError>;

/// One library on all routes.
struct Rivals {
    words: Vec<String>,
    options: MatchOptions,
    oracle: Library,
    /// The automaton, and the route that a library takes on every kernel of this CPU.
    others: Vec<(&'static str, Library)>,
    /// Shared by all texts and routes: what one leaves in it must not reach the next.
    scratch: Scratch,
}

impl Rivals {
    /// Compiles the words on every route; nothing when all refuse them.
    fn new(words: Vec<String>, options: MatchOptions) -> Option<Self> {
        let compile = |routes: Routes| {
            let entries = words.iter().map(|word| EntrySpec { text: word.clone(), ..EntrySpec::default() }).collect();
            Library::compile_with(LibrarySpec { entries, options: options.clone() }, routes)
        };
        let oracle =
            compile(&|patterns, options| Ok(vec![Box::new(Brute { patterns, settings: Settings::new(options) })]));
        let automaton = compile(&|patterns, options| Ok(vec![Box::new(Automaton::new(patterns, options)?)]));
        let on = |kernel: Kernel| {
            let library = compile(&|patterns, options| routes_on(kernel, patterns, options));
            (kernel.name(), library)
        };
        let others = std::iter::once(("automaton", automaton)).chain(Kernel::available().into_iter().map(on));
        let others: Vec<_> = others.collect();
        let Ok(oracle) = oracle else {
            // Only the words can be at fault, and so for all.
            assert!(others.iter().all(|(_, library)| library.is_err()), "{words:?} {options:?}");
            return None;
        };
        let accepted = |(name, library): (_, Result<_, _>)| {
            (name, library.unwrap_or_else(|error| panic!("{name} refuses {words:?}: {error}")))
        };
        let others = others.into_iter().map(accepted).collect();
        Some(Self { words, options, oracle, others, scratch: Scratch::default() })
    }

    /// Every route finds in the text what the oracle does; gives it back.
    fn agree(&mut self, text: &str) -> Vec<Hit> {
        let Self { words, options, oracle, others, scratch } = self;
        let mut expected = Vec::new();
        oracle.find(text, &mut Scratch::default(), &mut expected);
        for hit in &expected {
            let (start, end) = (hit.start as usize, hit.end as usize);
            assert!(start < end && text.get(start..end).is_some(), "{hit:?} of {text:?}");
        }
        for (name, library) in others {
            let mut found = Vec::new();
            library.find(text, scratch, &mut found);
            assert_eq!(found, expected, "{name}\nwords {words:?}\noptions {options:?}\ntext {text:?}");
        }
        expected
    }
}

/// The options that decide which places match, and how they are read.
fn options(input: &mut Input) -> MatchOptions {
    let mut options = MatchOptions { overlap: Overlap::All, ..MatchOptions::default() };
    options.word_boundary = !input.one_in(3);
    options.gap = if input.one_in(4) { Gap::Wide } else { Gap::Narrow };
    // Half of all cases have the plain reading, on which most of the code is spent.
    match input.byte() % 8 {
        4 => options.markup = MarkupKind::Html,
        5 => options.markup = MarkupKind::Markdown,
        6 => options.noise = (0..=input.below(3)).map(|_| input.char()).collect(),
        7 => options.noise = String::from(input.pick(&["x", "的", "*", "走", "a", "1", "о", "é的", "香x"])),
        _ => {}
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What fuzzers found, as small as it gets, with the number of hits.
    #[test]
    fn what_was_found_once_is_not_found_again() {
        let all = || MatchOptions { overlap: Overlap::All, ..MatchOptions::default() };
        let inside = || MatchOptions { word_boundary: false, ..all() };
        let noisy = || MatchOptions { noise: "走".to_owned(), ..all() };
        let html = || MatchOptions { markup: MarkupKind::Html, ..all() };
        let cases: [(&str, String, MatchOptions, usize); 17] = [
            // A run longer than any that is looked at starts once.
            ("aaa", "a".repeat(300), inside(), 1),
            // Symbols that a keyword begins with have no keys.
            ("#走私", "有#走私了".to_owned(), html(), 1),
            // A clause mark ends a window, also where the keyword has it.
            ("打、砸、抢", "打、砸、抢".to_owned(), all(), 1),
            // Runs of symbols are not one.
            ("★★", "★★★★★".to_owned(), all(), 4),
            // A symbol of a keyword is a symbol where others are letters.
            ("a$ap", "a$@p".to_owned(), all(), 0),
            // Numerals of ideographs stand in text of ASCII.
            ("一二八", "AES_128_C".to_owned(), all(), 1),
            ("五四三", "v5.4.3".to_owned(), all(), 1),
            // Escapes that spell nothing to be seen stand inside a run.
            ("走私", format!(r"{}\xee\x83\xbf走私", "走".repeat(9)), all(), 1),
            // More signs than steps are long.
            ("ab", format!("a{}b c", "-".repeat(200)), all(), 0),
            // What surrounds a place starts with no run cut in two.
            ("走。私", "走走走。私, 2 \r\n“天” “天” “天” “天” a 走走私2".to_owned(), inside(), 1),
            // A run before an anchor is longer than what is looked at before it.
            ("vpn翻墙", format!("墙vp{}翻墙", "n".repeat(130)), all(), 1),
            // What surrounds a place starts inside no run of escapes, however many characters spell it.
            ("走", format!(r"\xe8\xb5\xb0走{}走、", r"\xe8\xb5\xb0".repeat(9)), all(), 1),
            ("走", format!(r"走走走{}走、", r"\xe8\xb5\xb0".repeat(100)), all(), 1),
            ("走私", format!("、{}走私、", "走\u{200B}\u{200B}\u{200B}".repeat(20)), all(), 1),
            ("走", format!("、{}走、", "走\u{200B}\u{200B}\u{200B}\u{200B}\u{200B}\u{200B}".repeat(200)), all(), 1),
            // A keyword with noise in it, in a text with noise beside that.
            ("走私走私香烟", "有走私走私走走走走香烟".to_owned(), noisy(), 1),
            ("走走", "有走私走走走".to_owned(), noisy(), 1),
        ];
        for (word, text, options, hits) in cases {
            let mut rivals = Rivals::new(vec![word.to_owned()], options).expect("compiles");
            assert_eq!(rivals.agree(&text).len(), hits, "{word} in {text}");
        }
    }
}
