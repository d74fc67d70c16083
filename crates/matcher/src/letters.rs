//! What a character may be read as beside itself, and the key under which all those readings meet.

use normalize::{Tables, Unit};

/// Letters that a digit or symbol may stand for in leet spelling, by its folded form.
pub(crate) fn leet(c: char) -> &'static [char] {
    match c {
        '0' => &['o'],
        '1' | '|' => &['i', 'l'],
        '!' | '¡' => &['i'],
        '2' => &['z'],
        '3' | '€' => &['e'],
        '4' | '@' => &['a'],
        '5' | '$' | '§' => &['s'],
        '6' => &['g', 'b'],
        '7' | '+' | '†' => &['t'],
        '8' => &['b'],
        '9' => &['g', 'q'],
        '(' | '¢' | '©' => &['c'],
        '£' => &['l'],
        '¥' => &['y'],
        '®' => &['r'],
        '×' => &['x'],
        _ => &[],
    }
}

/// Whether a symbol (not a digit) may stand for a letter.
pub(crate) fn is_leet_symbol(c: char) -> bool {
    !c.is_ascii_digit() && !leet(c).is_empty()
}

/// The key of a unit of text: equal for all units that one character of a keyword accepts, so that a search by keys
/// misses nothing. It merges more than any reading does; the alignment decides.
pub(crate) fn key_of_unit(unit: &Unit, tables: &Tables) -> char {
    key(unit.fold, unit.digit, tables)
}

/// The key of a folded character.
pub(crate) fn key(fold: char, digit: u8, tables: &Tables) -> char {
    let c = if digit == Unit::NO_DIGIT { tables.skeleton(fold) } else { char::from(b'0' + digit) };
    match c {
        '0' => 'o',
        '1' | 'l' | '!' | '|' | '¡' | '£' => 'i',
        '2' => 'z',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' | '§' => 's',
        '7' | '+' | '†' => 't',
        '8' | '6' | '9' | 'g' | 'q' => 'b',
        '(' | '¢' | '©' => 'c',
        '¥' => 'y',
        '®' => 'r',
        '×' => 'x',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use normalize::tables;

    use super::*;

    #[test]
    fn every_leet_reading_meets_its_letter_under_one_key() {
        let tables = tables();
        for c in (0..=0x2100).filter_map(char::from_u32) {
            let digit = c.to_digit(10).map_or(Unit::NO_DIGIT, |digit| digit as u8);
            for &letter in leet(c) {
                assert_eq!(key(c, digit, tables), key(letter, Unit::NO_DIGIT, tables), "{c} for {letter}");
            }
        }
    }
}
