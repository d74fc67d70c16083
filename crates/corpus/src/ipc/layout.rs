//! Where each column of a schema has its nodes and buffers in a record batch.
//!
//! A record batch lists the buffers of all its columns, nested ones included, in one flat row. To read one column, the
//! buffers of those before it are counted by type.

use arrow_ipc::{Endianness, Field, MetadataVersion, Schema, Type, UnionMode};

use crate::columns::Candidate;
use crate::error::{Fault, Outcome};

/// Deepest nesting of a schema; the verifier of the metadata has the same bound.
const MAX_DEPTH: usize = 64;

/// The type of a column, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Strings or bytes with 32-bit or 64-bit offsets.
    Offsets { utf8: bool, wide: bool },
    /// Strings or bytes with views of 16 bytes.
    Views { utf8: bool },
    /// Integers of `bytes` bytes.
    Int { bytes: u8, signed: bool },
    /// Anything that is neither text nor label.
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
}

/// The dictionary of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DictionaryRef {
    pub(crate) id: i64,
    /// Type of the values; the column itself holds keys.
    pub(crate) values: Kind,
}

/// A top-level column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Type of what the record batch holds: of the keys, where there is a dictionary.
    pub(crate) kind: Kind,
    pub(crate) dictionary: Option<DictionaryRef>,
    /// Position of its node.
    pub(crate) node: usize,
    /// Position of its first buffer, those of views not counted.
    pub(crate) buffer: usize,
    /// View columns before it, nested ones included: their variable buffers come on top.
    pub(crate) views_before: usize,
    type_name: String,
}

impl Column {
    /// The only column of its batch.
    pub(crate) fn single(kind: Kind) -> Self {
        let name = String::new();
        Self { type_name: name.clone(), name, kind, dictionary: None, node: 0, buffer: 0, views_before: 0 }
    }

    /// Type of the values a reader sees.
    pub(crate) fn value_kind(&self) -> Kind {
        self.dictionary.map_or(self.kind, |dictionary| dictionary.values)
    }
}

/// All columns, and the totals that every record batch must have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) columns: Vec<Column>,
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
            let kind = if field.dictionary().is_some() { key_kind(&field) } else { kind(&field) };
            let dictionary =
                field.dictionary().map(|dictionary| DictionaryRef { id: dictionary.id(), values: self::kind(&field) });
            let type_name = field.type_type().variant_name().unwrap_or("an unknown type").to_string();
            let name = field.name().unwrap_or_default().to_string();
            let (node, buffer, views_before) = (layout.nodes, layout.buffers, layout.views);
            layout.count(&field, version, 1).map_err(|fault| fault.at(format_args!("column \"{name}\"")))?;
            layout.columns.push(Column { name, kind, dictionary, node, buffer, views_before, type_name });
        }
        Ok(layout)
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.columns.iter().map(|column| size_of::<Column>() + column.name.len() + column.type_name.len()).sum()
    }

    /// Adds the nodes and buffers of a field and of those in it.
    fn count(&mut self, field: &Field<'_>, version: MetadataVersion, depth: usize) -> Outcome<()> {
        if depth > MAX_DEPTH {
            return Err(Fault::limit("nesting of the schema", depth as u64, MAX_DEPTH as u64));
        }
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
        for child in field.children().into_iter().flatten() {
            self.count(&child, version, depth + 1)?;
        }
        Ok(())
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        self.columns
            .iter()
            .map(|column| {
                let kind = column.value_kind();
                let keyed = column.dictionary.is_none() || matches!(column.kind, Kind::Int { .. });
                Candidate {
                    name: column.name.clone(),
                    is_text: kind.is_text() && keyed,
                    is_label: keyed && (kind.is_text() || (kind != Kind::Other && column.dictionary.is_none())),
                    is_string: kind.is_utf8() && keyed,
                    kind: column.type_name.clone(),
                }
            })
            .collect()
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
