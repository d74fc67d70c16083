//! Whether a keyword stands at a place of a text, and how: the meaning of every kind of evasion, in one place.
//!
//! Engines only propose places. [`align`] decides, and what it decides does not depend on who proposed: it looks at the
//! units around the place and nothing else.

use normalize::{Class, Tables, Unit};

use crate::letters::{is_leet_symbol, leet};
use crate::pattern::{Element, Kind, Pattern};
use crate::spec::{Gap, Level};

/// Most separators between two characters of a keyword.
pub(crate) const MAX_SEPARATORS: usize = 4;
/// The same where clause marks and blank lines are crossed too.
pub(crate) const MAX_SEPARATORS_WIDE: usize = 8;
/// A run of at least this many equal characters counts as one.
const RUN: usize = 3;
/// Longest run that is looked at.
const MAX_RUN: usize = 256;
/// Fewest letters of a word that may be spelled with white space between them: `u s` is two words more often than one.
const MIN_SPACED_LETTERS: usize = 3;

/// How units are read where there is a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mode<'o> {
    /// Symbols such as `@` and `$` are letters; else they are separators. A place is tried both ways: inside one hit
    /// they are the one or the other.
    pub(crate) symbols_are_letters: bool,
    /// Edges of alphabetic keywords must be edges of words.
    pub(crate) word_boundary: bool,
    /// What may stand between two characters of a keyword.
    pub(crate) gap: Gap,
    /// Folded characters to skip inside keywords.
    pub(crate) noise: &'o [char],
}

/// A keyword found at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aligned {
    /// Indices of the first and last unit.
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// Elements that a symbol or digit stands for, and letters of other scripts.
    pub(crate) level: Level,
}

/// Why a keyword does not stand at a place: the element that failed, and the unit at which it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Miss {
    pub(crate) element: usize,
    pub(crate) unit: usize,
    pub(crate) why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Another character stands there, or the text ends.
    Other,
    /// A letter of its own kind touches the edge.
    Boundary,
    /// A clause mark or a blank line stands between two characters.
    Clause,
    /// More separators than allowed.
    TooManySeparators(usize),
    /// Two characters of one word, and white space between only some of the letters.
    PartlySpaced,
    /// A gap of the keyword is missing in the text.
    NoGap,
    /// The letters stand in several parts of a path, host name or number.
    Path,
    /// Look-alike letters only: the word is of another script.
    OtherScript,
    /// Digits and symbols only.
    NoLetter,
    /// The occurrence takes more units than allowed.
    TooLong,
}

/// How a unit shows an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The same folded character, or the same digit.
    Same,
    /// A letter of another script that looks the same.
    Lookalike,
    /// A digit or symbol in the place of a letter.
    Leet,
}

/// How `unit` shows a character of a keyword, if it does.
pub(crate) fn shows(unit: &Unit, fold: char, digit: u8, kind: Kind, mode: &Mode, tables: &Tables) -> Option<Shown> {
    if unit.is_content() {
        if unit.fold == fold || (digit != Unit::NO_DIGIT && unit.digit == digit) {
            return Some(Shown::Same);
        }
        if kind != Kind::Letter {
            return None;
        }
        return match unit.class {
            Class::Letter => (tables.skeleton(unit.fold) == tables.skeleton(fold)).then_some(Shown::Lookalike),
            Class::Digit => leet(unit.fold).contains(&tables.skeleton(fold)).then_some(Shown::Leet),
            _ => None,
        };
    }
    let is_letter = mode.symbols_are_letters && kind == Kind::Letter;
    (is_letter && leet(unit.fold).contains(&tables.skeleton(fold))).then_some(Shown::Leet)
}

/// Whether the unit separates: it is no character of a keyword under this reading.
fn separates(unit: &Unit, mode: &Mode) -> bool {
    !(unit.is_content() || (mode.symbols_are_letters && is_leet_symbol(unit.fold)))
}

/// What was seen of the characters of a hit and of what stands between them.
#[expect(clippy::struct_excessive_bools, reason = "each is one independent finding; together they are judged")]
#[derive(Debug, Default)]
struct Seen {
    lookalikes: usize,
    leet: usize,
    /// Letters shown by themselves, and all characters shown by themselves.
    letters: usize,
    same: usize,
    /// Neighbouring alphabetic characters of one word, those with separators between, and those with white space.
    pairs: usize,
    separated: usize,
    spaced: usize,
    /// Separators of any pair.
    any_separator: bool,
    /// Separators between alphabetic characters that paths and host names are made of.
    path_marks: bool,
    /// Separators between digits: another number.
    split_digits: bool,
    repeated: bool,
    escaped: bool,
    noise: bool,
}

/// Whether `pattern` stands in `units` from unit `start` on.
pub(crate) fn align(
    pattern: &Pattern,
    text: &str,
    units: &[Unit],
    start: usize,
    mode: &Mode,
    tables: &Tables,
) -> Result<Aligned, Miss> {
    let elements = &pattern.elements;
    let miss = |element: usize, unit: usize, why: Why| Miss { element, unit, why };
    if mode.symbols_are_letters && pattern.has_leet_symbol {
        return Err(miss(0, start, Why::Other));
    }
    let mut seen = Seen::default();
    // A place inside a run means the whole of it.
    let start = run_start(units, start, elements[0]);
    if is_repeat_of(units, start, elements[0]) {
        // The run is longer than any that is looked at.
        return Err(miss(0, start, Why::TooLong));
    }
    let most = pattern.reach();
    let mut at = start;
    let mut element = 0;
    let mut last = start;
    while element < elements.len() {
        if element > 0 {
            let gap = Between { elements, units, last, mode };
            (element, at) = gap.cross(element, &mut seen).map_err(|(unit, why)| miss(element, unit, why))?;
        }
        let Some(unit) = units.get(at) else { return Err(miss(element, at, Why::Other)) };
        if at - start >= most {
            return Err(miss(element, at, Why::TooLong));
        }
        seen.escaped |= unit.is_escaped();
        match elements[element] {
            Element::Gap => {
                unreachable!("a pattern has no gap at its ends, and a gap is crossed with the element behind")
            }
            Element::Symbol(symbol) => {
                if unit.is_content() || unit.fold != symbol {
                    return Err(miss(element, at, Why::Other));
                }
                (last, element) = (at, element + 1);
            }
            Element::Char { fold, digit, kind } => {
                let Some(shown) = shows(unit, fold, digit, kind, mode, tables) else {
                    return Err(miss(element, at, Why::Other));
                };
                let (run, own) = (run_length(units, at), own_run(elements, element));
                let is_repeat =
                    run >= RUN && (kind != Kind::Digit && (unit.digit == Unit::NO_DIGIT || shown == Shown::Leet));
                let (taken, covered) = if is_repeat && own <= run { (run, own) } else { (1, 1) };
                seen.repeated |= taken > covered;
                seen.pairs += if kind == Kind::Free { 0 } else { covered - 1 };
                match shown {
                    Shown::Same => {
                        seen.same += covered;
                        seen.letters += if unit.class == Class::Letter { covered } else { 0 };
                    }
                    Shown::Lookalike => seen.lookalikes += covered,
                    Shown::Leet => seen.leet += covered,
                }
                seen.escaped |= units[at..at + taken].iter().any(Unit::is_escaped);
                (last, element) = (at + taken - 1, element + covered);
            }
        }
    }
    let hit = Hit { elements, text, units, first: start, last, mode };
    hit.judge(&seen).map_err(|(unit, why)| miss(elements.len(), unit, why))?;
    Ok(Aligned { first: start, last, level: level_of(&seen, &units[start..=last]) })
}

fn level_of(seen: &Seen, units: &[Unit]) -> Level {
    let changed = |unit: &Unit| unit.raw != unit.fold || unit.tail != unit.end || unit.is_part();
    if seen.escaped {
        Level::Escaped
    } else if seen.repeated {
        Level::Repeated
    } else if seen.any_separator || seen.noise {
        Level::Spaced
    } else if seen.lookalikes + seen.leet > 0 {
        Level::Lookalike
    } else if units.iter().any(changed) || units[1..].iter().any(Unit::is_behind_dropped) {
        Level::Folded
    } else {
        Level::Plain
    }
}

/// Elements from `at` on that are the same character: the keyword's own run.
fn own_run(elements: &[Element], at: usize) -> usize {
    elements[at..].iter().take_while(|element| **element == elements[at]).count()
}

/// Units from `at` on with the same folded character.
fn run_length(units: &[Unit], at: usize) -> usize {
    units[at..].iter().take(MAX_RUN).take_while(|unit| unit.fold == units[at].fold).count()
}

/// The first unit of the run that `at` is in, if the run counts as one.
fn run_start(units: &[Unit], at: usize, element: Element) -> usize {
    let Element::Char { kind, .. } = element else { return at };
    let unit = &units[at];
    if kind == Kind::Digit || (unit.digit != Unit::NO_DIGIT && unit.class != Class::Digit) {
        return at;
    }
    let before = units[..at].iter().rev().take(MAX_RUN).take_while(|before| before.fold == unit.fold).count();
    if before + run_length(units, at) >= RUN { at - before } else { at }
}

/// Whether the unit before `at` belongs to the same run, and that run counts as one.
fn is_repeat_of(units: &[Unit], at: usize, element: Element) -> bool {
    let Element::Char { kind, .. } = element else { return false };
    let is_number = kind == Kind::Digit || (units[at].digit != Unit::NO_DIGIT && units[at].class != Class::Digit);
    !is_number && at > 0 && units[at - 1].fold == units[at].fold && run_length(units, at) + 1 >= RUN
}

/// The way from one character of a hit to the next.
struct Between<'a> {
    elements: &'a [Element],
    units: &'a [Unit],
    last: usize,
    mode: &'a Mode<'a>,
}

/// Steps over the separators behind unit `last` to what must show `element`, or the element behind it if that is a gap.
/// `None` where they must not stand.
pub(crate) fn cross(
    elements: &[Element],
    element: usize,
    units: &[Unit],
    last: usize,
    mode: &Mode,
) -> Option<(usize, usize)> {
    Between { elements, units, last, mode }.cross(element, &mut Seen::default()).ok()
}

impl Between<'_> {
    /// Steps over what separates the unit `last` from the one that must show `element`, or the element behind it if that
    /// is a gap. Returns the element and the unit that must show it.
    fn cross(&self, element: usize, seen: &mut Seen) -> Result<(usize, usize), (usize, Why)> {
        let Self { elements, units, last, mode } = *self;
        let is_gap = elements[element] == Element::Gap;
        let target = element + usize::from(is_gap);
        let wanted = match elements[target] {
            Element::Symbol(symbol) => Some(symbol),
            _ => None,
        };
        // Other symbols between two symbols make another sign of them.
        let is_sign = wanted.is_some() && matches!(elements[element - 1], Element::Symbol(_));
        let from = last + 1;
        let mut at = from;
        let mut noise = 0;
        while let Some(unit) = units.get(at) {
            let is_wanted = wanted.is_some_and(|symbol| !unit.is_content() && unit.fold == symbol);
            let is_noise = mode.noise.contains(&unit.fold) && !is_fold_of(unit, elements[target]);
            let is_passed = (separates(unit, mode) && (!is_sign || unit.is_white_space())) || is_noise;
            if is_wanted || !is_passed {
                break;
            }
            noise += usize::from(is_noise && !separates(unit, mode));
            at += 1;
            if at - from > MAX_SEPARATORS_WIDE {
                break;
            }
        }
        if at == units.len() {
            return Err((at, Why::Other));
        }
        let between = &units[from..at];
        let is_latin = is_alphabetic(&units[last], mode) && is_alphabetic(&units[at], mode);
        // Noise letters stand inside a word as well as between words.
        let separators = between.len() - noise;
        seen.noise |= noise > 0;
        self.check(between, separators)?;
        if is_gap {
            if separators == 0 && is_latin {
                return Err((at, Why::NoGap));
            }
            seen.any_separator |= separators > 1;
            return Ok((target, at));
        }
        seen.any_separator |= separators > 0;
        if is_latin && wanted.is_none() && matches!(elements[element - 1], Element::Char { .. }) {
            seen.pairs += 1;
            seen.separated += usize::from(separators > 0);
            seen.spaced += usize::from(between.iter().any(Unit::is_white_space));
            let is_digits = units[last].class == Class::Digit && units[at].class == Class::Digit;
            seen.path_marks |= between.iter().any(|unit| is_path_mark(unit.fold));
            seen.split_digits |= is_digits && separators > 0;
        }
        Ok((target, at))
    }

    /// Whether these separators may stand between two characters.
    fn check(&self, between: &[Unit], separators: usize) -> Result<(), (usize, Why)> {
        let from = self.last + 1;
        let most = if self.mode.gap == Gap::Wide { MAX_SEPARATORS_WIDE } else { MAX_SEPARATORS };
        if separators > most {
            return Err((from, Why::TooManySeparators(separators)));
        }
        if self.mode.gap == Gap::Wide {
            return Ok(());
        }
        let mut lines = 0;
        for (at, unit) in between.iter().enumerate() {
            lines += usize::from(unit.class == Class::Line);
            // `走, 私`: a mark of a clause is followed by white space, one that only separates is not.
            let ends_clause = matches!(unit.fold, ',' | ';' | ':' | '!' | '?' | '.')
                && unit.class == Class::Symbol
                && at == 0
                && between.get(1).is_some_and(Unit::is_white_space);
            if unit.class == Class::Clause || lines > 1 || ends_clause {
                return Err((from + at, Why::Clause));
            }
        }
        Ok(())
    }
}

/// Whether a unit is the very character of an element.
fn is_fold_of(unit: &Unit, element: Element) -> bool {
    match element {
        Element::Char { fold, .. } => unit.fold == fold,
        Element::Symbol(symbol) => unit.fold == symbol,
        Element::Gap => false,
    }
}

/// A character of an alphabetic script, or one that is read as such.
fn is_alphabetic(unit: &Unit, mode: &Mode) -> bool {
    matches!(unit.class, Class::Letter | Class::Digit) || !(unit.is_content() || separates(unit, mode))
}

fn is_path_mark(c: char) -> bool {
    matches!(c, '.' | '/' | '\\' | ':' | '?' | '=' | '&' | '#' | '@' | '%')
}

/// A keyword whose characters were all found, before it is known that they may stand so.
struct Hit<'a> {
    elements: &'a [Element],
    text: &'a str,
    units: &'a [Unit],
    first: usize,
    last: usize,
    mode: &'a Mode<'a>,
}

impl Hit<'_> {
    fn judge(&self, seen: &Seen) -> Result<(), (usize, Why)> {
        if seen.lookalikes > 0 && seen.letters == 0 {
            return Err((self.first, Why::OtherScript));
        }
        if seen.leet > 0 && seen.letters + seen.lookalikes == 0 {
            return Err((self.first, Why::NoLetter));
        }
        let is_spelled = seen.pairs > 0 && seen.separated == seen.pairs;
        if seen.spaced > 0 && (!is_spelled || seen.pairs + 1 < MIN_SPACED_LETTERS) {
            return Err((self.first, Why::PartlySpaced));
        }
        let is_in_path = seen.path_marks && is_path(self.token(), is_spelled);
        if is_in_path || (seen.split_digits && !is_spelled) || (seen.leet > 0 && is_identifier(self.token())) {
            return Err((self.first, Why::Path));
        }
        if self.mode.word_boundary {
            self.check_boundaries(seen, is_spelled)?;
        }
        Ok(())
    }

    fn check_boundaries(&self, seen: &Seen, is_spelled: bool) -> Result<(), (usize, Why)> {
        let Self { elements, units, first, last, .. } = *self;
        let before = first.checked_sub(1).map(|at| &units[at]);
        let behind = units.get(last + 1);
        for (edge, element, neighbour, unit) in
            [(&units[first], elements[0], before, first), (&units[last], elements[elements.len() - 1], behind, last)]
        {
            if let (Element::Char { kind, .. }, Some(neighbour)) = (element, neighbour)
                && touches(edge, kind, neighbour, seen.leet > 0)
            {
                return Err((unit, Why::Boundary));
            }
        }
        // A word spelled letter by letter ends where the spelling does: `b-a-n-k-e-r` is not `bank`. In front of one
        // that is spelled with spaces a word of one letter may stand.
        let is_spelled_on = self.is_spelled_on(true) || (seen.spaced == 0 && self.is_spelled_on(false));
        if is_spelled && seen.pairs > 1 && is_spelled_on {
            return Err((first, Why::Boundary));
        }
        Ok(())
    }

    /// Whether the text goes on, before or behind the hit, with another single letter behind the same separators.
    fn is_spelled_on(&self, forward: bool) -> bool {
        let Self { units, first, last, mode, .. } = *self;
        let step = |at: usize, by: usize| if forward { at.checked_add(by) } else { at.checked_sub(by) };
        let unit = |at: Option<usize>| at.and_then(|at| units.get(at));
        let edge = if forward { last } else { first };
        // The separator between the outermost two letters of the hit.
        let Some(own) = unit(if forward { edge.checked_sub(1) } else { edge.checked_add(1) }) else { return false };
        let Some(separator) = unit(step(edge, 1)) else { return false };
        if !separates(separator, mode) || separator.fold != own.fold {
            return false;
        }
        let Some(letter) = unit(step(edge, 2)).filter(|unit| unit.class == Class::Letter) else { return false };
        let is_single = unit(step(edge, 3)).is_none_or(|unit| unit.class != Class::Letter);
        // `a` and `i` are words.
        is_single && !(own.is_white_space() && matches!(letter.fold, 'a' | 'i'))
    }

    /// The text between white space that the hit stands in.
    fn token(&self) -> &str {
        token_around(self.text, self.units[self.first].start as usize, self.units[self.last].tail as usize)
    }
}

/// Whether the edge of a hit is joined to the character beside it.
fn touches(edge: &Unit, kind: Kind, neighbour: &Unit, is_leet: bool) -> bool {
    match kind {
        // Where digits stand for letters, a digit continues the word.
        Kind::Letter => neighbour.class == Class::Letter || (is_leet && neighbour.class == Class::Digit),
        Kind::Digit => {
            neighbour.class == Class::Digit || (edge.class == Class::Free && neighbour.digit != Unit::NO_DIGIT)
        }
        // A numeral of a Chinese keyword that the text writes in digits.
        Kind::Free => edge.class == Class::Digit && neighbour.class == Class::Digit,
    }
}

/// Bytes of a path that are looked at on either side of a hit.
const MAX_PATH: usize = 256;

/// The text between white space around `start..end`.
fn token_around(text: &str, start: usize, end: usize) -> &str {
    let is_edge = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`');
    let from = text[..start]
        .char_indices()
        .rev()
        .take(MAX_PATH)
        .find(|(_, c)| is_edge(*c) || !c.is_ascii())
        .map_or(start.saturating_sub(MAX_PATH), |(at, c)| at + c.len_utf8());
    let from = (from..=start).find(|at| text.is_char_boundary(*at)).unwrap_or(start);
    let behind = text[end..].char_indices().take(MAX_PATH).find(|(_, c)| is_edge(*c) || !c.is_ascii());
    &text[from..behind.map_or_else(|| floor_boundary(text, end + MAX_PATH), |(at, _)| end + at)]
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Names that end a host name; enough to tell `shop.example.net` from `mal.ware`.
const TOP_LEVEL: [&str; 30] = [
    "ai", "app", "biz", "cc", "club", "cn", "co", "com", "de", "dev", "edu", "fr", "gov", "hk", "info", "int", "io",
    "jp", "kr", "me", "mil", "net", "online", "org", "ru", "sh", "top", "tw", "uk", "xyz",
];
/// Suffixes of files, where a path has no other sign.
const FILES: [&str; 32] = [
    "c", "cfg", "conf", "cpp", "css", "csv", "doc", "docx", "exe", "gif", "go", "gz", "h", "html", "java", "jpeg",
    "jpg", "js", "json", "log", "md", "mp4", "pdf", "png", "py", "rs", "sh", "so", "ts", "txt", "xml", "zip",
];

/// Whether a token is a path, a host name or an address. A word spelled with a sign behind every letter looks like one
/// too, so then only what can be nothing else counts.
fn is_path(token: &str, is_spelled: bool) -> bool {
    let token = token.trim_matches(|c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '[' | ']'));
    if token.contains("://") || token.to_ascii_lowercase().starts_with("www.") {
        return true;
    }
    let host = token.split(['/', '?', '#', ':']).next().unwrap_or(token);
    let suffix = |text: &str| text.rsplit_once('.').map(|(_, suffix)| suffix.to_ascii_lowercase());
    if let Some((name, host)) = host.rsplit_once('@')
        && name.len() > 1
        && host.contains('.')
        && host.split('.').all(|label| label.len() > 1)
    {
        return true;
    }
    if suffix(host).is_some_and(|suffix| TOP_LEVEL.binary_search(&suffix.as_str()).is_ok()) {
        return true;
    }
    let slashes = token.bytes().filter(|byte| matches!(byte, b'/' | b'\\')).count();
    !is_spelled
        && (slashes > 1
            || token.contains("::")
            || token.starts_with(['/', '~'])
            || suffix(token).is_some_and(|suffix| FILES.binary_search(&suffix.as_str()).is_ok()))
}

/// Fewest characters of an identifier, and of how many characters one is a digit at least.
const MIN_IDENTIFIER: usize = 16;
const DIGITS_IN_IDENTIFIER: usize = 4;

/// Whether a token is a hash, a UUID or another long identifier, in which digits stand for themselves.
fn is_identifier(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    token.len() >= MIN_IDENTIFIER
        && digits * DIGITS_IN_IDENTIFIER >= token.len()
        && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'{' | b'}' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_sorted() {
        assert!(TOP_LEVEL.is_sorted() && FILES.is_sorted());
    }

    #[test]
    fn paths_are_told_from_split_words() {
        for (token, expected) in [
            ("bot.net", true),
            ("https://a.b/c", true),
            ("img/embribed.png", true),
            ("/usr/lib", true),
            ("a/b/c", true),
            ("me@host.org", true),
            ("m@l.ware", false),
            ("www.Bot.x", true),
            ("mal.ware", false),
            ("m.a.l", false),
            ("std::po::ker", true),
            ("ca@sino.example", true),
            ("and/or", false),
            ("bot-ted", false),
            ("end.", false),
        ] {
            assert_eq!(is_path(token, false), expected, "{token}");
        }
    }
}
