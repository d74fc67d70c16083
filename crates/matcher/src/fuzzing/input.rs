//! Decisions out of bytes.

/// Bytes that are used up one by one. Behind the last there are zeros, which everywhere stand for the plainest choice.
pub(super) struct Input<'b>(&'b [u8]);

impl<'b> Input<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let (byte, rest) = self.0.split_first().map_or((0, self.0), |(byte, rest)| (*byte, rest));
        self.0 = rest;
        byte
    }

    /// Up to `count` bytes as they are.
    pub(super) fn bytes(&mut self, count: usize) -> &'b [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A number below `limit`, which is at most 65,536; of one byte where that is enough.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        let low = usize::from(self.byte());
        let high = if limit > 256 { usize::from(self.byte()) } else { 0 };
        (high << 8 | low) % limit.max(1)
    }

    /// True for one in `many` bytes; never for a zero, if `many` is more than one.
    pub(super) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == many - 1
    }

    pub(super) fn pick<'t, T: ?Sized>(&mut self, items: &[&'t T]) -> &'t T {
        items[self.below(items.len())]
    }

    /// Any character: most often of ASCII or of a block that means something to the reader.
    pub(super) fn char(&mut self) -> char {
        let value = match self.byte() % 8 {
            0 | 1 => u32::from(self.byte() & 0x7F),
            2 => (0..3).fold(0, |value, _| value << 8 | u32::from(self.byte())) % 0x11_0000,
            _ => {
                let (first, last) = BLOCKS[self.below(BLOCKS.len())];
                first + self.below((last - first + 1) as usize) as u32
            }
        };
        char::from_u32(value).unwrap_or('\u{FFFD}')
    }
}

/// First and last code points of blocks with characters that fold, join, hide, repeat, separate or stand for others.
const BLOCKS: [(u32, u32); 38] = [
    (0x00A0, 0x00FF),
    (0x0100, 0x024F),
    (0x0250, 0x02FF),
    (0x0300, 0x036F),
    (0x0370, 0x03FF),
    (0x0400, 0x052F),
    (0x0530, 0x05FF),
    (0x0600, 0x06FF),
    (0x0900, 0x097F),
    (0x0E00, 0x0E7F),
    (0x1100, 0x11FF),
    (0x13A0, 0x13FF),
    (0x1D00, 0x1DBF),
    (0x1E00, 0x1FFF),
    (0x2000, 0x206F),
    (0x2070, 0x209F),
    (0x20D0, 0x20FF),
    (0x2100, 0x218F),
    (0x2460, 0x24FF),
    (0x2E80, 0x2FDF),
    (0x3000, 0x303F),
    (0x3040, 0x30FF),
    (0x3130, 0x318F),
    (0x3200, 0x33FF),
    (0x4E00, 0x9FFF),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
    (0xE000, 0xE0FF),
    (0xF900, 0xFAFF),
    (0xFB00, 0xFDFF),
    (0xFE00, 0xFE2F),
    (0xFF00, 0xFFFF),
    (0x1_D400, 0x1_D7FF),
    (0x1_F100, 0x1_F1E5),
    (0x1_F1E6, 0x1_F1FF),
    (0x1_F600, 0x1_F64F),
    (0x2_0000, 0x2_03FF),
    (0xE_0000, 0xE_01EF),
];
