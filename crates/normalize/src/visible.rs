//! What a reader of a text can see.

/// Whether `text` has a character that can be seen: not white space, not a control, format or filler character.
/// A record without one is empty (GB/T 45654 counts records of content, not of bytes).
///
/// ```
/// use normalize::has_visible;
/// assert!(has_visible("\u{200B}走"));
/// assert!(!has_visible(" \u{3000}\t\u{200B}\u{FEFF}"));
/// ```
pub fn has_visible(text: &str) -> bool {
    // Nearly every record starts with a visible character, so this ends at once.
    text.chars().any(|c| !c.is_whitespace() && !c.is_control() && !is_invisible(c))
}

/// Format characters (general category Cf), fillers and selectors that draw nothing by themselves.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}
