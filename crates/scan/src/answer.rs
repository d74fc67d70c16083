//! The verdicts on one record batch, as columns: one row per row of the batch, in its order. Never text.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder, StringBuilder, StructBuilder, UInt32Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use crate::evidence::{Names, append_hits, append_risks, hit_fields, list_of};
use crate::judge::Judged;

/// What a row takes in the columns whatever it holds: offsets, numbers, the name of its verdict.
pub(crate) const ROW_BYTES: usize = 64;
/// What a hit or a risk takes beside its id.
pub(crate) const ITEM_BYTES: usize = 16;

/// The columns of the verdicts: their names begin with `prefix`. With `id`, the ids of the records come first.
pub(crate) fn schema(prefix: &str, id: bool) -> Schema {
    let field = |name: &str, kind: DataType, nullable| Field::new(format!("{prefix}{name}"), kind, nullable);
    let mut fields = Vec::new();
    if id {
        fields.push(field("id", DataType::Utf8, true));
    }
    fields.extend([
        field("verdict", DataType::Utf8, false),
        field("reason", DataType::Utf8, true),
        field("risks", list_of(DataType::Utf8), false),
        field("entries", list_of(DataType::Utf8), false),
        field("spans", list_of(DataType::Struct(hit_fields())), false),
        field("hits", DataType::UInt32, false),
        field("score", DataType::Float64, true),
        field("output", DataType::Utf8, true),
    ]);
    Schema::new(fields)
}

/// The columns of one batch in the making.
pub(crate) struct VerdictColumns {
    id: Option<StringBuilder>,
    verdict: StringBuilder,
    reason: StringBuilder,
    risks: ListBuilder<StringBuilder>,
    entries: ListBuilder<StringBuilder>,
    spans: ListBuilder<StructBuilder>,
    hits: UInt32Builder,
    score: Float64Builder,
    output: StringBuilder,
    bytes: usize,
}

impl VerdictColumns {
    pub(crate) fn new(id: bool) -> Self {
        Self {
            id: id.then(StringBuilder::new),
            verdict: StringBuilder::new(),
            reason: StringBuilder::new(),
            risks: ListBuilder::new(StringBuilder::new()),
            entries: ListBuilder::new(StringBuilder::new()),
            spans: ListBuilder::new(StructBuilder::from_fields(hit_fields(), 0)),
            hits: UInt32Builder::new(),
            score: Float64Builder::new(),
            output: StringBuilder::new(),
            bytes: 0,
        }
    }

    /// About how many bytes the columns have by now: no fewer than half, no more than twice as many as they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The id of the next row.
    pub(crate) fn push_id(&mut self, id: Option<&str>) {
        if let Some(column) = &mut self.id {
            column.append_option(id);
            self.bytes += id.map_or(0, str::len);
        }
    }

    /// A row that was judged.
    pub(crate) fn push_judged(&mut self, judged: &Judged<'_>, names: &Names) {
        self.push(judged.name, judged.reason.map(corpus::Reason::as_str));
        append_risks(&mut self.risks, judged.verdict.risks, names);
        append_hits(&mut self.spans, judged.hits, names);
        for (at, hit) in judged.hits.iter().enumerate() {
            let id = &names.entries[hit.entry as usize];
            self.bytes += ITEM_BYTES + id.len();
            // At most HITS_KEPT hits: a set would cost more.
            if judged.hits[..at].iter().all(|earlier| earlier.entry != hit.entry) {
                self.entries.values().append_value(id);
                self.bytes += id.len();
            }
        }
        self.entries.append(true);
        self.hits.append_value(judged.hit_count);
        self.bytes += judged.verdict.risks.count_ones() as usize * ITEM_BYTES;
        let best = judged.scores.iter().zip(&names.outputs).max_by(|(a, _), (b, _)| a.total_cmp(b));
        self.score.append_option(best.map(|(score, _)| *score));
        self.output.append_option(best.map(|(_, name)| name));
    }

    /// A row without anything to judge.
    pub(crate) fn push_unjudged(&mut self, verdict: &str, reason: Option<&str>) {
        self.push(verdict, reason);
        self.risks.append(true);
        self.entries.append(true);
        self.spans.append(true);
        self.hits.append_value(0);
        self.score.append_null();
        self.output.append_null();
    }

    fn push(&mut self, verdict: &str, reason: Option<&str>) {
        self.verdict.append_value(verdict);
        self.reason.append_option(reason);
        self.bytes += ROW_BYTES;
    }

    pub(crate) fn finish(mut self, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        if let Some(mut id) = self.id {
            columns.push(Arc::new(id.finish()));
        }
        columns.extend([
            Arc::new(self.verdict.finish()) as ArrayRef,
            Arc::new(self.reason.finish()),
            Arc::new(self.risks.finish()),
            Arc::new(self.entries.finish()),
            Arc::new(self.spans.finish()),
            Arc::new(self.hits.finish()),
            Arc::new(self.score.finish()),
            Arc::new(self.output.finish()),
        ]);
        RecordBatch::try_new(Arc::clone(schema), columns)
    }
}
