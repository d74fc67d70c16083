//! Opening an object and listing a prefix.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;

use super::Listed;
use super::client::{Client, Expected};
use super::ranges::Ranges;
use crate::error::{StoreFault, StoreProblem};
use crate::file::{EDGE_BYTES, Identity, Opened, Source};
use crate::location::ObjectUrl;
use crate::options::Storage;

/// An object that is read: where, and as what.
pub(crate) struct Object {
    pub(crate) client: Arc<Client>,
    pub(crate) key: Path,
    pub(crate) is: Expected,
    pub(crate) stop: Option<u32>,
    /// Its first and last 64 KiB, or all of it twice.
    pub(crate) head: Bytes,
    pub(crate) foot: Bytes,
}

/// Opens an object: one request for its first bytes, one for its last.
pub(crate) fn open(url: &ObjectUrl, storage: &Storage) -> Result<Opened, StoreFault> {
    let client = Client::of(url, storage)?;
    let key = key_of(url)?;
    // An object that is being replaced right now is opened again, as the new one.
    let object = match read_edges(&client, &key, storage.stop) {
        Err(StoreFault::Changed { .. }) => read_edges(&client, &key, storage.stop),
        other => other,
    }?;
    let identity = Identity {
        size: object.is.size,
        modified_ns: object.is.modified_ns,
        head: blake3::hash(&object.head).into(),
        foot: blake3::hash(&object.foot).into(),
        etag: object.is.etag.clone(),
        version: object.is.version.clone(),
    };
    let head = object.head.to_vec();
    Ok(Opened { file: Source::Object { ranges: Ranges::new(Arc::new(object)), at: 0 }, identity, head })
}

fn read_edges(client: &Arc<Client>, key: &Path, stop: Option<u32>) -> Result<Object, StoreFault> {
    let object =
        |is, head: Bytes, foot: Bytes| Object { client: Arc::clone(client), key: key.clone(), is, stop, head, foot };
    let (is, head) = client.get(key, 0..EDGE_BYTES, None, stop)?.wait()?;
    if is.size <= EDGE_BYTES {
        return Ok(object(is, head.clone(), head));
    }
    let (_, foot) = client.get(key, is.size - EDGE_BYTES..is.size, Some(is.clone()), stop)?.wait()?;
    Ok(object(is, head, foot))
}

fn key_of(url: &ObjectUrl) -> Result<Path, StoreFault> {
    Path::parse(url.key())
        .map_err(|error| StoreFault::new(StoreProblem::Setting, format!("the key cannot be read: {error}")))
}

/// See [`list_objects`](super::list_objects).
pub(crate) fn list(prefix: &ObjectUrl, flat: bool, storage: &Storage) -> Result<Vec<Listed>, StoreFault> {
    Client::of(prefix, storage)?.list(prefix.key(), flat, storage.stop)
}
