//! The compiled form as bytes: a header, then little-endian arrays.
//!
//! What is read back is checked before it is used: the checksum finds damage, and every index that the search would
//! follow is compared with what it leads into, so a file that was made to harm finds wrong things at worst.

use super::fallback::Fallback;
use super::keys::Class;
use super::table::{ClassSet, Entry, Filter, Table};
use super::{Filters, Gram, Kernel, MAX_PATTERN, PairFilter, QuadFilter, Route, Sieve, WindowFilter, WordFilter};

const MAGIC: [u8; 8] = *b"gramlib\n";

/// Changes with the layout, and with every change of a hash.
const VERSION: u32 = 1;

/// Magic, version, four bytes of zeros, checksum of all that follows.
const HEADER_BYTES: usize = 24;

/// Why stored bytes are not a library.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The bytes do not begin as a library does.
    NotALibrary,
    /// A library of another version of the engine: compile it again.
    Version {
        /// The version found.
        found: u32,
        /// The version that can be read.
        supported: u32,
    },
    /// The bytes were changed or cut.
    Checksum,
    /// A part leads outside of another.
    Malformed {
        /// The part.
        part: &'static str,
    },
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotALibrary => write!(f, "not a compiled library"),
            Self::Version { found, supported } => {
                write!(f, "a library of version {found}; version {supported} can be read")
            }
            Self::Checksum => write!(f, "the library is damaged: its checksum differs"),
            Self::Malformed { part } => write!(f, "the library is malformed: {part}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl Gram {
    /// The compiled form, to be read by [`Gram::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Writer(vec![0; HEADER_BYTES]);
        body.word(u32::from(self.fold.is_some()));
        if let Some(map) = &self.fold {
            body.0.extend_from_slice(&map[..]);
        }
        let Filters { window, quad, word, short } = &self.filters;
        body.filter(window.as_ref().map(|it| (&it.filter, [it.middle, it.long, it.wide, it.sieve.is_some()])));
        if let Some(sieve) = window.as_ref().and_then(|it| it.sieve.as_ref()) {
            for row in sieve.pairs.iter().flatten() {
                body.word(*row);
            }
        }
        body.filter(quad.as_ref().map(|it| (&it.filter, [false; 4])));
        if let Some(QuadFilter { sieve, .. }) = quad {
            for row in sieve.pairs.iter().flatten() {
                body.word(*row);
            }
        }
        body.filter(word.as_ref().map(|it| (&it.filter, [false; 4])));
        body.word(short.as_ref().map_or(0, |(_, classes)| u32::from(classes.bits())));
        if let Some((pairs, _)) = short {
            for row in pairs.ascii.iter().chain(&pairs.wide) {
                body.word(*row);
            }
        }
        let (screen, directory, entries, blob) = self.table.parts();
        body.words(screen);
        body.words(directory);
        body.word(entries.len() as u32);
        for entry in entries {
            body.entry(entry);
        }
        body.word(blob.len() as u32);
        body.0.extend_from_slice(blob);
        let mut bytes = body.0;
        let sum = checksum(&bytes[HEADER_BYTES..]);
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads a compiled library, for the best kernel of this CPU.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the bytes are no library, one of another version, damaged or malformed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let (header, body) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(StoreError::NotALibrary)?;
        if header[..8] != MAGIC {
            return Err(StoreError::NotALibrary);
        }
        let mut reader = Reader(&header[8..]);
        let found = reader.word().unwrap_or_default();
        if found != VERSION {
            return Err(StoreError::Version { found, supported: VERSION });
        }
        if header[16..] != checksum(body).to_le_bytes() {
            return Err(StoreError::Checksum);
        }
        let mut reader = Reader(body);
        let part = |part| StoreError::Malformed { part };
        let fold = reader.fold().ok_or(part("fold"))?;
        let filters = reader.filters().ok_or(part("filters"))?;
        let screen = reader.words().ok_or(part("screen"))?;
        let directory = reader.words().ok_or(part("directory"))?;
        let entries = reader.entries().ok_or(part("entries"))?;
        let blob = reader.blob().ok_or(part("blob"))?;
        let table = Table::from_parts(screen, directory, entries, blob).ok_or(part("table"))?;
        Ok(Self { kernel: Kernel::best(), fold, filters, table, fallback: Fallback::default() })
    }
}

/// Finds damage; does not stop a forger.
fn checksum(bytes: &[u8]) -> u64 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let mix = |sum: u64, eight: &[u8; 8]| {
        (sum ^ u64::from_le_bytes(*eight)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
    };
    mix(eights.iter().fold(bytes.len() as u64, mix), &last)
}

struct Writer(Vec<u8>);

impl Writer {
    fn word(&mut self, word: u32) {
        self.0.extend_from_slice(&word.to_le_bytes());
    }

    fn words(&mut self, words: &[u32]) {
        self.word(words.len() as u32);
        for word in words {
            self.word(*word);
        }
    }

    /// Number of words (0: no filter), flags, words.
    fn filter(&mut self, filter: Option<(&Filter, [bool; 4])>) {
        let Some((filter, flags)) = filter else { return self.word(0) };
        self.word(filter.iter().count() as u32);
        self.0.extend(flags.map(u8::from));
        for word in filter.iter() {
            self.word(word);
        }
    }

    fn entry(&mut self, entry: &Entry) {
        self.0.extend_from_slice(&entry.first.to_le_bytes());
        self.0.extend_from_slice(&entry.last.to_le_bytes());
        self.word(entry.id);
        self.word(entry.middle);
        self.0.extend_from_slice(&entry.offset.to_le_bytes());
        self.0.extend_from_slice(&entry.length.to_le_bytes());
        self.0.extend_from_slice(&[entry.class, entry.tag, entry.edges, entry.route]);
    }
}

/// Reads the parts in order; `None` when bytes are missing or a value is not one that is written.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, bytes: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*word))
    }

    fn some_words(&mut self, count: usize) -> Option<Vec<u32>> {
        let bytes = self.take(count.checked_mul(4)?)?;
        Some(bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }

    fn words(&mut self) -> Option<Vec<u32>> {
        let count = self.word()?;
        self.some_words(count as usize)
    }

    #[expect(clippy::option_option, reason = "the outer says whether it could be read, the inner whether there is one")]
    fn fold(&mut self) -> Option<Option<Box<[u8; 128]>>> {
        match self.word()? {
            0 => Some(None),
            1 => {
                let map: &[u8; 128] = self.take(128)?.first_chunk()?;
                map.is_ascii().then(|| Some(Box::new(*map)))
            }
            _ => None,
        }
    }

    #[expect(clippy::option_option, reason = "as in `fold`")]
    fn filter(&mut self) -> Option<Option<(Filter, [bool; 4])>> {
        let count = self.word()?;
        if count == 0 {
            return Some(None);
        }
        let flags: &[u8; 4] = self.take(4)?.first_chunk()?;
        let flags = flags.map(|flag| flag != 0);
        let filter = Filter::from_words(&self.some_words(count as usize)?)?;
        Some(Some((filter, flags)))
    }

    fn sieve<const PAIRS: usize>(&mut self) -> Option<Sieve<PAIRS>> {
        let mut pairs = [[0; 32]; PAIRS];
        for row in pairs.iter_mut().flatten() {
            *row = self.word()?;
        }
        Some(Sieve::from_pairs(pairs))
    }

    fn filters(&mut self) -> Option<Filters> {
        let window = match self.filter()? {
            Some((filter, [middle, long, wide, has_sieve])) => {
                let sieve = if has_sieve { Some(self.sieve()?) } else { None };
                Some(WindowFilter { filter, middle, long, wide, sieve })
            }
            None => None,
        };
        let quad = match self.filter()? {
            Some((filter, _)) => Some(QuadFilter { filter, sieve: self.sieve()? }),
            None => None,
        };
        let word = self.filter()?.map(|(filter, _)| WordFilter { filter });
        let classes = ClassSet::from_bits(u8::try_from(self.word()?).ok()?);
        let short = if classes.is_empty() {
            None
        } else {
            let mut pairs = PairFilter::default();
            for row in pairs.ascii.iter_mut().chain(&mut pairs.wide) {
                *row = self.word()?;
            }
            Some((pairs, classes))
        };
        Some(Filters { window, quad, word, short })
    }

    fn entries(&mut self) -> Option<Vec<Entry>> {
        let count = self.word()? as usize;
        if count > Gram::MAX_PATTERNS {
            return None;
        }
        let bytes = self.take(count * 32)?;
        bytes.as_chunks::<32>().0.iter().map(|entry| Reader(entry).entry(count)).collect()
    }

    fn entry(&mut self, count: usize) -> Option<Entry> {
        let [first_low, first_high, last_low, last_high] = [self.word()?, self.word()?, self.word()?, self.word()?];
        let (id, middle, reach) = (self.word()?, self.word()?, self.word()?);
        let &[class, tag, edges, route] = self.take(4)?.first_chunk()?;
        let entry = Entry {
            first: u64::from(first_low) | u64::from(first_high) << 32,
            last: u64::from(last_low) | u64::from(last_high) << 32,
            id,
            middle,
            offset: reach as u16,
            length: (reach >> 16) as u16,
            class,
            edges,
            route,
            tag,
        };
        let is_sound = (id as usize) < count
            && (1..=MAX_PATTERN).contains(&usize::from(entry.length))
            && entry.offset < entry.length
            && usize::from(class) < Class::ALL.len()
            && usize::from(route) < Route::ALL.len();
        is_sound.then_some(entry)
    }

    /// The last part: nothing may follow it.
    fn blob(&mut self) -> Option<Vec<u8>> {
        let count = self.word()?;
        let blob = self.take(count as usize)?;
        self.0.is_empty().then(|| blob.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gram::{Options, Scratch};

    const TEXT: &str = "abcdefghij 走私香烟 ab éa the quick brown fox 走私a internationally走私香烟走私香烟";

    fn compiled(whole_words: bool) -> Gram {
        let map = std::array::from_fn(|byte| (byte as u8).to_ascii_lowercase());
        let patterns =
            ["abcdef", "abcdefghij", "走私", "走私香", "a", "éa", "quick", "internationally", "走私香烟走私香烟"];
        let options = Options { whole_words, fold: Some(&map), sample: None };
        Gram::compile(&patterns, &options).expect("compiles")
    }

    fn stored(whole_words: bool) -> Vec<u8> {
        compiled(whole_words).to_bytes()
    }

    fn matches(gram: &Gram) -> usize {
        let mut count = 0;
        gram.find_all(TEXT.as_bytes(), &mut Scratch::default(), &mut |found| count += found.len());
        count
    }

    #[test]
    fn what_is_stored_is_read() {
        for whole_words in [false, true] {
            let bytes = stored(whole_words);
            let gram = Gram::from_bytes(&bytes).expect("is read");
            assert_eq!(gram.to_bytes(), bytes);
            assert_eq!(gram.stats(), compiled(whole_words).stats());
            assert!(matches(&gram) > 9);
            assert_eq!(matches(&gram), matches(&compiled(whole_words)));
        }
    }

    #[test]
    fn damage_is_found() {
        let bytes = stored(false);
        for end in (0..bytes.len()).step_by(997).chain([bytes.len() - 1]) {
            assert!(Gram::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
        }
        for at in (0..bytes.len()).step_by(991) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            // The four bytes behind the version are not used.
            assert!((12..16).contains(&at) || Gram::from_bytes(&damaged).is_err(), "changed at {at}");
        }
        let mut other = bytes;
        other[8] = 99;
        let error = Gram::from_bytes(&other).expect_err("is refused");
        assert_eq!(error.to_string(), format!("a library of version 99; version {VERSION} can be read"));
        assert_eq!(Gram::from_bytes(b"PK\x03\x04").err(), Some(StoreError::NotALibrary));
    }

    /// A forger makes the checksum fit: then only the checks of indices stand between the file and the search.
    #[test]
    fn forged_libraries_do_not_panic() {
        let mut seed = 3_u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % below
        };
        let bytes = stored(false);
        let entries = bytes.len() - 9 * 32 - 64;
        let mut read = 0;
        for turn in 0..600 {
            let mut forged = bytes.clone();
            for _ in 0..=random(3) {
                // Most of the file is filter words, where nothing can go wrong: half of the changes are near the end.
                let near_end = entries + random(bytes.len() - entries);
                let at = if turn % 2 == 0 { near_end } else { HEADER_BYTES + random(bytes.len() - HEADER_BYTES) };
                forged[at] = [0, 1, 0x7F, 0xFF][random(4)];
            }
            let sum = checksum(&forged[HEADER_BYTES..]);
            forged[16..24].copy_from_slice(&sum.to_le_bytes());
            if let Ok(gram) = Gram::from_bytes(&forged) {
                read += 1;
                for kernel in Kernel::available() {
                    matches(&Gram::from_bytes(&forged).expect("is read").with_kernel(kernel));
                }
                let hostile = "走私香烟".repeat(2000);
                gram.find_all(hostile.as_bytes(), &mut Scratch::default(), &mut |_| ());
            }
        }
        assert!(read > 100, "{read} of 600 forgeries were read");
    }
}
