//! The inner loops of the fast route, one set for each kind of processor. All give the same results as the portable
//! loops of `codes.rs`, `anchor.rs` and `words.rs`, which the tests compare them with.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
mod masks;

/// Which loops are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// AVX-512 with VBMI and VBMI2: from Ice Lake and Zen 4 on.
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    /// AVX2: Intel from Haswell, AMD from Zen on.
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    /// Plain loops.
    Portable,
}

impl Kernel {
    /// Those that this processor has, the fastest first. The last is always the portable one.
    pub(crate) fn available() -> Vec<Self> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            kernels.extend(avx512::Avx512::new().map(Self::Avx512));
            kernels.extend(avx2::Avx2::new().map(Self::Avx2));
        }
        kernels.push(Self::Portable);
        kernels
    }

    /// The fastest that this processor has.
    pub(crate) fn best() -> Self {
        Self::available()[0]
    }

    /// Name of the kernel, as it stands in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            Self::Portable => "portable",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::automaton::Settings;
    use crate::fast::codes::{BARRIER, Block, Codes, DROPPED, EDGE, Filling};
    use crate::fast::index::Index;
    use crate::fast::ranges::Ranges;
    use crate::fast::words::{self, Sink};
    use crate::pattern::Pattern;
    use crate::spec::MatchOptions;

    /// Texts whose characters of every length and kind stand at every place of a step, and behind every other kind.
    pub(super) fn texts() -> Vec<String> {
        const PARTS: [&str; 24] = [
            "",
            "天地玄黄",
            "走私",
            "，",
            "走走走",
            "the quick brown fox jumps ",
            "boot",
            "a",
            "aaa",
            "don't",
            "“I’m”",
            "x-1!",
            "&amp;",
            "%41",
            "1234",
            "\u{7}",
            "é",
            "Привет",
            "😀",
            "\u{200B}",
            " ",
            "\n",
            "averyveryveryverylongwordthatgoesoverabytestepofeverykernelandthenonandonandonandonandonandonandonandonandonandon",
            "①②",
        ];
        const FILLERS: [&str; 4] = ["天", "x", " ", "aé"];
        let mut texts = Vec::new();
        for (number, part) in PARTS.iter().enumerate() {
            for length in 0..70 {
                let filler = FILLERS[(number + length) % FILLERS.len()];
                let next = PARTS[(number * 7 + length * 5 + 1) % PARTS.len()];
                let more = PARTS[(number + length) % PARTS.len()].repeat(length % 9);
                texts.push(filler.repeat(length) + part + next + &filler.repeat(length % 37) + &more + part);
            }
        }
        // Longer than a block, and one character in front of what is at its edge.
        texts.extend(
            ["天地玄黄走私", "the fox is on boot ", "aé走，私 1", "x"].map(|part| part.repeat(30_000 / part.len())),
        );
        texts.extend([8188, 8189, 8190, 8191, 8192].map(|length| "x".repeat(length) + "走私，boot 😀"));
        texts
    }

    static CODES: LazyLock<Codes> = LazyLock::new(|| Codes::new(false));
    static CODES_OF_LETTERS: LazyLock<Codes> = LazyLock::new(|| {
        let mut codes = Codes::new(false);
        codes.take_letters();
        codes
    });

    /// All codes of a text and the bytes that they are at, and all events.
    fn filled(kernel: Kernel, text: &str, filling: Filling) -> (Vec<(u16, u32)>, Vec<u32>) {
        let (mut block, mut events) = (Block::default(), Ranges::default());
        let codes = if filling.takes_letters { &CODES_OF_LETTERS } else { &CODES };
        let mut all = Vec::new();
        let mut at = 0;
        while at < text.len() {
            block.clear();
            at = codes.fill(kernel, text, at, filling, &mut block, &mut events);
            all.extend(block.codes()[1..].iter().copied().zip(block.positions[1..].iter().copied()));
        }
        (all, events.events().to_vec())
    }

    #[test]
    fn all_fill_the_same_codes() {
        // One barrier is as good as many.
        let without_barriers = |codes: Vec<(u16, u32)>| {
            let mut codes: Vec<(u16, u32)> =
                codes.into_iter().map(|(code, at)| if code == BARRIER { (code, 0) } else { (code, at) }).collect();
            codes.dedup_by_key(|(code, at)| if *code == BARRIER { (BARRIER, 0) } else { (*code, *at) });
            codes
        };
        for takes_letters in [false, true] {
            let filling = Filling { keeps: true, skips_ascii: false, takes_letters };
            for text in texts() {
                let (codes, events) = filled(Kernel::Portable, &text, filling);
                let codes = without_barriers(codes);
                assert!(codes.iter().all(|(code, _)| *code != DROPPED));
                for kernel in Kernel::available() {
                    let found = filled(kernel, &text, filling);
                    assert_eq!(
                        (without_barriers(found.0), found.1),
                        (codes.clone(), events.clone()),
                        "{kernel:?} {text:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_skipped_is_ascii_far_from_other_characters_and_a_barrier_stands_for_it() {
        let (all, some) = (
            Filling { keeps: true, skips_ascii: false, takes_letters: false },
            Filling { keeps: true, skips_ascii: true, takes_letters: false },
        );
        for text in texts() {
            let (codes, _) = filled(Kernel::Portable, &text, all);
            let is_near = |at: u32| {
                let at = at as usize;
                let around = at.saturating_sub(EDGE - 1)..text.len().min(at + EDGE);
                text.as_bytes()[around].iter().any(|byte| !byte.is_ascii())
            };
            for kernel in Kernel::available() {
                let (kept, _) = filled(kernel, &text, some);
                let mut kept = kept.into_iter().peekable();
                let mut has_barrier = false;
                for &(code, at) in codes.iter().filter(|(code, _)| *code != BARRIER) {
                    while let Some(&(BARRIER, _)) = kept.peek() {
                        has_barrier = true;
                        kept.next();
                    }
                    if kept.next_if_eq(&(code, at)).is_some() {
                        has_barrier = false;
                    } else {
                        assert!(has_barrier && !is_near(at), "{kernel:?}: {code} at {at} of {text:?}");
                    }
                }
                assert!(kept.all(|(code, _)| code == BARRIER), "{kernel:?}: {text:?}");
            }
        }
    }

    #[test]
    fn all_note_the_same_events_beyond_ascii_where_no_codes_are_kept() {
        for skips_ascii in [false, true] {
            let filling = Filling { keeps: false, skips_ascii, takes_letters: false };
            for text in texts() {
                let beyond = |kernel| {
                    let (_, mut events) = filled(kernel, &text, filling);
                    // Escapes are noted by the other pass.
                    events.retain(|at| !text.as_bytes()[*at as usize].is_ascii());
                    events
                };
                for kernel in Kernel::available() {
                    assert_eq!(beyond(kernel), beyond(Kernel::Portable), "{kernel:?} {text:?}");
                }
            }
        }
    }

    fn index(keywords: &[&str]) -> Index {
        let patterns: Vec<Pattern> = keywords.iter().map(|word| Pattern::new(word).expect("a keyword")).collect();
        Index::new(&patterns, &Settings::new(&MatchOptions::default()), &CODES)
    }

    #[test]
    fn all_find_the_same_windows_and_runs() {
        for keywords in [&["走私", "玄黄走", "天", "走"][..], &["地玄", "走走走"], &["黄天地玄黄"]] {
            let index = index(keywords);
            for text in texts() {
                let found = |kernel| {
                    let (mut block, mut events) = (Block::default(), Ranges::default());
                    let mut candidates = Vec::new();
                    block.clear();
                    // One set of codes for all: only the windows are another kernel's.
                    let filling = Filling { keeps: true, skips_ascii: false, takes_letters: false };
                    let end = CODES.fill(Kernel::Portable, &text, 0, filling, &mut block, &mut events);
                    index.look_up(kernel, &block, end == text.len(), &mut candidates, &mut events);
                    (candidates, events.events().to_vec())
                };
                for kernel in Kernel::available() {
                    assert_eq!(found(kernel), found(Kernel::Portable), "{kernel:?} {text:?}");
                }
            }
        }
    }

    /// Notes what a kernel tells.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Told {
        words: Vec<(usize, usize)>,
        escapes: Vec<usize>,
        suspects: Vec<(usize, Option<usize>)>,
    }

    impl Sink for Told {
        fn word(&mut self, start: usize, end: usize) {
            self.words.push((start, end));
        }

        fn suspect(&mut self, at: usize) {
            self.suspects.push((at, None));
        }

        fn pair(&mut self, first: (usize, usize), second: (usize, usize)) {
            self.suspects.push((first.0, Some(second.1)));
        }

        fn escape(&mut self, at: usize) {
            self.escapes.push(at);
        }
    }

    #[test]
    fn all_find_the_same_words_and_escapes_and_vectors_the_same_suspects() {
        let index = index(&["boot", "fox", "thequick", "don", "x", "quick brown", "averyveryverylongword"]);
        for text in texts() {
            let told = |kernel| {
                let mut told = Told::default();
                words::tell(kernel, text.as_bytes(), &index, false, &mut told);
                // Words whose hashes share bits with those of others may be told or not.
                told.words.retain(|&(start, end)| index.may_have_word(words::hash_of(&text.as_bytes()[start..end])));
                told.words.sort_unstable();
                told
            };
            let plain = told(Kernel::Portable);
            let mut suspects = None;
            for kernel in Kernel::available() {
                let told = told(kernel);
                assert_eq!((&told.words, &told.escapes), (&plain.words, &plain.escapes), "{kernel:?} {text:?}");
                if kernel != Kernel::Portable {
                    let suspects = suspects.get_or_insert_with(|| told.suspects.clone());
                    assert_eq!(*suspects, told.suspects, "{kernel:?} {text:?}");
                }
            }
        }
    }

    #[test]
    fn the_portable_kernel_is_always_there_and_last() {
        assert_eq!(Kernel::available().last(), Some(&Kernel::Portable));
    }
}
