//! The oracle: every pattern at every position; and what the tests share.

#![allow(dead_code, reason = "each test binary uses a part")]

use matcher::gram::{Gram, Kernel, Options, Scratch};

pub type Match = (u32, u32, u32);

/// Every occurrence of every pattern, sorted.
pub fn brute<P: AsRef<[u8]>>(patterns: &[P], text: &[u8], options: &Options) -> Vec<Match> {
    let fold = |byte: &u8| match options.fold {
        Some(map) if byte.is_ascii() => map[usize::from(*byte)],
        _ => *byte,
    };
    let text: Vec<u8> = text.iter().map(fold).collect();
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let mut found = Vec::new();
    for (id, pattern) in (0..).zip(patterns) {
        let pattern = pattern.as_ref();
        let first = pattern[0];
        for (start, _) in text.iter().enumerate().filter(|(_, byte)| **byte == first) {
            if !text[start..].starts_with(pattern) {
                continue;
            }
            let end = start + pattern.len();
            let before = start > 0 && is_letter(text.get(start - 1)) && is_letter(pattern.first());
            let behind = is_letter(text.get(end)) && is_letter(pattern.last());
            if !options.whole_words || (!before && !behind) {
                found.push((id, start as u32, end as u32));
            }
        }
    }
    found.sort_unstable();
    found
}

/// What the engine finds, sorted.
pub fn found_by(gram: &Gram, text: &[u8]) -> Vec<Match> {
    let mut matches = Vec::new();
    gram.find_all(text, &mut Scratch::default(), &mut |found| matches.extend(found.iter()));
    matches.sort_unstable();
    matches
}

/// A library on every kernel of this CPU, as it comes back from its stored form.
pub struct Checker<'a, P> {
    patterns: &'a [P],
    options: Options<'a>,
    engines: Vec<(Kernel, Gram)>,
}

impl<'a, P: AsRef<[u8]>> Checker<'a, P> {
    pub fn new(patterns: &'a [P], options: Options<'a>) -> Self {
        let stored = Gram::compile(patterns, &options).expect("compiles").to_bytes();
        let engine = |kernel: Kernel| (kernel, Gram::from_bytes(&stored).expect("is read").with_kernel(kernel));
        Self { patterns, options, engines: Kernel::available().into_iter().map(engine).collect() }
    }

    /// Compares every kernel with brute force.
    pub fn check(&self, text: &[u8]) {
        let expected = brute(self.patterns, text, &self.options);
        for (kernel, gram) in &self.engines {
            let found = found_by(gram, text);
            if found != expected {
                let missing: Vec<_> = expected.iter().filter(|it| !found.contains(it)).take(5).collect();
                let extra: Vec<_> = found.iter().filter(|it| !expected.contains(it)).take(5).collect();
                let stats = gram.stats();
                panic!("{}: missing {missing:?}, extra {extra:?}, of {}; {stats:?}", kernel.name(), expected.len());
            }
        }
    }
}

/// Compares every kernel, and the stored form, with brute force on one text.
pub fn check<P: AsRef<[u8]>>(patterns: &[P], text: &[u8], options: &Options) {
    Checker::new(patterns, *options).check(text);
}

/// A small random generator: tests are the same on every run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len() as u64) as usize]
    }
}
