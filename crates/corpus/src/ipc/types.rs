//! The types of a schema's fields, as far as values can break them. A schema that no type can be made of is damaged.

use arrow_ipc::{
    DateUnit, DictionaryKind, Field as IpcField, IntervalUnit, MetadataVersion, Precision, Schema, TimeUnit, Type,
    UnionMode,
};

use super::layout::MAX_DEPTH;
use crate::decimal::Digits;
use crate::error::{Fault, Outcome, Place};

/// Fields of a schema, nested ones included. Their verified metadata may name one field many times.
const MAX_FIELDS: usize = 1 << 17;

/// A field with those in it.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) nullable: bool,
    pub(super) shape: Shape,
    pub(super) children: Vec<Field>,
}

/// How a field's values are stored, and what they must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Null,
    Bool,
    /// Values of as many bytes each.
    Fixed {
        bytes: usize,
        rule: Rule,
    },
    Bytes {
        utf8: bool,
        wide: bool,
    },
    Views {
        utf8: bool,
    },
    List {
        wide: bool,
    },
    ListView {
        wide: bool,
    },
    Map,
    FixedList {
        items: usize,
    },
    Struct,
    /// Up to version 4 unions had a validity buffer, and no nulls in it.
    Union {
        dense: bool,
        ids: UnionIds,
        has_validity: bool,
    },
    RunEnds,
    /// Integers that number the entries of a dictionary; the only child is the field of its values.
    Keys {
        id: i64,
        bytes: usize,
        signed: bool,
    },
}

/// What integers must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Any,
    /// A time of day, below this.
    Below(i64),
    /// Milliseconds that are whole days.
    WholeDays,
    Digits(Digits),
}

/// For each type id of a union the number of its child; 255 where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnionIds(pub(super) [u8; 128]);

/// Nodes, buffers and view columns that a record batch of fields has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) nodes: usize,
    pub(super) buffers: usize,
    pub(super) views: usize,
}

impl Field {
    /// The fields of a schema.
    pub(super) fn all(schema: Schema<'_>, version: MetadataVersion) -> Outcome<Vec<Self>> {
        let mut reading = Reading { version, fields: 0 };
        let fields = schema.fields().ok_or_else(|| Fault::damaged("a schema without fields"))?;
        fields.iter().map(|field| reading.field(&field, 1)).collect()
    }

    /// Adds what a batch of the field has.
    pub(super) fn count(&self, totals: &mut Totals) {
        totals.nodes += 1;
        totals.buffers += match self.shape {
            Shape::Null | Shape::RunEnds => 0,
            Shape::FixedList { .. } | Shape::Struct => 1,
            Shape::Bool
            | Shape::Fixed { .. }
            | Shape::Views { .. }
            | Shape::List { .. }
            | Shape::Map
            | Shape::Keys { .. } => 2,
            Shape::Bytes { .. } | Shape::ListView { .. } => 3,
            Shape::Union { dense, has_validity, .. } => 1 + usize::from(dense) + usize::from(has_validity),
        };
        totals.views += usize::from(matches!(self.shape, Shape::Views { .. }));
        // The values of a dictionary come in batches of their own.
        if !matches!(self.shape, Shape::Keys { .. }) {
            for child in &self.children {
                child.count(totals);
            }
        }
    }

    /// Whether values of both can stand in one dictionary.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.shape == other.shape
            && self.children.len() == other.children.len()
            && self.children.iter().zip(&other.children).all(|(mine, theirs)| mine.is_like(theirs))
    }

    pub(super) fn place(&self) -> String {
        format!("column \"{}\"", self.name)
    }
}

struct Reading {
    version: MetadataVersion,
    fields: usize,
}

impl Reading {
    fn field(&mut self, field: &IpcField<'_>, depth: usize) -> Outcome<Field> {
        let name = field.name().unwrap_or_default().to_string();
        self.typed(field, name, depth).place(|| format!("column \"{}\"", field.name().unwrap_or_default()))
    }

    fn typed(&mut self, field: &IpcField<'_>, name: String, depth: usize) -> Outcome<Field> {
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(Fault::limit("fields of the schema", self.fields as u64, MAX_FIELDS as u64));
        }
        if depth > MAX_DEPTH {
            return Err(Fault::limit("nesting of the schema", depth as u64, MAX_DEPTH as u64));
        }
        let shape = self.shape(field)?;
        let mut children = Vec::new();
        if shape == Shape::RunEnds {
            let ends = field.children().filter(|children| !children.is_empty()).map(|children| children.get(0));
            if ends.and_then(|ends| ends.type_as_int()).is_none_or(|int| !int.is_signed()) {
                return Err(Fault::damaged("run ends that are no signed integers"));
            }
        }
        for child in field.children().into_iter().flatten() {
            children.push(self.field(&child, depth + 1)?);
        }
        check_children(shape, &children)?;
        let nullable = field.nullable();
        let Some(dictionary) = field.dictionary() else {
            return Ok(Field { name, nullable, shape, children });
        };
        if dictionary.dictionaryKind() != DictionaryKind::DenseArray {
            return Err(Fault::damaged(format!("dictionary kind {}", dictionary.dictionaryKind().0)));
        }
        // Keys are signed 32-bit integers where the schema does not say.
        let (bits, signed) = dictionary.indexType().map_or((32, true), |int| (int.bitWidth(), int.is_signed()));
        let shape = Shape::Keys { id: dictionary.id(), bytes: int_bytes(bits)?, signed };
        // A dictionary may have a null entry, whatever its field promises.
        let values = Field { name: name.clone(), nullable: true, shape: self.shape(field)?, children };
        Ok(Field { name, nullable, shape, children: vec![values] })
    }

    fn union(&self, field: &IpcField<'_>) -> Outcome<Shape> {
        let union = field.type_as_union().ok_or_else(missing)?;
        let dense = match union.mode() {
            UnionMode::Dense => true,
            UnionMode::Sparse => false,
            mode => return Err(Fault::damaged(format!("mode of a union {}", mode.0))),
        };
        let children = field.children().map_or(0, |children| children.len());
        let ids = match union.typeIds() {
            // A negative id becomes one that is too large.
            Some(ids) => type_ids(ids.iter().map(|id| usize::try_from(id).unwrap_or(usize::MAX)), children)?,
            None => type_ids(0..children, children)?,
        };
        Ok(Shape::Union { dense, ids, has_validity: self.version < MetadataVersion::V5 })
    }

    fn shape(&self, field: &IpcField<'_>) -> Outcome<Shape> {
        let plain = |bytes| Shape::Fixed { bytes, rule: Rule::Any };
        let other = |what: &str, value: i64| Err(Fault::damaged(format!("{what} {value}")));
        Ok(match field.type_type() {
            Type::Null => Shape::Null,
            Type::Bool => Shape::Bool,
            Type::Int => plain(int_bytes(field.type_as_int().ok_or_else(missing)?.bitWidth())?),
            Type::FloatingPoint => match field.type_as_floating_point().ok_or_else(missing)?.precision() {
                Precision::HALF => plain(2),
                Precision::SINGLE => plain(4),
                Precision::DOUBLE => plain(8),
                precision => return other("precision", precision.0.into()),
            },
            Type::Decimal => {
                let decimal = field.type_as_decimal().ok_or_else(missing)?;
                // The digits that any number of the width fits at most.
                let (bytes, most) = match decimal.bitWidth() {
                    32 => (4, 9),
                    64 => (8, 18),
                    128 => (16, 38),
                    256 => (32, 76),
                    bits => return other("a decimal of bits", bits.into()),
                };
                let digits = u32::try_from(decimal.precision()).ok().filter(|digits| *digits <= most);
                let Some(digits) = digits.and_then(Digits::new) else {
                    return other("a decimal of digits", decimal.precision().into());
                };
                Shape::Fixed { bytes, rule: Rule::Digits(digits) }
            }
            Type::Date => match field.type_as_date().ok_or_else(missing)?.unit() {
                DateUnit::DAY => plain(4),
                DateUnit::MILLISECOND => Shape::Fixed { bytes: 8, rule: Rule::WholeDays },
                unit => return other("unit of a date", unit.0.into()),
            },
            Type::Time => {
                let time = field.type_as_time().ok_or_else(missing)?;
                let (bytes, second) = match (time.bitWidth(), time.unit()) {
                    (32, TimeUnit::SECOND) => (4, 1),
                    (32, TimeUnit::MILLISECOND) => (4, 1_000),
                    (64, TimeUnit::MICROSECOND) => (8, 1_000_000),
                    (64, TimeUnit::NANOSECOND) => (8, 1_000_000_000),
                    (bits, unit) => return Err(Fault::damaged(format!("a time of {bits} bits in unit {}", unit.0))),
                };
                Shape::Fixed { bytes, rule: Rule::Below(86_400 * second) }
            }
            Type::Timestamp => time_unit(field.type_as_timestamp().ok_or_else(missing)?.unit()).map(|()| plain(8))?,
            Type::Duration => time_unit(field.type_as_duration().ok_or_else(missing)?.unit()).map(|()| plain(8))?,
            Type::Interval => match field.type_as_interval().ok_or_else(missing)?.unit() {
                IntervalUnit::YEAR_MONTH => plain(4),
                IntervalUnit::DAY_TIME => plain(8),
                IntervalUnit::MONTH_DAY_NANO => plain(16),
                unit => return other("unit of an interval", unit.0.into()),
            },
            Type::FixedSizeBinary => {
                let bytes = field.type_as_fixed_size_binary().ok_or_else(missing)?.byteWidth();
                usize::try_from(bytes).map(plain).or_else(|_| other("values of bytes", bytes.into()))?
            }
            Type::Binary => Shape::Bytes { utf8: false, wide: false },
            Type::LargeBinary => Shape::Bytes { utf8: false, wide: true },
            Type::Utf8 => Shape::Bytes { utf8: true, wide: false },
            Type::LargeUtf8 => Shape::Bytes { utf8: true, wide: true },
            Type::BinaryView => Shape::Views { utf8: false },
            Type::Utf8View => Shape::Views { utf8: true },
            Type::List => Shape::List { wide: false },
            Type::LargeList => Shape::List { wide: true },
            Type::ListView => Shape::ListView { wide: false },
            Type::LargeListView => Shape::ListView { wide: true },
            Type::Map => Shape::Map,
            Type::FixedSizeList => {
                let items = field.type_as_fixed_size_list().ok_or_else(missing)?.listSize();
                let fixed = usize::try_from(items).map(|items| Shape::FixedList { items });
                fixed.or_else(|_| other("lists of items", items.into()))?
            }
            Type::Struct_ => Shape::Struct,
            Type::RunEndEncoded => Shape::RunEnds,
            Type::Union => self.union(field)?,
            kind => return Err(Fault::unsupported(format!("a column of type number {}", kind.0))),
        })
    }
}

/// The verifier lets pass that the table of a type is missing.
fn missing() -> Fault {
    Fault::damaged("a type without its details")
}

/// The type ids of a union, each of one child.
fn type_ids(ids: impl Iterator<Item = usize>, children: usize) -> Outcome<UnionIds> {
    let mut child_of = [u8::MAX; 128];
    let mut found = 0;
    for id in ids {
        match child_of.get_mut(id).filter(|slot| **slot == u8::MAX) {
            Some(slot) => *slot = found as u8,
            None => return Err(Fault::damaged("type ids of a union that are not unique, or not 0 to 127")),
        }
        found += 1;
    }
    if found != children {
        return Err(Fault::damaged(format!("{found} type ids for {children} children")));
    }
    Ok(UnionIds(child_of))
}

fn int_bytes(bits: i32) -> Outcome<usize> {
    match bits {
        8 | 16 | 32 | 64 => Ok(bits.unsigned_abs() as usize / 8),
        _ => Err(Fault::damaged(format!("integers of {bits} bits"))),
    }
}

fn time_unit(unit: TimeUnit) -> Outcome<()> {
    match unit {
        TimeUnit::SECOND | TimeUnit::MILLISECOND | TimeUnit::MICROSECOND | TimeUnit::NANOSECOND => Ok(()),
        other => Err(Fault::damaged(format!("unit of time {}", other.0))),
    }
}

fn check_children(shape: Shape, children: &[Field]) -> Outcome<()> {
    let number = match shape {
        Shape::Struct | Shape::Union { .. } => return Ok(()),
        Shape::List { .. } | Shape::ListView { .. } | Shape::FixedList { .. } | Shape::Map => 1,
        Shape::RunEnds => 2,
        _ => 0,
    };
    if children.len() != number {
        return Err(Fault::damaged(format!("{} fields in a type that has {number}", children.len())));
    }
    match (shape, children) {
        (Shape::Map, [entries]) => match (&entries.shape, &entries.children[..]) {
            (Shape::Struct, [key, _]) if !key.nullable => Ok(()),
            _ => Err(Fault::damaged("a map whose entries are no pairs with a key")),
        },
        (Shape::RunEnds, [ends, _]) => match ends.shape {
            Shape::Fixed { bytes: 2 | 4 | 8, rule: Rule::Any } if !ends.nullable => Ok(()),
            _ => Err(Fault::damaged("run ends that are no integers")),
        },
        _ => Ok(()),
    }
}
