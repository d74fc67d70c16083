//! Text, id and source of a line, by their names and paths, in the one pass that checks the line.

use bytes::BytesMut;

use super::json::{JsonFault, Parser, RawString, Value, parse_object, unescape_into};
use crate::batch::Reason;
use crate::columns::Columns;
use crate::join::SEPARATOR;
use crate::path::{Step, steps};

/// What is looked for in each line.
pub(super) struct Projection {
    text: Option<Target>,
    id: Option<Target>,
    source: Option<Target>,
}

struct Target {
    steps: Vec<Step>,
    /// The name of a field that goes before the path.
    whole: Option<String>,
}

impl Target {
    /// A label is one a row: what would go through lists is only a name.
    fn new(asked: &str, is_label: bool) -> Self {
        match steps(asked) {
            Some(steps) if steps.len() > 1 && !(is_label && steps.contains(&Step::Items)) => {
                Self { steps, whole: Some(asked.to_string()) }
            }
            _ => Self { steps: vec![Step::Field(asked.to_string())], whole: None },
        }
    }
}

/// The steps that are left to a target below a value; `None` where it is not there.
type Way<'p> = Option<&'p [Step]>;

/// What is wanted of a value.
#[derive(Clone, Copy)]
struct Wanted<'p> {
    text: Way<'p>,
    id: Way<'p>,
    source: Way<'p>,
}

impl Wanted<'_> {
    fn is_nothing(self) -> bool {
        self.text.is_none() && self.id.is_none() && self.source.is_none()
    }

    /// What is wanted of the field with this name.
    fn of_field(self, name: &[u8]) -> Self {
        Self { text: field(self.text, name), id: field(self.id, name), source: field(self.source, name) }
    }

    fn enters_object(self) -> bool {
        let enters = |way: Way<'_>| matches!(way, Some([Step::Field(_), ..]));
        enters(self.text) || enters(self.id) || enters(self.source)
    }
}

fn field<'p>(way: Way<'p>, name: &[u8]) -> Way<'p> {
    match way {
        Some([Step::Field(field), rest @ ..]) if field.as_bytes() == name => Some(rest),
        _ => None,
    }
}

/// The text as far as it was met. It lies in the arena from a start that the reader knows.
#[derive(Clone, Copy)]
struct Text {
    end: usize,
    is_first: bool,
    fault: Option<Reason>,
}

/// What was found in a line. Of names that come twice the last counts.
pub(super) struct Found<'a> {
    /// Whether the text that lies in the arena is whole.
    pub(super) text: Result<(), Reason>,
    pub(super) id: Option<Value<'a>>,
    pub(super) source: Option<Value<'a>>,
}

impl Projection {
    pub(super) fn new(columns: &Columns) -> Self {
        let target = |name: &Option<String>, is_label| name.as_ref().map(|name| Target::new(name, is_label));
        Self {
            text: target(&columns.text, false),
            id: target(&columns.id, true),
            source: target(&columns.source, true),
        }
    }

    /// Checks a line and puts its text behind what is in the arena; what is there without a text is for the caller to
    /// take away. `scratch` is for names with escapes.
    pub(super) fn read<'a>(
        &self,
        line: &'a [u8],
        nesting: usize,
        arena: &mut BytesMut,
        scratch: &mut BytesMut,
    ) -> Result<Found<'a>, JsonFault> {
        fn way(target: Option<&Target>) -> Way<'_> {
            target.map(|target| &target.steps[..])
        }
        let is_whole = |target: Option<&Target>, name: &[u8]| {
            target.and_then(|target| target.whole.as_ref()).is_some_and(|whole| whole.as_bytes() == name)
        };
        let (text, id, source) = (self.text.as_ref(), self.id.as_ref(), self.source.as_ref());
        let wanted = Wanted { text: way(text), id: way(id), source: way(source) };
        let start = Text { end: arena.len(), is_first: true, fault: None };
        let mut reading = Reading { arena, scratch, text: start, id: None, source: None };
        let (mut whole_text, mut whole_id, mut whole_source) = (None, None, None);
        let mut is_found = false;
        parse_object(line, nesting, |parser, name| {
            let Some(name) = decoded(name, reading.scratch) else {
                return parser.value().map(drop);
            };
            let within = wanted.of_field(name);
            if !within.is_nothing() {
                return reading.field(parser, within, start, &mut is_found);
            }
            let (is_text, is_id, is_source) = (is_whole(text, name), is_whole(id, name), is_whole(source, name));
            let value = parser.value()?;
            for (is, whole) in [(is_text, &mut whole_text), (is_id, &mut whole_id), (is_source, &mut whole_source)] {
                if is {
                    *whole = Some(value);
                }
            }
            Ok(())
        })?;
        if let Some(value) = whole_text {
            reading.restore(start);
            reading.leaf(value);
        } else if !is_found {
            reading.text.fault = Some(Reason::MissingText);
        }
        Ok(Found {
            text: reading.text.fault.map_or(Ok(()), Err),
            id: whole_id.or(reading.id),
            source: whole_source.or(reading.source),
        })
    }
}

/// A name without escapes; `None` where it is half a surrogate pair, which is the name of nothing.
fn decoded<'n>(name: RawString<'n>, scratch: &'n mut BytesMut) -> Option<&'n [u8]> {
    if !name.escaped {
        return Some(name.raw);
    }
    scratch.clear();
    unescape_into(name, scratch)?;
    Some(scratch)
}

struct Reading<'a, 's> {
    arena: &'s mut BytesMut,
    scratch: &'s mut BytesMut,
    text: Text,
    id: Option<Value<'a>>,
    source: Option<Value<'a>>,
}

impl<'a> Reading<'a, '_> {
    /// Takes in a field of an object. What an earlier field of the same name gave is forgotten: `before` is the text as it
    /// was in front of the object.
    fn field(
        &mut self,
        parser: &mut Parser<'a>,
        wanted: Wanted<'_>,
        before: Text,
        has_text: &mut bool,
    ) -> Result<(), JsonFault> {
        if wanted.text.is_some() {
            self.restore(before);
            *has_text = true;
        }
        if wanted.id.is_some() {
            self.id = None;
        }
        if wanted.source.is_some() {
            self.source = None;
        }
        self.value(parser, wanted)
    }

    fn value(&mut self, parser: &mut Parser<'a>, wanted: Wanted<'_>) -> Result<(), JsonFault> {
        if parser.is_object() && wanted.enters_object() {
            return self.object(parser, wanted);
        }
        if parser.is_array()
            && let Some([Step::Items, rest @ ..]) = wanted.text
        {
            // Labels don't go through lists.
            return parser.array(&mut |parser| self.value(parser, Wanted { text: Some(rest), id: None, source: None }));
        }
        let value = parser.value()?;
        match (wanted.text, value) {
            (None, _) | (Some([_, ..]), Value::Null) => {}
            (Some([]), value) => self.leaf(value),
            (Some([_, ..]), _) => self.text.fault = Some(Reason::MissingText),
        }
        if wanted.id == Some(&[]) {
            self.id = Some(value);
        }
        if wanted.source == Some(&[]) {
            self.source = Some(value);
        }
        Ok(())
    }

    fn object(&mut self, parser: &mut Parser<'a>, wanted: Wanted<'_>) -> Result<(), JsonFault> {
        let before = self.text;
        let mut has_text = false;
        parser.object(&mut |parser, name| match decoded(name, self.scratch).map(|name| wanted.of_field(name)) {
            Some(within) if !within.is_nothing() => self.field(parser, within, before, &mut has_text),
            _ => parser.value().map(drop),
        })?;
        if wanted.text.is_some() && !has_text {
            self.text.fault = Some(Reason::MissingText);
        }
        Ok(())
    }

    /// Adds a string that a path ends at. What is missing goes before what is half a pair.
    fn leaf(&mut self, value: Value<'_>) {
        match value {
            Value::String(string) if self.text.fault.is_none() => {
                if !self.text.is_first {
                    self.arena.extend_from_slice(&[SEPARATOR]);
                }
                if unescape_into(string, self.arena).is_none() {
                    self.text.fault = Some(Reason::InvalidJson);
                }
                (self.text.end, self.text.is_first) = (self.arena.len(), false);
            }
            Value::String(_) | Value::Null => {}
            Value::Number(_) | Value::Other => self.text.fault = Some(Reason::MissingText),
        }
    }

    fn restore(&mut self, text: Text) {
        self.arena.truncate(text.end);
        self.text = text;
    }
}
