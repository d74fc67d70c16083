//! Compiled libraries as files: what is stored finds the same, and what was forged is refused or searched.

use std::sync::Arc;

use super::input::Input;
use super::{library, pieces};
use crate::file;
use crate::library::{Hit, Library, Scratch};
use crate::spec::{LibrarySpec, MarkupKind};
use crate::stored::LibraryFile;
use crate::stream::Stream;

/// Most changes of one forgery.
const CHANGES: usize = 3;

pub(super) fn run(input: &mut Input) {
    let words = pieces::words(input, 0, 8);
    let spec = LibrarySpec { options: library::options(input, &words), entries: library::entries(input, &words) };
    let markup = spec.options.markup != MarkupKind::None;
    let Ok(compiled) = Library::compile(spec) else { return };
    let stored = compiled.to_bytes(b"source");
    let file = LibraryFile::from_bytes("stored", &stored).expect("what is written is read");
    assert_eq!(file.source(), b"source");
    let read = file.library().expect("what is written is read");
    assert!(read.to_bytes(b"source") == stored, "what is read is written in the same way");
    let text = pieces::text(&mut Input::new(input.bytes(64)), &words, 500, markup);
    assert_eq!(hits(&read, &text), hits(&compiled, &text), "{:?}\n{text:?}", read.options());
    // Forgeries until the decisions run out, each of the genuine file.
    loop {
        let mut forged = stored.clone();
        let sections = file::forge(&mut forged);
        for _ in 0..=input.below(CHANGES) {
            let filled: Vec<_> = sections.iter().filter(|section| !section.is_empty()).cloned().collect();
            let section = filled[input.below(filled.len())].clone();
            let at = section.start + input.below(section.len().min(0x1_0000));
            let (byte, behind) = (input.byte(), forged.len() - at);
            match byte % 4 {
                0 => forged[at] = input.byte(),
                1 => forged[at] = [0, 1, 0x7F, 0xFF][input.below(4)],
                // A number that leads somewhere else, or far away.
                2 => forged[at / 4 * 4..][..4.min(behind)].copy_from_slice(&[input.byte(), 0, 0, 0][..4.min(behind)]),
                _ => forged[at / 4 * 4..][..4.min(behind)].copy_from_slice(&[0xFF; 4][..4.min(behind)]),
            }
        }
        check(&mut forged, &text);
        if input.is_empty() {
            return;
        }
    }
}

/// Opens bytes as a library, with digests made to fit, and has it find, explain and stream a text if it is one.
///
/// # Panics
///
/// Where a hit is none of the text's or of the library's.
pub fn check(bytes: &mut [u8], text: &str) {
    file::forge(bytes);
    let library = match Library::from_bytes(bytes) {
        Ok(library) => Arc::new(library),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    for hit in hits(&library, text) {
        assert!(text.get(hit.start as usize..hit.end as usize).is_some(), "{hit:?} in {text:?}");
        assert!((hit.entry as usize) < library.entries().len(), "{hit:?} of {}", library.entries().len());
    }
    if text.len() <= library::MAX_EXPLAINED {
        library.explain(text, &[]).expect("is short");
    }
    let mut stream = Stream::new(library);
    let mut streamed = Vec::new();
    stream.push(text, &mut streamed);
    stream.end(&mut streamed);
}

fn hits(library: &Library, text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    library.find(text, &mut Scratch::default(), &mut hits);
    hits
}
