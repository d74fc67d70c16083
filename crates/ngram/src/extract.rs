//! From symbols to feature ids, one window at a time, in memory that does not grow with the text.

use crate::spec::{FeatureError, FeatureSpec};
use crate::symbols::{SPACE, WORD, for_each_symbol};

/// Symbols of a word in one feature.
const GRAM: u32 = 4;
/// Bits of a symbol in such a feature. All letters of the scripts that write words with spaces lie below U+1000, or
/// share a feature with one that does.
const GRAM_BITS: u32 = 12;
const SYMBOL_MASK: u32 = (1 << GRAM_BITS) - 1;
const GRAM_MASK: u64 = (1 << (GRAM * GRAM_BITS)) - 1;
/// Bits of a symbol that stands alone: any character, or one of the two replaced runs.
const SINGLE_BITS: u32 = 21;
const SINGLE_MASK: u64 = (1 << SINGLE_BITS) - 1;
/// Marks that keep the kinds of features apart: their keys never meet before they are hashed.
const KIND_GRAM: u64 = 1 << 60;
const KIND_SINGLE: u64 = 2 << 60;
const KIND_PAIR: u64 = 3 << 60;

/// Turns texts into the ids of their features. Keeps its buffers from text to text: one per thread.
#[derive(Clone, Debug)]
pub struct Extractor {
    /// A 64-bit hash shifted by this is an id, less one.
    shift: u32,
    window: usize,
    symbols: Vec<u32>,
    ids: Vec<u32>,
}

impl Extractor {
    /// # Errors
    ///
    /// [`FeatureError`] when this engine can't make the features that `spec` asks for.
    #[expect(clippy::needless_pass_by_value, reason = "an extractor is made from a model's own spec, once")]
    pub fn new(spec: FeatureSpec) -> Result<Self, FeatureError> {
        spec.validate()?;
        let window = spec.window_chars as usize;
        Ok(Self {
            shift: u64::BITS - spec.buckets.trailing_zeros(),
            window,
            symbols: Vec::with_capacity(2 * window),
            ids: Vec::with_capacity(spec.max_ids()),
        })
    }

    /// Calls `emit` with the ids of each window of `text`, in order; at least once for any text.
    ///
    /// Windows start at symbol 0, `window_chars`, twice that and so on; the last one is moved back so that it ends
    /// with the text, so every window of a long text is full. A window has 1 to [`FeatureSpec::max_ids`] ids of
    /// 1 to `buckets`; an id is repeated as often as its feature occurs. A text without a visible character has one
    /// window with one id, that of "no feature".
    pub fn windows(&mut self, text: &str, mut emit: impl FnMut(&[u32])) {
        let Self { shift, window, symbols, ids } = self;
        let (shift, window) = (*shift, *window);
        symbols.clear();
        let mut finish = |symbols: &[u32]| {
            hash_window(symbols, shift, ids);
            emit(ids);
        };
        for_each_symbol(text, |symbol| {
            // The first of two full windows can't be the last one any more.
            if symbols.len() == 2 * window {
                finish(&symbols[..window]);
                symbols.copy_within(window.., 0);
                symbols.truncate(window);
            }
            symbols.push(symbol);
        });
        if symbols.last() == Some(&SPACE) {
            symbols.pop();
        }
        finish(&symbols[..symbols.len().min(window)]);
        if symbols.len() > window {
            finish(&symbols[symbols.len() - window..]);
        }
    }
}

/// Writes the ids of one window. The ends of a window are treated as the ends of a text.
///
/// One pass with as few branches as the definition allows: in prose it is the mispredicted end of each word that costs.
fn hash_window(symbols: &[u32], shift: u32, ids: &mut Vec<u32>) {
    // Written by index: at most two ids a symbol, one for a window without symbols, and one that is written ahead.
    ids.resize(2 * symbols.len() + 2, 0);
    let mut count = 0;
    let mut put = |key: u64, counts: bool| {
        ids[count] = id(key, shift);
        count += usize::from(counts);
    };
    // The symbol that stood alone just before, with only white space between, plus 1; 0 = none.
    let mut single = 0;
    // The word before, with anything between, scrambled.
    let mut previous_word = None;
    let (mut word, mut gram, mut letters) = (0_u64, u64::from(SPACE), 0_u32);
    // A space behind the window ends its last word.
    for &symbol in symbols.iter().chain(&[SPACE]) {
        if symbol & WORD != 0 {
            word = (word ^ u64::from(symbol)).wrapping_mul(0xA24B_AED4_963E_E407);
            word ^= word >> 29;
            gram = gram << GRAM_BITS | u64::from(symbol & SYMBOL_MASK);
            letters += 1;
            // The space before the word is the first of the run.
            put(gram & GRAM_MASK | KIND_GRAM, letters + 1 >= GRAM);
            continue;
        }
        if letters > 0 {
            gram = gram << GRAM_BITS | u64::from(SPACE);
            put(gram & GRAM_MASK | KIND_GRAM, letters + 2 >= GRAM);
            put(word, true);
            if let Some(previous) = previous_word {
                put(previous ^ word ^ KIND_PAIR, true);
            }
            previous_word = Some(scramble(word));
            (word, gram, letters) = (0, u64::from(SPACE), 0);
            single = 0;
        }
        if symbol != SPACE {
            let key = u64::from(symbol) & SINGLE_MASK;
            put(key | KIND_SINGLE, true);
            // One more than the symbol, so that no pair has the key of a single symbol.
            put(single << SINGLE_BITS | key | KIND_SINGLE, single != 0);
            single = key + 1;
        }
    }
    if count == 0 {
        ids[0] = id(0, shift);
        count = 1;
    }
    ids.truncate(count);
}

/// The id of a key: multiply, mix, multiply, and the top bits.
#[inline]
fn id(key: u64, shift: u32) -> u32 {
    // The shift leaves at most 20 bits.
    (scramble(key) >> shift) as u32 + 1
}

#[inline]
fn scramble(key: u64) -> u64 {
    let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPEC: FeatureSpec = FeatureSpec { version: 1, buckets: 1 << 18, window_chars: 512 };

    fn windows_of(spec: FeatureSpec, text: &str) -> Vec<Vec<u32>> {
        let mut windows = Vec::new();
        Extractor::new(spec).expect("valid").windows(text, |ids| windows.push(ids.to_vec()));
        windows
    }

    fn ids(text: &str) -> Vec<u32> {
        let windows = windows_of(SPEC, text);
        assert_eq!(windows.len(), 1, "{text:?} is short");
        windows.concat()
    }

    /// The windows by their definition: all symbols at hand, each window cut out of them.
    fn windows_by_definition(spec: &FeatureSpec, text: &str) -> Vec<Vec<u32>> {
        let mut symbols = Vec::new();
        for_each_symbol(text, |symbol| symbols.push(symbol));
        if symbols.last() == Some(&SPACE) {
            symbols.pop();
        }
        let window = spec.window_chars as usize;
        let last = symbols.len().saturating_sub(window);
        let mut starts: Vec<usize> = (0..last).step_by(window).collect();
        starts.push(last);
        starts
            .into_iter()
            .map(|start| {
                let mut ids = Vec::new();
                let end = symbols.len().min(start + window);
                hash_window(&symbols[start..end], u64::BITS - spec.buckets.trailing_zeros(), &mut ids);
                ids
            })
            .collect()
    }

    #[test]
    fn ideographs_give_themselves_and_their_pairs() {
        let (one, both) = (ids("你"), ids("你好"));
        assert_eq!((one.len(), both.len()), (1, 3));
        assert_eq!(both[0], one[0]);
        assert_eq!(both[1], ids("好")[0]);
        assert_eq!(ids("你 好"), both, "a space hides nothing");
        assert_ne!(ids("好你")[2], both[2], "order counts");
        assert_eq!(ids("你a好").len(), 3, "a letter between separates: two characters, a word, no pair");
    }

    #[test]
    fn words_give_runs_of_four_themselves_and_their_pairs() {
        assert_eq!(ids("a").len(), 1, "the word");
        assert_eq!(ids("ab").len(), 2, "' ab ' and the word");
        assert_eq!(ids("abc").len(), 3, "' abc', 'abc ' and the word");
        assert_eq!(ids("abc, de").len(), 3 + 1 + 2 + 1, "a word, a comma, a word, their pair");
        assert_eq!(ids("ABC"), ids("ａｂｃ"), "case and width are folded");
        assert_eq!(ids("@anna hi"), ids("@bob_1 hi"), "who is spoken to does not count");
        assert_ne!(ids("ab cd")[4], ids("cd ab")[4], "order counts");
    }

    #[test]
    fn nothing_visible_is_one_window_with_one_id() {
        let nothing = ids("");
        assert_eq!(nothing.len(), 1);
        for text in [" ", "\u{200B}\u{FEFF}", "\0\u{1}", "\u{3000}\n"] {
            assert_eq!(ids(text), nothing, "{text:?}");
        }
    }

    #[test]
    fn every_window_of_a_long_text_is_full() {
        let spec = FeatureSpec { window_chars: 16, ..SPEC };
        // n ideographs in one window give 2n - 1 ids.
        for (chars, windows) in [(15, 1), (16, 1), (17, 2), (32, 2), (33, 3), (48, 3), (49, 4)] {
            let text: String = ('一'..).take(chars).collect();
            let lengths: Vec<usize> = windows_of(spec.clone(), &text).iter().map(Vec::len).collect();
            assert_eq!(lengths, vec![2 * chars.min(16) - 1; windows], "{chars} characters");
        }
    }

    #[test]
    fn letters_one_by_one_reach_the_most_ids() {
        let spec = FeatureSpec { window_chars: 16, ..SPEC };
        // Single letters between symbols: a word and a pair each, a symbol each.
        let text = "a!".repeat(100);
        let most = windows_of(spec.clone(), &text).iter().map(Vec::len).max().expect("windows");
        assert!(most <= spec.max_ids(), "{most}");
        assert!(most > spec.max_ids() / 2, "{most}");
    }

    proptest! {
        #[test]
        fn any_text_gives_the_windows_of_the_definition(
            text in prop_oneof![
                any::<String>(),
                "[a-cA@_:/.! \u{3000}你好é\u{300}\u{200B}Ａ0-9]{0,200}",
                "([a-z]{1,6}[ ,]|http://a.b |@x ){0,60}",
            ],
            window_chars in 16_u32..40,
            bits in 8_u32..=20,
        ) {
            let spec = FeatureSpec { version: 1, buckets: 1 << bits, window_chars };
            let windows = windows_of(spec.clone(), &text);
            prop_assert_eq!(&windows, &windows_by_definition(&spec, &text));
            for ids in windows {
                prop_assert!((1..=spec.max_ids()).contains(&ids.len()));
                prop_assert!(ids.iter().all(|id| (1..=spec.buckets).contains(id)));
            }
        }
    }
}
