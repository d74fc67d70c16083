//! Where text is to be read as units: the surroundings of events.

use normalize::{Class, is_escape, tables};

use crate::automaton::Settings;
use crate::spec::Gap;

/// Ideographs on either side of an event that an anchor across it may have.
const IDEOGRAPHS: usize = 3;
/// Separators in a row that nothing crosses.
const SEPARATORS: usize = 12;
/// Longest escape, in bytes: what stands in it is not what it shows.
const ESCAPE: usize = 40;

/// Bytes at which something is that only reading units can tell.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    events: Vec<u32>,
}

impl Ranges {
    pub(crate) fn clear(&mut self) {
        self.events.clear();
    }

    /// Notes an event at a byte, the first of a character.
    pub(crate) fn push(&mut self, at: usize) {
        self.events.push(at as u32);
    }

    /// Notes every escape.
    pub(crate) fn push_escapes(&mut self, text: &str) {
        for at in memchr::memchr3_iter(b'&', b'%', b'\\', text.as_bytes()) {
            if is_escape(text, at) {
                self.push(at);
            }
        }
    }

    /// The stretches around the events in order, each wide enough that any anchor which an event touches is within it.
    pub(crate) fn merged(&mut self, text: &str, settings: &Settings) -> impl Iterator<Item = (usize, usize)> {
        self.events.sort_unstable();
        self.events.dedup();
        let is_wide = settings.gap == Gap::Wide;
        let mut events = self.events.iter().map(|&event| event as usize).peekable();
        let mut pending: Option<(usize, usize)> = None;
        std::iter::from_fn(move || {
            loop {
                let Some(event) = events.next() else { return pending.take() };
                if let Some((_, end)) = pending
                    && event < end
                {
                    // It is inside the stretch already, but may reach further.
                    let right = reach_right(text, event, is_wide);
                    pending = pending.map(|(start, end)| (start, end.max(right)));
                    continue;
                }
                let floor = pending.map_or(0, |(_, end)| end);
                let left = reach_left(text, event, floor, is_wide);
                let right = reach_right(text, event, is_wide);
                match pending {
                    Some((start, end)) if left <= end => pending = Some((start, right.max(end))),
                    _ => {
                        if let Some(done) = pending.replace((left, right)) {
                            return Some(done);
                        }
                    }
                }
            }
        })
    }
}

/// What has been stepped over on one side of an event.
#[derive(Debug, Default)]
struct Walk {
    ideographs: usize,
    separators: usize,
    /// The last character, if it belongs to a word.
    last: Option<char>,
    /// Two different characters of a word stood side by side: the word is not spelled letter by letter.
    is_word: bool,
    has_letters: bool,
}

/// Whether the walk goes on over a character, may include it and stop, or stops before it.
enum Step {
    On,
    Last,
    Stop,
}

impl Walk {
    fn step(&mut self, c: char, is_wide: bool) -> Step {
        match tables().info(c).class() {
            Class::Hidden | Class::Mark => return Step::On,
            Class::Clause if !is_wide => return Step::Stop,
            Class::Free => {
                self.ideographs += 1;
                self.separators = 0;
                self.last = None;
                // A word ends at an ideograph, and so does what an event in it may reach.
                return if self.ideographs >= IDEOGRAPHS || self.has_letters { Step::Last } else { Step::On };
            }
            Class::Letter | Class::Digit => {
                self.separators = 0;
                self.is_word |= self.last.is_some_and(|last| !last.eq_ignore_ascii_case(&c));
                self.last = Some(c);
                self.has_letters = true;
                return Step::On;
            }
            Class::Space | Class::Line => {
                if self.is_word && self.ideographs == 0 {
                    return Step::Stop;
                }
            }
            Class::Symbol | Class::Clause => {}
        }
        self.last = None;
        self.separators += 1;
        if self.separators > SEPARATORS { Step::Stop } else { Step::On }
    }
}

fn reach_left(text: &str, event: usize, floor: usize, is_wide: bool) -> usize {
    let mut walk = Walk::default();
    let mut at = event;
    for c in text[floor..event].chars().rev() {
        match walk.step(c, is_wide) {
            Step::Stop => break,
            Step::On => at -= c.len_utf8(),
            Step::Last => {
                at -= c.len_utf8();
                break;
            }
        }
    }
    at
}

fn reach_right(text: &str, event: usize, is_wide: bool) -> usize {
    let mut walk = Walk::default();
    let mut at = event;
    for (offset, c) in text[event..].char_indices() {
        let end = event + offset + c.len_utf8();
        let is_inside = offset < ESCAPE && starts_escape(text, event);
        match walk.step(c, is_wide) {
            _ if is_inside || offset == 0 => at = end,
            Step::Stop => break,
            Step::On => at = end,
            Step::Last => return end,
        }
        if is_inside {
            walk = Walk::default();
        }
    }
    at
}

fn starts_escape(text: &str, event: usize) -> bool {
    matches!(text.as_bytes()[event], b'&' | b'%' | b'\\')
}
