//! The structures that are probed: a [`Filter`] for each route, one [`Table`] behind them all.
//!
//! Neither knows what the keys are made of. They take hashes, so text in another form (code units of a normalising
//! stream) can use them with keys of its own.

use super::keys::Class;

/// A cache line of filter words. The alignment keeps a gather within as few lines as it has lanes.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([u32; 16]);

/// A Bloom filter of 32-bit words: a key has one word, and four bits in it.
///
/// Kept inverted (a set bit says "no key has this"), so that `pattern & word == 0` means "perhaps", which is one
/// instruction in AVX-512.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    lines: Vec<Line>,
    /// `hash >> shift` is the index of a word; always below the number of words.
    shift: u32,
}

impl Filter {
    /// At most 2^24 words (64 MiB): enough for four million keys.
    const MAX_WORDS_LOG: u32 = 24;
    /// At least one line.
    const MIN_WORDS_LOG: u32 = 4;

    /// An empty filter with room for `keys` of `bits_per_key`, rounded up to a power of two.
    pub(crate) fn new(keys: usize, bits_per_key: usize) -> Self {
        let words = keys.saturating_mul(bits_per_key).div_ceil(32).max(1);
        let log = words.next_power_of_two().trailing_zeros().clamp(Self::MIN_WORDS_LOG, Self::MAX_WORDS_LOG);
        Self { lines: vec![Line([!0; 16]); 1 << (log - 4)], shift: 32 - log }
    }

    /// Adds the key with this hash and bit pattern.
    pub(crate) fn insert(&mut self, hash: u32, pattern: u32) {
        self.insert_at((hash >> self.shift) as usize, pattern);
    }

    /// Adds the bits to the word of this index.
    pub(crate) fn insert_at(&mut self, index: usize, bits: u32) {
        self.lines[index / 16].0[index % 16] &= !bits;
    }

    /// The inverted word of this index.
    #[inline(always)]
    pub(crate) fn word_at(&self, index: usize) -> u32 {
        self.lines[index / 16].0[index % 16]
    }

    /// The inverted word of `hash`.
    #[inline(always)]
    pub(crate) fn word(&self, hash: u32) -> u32 {
        self.word_at((hash >> self.shift) as usize)
    }

    /// Where the words lie, for kernels that gather: `hash >> shift()` is in range for every hash.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "for vector kernels"))]
    pub(crate) fn words(&self) -> *const u32 {
        self.lines.as_ptr().cast()
    }

    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "for vector kernels"))]
    pub(crate) fn shift(&self) -> u32 {
        self.shift
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.lines.len() * size_of::<Line>()
    }

    /// The words in order, for the stored form.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.lines.iter().flat_map(|line| line.0)
    }

    /// A filter of stored words; `None` unless their number is a power of two within the limits.
    pub(crate) fn from_words(words: &[u32]) -> Option<Self> {
        let log = words.len().checked_ilog2()?;
        if !words.len().is_power_of_two() || !(Self::MIN_WORDS_LOG..=Self::MAX_WORDS_LOG).contains(&log) {
            return None;
        }
        let lines = words.as_chunks::<16>().0.iter().map(|line| Line(*line)).collect();
        Some(Self { lines, shift: 32 - log })
    }
}

/// One pattern under its window. 32 bytes, aligned, so that a look at an entry touches one cache line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(32))]
pub(crate) struct Entry {
    /// The first eight bytes of the pattern; zeros behind a shorter one.
    pub(crate) first: u64,
    /// The last eight bytes of a pattern of more than eight.
    pub(crate) last: u64,
    /// The pattern's index in the list that was compiled.
    pub(crate) id: u32,
    /// Where the bytes between the first and the last eight begin in the blob, for a pattern of more than sixteen.
    pub(crate) middle: u32,
    /// Bytes from the pattern's start to its window.
    pub(crate) offset: u16,
    /// Bytes of the pattern.
    pub(crate) length: u16,
    pub(crate) class: u8,
    /// The lowest byte of the table key, which tells most strangers in a bucket apart.
    pub(crate) tag: u8,
    /// [`Entry::WORD_START`] and [`Entry::WORD_END`].
    pub(crate) edges: u8,
    /// Number of the [`Route`](super::Route) that finds it.
    pub(crate) route: u8,
}

impl Entry {
    /// The byte before a match is not an ASCII letter.
    pub(crate) const WORD_START: u8 = 1;
    /// The byte behind a match is not an ASCII letter.
    pub(crate) const WORD_END: u8 = 2;

    /// The entry of `bytes`, of which the part that no field holds is appended to `blob`.
    pub(crate) fn new(id: u32, bytes: &[u8], blob: &mut Vec<u8>) -> Self {
        let mut first = [0; 8];
        let head = bytes.len().min(8);
        first[..head].copy_from_slice(&bytes[..head]);
        let last = bytes.last_chunk::<8>().filter(|_| bytes.len() > 8).map_or(0, |last| u64::from_le_bytes(*last));
        let middle = blob.len() as u32;
        if bytes.len() > 16 {
            blob.extend_from_slice(&bytes[8..bytes.len() - 8]);
        }
        Self {
            first: u64::from_le_bytes(first),
            last,
            id,
            middle,
            offset: 0,
            length: bytes.len() as u16,
            class: 0,
            edges: 0,
            route: 0,
            tag: 0,
        }
    }

    /// Class and tag of an entry under this key.
    #[inline(always)]
    pub(crate) const fn mark_of(class: Class, key: u32) -> u16 {
        u16::from_le_bytes([class as u8, key as u8])
    }

    /// Class and tag.
    #[inline(always)]
    pub(crate) const fn mark(&self) -> u16 {
        u16::from_le_bytes([self.class, self.tag])
    }

    /// Bytes of the pattern that lie in the blob.
    pub(crate) fn middle_bytes(&self) -> usize {
        usize::from(self.length).saturating_sub(16)
    }
}

/// Finds the entries of a table key: a Bloom filter that most strangers do not pass, a directory of buckets, the entries
/// bucket by bucket.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Bloom filter, three bits a key in one word.
    screen: Vec<u32>,
    screen_shift: u32,
    /// Entries of bucket `b`: `directory[b]..directory[b + 1]`.
    directory: Vec<u32>,
    directory_shift: u32,
    entries: Vec<Entry>,
    blob: Vec<u8>,
    /// The largest offset and the largest length of a pattern.
    reach: (usize, usize),
}

/// So many that a bucket seldom has a stranger beside the entry that is looked for: each is a line of memory to fetch.
const BUCKETS_PER_ENTRY: usize = 4;

/// The largest offset and length of entries.
fn reach(entries: &[Entry]) -> (usize, usize) {
    entries.iter().fold((0, 0), |(offset, length), entry| {
        (offset.max(usize::from(entry.offset)), length.max(usize::from(entry.length)))
    })
}

impl Table {
    /// Sorts entries into buckets by their table keys.
    pub(crate) fn new(mut keyed: Vec<(u32, Entry)>, blob: Vec<u8>) -> Self {
        let buckets_log = (BUCKETS_PER_ENTRY * keyed.len()).max(2).next_power_of_two().trailing_zeros();
        let screen_log = (keyed.len() / 2).max(16).next_power_of_two().trailing_zeros();
        let (screen_shift, directory_shift) = (32 - screen_log, 32 - buckets_log);
        // By key, then by id: the order, and so the stored form, depends on nothing else.
        keyed.sort_unstable_by_key(|(key, entry)| (*key, entry.class, entry.id, entry.offset));
        let mut screen = vec![0; 1 << screen_log];
        let mut directory = vec![0; (1 << buckets_log) + 1];
        for (key, _) in &keyed {
            screen[(key >> screen_shift) as usize] |= screen_bits(*key);
            directory[(key >> directory_shift) as usize + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut directory {
            sum += *start;
            *start = sum;
        }
        let entries: Vec<_> = keyed.into_iter().map(|(_, entry)| entry).collect();
        let reach = reach(&entries);
        Self { screen, screen_shift, directory, directory_shift, entries, blob, reach }
    }

    /// Bytes before a position that a comparison there may read, with the one before the pattern.
    pub(crate) fn reach_before(&self) -> usize {
        self.reach.0 + 1
    }

    /// Bytes behind the end of a block that a comparison in it may read, with the one behind the pattern: a window begins
    /// before that end, and so does its pattern.
    pub(crate) fn reach_behind(&self) -> usize {
        self.reach.1
    }

    /// The screen and its shift, for kernels that gather: `key >> shift` is in range for every key.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "for vector kernels"))]
    pub(crate) fn screen(&self) -> (&[u32], u32) {
        (&self.screen, self.screen_shift)
    }

    /// Whether the key may have entries.
    #[inline(always)]
    pub(crate) fn may_have(&self, key: u32) -> bool {
        let bits = screen_bits(key);
        self.screen[(key >> self.screen_shift) as usize] & bits == bits
    }

    /// The bucket of a key.
    #[inline(always)]
    pub(crate) fn bucket(&self, key: u32) -> u32 {
        key >> self.directory_shift
    }

    /// The range of a bucket's entries.
    #[inline(always)]
    pub(crate) fn range(&self, bucket: u32) -> (u32, u32) {
        let bucket = bucket as usize;
        (self.directory[bucket], self.directory[bucket + 1])
    }

    /// The directory, to be prefetched.
    pub(crate) fn directory(&self) -> &[u32] {
        &self.directory
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Bytes of an entry that neither `first` nor `last` holds.
    #[inline(always)]
    pub(crate) fn middle(&self, entry: &Entry) -> &[u8] {
        &self.blob[entry.middle as usize..entry.middle as usize + entry.middle_bytes()]
    }

    /// All bytes of an entry's pattern.
    pub(crate) fn pattern(&self, entry: &Entry) -> Vec<u8> {
        let length = usize::from(entry.length);
        let mut bytes = entry.first.to_le_bytes()[..length.min(8)].to_vec();
        if length > 16 {
            bytes.extend_from_slice(self.middle(entry));
        }
        if length > 8 {
            // Between nine and sixteen bytes the two words overlap.
            let fresh = length - bytes.len();
            bytes.extend_from_slice(&entry.last.to_le_bytes()[8 - fresh..]);
        }
        bytes
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.screen.len() * 4 + self.directory.len() * 4 + self.entries.len() * size_of::<Entry>() + self.blob.len()
    }

    /// The parts of the stored form.
    pub(crate) fn parts(&self) -> (&[u32], &[u32], &[Entry], &[u8]) {
        (&self.screen, &self.directory, &self.entries, &self.blob)
    }

    /// A table of stored parts; `None` when an index in them leads out of them.
    pub(crate) fn from_parts(
        screen: Vec<u32>,
        directory: Vec<u32>,
        entries: Vec<Entry>,
        blob: Vec<u8>,
    ) -> Option<Self> {
        let buckets = directory.len().checked_sub(1)?;
        let shift = |words: usize| {
            (words.is_power_of_two() && (2..=1 << 24).contains(&words)).then(|| 32 - words.trailing_zeros())
        };
        let (screen_shift, directory_shift) = (shift(screen.len())?, shift(buckets)?);
        let ascends = directory.is_sorted()
            && directory.first() == Some(&0)
            && directory.last().is_some_and(|&last| last as usize == entries.len());
        let fits = entries
            .iter()
            .all(|entry| entry.middle_bytes() == 0 || entry.middle as usize + entry.middle_bytes() <= blob.len());
        let reach = reach(&entries);
        (ascends && fits).then_some(Self { screen, screen_shift, directory, directory_shift, entries, blob, reach })
    }
}

/// The bits of a key in its word of the screen; other bits of the key than those that choose the word.
#[inline(always)]
fn screen_bits(key: u32) -> u32 {
    1 << (key & 31) | 1 << ((key >> 5) & 31) | 1 << ((key >> 10) & 31)
}

/// The table keys of one window that a candidate may be under.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClassSet(u8);

impl ClassSet {
    pub(crate) const EMPTY: Self = Self(0);

    pub(crate) fn add(&mut self, class: Class) {
        self.0 |= 1 << class as u8;
    }

    #[inline(always)]
    pub(crate) const fn has(self, class: Class) -> bool {
        self.0 & (1 << class as u8) != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }
}
