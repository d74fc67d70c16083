//! Where text is to be read as units: around what only reading them can tell.

use normalize::{Class, is_escape, tables};

use super::Work;
use super::near::MAX_KEYS;
use crate::automaton::Settings;
use crate::spec::Gap;

/// Ideographs on either side of an event that an anchor across it may have.
const IDEOGRAPHS: usize = 3;
/// Separators in a row that nothing crosses.
const SEPARATORS: usize = 12;
/// Longest escape, in bytes: what stands in it is not what it shows.
const ESCAPE: usize = 40;

/// Where to read.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    /// Bytes at which something is that only reading units can tell: what surrounds them is read.
    events: Vec<u32>,
    /// What is read as it is: from a byte to a byte.
    ranges: Vec<(u32, u32)>,
}

impl Ranges {
    pub(crate) fn clear(&mut self) {
        self.events.clear();
        self.ranges.clear();
    }

    /// Notes an event at a byte, the first of a character.
    pub(crate) fn push(&mut self, at: usize) {
        self.events.push(at as u32);
    }

    /// Notes a range outside of which nothing belongs to an anchor inside it.
    pub(crate) fn push_range(&mut self, start: usize, end: usize) {
        self.ranges.push((start as u32, end as u32));
    }

    /// The events, in the order in which they were noted.
    #[cfg(test)]
    pub(crate) fn events(&self) -> &[u32] {
        &self.events
    }

    /// Notes the escape at a byte, if one is there.
    pub(crate) fn push_escape(&mut self, text: &str, at: usize) {
        if is_escape(text, at) {
            self.push(at);
        }
    }

    /// Notes every escape.
    pub(crate) fn push_escapes(&mut self, text: &str) {
        for at in memchr::memchr3_iter(b'&', b'%', b'\\', text.as_bytes()) {
            self.push_escape(text, at);
        }
    }

    /// The stretches to read in order, which do not touch: each is wide enough that any anchor which an event touches is
    /// within it. Some are missing where the work is over.
    pub(crate) fn merge(&mut self, text: &str, settings: &Settings, work: &mut Work) -> &[(u32, u32)] {
        let Self { events, ranges } = self;
        events.sort_unstable();
        events.dedup();
        let is_wide = settings.gap == Gap::Wide;
        // The end of the stretch before, and of the run of one character, or of marks, that the event before was in.
        let (mut floor, mut run) = (0, 0);
        let mut rest = &**events;
        while let Some((&event, later)) = rest.split_first() {
            rest = later;
            let event = event as usize;
            if event < run {
                continue;
            }
            if work.is_over() {
                break;
            }
            let start = if event < floor { event } else { reach_left(text, event, floor, is_wide) };
            let reach = reach_right(text, event, later, is_wide);
            work.add(reach.end - start);
            (floor, run) = (floor.max(reach.end), reach.run);
            rest = &later[reach.events..];
            ranges.push((start as u32, reach.end as u32));
        }
        if ranges.len() > 1 {
            ranges.sort_unstable();
            let mut last = 0;
            for at in 1..ranges.len() {
                let (start, end) = ranges[at];
                if start <= ranges[last].1 {
                    ranges[last].1 = ranges[last].1.max(end);
                } else {
                    last += 1;
                    ranges[last] = (start, end);
                }
            }
            ranges.truncate(last + 1);
        }
        ranges
    }
}

/// What has been stepped over on one side of an event.
#[derive(Debug, Default)]
struct Walk {
    /// Ideographs, and letters and digits, each run of one character once.
    ideographs: usize,
    letters: usize,
    /// One of them was a letter: what is behind an ideograph then belongs to another anchor.
    has_letter: bool,
    separators: usize,
    /// The last character, if nothing separates it from the next.
    last: Option<char>,
    /// Two different characters of a word stood side by side: the word is not spelled letter by letter.
    is_word: bool,
}

impl Walk {
    /// Whether nothing but letters, digits and separators was stepped over, of which `c` is the last and no separator. Then
    /// any step from here on that this walk can take can be taken by one that starts at `c`, which has counted less.
    fn is_of_letters(&self, c: char) -> bool {
        self.ideographs == 0 && matches!(tables().info(c).class(), Class::Letter | Class::Digit)
    }

    /// Steps over a character. False where no anchor goes on.
    fn step(&mut self, c: char, is_wide: bool, most_letters: usize) -> bool {
        let class = tables().info(c).class();
        match class {
            Class::Hidden | Class::Mark => return true,
            Class::Free | Class::Letter | Class::Digit => {
                let is_other = !self.last.is_some_and(|last| is_same(last, c));
                if class == Class::Free {
                    if self.has_letter || (is_other && self.ideographs == IDEOGRAPHS) {
                        return false;
                    }
                    self.ideographs += usize::from(is_other);
                } else {
                    if is_other && self.letters >= most_letters {
                        return false;
                    }
                    self.letters += usize::from(is_other);
                    self.is_word |= is_other && self.last.is_some();
                    self.has_letter |= class == Class::Letter;
                }
                (self.last, self.separators) = (Some(c), 0);
                return true;
            }
            Class::Space | Class::Line if self.is_word && self.ideographs == 0 => return false,
            Class::Clause if !is_wide => return false,
            Class::Space | Class::Line | Class::Symbol | Class::Clause => {}
        }
        self.last = None;
        self.separators += 1;
        self.separators <= SEPARATORS
    }
}

/// Whether two characters are one in normal form.
pub(crate) fn is_same(a: char, b: char) -> bool {
    a == b || tables().fold_one(a) == tables().fold_one(b)
}

fn is_content(c: char) -> bool {
    matches!(tables().info(c).class(), Class::Free | Class::Letter | Class::Digit)
}

fn is_mark(c: char) -> bool {
    matches!(tables().info(c).class(), Class::Hidden | Class::Mark)
}

/// The first byte from which on an anchor may reach an event. All of a word in front is within.
fn reach_left(text: &str, event: usize, floor: usize, is_wide: bool) -> usize {
    let mut walk = Walk::default();
    let mut at = event;
    for c in text[floor..event].chars().rev() {
        if !walk.step(c, is_wide, usize::MAX) {
            break;
        }
        at -= c.len_utf8();
    }
    at
}

/// How far to read behind an event.
struct Reach {
    /// The byte up to which an anchor that the event touches may reach, as far as it is keyed.
    end: usize,
    /// The end of the run of one character that starts with the last event, or of the marks there.
    run: usize,
    /// How many of the events behind it are seen to as well.
    events: usize,
}

/// Steps from an event as far as an anchor may reach, and on from later events on the way, so that text which is made of
/// events is stepped over once.
fn reach_right(text: &str, event: usize, later: &[u32], is_wide: bool) -> Reach {
    let mut walk = Walk::default();
    let mut reach = Reach { end: event, run: event, events: 0 };
    let mut first = None;
    let is_escape = matches!(text.as_bytes()[event], b'&' | b'%' | b'\\');
    for (offset, c) in text[event..].char_indices() {
        let at = event + offset;
        let behind = at + c.len_utf8();
        if offset == 0 {
            // What the character means is not known here: it may be letters and ideographs in one.
            first = is_content(c).then_some(c);
            walk.last = first;
        } else if is_escape && offset < ESCAPE {
            walk = Walk::default();
        } else if !walk.step(c, is_wide, MAX_KEYS) {
            break;
        } else if later.get(reach.events).is_some_and(|later| *later as usize == at) && walk.is_of_letters(c) {
            // A walk that starts here goes on at least as far as this one.
            reach.events += 1;
            reach.run = at;
            first = Some(c);
            walk = Walk { last: first, ..Walk::default() };
        }
        // A walk from any of several marks is the same.
        let is_in_run = first.map_or_else(|| is_mark(c), |first| is_same(first, c));
        if reach.run == at && is_in_run {
            reach.run = behind;
        }
        reach.end = behind;
    }
    reach
}
