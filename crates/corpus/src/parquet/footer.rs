//! The footer of a Parquet file: its columns, and where their chunks lie in each row group.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::thrift::{BINARY, INT32, INT64, Input, LIST, STRUCT, Stop};
use super::validate::{Leaf, leaves};
use crate::columns::Candidate;
use crate::error::{Fault, Outcome, Place};
use crate::file::Store;
use crate::ipc::is_schema;
use crate::options::Limits;
use crate::path::{Step, Tree};

const MAGIC: &[u8] = b"PAR1";
const ENCRYPTED: &[u8] = b"PARE";

/// Elements of a schema, and row groups: either may be a byte or three in the footer and is a hundred in memory.
const MAX_ELEMENTS: usize = 1 << 17;
const MAX_GROUPS: usize = 1 << 18;

/// What a column holds, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Byte arrays; with `utf8` the schema promises text.
    Bytes {
        utf8: bool,
    },
    /// Integers of 4 or 8 bytes.
    Int {
        bytes: u8,
        signed: bool,
    },
    Other,
}

/// What is known of a part of the schema.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// `Other` for groups and lists.
    kind: Kind,
    /// Its number among the leaves of the schema, and so among the chunks of a row group. Groups have none of their own.
    leaf: usize,
    /// Highest levels of definition and repetition: how many parts around it, itself included, may be null or empty,
    /// and how many are repeated.
    definition: u32,
    repetition: u32,
    type_name: &'static str,
}

impl Part {
    fn candidate(&self, name: &str, is_nested: bool, in_list: bool) -> Candidate {
        Candidate {
            name: name.to_string(),
            is_text: matches!(self.kind, Kind::Bytes { .. }),
            is_label: self.kind != Kind::Other && !in_list,
            is_string: self.kind == Kind::Bytes { utf8: true },
            is_nested,
            kind: format!("{}{}", self.type_name, if in_list { " in lists" } else { "" }),
        }
    }
}

/// A column that is read, or a leaf in one.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// The name or path.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Highest level of definition, which only values have that are not null. 0 where none can be null.
    pub(crate) definition: u32,
    /// Highest level of repetition: the number of lists that it lies in.
    pub(crate) repetition: u32,
    pub(super) leaf: usize,
}

/// The values of one column in one row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) codec: i32,
    pub(crate) values: u64,
    /// The physical type, which must be that of the schema.
    kind: i32,
    /// The values are in another file.
    elsewhere: bool,
}

/// Rows that are stored together.
#[derive(Clone, Debug)]
pub(crate) struct RowGroup {
    pub(crate) rows: u64,
    pub(crate) chunks: Vec<Chunk>,
}

/// The footer.
#[derive(Debug)]
pub(crate) struct Footer {
    tree: Tree<Part>,
    pub(crate) groups: Vec<RowGroup>,
    pub(crate) leaves: Vec<Leaf>,
}

/// An element of the schema, which is a tree in preorder.
#[derive(Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) physical: Option<i32>,
    /// Bytes of a value of fixed length.
    pub(super) length: i32,
    pub(super) repetition: i32,
    pub(super) children: u32,
    pub(super) converted: Option<i32>,
    /// Digits of a decimal.
    pub(super) precision: i32,
    /// Number of the logical type, and the sign of an integer.
    pub(super) logical: Option<(i16, bool)>,
    /// Whether the logical type counts time in nanoseconds.
    pub(super) nanoseconds: bool,
}

impl Footer {
    pub(crate) fn read(store: &Store, limits: &Limits) -> Outcome<Self> {
        let size = store.len();
        // Magic at the start; length and magic at the end.
        if size < 12 {
            return Err(Fault::damaged(format!("{size} bytes are too few for a Parquet file")));
        }
        let head = store.read(0, 4)?;
        let end = store.read(size - 8, 8)?;
        if head == ENCRYPTED || &end[4..] == ENCRYPTED {
            return Err(Fault::unsupported("an encrypted footer"));
        }
        if head != MAGIC || &end[4..] != MAGIC {
            let which = if head == MAGIC { "end" } else { "begin" };
            return Err(Fault::damaged(format!("the file does not {which} with \"PAR1\"")));
        }
        let length = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
        if length > size - 12 {
            return Err(Fault::damaged(format!("the footer claims {length} bytes; there are {}", size - 12)));
        }
        if length > limits.metadata_bytes {
            return Err(Fault::limit("footer", length, limits.metadata_bytes));
        }
        let footer_at = size - 8 - length;
        let bytes = store.read(footer_at, length)?;
        let footer = Self::parse(&bytes).place(|| "footer")?;
        footer.check(footer_at, limits)?;
        Ok(footer)
    }

    fn parse(bytes: &[u8]) -> Outcome<Self> {
        let mut elements = Vec::new();
        let mut groups = Vec::new();
        let (mut rows, mut orders) = (None, None);
        let mut seen = 0_u32;
        let parsed = Input::new(bytes).fields(|input, id, kind| {
            seen |= 1_u32.checked_shl(u32::from(id.unsigned_abs())).unwrap_or(0);
            match (id, kind) {
                (2, LIST) => input.list(STRUCT, |input| {
                    if elements.len() == MAX_ELEMENTS {
                        return Err(Stop::Limit("elements of the schema", MAX_ELEMENTS as u64));
                    }
                    elements.push(element(input)?);
                    Ok(())
                }),
                (3, INT64) => {
                    rows = Some(input.int()?);
                    Ok(())
                }
                (4, LIST) => input.list(STRUCT, |input| {
                    if groups.len() == MAX_GROUPS {
                        return Err(Stop::Limit("row groups", MAX_GROUPS as u64));
                    }
                    groups.push(row_group(input)?);
                    Ok(())
                }),
                (5, LIST) => input.list(STRUCT, metadata),
                (7, LIST) => {
                    let orders = orders.insert(0);
                    input.list(STRUCT, |input| {
                        *orders += 1;
                        input.skip(STRUCT, 2)
                    })
                }
                _ => input.skip(kind, 1),
            }
        });
        parsed.map_err(|stop| match stop {
            Stop::End => Fault::damaged("it ends within a field"),
            Stop::Broken(what) => Fault::damaged(what),
            Stop::Unsupported(what) => Fault::unsupported(what),
            Stop::Limit(what, limit) => Fault::limit(what, limit + 1, limit),
        })?;
        // Version, schema, rows and row groups.
        if seen & 0b1_1110 != 0b1_1110 {
            return Err(Fault::damaged("a field that must be there is missing"));
        }
        let tree = tree(&elements)?;
        let leaves = leaves(&elements)?;
        if orders.is_some_and(|orders| orders != leaves.len()) {
            return Err(Fault::damaged(format!(
                "orders of {} columns; there are {}",
                orders.unwrap_or(0),
                leaves.len()
            )));
        }
        let total = groups.iter().try_fold(0_u64, |sum, group| sum.checked_add(group.rows));
        if rows.and_then(|rows| u64::try_from(rows).ok()) != total {
            let rows = rows.map_or("no number of".into(), |rows| rows.to_string());
            return Err(Fault::damaged(format!("{rows} rows in the file; its row groups differ")));
        }
        Ok(Self { tree, groups, leaves })
    }

    /// Every chunk of every row group must lie in the file and fit the schema, also those that nobody reads.
    fn check(&self, footer_at: u64, limits: &Limits) -> Outcome<()> {
        let mut rows = 0_u64;
        let mut total = 0_u64;
        for (i, group) in self.groups.iter().enumerate() {
            let place = |fault: Fault, leaf: usize| fault.at(format_args!("row group {i}, column {leaf}"));
            if group.chunks.len() != self.leaves.len() {
                let detail = format!("{} columns; the schema has {}", group.chunks.len(), self.leaves.len());
                return Err(Fault::damaged(detail).at(format_args!("row group {i}")));
            }
            rows = rows.saturating_add(group.rows);
            for (leaf, (chunk, Leaf { physical, .. })) in group.chunks.iter().zip(&self.leaves).enumerate() {
                if chunk.elsewhere {
                    return Err(place(Fault::unsupported("values in another file"), leaf));
                }
                if !(0..=7).contains(&chunk.codec) {
                    return Err(place(Fault::damaged(format!("compression codec {}", chunk.codec)), leaf));
                }
                if chunk.kind != *physical {
                    let detail = format!("physical type {}; the schema has {physical}", chunk.kind);
                    return Err(place(Fault::damaged(detail), leaf));
                }
                let end = chunk.offset.checked_add(chunk.length);
                if chunk.offset < 4 || end.is_none_or(|end| end > footer_at) {
                    let detail = format!(
                        "{} bytes at offset {} do not lie in the {footer_at} bytes before the footer",
                        chunk.length, chunk.offset
                    );
                    return Err(place(Fault::damaged(detail), leaf));
                }
                total = total.saturating_add(chunk.length);
            }
        }
        if total > footer_at {
            return Err(Fault::damaged(format!("chunks of {total} bytes overlap in {footer_at} bytes")));
        }
        let plausible = limits.plausible_rows(footer_at);
        if rows > plausible {
            return Err(Fault::limit("rows", rows, plausible).at("footer"));
        }
        Ok(())
    }

    pub(crate) fn column(&self, asked: &str) -> Option<Column> {
        let (found, _) = self.tree.find(asked)?;
        let Part { kind, leaf, definition, repetition, .. } = **found.last()?;
        Some(Column { name: asked.to_string(), kind, definition, repetition, leaf })
    }

    pub(crate) fn chunk(&self, group: usize, column: &Column) -> Chunk {
        // `check` made sure that there are as many chunks as leaves.
        self.groups[group].chunks[column.leaf]
    }

    /// Where a row group begins and how many bytes its columns take.
    pub(crate) fn extent(&self, group: usize) -> (u64, u64) {
        let chunks = &self.groups[group].chunks;
        let offset = chunks.iter().map(|chunk| chunk.offset).min().unwrap_or(0);
        (offset, chunks.iter().map(|chunk| chunk.length).sum())
    }

    pub(crate) fn candidate(&self, asked: &str) -> Option<Candidate> {
        let (found, in_list) = self.tree.find(asked)?;
        Some(found.last()?.candidate(asked, found.len() > 1, in_list))
    }

    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        self.tree.list(|path, part, is_nested, in_list| candidates.push(part.candidate(path, is_nested, in_list)));
        candidates
    }
}

fn element(input: &mut Input<'_>) -> Result<Element, Stop> {
    let mut element = Element::default();
    let (mut has_name, mut digits) = (false, None);
    input.fields(|input, id, kind| {
        match (id, kind) {
            (1, INT32) => element.physical = Some(input.i32()?),
            (2, INT32) => element.length = input.i32()?,
            (3, INT32) => element.repetition = input.i32()?,
            (4, BINARY) => {
                let name = str::from_utf8(input.binary()?).map_err(|_| Stop::Broken("a name that is not UTF-8"))?;
                element.name = name.to_string();
                has_name = true;
            }
            (5, INT32) => element.children = input.count()?,
            (6, INT32) => element.converted = Some(input.i32()?),
            (8, INT32) => digits = Some(input.i32()?),
            (10, STRUCT) => input.fields(|input, id, kind| {
                let mut signed = true;
                if kind == STRUCT {
                    input.fields(|input, field, kind| match (id, field, kind) {
                        (10, 2, _) => {
                            signed = kind == 1;
                            input.skip(kind, 4)
                        }
                        (5, 2, INT32) => {
                            element.precision = input.i32()?;
                            Ok(())
                        }
                        // The unit of a time is a union of empty structs: 3 stands for nanoseconds.
                        (7, 2, STRUCT) => input.fields(|input, unit, kind| {
                            element.nanoseconds = unit == 3;
                            input.skip(kind, 5)
                        }),
                        _ => input.skip(kind, 4),
                    })?;
                } else {
                    input.skip(kind, 3)?;
                }
                element.logical = Some((id, signed));
                Ok(())
            })?,
            _ => input.skip(kind, 2)?,
        }
        Ok(())
    })?;
    if !has_name {
        return Err(Stop::Broken("a column without a name"));
    }
    // The older and the newer form of a decimal's type may both be there.
    match digits {
        Some(digits) if matches!(element.logical, Some((5, _))) && digits != element.precision => {
            return Err(Stop::Broken("a decimal of two precisions"));
        }
        Some(digits) => element.precision = digits,
        None => {}
    }
    Ok(element)
}

/// A name of the file's own metadata and its value. That of an Arrow schema must hold one: readers make columns by it.
fn metadata(input: &mut Input<'_>) -> Result<(), Stop> {
    let (mut name, mut value) = (None, None);
    input.fields(|input, id, field| {
        match (id, field) {
            (1, BINARY) => name = Some(input.binary()?),
            (2, BINARY) => value = Some(input.binary()?),
            _ => input.skip(field, 3)?,
        }
        Ok(())
    })?;
    match (name.ok_or(Stop::Broken("metadata without a name"))?, value) {
        (b"ARROW:schema", Some(schema)) if !is_arrow_schema(schema) => Err(Stop::Broken("a broken Arrow schema")),
        _ => Ok(()),
    }
}

/// Passes over a struct whose fields are all needed by others: those in `needed`, a bit for each number.
fn complete(input: &mut Input<'_>, needed: u32) -> Result<(), Stop> {
    let mut seen = 0;
    input.fields(|input, id, field| {
        seen |= 1_u32.checked_shl(u32::from(id.unsigned_abs())).unwrap_or(0);
        input.skip(field, 4)
    })?;
    if seen & needed == needed { Ok(()) } else { Err(Stop::Broken("a field that must be there is missing")) }
}

fn row_group(input: &mut Input<'_>) -> Result<RowGroup, Stop> {
    let mut chunks = Vec::new();
    let (mut rows, mut has_size) = (None, false);
    input.fields(|input, id, kind| match (id, kind) {
        // The order of the rows.
        (4, LIST) => input.list(STRUCT, |input| complete(input, 0b1110)),
        (2, INT64) => {
            has_size = true;
            input.int().map(drop)
        }
        (1, LIST) => input.list(STRUCT, |input| {
            chunks.push(chunk(input)?);
            Ok(())
        }),
        (3, INT64) => {
            rows = Some(unsigned(input.int()?)?);
            Ok(())
        }
        _ => input.skip(kind, 2),
    })?;
    if !has_size {
        return Err(Stop::Broken("a row group without its size"));
    }
    Ok(RowGroup { rows: rows.ok_or(Stop::Broken("a row group without its number of rows"))?, chunks })
}

fn chunk(input: &mut Input<'_>) -> Result<Chunk, Stop> {
    let (mut kind, mut codec, mut values, mut length, mut data, mut dictionary) = (None, None, None, None, None, None);
    let (mut elsewhere, mut seen) = (false, 0_u32);
    input.fields(|input, id, field| {
        match (id, field) {
            (1, BINARY) => elsewhere = !input.binary()?.is_empty(),
            (3, STRUCT) => input.fields(|input, id, field| {
                seen |= 1_u32.checked_shl(u32::from(id.unsigned_abs())).unwrap_or(0);
                match (id, field) {
                    // How many pages have which encoding.
                    (13, LIST) => input.list(STRUCT, |input| complete(input, 0b1110))?,
                    (1, INT32) => kind = Some(input.i32()?),
                    (4, INT32) => codec = Some(input.i32()?),
                    (5, INT64) => values = Some(unsigned(input.int()?)?),
                    (7, INT64) => length = Some(unsigned(input.int()?)?),
                    (9, INT64) => data = Some(unsigned(input.int()?)?),
                    (11, INT64) => dictionary = Some(unsigned(input.int()?)?),
                    _ => input.skip(field, 4)?,
                }
                Ok(())
            })?,
            (8, STRUCT) => return Err(Stop::Unsupported("encrypted values")),
            _ => input.skip(field, 3)?,
        }
        Ok(())
    })?;
    let missing = Stop::Broken("a column without its metadata");
    let (Some(kind), Some(codec), Some(values), Some(length), Some(data)) = (kind, codec, values, length, data) else {
        return Err(missing);
    };
    // Encodings, path and decompressed size are not needed, but must be there.
    if seen & 0b100_1100 != 0b100_1100 {
        return Err(Stop::Broken("a column without its metadata"));
    }
    // Old writers put 0 where there is no dictionary.
    let offset = dictionary.filter(|offset| (4..data).contains(offset)).unwrap_or(data);
    Ok(Chunk { offset, length, codec, values, kind, elsewhere })
}

/// A message with a schema, in base 64.
fn is_arrow_schema(encoded: &[u8]) -> bool {
    BASE64_STANDARD.decode(encoded).is_ok_and(|message| is_schema(&message))
}

fn unsigned(value: i64) -> Result<u64, Stop> {
    u64::try_from(value).map_err(|_| Stop::Broken("a negative count or offset"))
}

/// Deepest parts of a schema that have a path; Arrow has the same bound.
const MAX_DEPTH: usize = 64;

/// A group whose parts are met.
struct Group<'a> {
    /// Parts still to come.
    left: u32,
    /// Its place in the tree, `None` for the root; and whether its parts have a path at all.
    node: Option<usize>,
    is_reached: bool,
    definition: u32,
    repetition: u32,
    parts: Parts,
    name: &'a str,
}

/// What the parts of a group are.
#[derive(Clone, Copy)]
enum Parts {
    Fields,
    /// One repeated part, which is the items of a list or a group around each.
    List,
    /// One repeated group, the entries of a map.
    Map,
    /// One part, the items of the list around the group.
    Items,
}

/// The schema by its paths, from the elements in preorder. They are walked without recursion: the depth is the file's to
/// choose.
fn tree(elements: &[Element]) -> Outcome<Tree<Part>> {
    let uneven = || Fault::damaged("the schema is no tree");
    let root = elements.first().ok_or_else(|| Fault::damaged("there is no schema"))?;
    let mut tree = Tree::default();
    let mut leaf = 0;
    let mut open = vec![Group {
        left: root.children,
        node: None,
        is_reached: true,
        definition: 0,
        repetition: 0,
        parts: Parts::Fields,
        name: "",
    }];
    let mut next = 1;
    while let Some(group) = open.last_mut() {
        if group.left == 0 {
            open.pop();
            continue;
        }
        group.left -= 1;
        let element = elements.get(next).ok_or_else(uneven)?;
        next += 1;
        let first_part = elements.get(next).filter(|_| element.children > 0);
        let is_repeated = element.repetition == REPEATED;
        let definition = group.definition + u32::from(element.repetition == OPTIONAL || is_repeated);
        let repetition = group.repetition + u32::from(is_repeated);
        let mut part = Part { kind: Kind::Other, leaf, definition, repetition, type_name: "a group" };
        // A group between a list and its items has no step of its own.
        let is_between = matches!(group.parts, Parts::List) && is_around_items(group.name, element, first_part);
        let holds = if is_between { Parts::Items } else { parts_of(element, first_part) };
        let is_list = matches!(holds, Parts::List | Parts::Map);
        if is_list {
            part.type_name = if matches!(holds, Parts::List) { "a list" } else { "a map" };
        }
        if element.children == 0
            && let Some(physical) = element.physical
        {
            leaf += 1;
            (part.kind, part.type_name) = kind(element, physical);
        }
        let (parent, is_field) = (group.node, matches!(group.parts, Parts::Fields));
        let is_reached = group.is_reached && open.len() <= MAX_DEPTH;
        let node = if !is_reached || is_between {
            parent
        } else if !is_field {
            Some(tree.add(parent, Step::Items, part))
        } else if is_repeated {
            let list = Part { kind: Kind::Other, type_name: "a list", ..part };
            let list = tree.add(parent, Step::Field(element.name.clone()), list);
            Some(tree.add(Some(list), Step::Items, part))
        } else {
            Some(tree.add(parent, Step::Field(element.name.clone()), part))
        };
        if element.children > 0 {
            let (left, name) = (element.children, &element.name);
            open.push(Group { left, node, is_reached, definition, repetition, parts: holds, name });
        }
    }
    if next != elements.len() {
        return Err(uneven());
    }
    Ok(tree)
}

const OPTIONAL: i32 = 1;
const REPEATED: i32 = 2;

/// What the parts of a group are, by its annotation; one that does not keep to its form is a group of fields.
fn parts_of(element: &Element, first_part: Option<&Element>) -> Parts {
    let is_one_repeated = element.children == 1 && first_part.is_some_and(|part| part.repetition == REPEATED);
    // Logical types: 2 map, 3 list. Converted: 1 map, 2 map of old writers, 3 list.
    match (element.logical, element.converted) {
        (Some((3, _)), _) | (None, Some(3)) if is_one_repeated => Parts::List,
        (Some((2, _)), _) | (None, Some(1 | 2)) if is_one_repeated => Parts::Map,
        _ => Parts::Fields,
    }
}

/// Whether the repeated part of a list is a group around its items, and not the items themselves as old writers had it:
/// the format's rules of backward compatibility.
fn is_around_items(list: &str, repeated: &Element, first_part: Option<&Element>) -> bool {
    repeated.children == 1
        && first_part.is_some_and(|part| part.repetition != REPEATED)
        && repeated.name != "array"
        && repeated.name.strip_suffix("_tuple") != Some(list)
}

fn kind(element: &Element, physical: i32) -> (Kind, &'static str) {
    const INT32: i32 = 1;
    const INT64: i32 = 2;
    const BYTE_ARRAY: i32 = 6;
    // Logical types: 1 string, 4 enum, 10 integer, 12 JSON. Converted: 0 UTF8, 4 enum, 11..=18 integers, 19 JSON.
    let is_text = match element.logical {
        Some((id, _)) => matches!(id, 1 | 4 | 12),
        None => matches!(element.converted, Some(0 | 4 | 19)),
    };
    let is_plain = element.logical.is_none() && element.converted.is_none();
    let (is_int, signed) = match (element.logical, element.converted) {
        (Some((10, signed)), _) => (true, signed),
        (None, Some(unsigned @ 11..=18)) => (true, unsigned >= 15),
        _ => (is_plain, true),
    };
    match physical {
        BYTE_ARRAY if is_text => (Kind::Bytes { utf8: true }, "strings"),
        BYTE_ARRAY if is_plain => (Kind::Bytes { utf8: false }, "binary"),
        INT32 | INT64 if is_int => (Kind::Int { bytes: if physical == INT32 { 4 } else { 8 }, signed }, "integers"),
        _ => (Kind::Other, "another type"),
    }
}
