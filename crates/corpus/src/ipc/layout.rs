//! Where each column of a schema has its nodes and buffers in a record batch.
//!
//! A record batch lists the buffers of all its columns, nested ones included, in one flat row. To read one column, the
//! buffers of those before it are counted by type.

use arrow_ipc::{Endianness, Field, MetadataVersion, Schema, Type, UnionMode};

use crate::columns::Candidate;
use crate::error::{Fault, Outcome};
use crate::path::{Step, Tree};

/// Deepest nesting of a schema; the verifier of the metadata has the same bound.
pub(super) const MAX_DEPTH: usize = 64;

/// The type of a column, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Strings or bytes with 32-bit or 64-bit offsets.
    Offsets { utf8: bool, wide: bool },
    /// Strings or bytes with views of 16 bytes.
    Views { utf8: bool },
    /// Integers of `bytes` bytes.
    Int { bytes: u8, signed: bool },
    /// A struct.
    Struct,
    /// Lists one behind the other (maps are lists of entries), with 32-bit or 64-bit offsets.
    List { wide: bool },
    /// Lists anywhere in their child, with 32-bit or 64-bit offsets and sizes.
    ListView { wide: bool },
    /// Lists of this many items each.
    FixedList { items: usize },
    /// Anything else that is neither text nor label.
    Other,
}

impl Kind {
    /// Strings or bytes.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Offsets { .. } | Self::Views { .. })
    }

    /// Whether the schema promises UTF-8.
    pub(crate) fn is_utf8(self) -> bool {
        matches!(self, Self::Offsets { utf8: true, .. } | Self::Views { utf8: true })
    }

    /// Lists of any form.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::List { .. } | Self::ListView { .. } | Self::FixedList { .. })
    }
}

/// The dictionary of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DictionaryRef {
    pub(crate) id: i64,
    /// Type of the values; the column itself holds keys.
    pub(crate) values: Kind,
}

/// A column, or what lies in one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Type of what the record batch holds: of the keys, where there is a dictionary.
    pub(crate) kind: Kind,
    pub(crate) dictionary: Option<DictionaryRef>,
    /// Position of its node.
    pub(crate) node: usize,
    /// Position of its first buffer, those of views not counted.
    pub(crate) buffer: usize,
    /// View columns before it, nested ones included: their variable buffers come on top.
    pub(crate) views_before: usize,
    type_name: &'static str,
}

impl Column {
    /// The only column of its batch.
    pub(crate) fn single(kind: Kind) -> Self {
        Self { kind, dictionary: None, node: 0, buffer: 0, views_before: 0, type_name: "" }
    }

    /// Type of the values a reader sees.
    pub(crate) fn value_kind(&self) -> Kind {
        self.dictionary.map_or(self.kind, |dictionary| dictionary.values)
    }

    fn candidate(&self, name: &str, is_nested: bool, in_list: bool) -> Candidate {
        let kind = self.value_kind();
        let is_int = matches!(self.kind, Kind::Int { .. });
        let keyed = self.dictionary.is_none() || is_int;
        let is_label = keyed && (kind.is_text() || (is_int && self.dictionary.is_none()));
        Candidate {
            name: name.to_string(),
            is_text: kind.is_text() && keyed,
            is_label: is_label && !in_list,
            is_string: kind.is_utf8() && keyed,
            is_nested,
            kind: format!("{}{}", self.type_name, if in_list { " in lists" } else { "" }),
        }
    }
}

/// All columns, and the totals that every record batch must have.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub(crate) tree: Tree<Column>,
    pub(crate) nodes: usize,
    pub(crate) buffers: usize,
    pub(crate) views: usize,
}

impl Layout {
    pub(crate) fn new(schema: Schema<'_>, version: MetadataVersion) -> Outcome<Self> {
        if schema.endianness() != Endianness::Little {
            return Err(Fault::unsupported("big-endian data"));
        }
        if version < MetadataVersion::V4 {
            return Err(Fault::unsupported(format!("metadata version {}, older than 4", version.0 + 1)));
        }
        let mut layout = Self::default();
        for field in schema.fields().into_iter().flatten() {
            let name = field.name().unwrap_or_default();
            let at = Some((None, Step::Field(name.to_string())));
            layout.add(&field, at, version, 1).map_err(|fault| fault.at(format_args!("column \"{name}\"")))?;
        }
        Ok(layout)
    }

    /// The layout of a batch with this one column, as a dictionary's is.
    pub(crate) fn single(kind: Kind) -> Self {
        let (buffers, views) = if matches!(kind, Kind::Views { .. }) { (2, 1) } else { (3, 0) };
        Self { nodes: 1, buffers, views, ..Self::default() }
    }

    /// Counts the nodes and buffers of a field and of those in it, and adds it to the tree: at a column or as one, or
    /// not at all where no path leads to it.
    fn add(
        &mut self,
        field: &Field<'_>,
        at: Option<(Option<usize>, Step)>,
        version: MetadataVersion,
        depth: usize,
    ) -> Outcome<()> {
        if depth > MAX_DEPTH {
            return Err(Fault::limit("nesting of the schema", depth as u64, MAX_DEPTH as u64));
        }
        let children = field.children();
        let kind = match kind(field) {
            _ if field.dictionary().is_some() => key_kind(field),
            // Whatever it is, it is not read.
            list if list.is_list() && children.map_or(0, |children| children.len()) != 1 => Kind::Other,
            kind => kind,
        };
        let dictionary =
            field.dictionary().map(|dictionary| DictionaryRef { id: dictionary.id(), values: self::kind(field) });
        let type_name = field.type_type().variant_name().unwrap_or("an unknown type");
        let (node, buffer, views_before) = (self.nodes, self.buffers, self.views);
        let column = Column { kind, dictionary, node, buffer, views_before, type_name };
        let number = at.map(|(parent, step)| self.tree.add(parent, step, column));
        self.nodes += 1;
        if field.dictionary().is_some() {
            self.buffers += 2;
            return Ok(());
        }
        let own = match field.type_type() {
            Type::Null | Type::RunEndEncoded => 0,
            Type::Struct_ | Type::FixedSizeList => 1,
            Type::Int
            | Type::FloatingPoint
            | Type::Bool
            | Type::Decimal
            | Type::Date
            | Type::Time
            | Type::Timestamp
            | Type::Interval
            | Type::Duration
            | Type::FixedSizeBinary
            | Type::List
            | Type::LargeList
            | Type::Map => 2,
            Type::Binary | Type::Utf8 | Type::LargeBinary | Type::LargeUtf8 | Type::ListView | Type::LargeListView => 3,
            Type::BinaryView | Type::Utf8View => {
                self.views += 1;
                2
            }
            Type::Union => {
                let dense = field.type_as_union().is_some_and(|union| union.mode() == UnionMode::Dense);
                // Up to version 4 unions had a validity buffer.
                1 + usize::from(dense) + usize::from(version < MetadataVersion::V5)
            }
            other => return Err(Fault::unsupported(format!("a column of type number {}", other.0))),
        };
        self.buffers += own;
        let is_passed = kind == Kind::Struct || kind.is_list();
        for child in children.into_iter().flatten() {
            let at = number.filter(|_| is_passed).map(|number| {
                let name = || Step::Field(child.name().unwrap_or_default().to_string());
                (Some(number), if kind.is_list() { Step::Items } else { name() })
            });
            self.add(&child, at, version, depth + 1)?;
        }
        Ok(())
    }

    pub(crate) fn candidate(&self, asked: &str) -> Option<Candidate> {
        let (found, in_list) = self.tree.find(asked)?;
        Some(found.last()?.candidate(asked, found.len() > 1, in_list))
    }

    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        self.tree.list(|path, column, is_nested, in_list| {
            candidates.push(column.candidate(path, is_nested, in_list));
        });
        candidates
    }
}

fn kind(field: &Field<'_>) -> Kind {
    match field.type_type() {
        Type::Utf8 => Kind::Offsets { utf8: true, wide: false },
        Type::LargeUtf8 => Kind::Offsets { utf8: true, wide: true },
        Type::Binary => Kind::Offsets { utf8: false, wide: false },
        Type::LargeBinary => Kind::Offsets { utf8: false, wide: true },
        Type::Utf8View => Kind::Views { utf8: true },
        Type::BinaryView => Kind::Views { utf8: false },
        Type::Struct_ => Kind::Struct,
        Type::List | Type::Map => Kind::List { wide: false },
        Type::LargeList => Kind::List { wide: true },
        Type::ListView => Kind::ListView { wide: false },
        Type::LargeListView => Kind::ListView { wide: true },
        Type::FixedSizeList => field
            .type_as_fixed_size_list()
            .and_then(|list| usize::try_from(list.listSize()).ok())
            .map_or(Kind::Other, |items| Kind::FixedList { items }),
        Type::Int => field.type_as_int().map_or(Kind::Other, |int| int_kind(int.bitWidth(), int.is_signed())),
        _ => Kind::Other,
    }
}

/// Keys of a dictionary are signed 32-bit integers where the schema does not say.
fn key_kind(field: &Field<'_>) -> Kind {
    match field.dictionary().and_then(|dictionary| dictionary.indexType()) {
        Some(int) => int_kind(int.bitWidth(), int.is_signed()),
        None => Kind::Int { bytes: 4, signed: true },
    }
}

fn int_kind(bits: i32, signed: bool) -> Kind {
    match bits {
        8 => Kind::Int { bytes: 1, signed },
        16 => Kind::Int { bytes: 2, signed },
        32 => Kind::Int { bytes: 4, signed },
        64 => Kind::Int { bytes: 8, signed },
        _ => Kind::Other,
    }
}
