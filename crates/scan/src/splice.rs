//! Adds columns to the messages of an Arrow IPC stream, and leaves those that are there as they are, byte for byte: their
//! types need not be known, their buffers need not be decoded.
//!
//! A schema is a tree of tables that refer to each other by distances, so the whole message, verified, becomes the tail
//! of the new one, and the new list of fields points into it. A record batch is a list of nodes and a list of places in
//! its body: theirs stay, ours follow, behind their body.

use arrow_ipc::{
    BodyCompression, BodyCompressionArgs, Buffer, CompressionType, Field, FieldNode, KeyValue, Message, MessageArgs,
    MessageHeader, RecordBatch, RecordBatchArgs, Schema, SchemaArgs, root_as_message,
};
use flatbuffers::{FlatBufferBuilder, ForwardsUOffset, UnionWIPOffset, Vector, WIPOffset};

/// Continuation and a length of zero.
pub(crate) const END: [u8; 8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];
/// What places in a flatbuffer, and the body behind one, are multiples of.
const ALIGNMENT: usize = 8;
/// Where our buffers begin: as far as the widest vectors ask for.
const BODY_ALIGNMENT: usize = 64;

/// A message that is verified by those who read it: what it lacks is a fault of ours.
type Outcome<T> = Result<T, String>;

/// A message that was made.
pub(crate) struct Encoded<'a> {
    /// Its flatbuffer.
    pub(crate) metadata: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// The message as it goes on the wire.
pub(crate) fn framed(message: &Encoded<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    frame(&mut out, message.metadata, message.body.len());
    out.extend_from_slice(message.body);
    out
}

/// The schema of `theirs` with the fields of `ours` behind its own, on the wire.
pub(crate) fn schema(theirs: &[u8], ours: &[u8]) -> Outcome<Vec<u8>> {
    let (message, more) = (read(theirs)?, read(ours)?);
    let kind = "a schema message without a schema";
    let (schema, more) = (message.header_as_schema().ok_or(kind)?, more.header_as_schema().ok_or(kind)?);
    let mut builder = builder(theirs.len() + ours.len());
    let [theirs_at, ours_at] = embed(&mut builder, [theirs, ours]);
    let fields: Vec<WIPOffset<Field<'_>>> = (schema.fields().into_iter().flatten())
        .map(|field| theirs_at.of(field._tab.loc()))
        .chain(more.fields().into_iter().flatten().map(|field| ours_at.of(field._tab.loc())))
        .collect();
    let fields = builder.create_vector(&fields);
    let custom_metadata = key_values(&mut builder, theirs_at, schema.custom_metadata());
    let features: Option<Vec<_>> = schema.features().map(|features| features.iter().collect());
    let features = features.map(|features| builder.create_vector(&features));
    let endianness = schema.endianness();
    let args = SchemaArgs { endianness, fields: Some(fields), custom_metadata, features };
    let header = Schema::create(&mut builder, &args).as_union_value();
    let metadata = finish(builder, message, theirs_at, (MessageHeader::Schema, header), 0)?;
    Ok(framed(&Encoded { metadata: &metadata, body: &[] }))
}

/// The record batch of `theirs` with the columns of `ours` behind its own, on the wire. Both have the same rows, and
/// buffers that are compressed in the same way.
pub(crate) fn batch(theirs: &Encoded<'_>, ours: &Encoded<'_>) -> Outcome<Vec<u8>> {
    let (message, more) = (read(theirs.metadata)?, read(ours.metadata)?);
    let kind = "a record batch message without a record batch";
    let (batch, more) = (message.header_as_record_batch().ok_or(kind)?, more.header_as_record_batch().ok_or(kind)?);
    if batch.length() != more.length() || codec_of(&batch) != codec_of(&more) {
        return Err(format!("verdicts on {} rows for {} rows", more.length(), batch.length()));
    }
    let mut builder = builder(theirs.metadata.len() + ours.metadata.len());
    // Only pairs of its own are pointed into.
    let pairs = if message.custom_metadata().is_some() { theirs.metadata } else { &[] };
    let [theirs_at] = embed(&mut builder, [pairs]);
    let nodes: Vec<FieldNode> =
        (batch.nodes().into_iter().flatten()).chain(more.nodes().into_iter().flatten()).copied().collect();
    let start = theirs.body.len().next_multiple_of(BODY_ALIGNMENT);
    let shift = |buffer: &Buffer| Buffer::new(buffer.offset() + start.cast_signed() as i64, buffer.length());
    let buffers: Vec<Buffer> = (batch.buffers().into_iter().flatten().copied())
        .chain(more.buffers().into_iter().flatten().map(shift))
        .collect();
    let (nodes, buffers) = (builder.create_vector(&nodes), builder.create_vector(&buffers));
    let compression = batch.compression().map(|compression| {
        let args = BodyCompressionArgs { codec: compression.codec(), method: compression.method() };
        BodyCompression::create(&mut builder, &args)
    });
    let variadic: Option<Vec<i64>> = batch.variadicBufferCounts().map(|counts| counts.iter().collect());
    let variadic = variadic.map(|counts| builder.create_vector(&counts));
    let args = RecordBatchArgs {
        length: batch.length(),
        nodes: Some(nodes),
        buffers: Some(buffers),
        compression,
        variadicBufferCounts: variadic,
    };
    let header = RecordBatch::create(&mut builder, &args).as_union_value();
    let body = start + ours.body.len();
    let metadata = finish(builder, message, theirs_at, (MessageHeader::RecordBatch, header), body)?;
    let mut out = Vec::new();
    frame(&mut out, &metadata, body);
    let body_at = out.len();
    out.extend_from_slice(theirs.body);
    out.resize(body_at + start, 0);
    out.extend_from_slice(ours.body);
    Ok(out)
}

/// How the buffers of a record batch are compressed.
pub(crate) fn codec(metadata: &[u8]) -> Outcome<Option<CompressionType>> {
    Ok(read(metadata)?.header_as_record_batch().as_ref().and_then(codec_of))
}

fn codec_of(batch: &RecordBatch<'_>) -> Option<CompressionType> {
    batch.compression().map(|compression| compression.codec())
}

fn read(metadata: &[u8]) -> Outcome<Message<'_>> {
    root_as_message(metadata).map_err(|error| format!("a message of the stream is broken: {error}"))
}

fn builder(bytes: usize) -> FlatBufferBuilder<'static> {
    let mut builder = FlatBufferBuilder::with_capacity(bytes + 1024);
    // With all its fields a message has one of eight bytes, and so the whole is aligned to eight, as what is embedded is.
    builder.force_defaults(true);
    builder
}

/// Where a flatbuffer was embedded: the distance of its first byte from the end of the whole.
#[derive(Clone, Copy)]
struct Embedded(usize);

impl Embedded {
    /// What lies at a place of the embedded flatbuffer.
    fn of<T>(self, place: usize) -> WIPOffset<T> {
        WIPOffset::new((self.0 - place) as u32)
    }
}

/// Writes whole flatbuffers, aligned as they were; an empty builder is taken for granted.
fn embed<const N: usize>(builder: &mut FlatBufferBuilder<'_>, parts: [&[u8]; N]) -> [Embedded; N] {
    let mut bytes = Vec::new();
    let starts = parts.map(|part| {
        let start = bytes.len();
        bytes.extend_from_slice(part);
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
        start
    });
    builder.create_vector(&bytes);
    // The vector was the first thing written, so its last byte is the last of all.
    starts.map(|start| Embedded(bytes.len() - start))
}

type Pairs<'a> = Vector<'a, ForwardsUOffset<KeyValue<'a>>>;

fn key_values<'b>(
    builder: &mut FlatBufferBuilder<'b>,
    at: Embedded,
    pairs: Option<Pairs<'_>>,
) -> Option<WIPOffset<Pairs<'b>>> {
    let pairs: Vec<WIPOffset<KeyValue<'b>>> = pairs?.iter().map(|pair| at.of(pair._tab.loc())).collect();
    Some(builder.create_vector(&pairs))
}

/// The message with another header and body; version and metadata of its own stay.
fn finish(
    mut builder: FlatBufferBuilder<'_>,
    message: Message<'_>,
    at: Embedded,
    (header_type, header): (MessageHeader, WIPOffset<UnionWIPOffset>),
    body: usize,
) -> Outcome<Vec<u8>> {
    let custom_metadata = key_values(&mut builder, at, message.custom_metadata());
    let args = MessageArgs {
        version: message.version(),
        header_type,
        header: Some(header),
        bodyLength: body.cast_signed() as i64,
        custom_metadata,
    };
    let root = Message::create(&mut builder, &args);
    builder.finish(root, None);
    let metadata = builder.finished_data().to_vec();
    // What is written must be what others can read.
    read(&metadata)?;
    Ok(metadata)
}

fn frame(out: &mut Vec<u8>, metadata: &[u8], body: usize) {
    let length = metadata.len().next_multiple_of(ALIGNMENT);
    out.reserve_exact(END.len() + length + body);
    out.extend_from_slice(&END[..4]);
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.extend_from_slice(metadata);
    out.resize(END.len() + length, 0);
}
