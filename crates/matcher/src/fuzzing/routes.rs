//! All routes against the oracle.

use super::input::Input;
use super::pieces;
use crate::automaton::{Automaton, Settings};
use crate::brute::Brute;
use crate::library::{Hit, Library, Numbered, Scratch, routes};
use crate::matcher::Matcher;
use crate::spec::{EntrySpec, Gap, LibraryError, LibrarySpec, MarkupKind, MatchOptions, Overlap};

type Routes = fn(Vec<Numbered>, &MatchOptions) -> Result<Vec<Box<dyn Matcher>>, LibraryError>;

pub(super) fn run(input: &mut Input) {
    let options = options(input);
    let words = pieces::words(input, 1, 10);
    let compile = |routes: Routes| {
        let entries = words.iter().map(|word| EntrySpec { text: word.clone(), ..EntrySpec::default() }).collect();
        Library::compile_with(LibrarySpec { entries, options: options.clone() }, routes)
    };
    let oracle: Routes = |patterns, options| Ok(vec![Box::new(Brute { patterns, settings: Settings::new(options) })]);
    let automaton: Routes = |patterns, options| Ok(vec![Box::new(Automaton::new(patterns, options)?)]);
    let (oracle, others) = (compile(oracle), [("automaton", compile(automaton)), ("routes", compile(routes))]);
    let Ok(oracle) = oracle else {
        // Only the words can be at fault, and so for all.
        assert!(others.iter().all(|(_, library)| library.is_err()), "{words:?} {options:?}");
        return;
    };
    let others = others
        .map(|(name, library)| (name, library.unwrap_or_else(|error| panic!("{name} refuses {words:?}: {error}"))));
    let find = |library: &Library, text: &str, scratch: &mut Scratch| {
        let mut hits: Vec<Hit> = Vec::new();
        library.find(text, scratch, &mut hits);
        hits
    };
    // Compiling takes longer than matching, so a library has several texts. They share their memory: what one leaves in
    // it must not reach the next.
    let mut scratch = Scratch::default();
    loop {
        // The oracle tries every pattern at every unit: long texts are the exception.
        let most = [300, 300, 300, 300, 300, 1000, 1000, 9000][input.below(8)];
        let decisions = if most > 1000 { usize::MAX } else { 24 + input.below(64) };
        let mut text_input = Input::new(input.bytes(decisions));
        let text = pieces::text(&mut text_input, &words, most, options.markup != MarkupKind::None);
        let expected = find(&oracle, &text, &mut Scratch::default());
        for hit in &expected {
            let (start, end) = (hit.start as usize, hit.end as usize);
            assert!(start < end && text.get(start..end).is_some(), "{hit:?} of {text:?}");
        }
        for (name, library) in &others {
            let found = find(library, &text, &mut scratch);
            assert_eq!(found, expected, "{name}\nwords {words:?}\noptions {options:?}\ntext {text:?}");
        }
        if input.is_empty() {
            return;
        }
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
