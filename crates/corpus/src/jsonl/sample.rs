//! The columns of a file of lines, as its first lines show them.

use bytes::BytesMut;

use super::decode_line;
use super::json::{JsonFault, Parser, RawString, Value, parse_object, unescape_into};
use super::lines::{Line, Lines};
use crate::columns::Candidate;
use crate::error::{Fault, Outcome};
use crate::file::Source;
use crate::format::Format;
use crate::options::ReadOptions;
use crate::path::{LISTED_PATHS, is_name, push_field, push_items};

/// Lines with an object that are looked at to choose the columns.
const SAMPLE_LINES: usize = 100;
/// Lines of any kind that are looked at for them, and bytes: a file of other things must not be read to its end.
const SAMPLE_TRIES: usize = 10_000;
const SAMPLE_BYTES: u64 = 64 << 20;
/// Names that are kept from a line, and from the sample. Of paths as many again.
const SAMPLE_COLUMNS: usize = 1_000;

/// What the values of a name were: at least one string, an integer, anything else that is not null.
#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools, reason = "it is a set")]
struct Kinds {
    string: bool,
    integer: bool,
    other: bool,
    /// Whether one was neither array nor object.
    leaf: bool,
}

impl Kinds {
    fn of(value: Value<'_>) -> Self {
        let leaf = Self { leaf: true, ..Self::default() };
        match value {
            Value::String(_) => Self { string: true, ..leaf },
            Value::Number(digits) if !digits.contains(&b'.') => Self { integer: true, ..leaf },
            Value::Null => leaf,
            Value::Number(_) | Value::Other => Self { other: true, ..leaf },
        }
    }

    const CONTAINER: Self = Self { string: false, integer: false, other: true, leaf: false };

    fn and(self, more: Self) -> Self {
        Self {
            string: self.string || more.string,
            integer: self.integer || more.integer,
            other: self.other || more.other,
            leaf: self.leaf || more.leaf,
        }
    }

    fn in_words(self) -> &'static str {
        match (self.string, self.integer, self.other) {
            (true, false, false) => "strings",
            (false, true, false) => "numbers",
            (false, false, false) => "only null",
            _ => "values of several kinds",
        }
    }
}

/// Names and paths in the order in which they were met.
#[derive(Default)]
struct Seen {
    names: Vec<(String, bool, Kinds)>,
    columns: usize,
}

impl Seen {
    fn has_room(&self, is_nested: bool) -> bool {
        if is_nested { self.names.len() - self.columns < LISTED_PATHS } else { self.columns < SAMPLE_COLUMNS }
    }

    fn add(&mut self, name: String, is_nested: bool, kinds: Kinds) {
        let known = self.names.iter_mut().find(|(known, nested, _)| *nested == is_nested && *known == name);
        if let Some((_, _, before)) = known {
            *before = before.and(kinds);
        } else if self.has_room(is_nested) {
            self.columns += usize::from(!is_nested);
            self.names.push((name, is_nested, kinds));
        }
    }
}

/// The fields of one line, by name and path. They are collected first: a line that turns out broken must not add its names.
#[derive(Default)]
struct Fields {
    found: Vec<(String, bool, Kinds)>,
    columns: usize,
    path: String,
    scratch: BytesMut,
}

impl Fields {
    /// A name of the object itself, and what lies in its value.
    fn column(&mut self, parser: &mut Parser<'_>, name: RawString<'_>) -> Result<(), JsonFault> {
        let name = self.decoded(name).filter(|_| self.columns < SAMPLE_COLUMNS);
        let Some(name) = name else {
            return parser.value().map(drop);
        };
        self.columns += 1;
        self.path.clear();
        let is_listed = is_name(&name) && push_field(&mut self.path, &name);
        let place = self.found.len();
        self.found.push((name, false, Kinds::CONTAINER));
        if is_listed && (parser.is_object() || parser.is_array()) {
            self.below(parser)
        } else {
            self.found[place].2 = if parser.is_object() || parser.is_array() {
                parser.value()?;
                Kinds::CONTAINER
            } else {
                Kinds::of(parser.value()?)
            };
            Ok(())
        }
    }

    /// What lies in the value at the path.
    fn below(&mut self, parser: &mut Parser<'_>) -> Result<(), JsonFault> {
        let length = self.path.len();
        if parser.is_object() {
            return parser.object(&mut |parser, name| {
                let name = self.decoded(name);
                let is_listed = name.is_some_and(|name| push_field(&mut self.path, &name));
                self.item(parser, is_listed, length)
            });
        }
        parser.array(&mut |parser| {
            let is_listed = push_items(&mut self.path);
            self.item(parser, is_listed, length)
        })
    }

    fn item(&mut self, parser: &mut Parser<'_>, is_listed: bool, length: usize) -> Result<(), JsonFault> {
        let taken = if !is_listed || self.found.len() - self.columns >= LISTED_PATHS {
            parser.value().map(drop)
        } else if parser.is_object() || parser.is_array() {
            self.found.push((self.path.clone(), true, Kinds::CONTAINER));
            self.below(parser)
        } else {
            parser.value().map(|value| self.found.push((self.path.clone(), true, Kinds::of(value))))
        };
        self.path.truncate(length);
        taken
    }

    fn decoded(&mut self, name: RawString<'_>) -> Option<String> {
        self.scratch.clear();
        unescape_into(name, &mut self.scratch)?;
        String::from_utf8(self.scratch.to_vec()).ok()
    }
}

/// The columns of the first lines that hold an object. Damage of a compressed file ends the sample; the reader will
/// meet it again.
pub(crate) fn sample(file: Source, format: Format, options: &ReadOptions) -> Outcome<Vec<Candidate>> {
    let mut seen = Seen::default();
    // Not ahead: of most files a few lines are enough.
    let mut lines = Lines::new(file, format, options.limits, false)?;
    let mut objects = 0;
    for _ in 0..SAMPLE_TRIES {
        let (offset, range) = match lines.next_line() {
            Ok(Some((offset, Line::Whole(range)))) if offset < SAMPLE_BYTES => (offset, range),
            Ok(Some((offset, Line::TooLong))) if offset < SAMPLE_BYTES => continue,
            Err(fault @ Fault::Io { .. }) => return Err(fault),
            Ok(_) | Err(_) => break,
        };
        let Ok(line) = decode_line(lines.bytes(range), offset, options.encoding) else {
            continue;
        };
        let mut fields = Fields::default();
        if parse_object(&line, options.limits.nesting, |parser, name| fields.column(parser, name)).is_err() {
            continue;
        }
        for (name, is_nested, kinds) in fields.found {
            seen.add(name, is_nested, kinds);
        }
        objects += 1;
        if objects == SAMPLE_LINES {
            break;
        }
    }
    // Lists and objects below the top have no text of their own; what lies in them is listed.
    let listed = seen.names.into_iter().filter(|(_, is_nested, kinds)| kinds.leaf || !is_nested);
    Ok(listed
        .map(|(name, is_nested, kinds)| Candidate {
            is_text: kinds.string,
            is_label: (kinds.string || kinds.integer) && !(is_nested && name.contains("[]")),
            is_string: kinds.string && !kinds.integer && !kinds.other,
            is_nested,
            kind: kinds.in_words().to_string(),
            name,
        })
        .collect())
}
