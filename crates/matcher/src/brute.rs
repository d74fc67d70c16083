//! The oracle of the tests: compares every pattern at every position.

use crate::Matcher;

pub(crate) struct BruteMatcher(pub(crate) Vec<String>);

impl Matcher for BruteMatcher {
    fn name(&self) -> &'static str {
        "brute"
    }

    fn find_all(&self, folded: &str, on_match: &mut dyn FnMut(u32, usize, usize)) {
        for (start, _) in folded.char_indices() {
            for (pattern, text) in (0_u32..).zip(&self.0) {
                if folded[start..].starts_with(text.as_str()) {
                    on_match(pattern, start, start + text.len());
                }
            }
        }
    }

    fn heap_bytes(&self) -> usize {
        self.0.iter().map(String::len).sum()
    }
}
