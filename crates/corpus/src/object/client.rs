//! The connection to a store: one client per bucket and settings, one thread for all requests of the process.
//!
//! The readers are synchronous and run on threads of their own; they wait for a request as they would for a disk. Pauses
//! between attempts, their number, and the time that a connection may be silent are bounded, and so is a request as a whole.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, AwsCredentialProvider};
use object_store::client::CredentialProvider;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, Extensions, GetOptions, GetRange, GetResult, ObjectMeta,
    ObjectStore, RetryConfig,
};
use tokio::runtime::{Builder, Handle};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use super::answer::{Answer, Answers, Last, Noting};
use super::fault::{NoCredentials, Request, Secrets};
use super::{Listed, stopped};
use crate::error::{StoreFault, StoreProblem};
use crate::file::shown;
use crate::location::ObjectUrl;
use crate::options::Storage;

/// Requests under way at a time, of the whole process.
const MAX_REQUESTS: usize = 32;
/// Longest pause between two attempts, and the time after which no further one is begun.
const MAX_PAUSE: Duration = Duration::from_secs(10);
const RETRY_TIME: Duration = Duration::from_secs(120);
/// Longest time for one request with all its attempts; the largest is for 4 MiB.
const REQUEST_TIME: Duration = Duration::from_secs(300);
const RETRIES: usize = 8;
/// How often a page of a listing is asked for again whose answer broke off.
const PAGE_RETRIES: usize = 3;
/// Largest listing: a plan holds every file.
const MAX_LISTED: usize = 1_000_000;
/// How often a reader that waits looks whether it is to stop.
const STOP_LOOK: Duration = Duration::from_millis(100);

/// The clients of the process, by bucket and settings.
type Clients = HashMap<(String, Storage), Arc<Client>>;

/// A part of a listing, and what asks for the next one.
type Page = (Vec<Listed>, Option<String>);

/// What a bucket is read with.
pub(crate) struct Client {
    store: AmazonS3,
    request: Request,
}

/// What an object was when it was opened: every later answer must be of the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) size: u64,
    pub(crate) etag: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) modified_ns: i128,
}

impl Expected {
    fn of(meta: &ObjectMeta) -> Self {
        let modified_ns = i128::from(meta.last_modified.timestamp()) * 1_000_000_000
            + i128::from(meta.last_modified.timestamp_subsec_nanos());
        Self { size: meta.size, etag: meta.e_tag.clone(), version: meta.version.clone(), modified_ns }
    }

    fn check(&self, now: &Self) -> Result<(), StoreFault> {
        let changed = |what, expected: String, found: String| Err(StoreFault::Changed { what, expected, found });
        if self.size != now.size {
            return changed("size", self.size.to_string(), now.size.to_string());
        }
        if self.etag != now.etag {
            return changed("ETag", shown(self.etag.as_ref()), shown(now.etag.as_ref()));
        }
        if self.version != now.version {
            return changed("version", shown(self.version.as_ref()), shown(now.version.as_ref()));
        }
        if self.modified_ns != now.modified_ns {
            return changed("modification time", self.modified_ns.to_string(), now.modified_ns.to_string());
        }
        Ok(())
    }
}

/// A request under way. Dropping it ends it.
pub(crate) struct Pending<T> {
    answer: Receiver<Result<T, StoreFault>>,
    task: AbortHandle,
    stop: Option<u32>,
}

impl<T> Pending<T> {
    /// Waits for the answer.
    pub(crate) fn wait(&self) -> Result<T, StoreFault> {
        loop {
            match self.answer.recv_timeout(STOP_LOOK) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) => {
                    if self.stop.is_some_and(|stop| stopped().contains(&stop)) {
                        return Err(StoreFault::new(StoreProblem::Stopped, "the read was stopped"));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(StoreFault::new(StoreProblem::Unreachable, "the request ended without an answer"));
                }
            }
        }
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The thread that all requests run on.
struct Requests {
    handle: Handle,
    permits: Arc<Semaphore>,
}

fn requests() -> Result<&'static Requests, StoreFault> {
    static REQUESTS: OnceLock<Result<Requests, String>> = OnceLock::new();
    let start = || {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        std::thread::Builder::new()
            .name("corpusgate-s3".into())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
        // Another crate of the process may have chosen one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Requests { handle, permits: Arc::new(Semaphore::new(MAX_REQUESTS)) })
    };
    let started = REQUESTS.get_or_init(|| start().map_err(|error: std::io::Error| error.to_string()));
    started.as_ref().map_err(|error| {
        StoreFault::new(StoreProblem::Unreachable, format!("no thread for requests can be started: {error}"))
    })
}

/// Starts a request, with its time and their number bounded.
fn start<T: Send + 'static>(
    stop: Option<u32>,
    request: impl Future<Output = Result<T, StoreFault>> + Send + 'static,
) -> Result<Pending<T>, StoreFault> {
    let Requests { handle, permits } = requests()?;
    let (sender, answer) = mpsc::sync_channel(1);
    let permits = Arc::clone(permits);
    let task = handle.spawn(async move {
        let Ok(_permit) = permits.acquire().await else { return };
        let answer = tokio::time::timeout(REQUEST_TIME, request).await.unwrap_or_else(|_| {
            let detail = format!("the store did not finish a request within {} s", REQUEST_TIME.as_secs());
            Err(StoreFault::new(StoreProblem::Unreachable, detail))
        });
        // Nobody waits any more: nothing is lost.
        let _ = sender.send(answer);
    });
    Ok(Pending { answer, task: task.abort_handle(), stop })
}

impl Client {
    /// The client of a bucket, made once.
    pub(crate) fn of(url: &ObjectUrl, storage: &Storage) -> Result<Arc<Self>, StoreFault> {
        static CLIENTS: Mutex<Option<Clients>> = Mutex::new(None);
        let key = (url.bucket().to_owned(), Storage { stop: None, ..storage.clone() });
        let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = clients.get_or_insert_default();
        if let Some(client) = clients.get(&key) {
            return Ok(Arc::clone(client));
        }
        requests()?;
        let client = Arc::new(Self::new(url.bucket(), storage)?);
        clients.insert(key, Arc::clone(&client));
        Ok(client)
    }

    fn new(bucket: &str, storage: &Storage) -> Result<Self, StoreFault> {
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
        if let Some(endpoint) = &storage.endpoint {
            builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
        }
        if let Some(region) = &storage.region {
            builder = builder.with_config(AmazonS3ConfigKey::Region, region);
        }
        let value = |key| builder.get_config_value(&key);
        let endpoint = value(AmazonS3ConfigKey::S3Endpoint).or_else(|| value(AmazonS3ConfigKey::Endpoint));
        let region = value(AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".to_owned());
        let is_true = |key| value(key).is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "true"));
        let allows_http = is_true(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
        let signed = !is_true(AmazonS3ConfigKey::SkipSignature);
        if let Some(endpoint) = &endpoint {
            check_endpoint(endpoint, allows_http)?;
        }
        let secrets =
            [AmazonS3ConfigKey::AccessKeyId, AmazonS3ConfigKey::SecretAccessKey, AmazonS3ConfigKey::Token].map(value);
        let [key, secret, _] = &secrets;
        if signed && key.is_some() != secret.is_some() {
            let (there, missing) = if key.is_some() {
                ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
            } else {
                ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")
            };
            return Err(setting(format!("{there} is set and {missing} is not")));
        }
        let has_keys = key.is_some();
        let from_attempts =
            || std::env::var("AWS_MAX_ATTEMPTS").ok()?.parse::<usize>().ok().map(|attempts| attempts.saturating_sub(1));
        let retries = storage.retries.or_else(from_attempts).unwrap_or(RETRIES);
        let retry = |max_retries| RetryConfig {
            backoff: BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: MAX_PAUSE, base: 2.0 },
            max_retries,
            retry_timeout: RETRY_TIME,
        };
        // A request is bounded as a whole where it is started: no time limit may break off a slow but steady answer.
        let options = ClientOptions::new()
            .with_allow_http(allows_http)
            .with_connect_timeout(storage.timeout.min(Duration::from_secs(5)))
            .with_read_timeout(storage.timeout)
            .with_timeout_disabled();
        let request = Request {
            bucket: bucket.to_owned(),
            endpoint: endpoint.unwrap_or_else(|| "AWS".to_owned()),
            region,
            signed,
            secrets: Secrets(secrets.into_iter().flatten().collect()),
        };
        let broken = |error: object_store::Error| setting(request.secrets.scrub(&error.to_string()));
        builder = builder.with_client_options(options).with_http_connector(Noting).with_retry(retry(retries));
        if signed && !has_keys {
            // The switch of the AWS tools for machines that have none.
            let is_off =
                std::env::var("AWS_EC2_METADATA_DISABLED").is_ok_and(|value| value.eq_ignore_ascii_case("true"));
            let others = [
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            ];
            if is_off && others.iter().all(|name| std::env::var_os(name).is_none()) {
                return Err(request.no_credentials());
            }
            // Those of the machine, the container or a token; where there are none, that shows after one attempt.
            let finder = builder.clone().with_retry(retry(1)).build().map_err(broken)?;
            builder = builder.with_credentials(Arc::new(Found(Arc::clone(finder.credentials()))));
        }
        let store = builder.build().map_err(broken)?;
        Ok(Self { store, request })
    }

    /// Where the bucket is.
    pub(crate) fn place(&self) -> String {
        format!("{}\0{}", self.request.endpoint, self.request.bucket)
    }

    /// Asks for a range of an object, as far as it has one; with `expected` of this very content.
    pub(crate) fn get(
        self: &Arc<Self>,
        key: &Path,
        range: Range<u64>,
        expected: Option<Expected>,
        stop: Option<u32>,
    ) -> Result<Pending<(Expected, Bytes)>, StoreFault> {
        let (client, key) = (Arc::clone(self), key.clone());
        start(stop, async move {
            let answers = Answers::default();
            let options = GetOptions {
                range: Some(GetRange::Bounded(range.clone())),
                if_match: expected.as_ref().and_then(|expected| expected.etag.clone()),
                extensions: noted(&answers),
                ..GetOptions::default()
            };
            let found = match client.store.get_opts(&key, options).await {
                Ok(found) => found,
                Err(error) => {
                    let fault = client.request.fault_of_get(&error, &answers, expected.as_ref());
                    // No range lies in an empty object, which stores say in more than one way.
                    return match answers.last() {
                        Last::Granted | Last::Refused(Answer { status: 416, .. }) if range.start == 0 => {
                            client.empty(&key).await.ok_or(fault)
                        }
                        _ => Err(fault),
                    };
                }
            };
            let now = Expected::of(&found.meta);
            if let Some(expected) = &expected {
                expected.check(&now)?;
            }
            let wanted = range.end.min(now.size) - range.start;
            let bytes = body(found, wanted).await;
            let bytes = bytes.map_err(|error| client.request.fault_of_get(&error, &answers, expected.as_ref()))?;
            if bytes.len() as u64 != wanted {
                let detail = format!("the store gave {} bytes of {wanted} at offset {}", bytes.len(), range.start);
                return Err(StoreFault::new(StoreProblem::Unreachable, detail));
            }
            Ok((now, bytes))
        })
    }

    /// An object without bytes, if that is what it is.
    async fn empty(&self, key: &Path) -> Option<(Expected, Bytes)> {
        let options = GetOptions { head: true, ..GetOptions::default() };
        let now = Expected::of(&self.store.get_opts(key, options).await.ok()?.meta);
        (now.size == 0).then(|| (now, Bytes::new()))
    }

    /// A page of a listing, and what asks for the next one.
    pub(crate) fn page(
        self: &Arc<Self>,
        prefix: &str,
        flat: bool,
        token: Option<String>,
        stop: Option<u32>,
    ) -> Result<Pending<Page>, StoreFault> {
        let (client, prefix) = (Arc::clone(self), prefix.to_owned());
        start(stop, async move {
            let prefix = (!prefix.is_empty()).then_some(prefix.as_str());
            let mut attempt = 0;
            loop {
                let answers = Answers::default();
                let options = PaginatedListOptions {
                    delimiter: flat.then_some("/".into()),
                    page_token: token.clone(),
                    extensions: noted(&answers),
                    ..PaginatedListOptions::default()
                };
                match client.store.list_paginated(prefix, options).await {
                    Ok(page) => {
                        let objects = page.result.objects.iter().map(|meta| {
                            let Expected { size, etag, modified_ns, .. } = Expected::of(meta);
                            Listed { key: meta.location.to_string(), size, etag, modified_ns }
                        });
                        return Ok((objects.collect(), page.page_token));
                    }
                    // What the client itself tries again it has; an answer that broke off it has not.
                    Err(error) if attempt < PAGE_RETRIES && Request::is_broken(&error, &answers) => {
                        attempt += 1;
                        tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
                    }
                    Err(error) => return Err(client.request.fault_of_list(&error, &answers)),
                }
            }
        })
    }

    /// All objects under a prefix, in the order of their keys.
    pub(crate) fn list(
        self: &Arc<Self>,
        prefix: &str,
        flat: bool,
        stop: Option<u32>,
    ) -> Result<Vec<Listed>, StoreFault> {
        let mut listed = Vec::new();
        let mut token = None;
        loop {
            let (page, next) = self.page(prefix, flat, token, stop)?.wait()?;
            // A key that is the prefix without its last / is the mark of a folder.
            listed.extend(page.into_iter().filter(|object| object.key.starts_with(prefix)));
            if listed.len() > MAX_LISTED {
                return Err(setting(format!("the prefix holds more than {MAX_LISTED} objects; name a longer one")));
            }
            token = next;
            if token.is_none() {
                listed.sort_by(|a, b| a.key.cmp(&b.key));
                listed.dedup_by(|a, b| a.key == b.key);
                return Ok(listed);
            }
        }
    }
}

/// A request's extensions that carry `answers` to the transport.
fn noted(answers: &Answers) -> Extensions {
    let mut extensions = Extensions::new();
    extensions.insert(answers.clone());
    extensions
}

fn setting(detail: String) -> StoreFault {
    StoreFault::new(StoreProblem::Setting, detail)
}

/// The body of an answer, of which no more than was asked for is kept.
async fn body(found: GetResult, wanted: u64) -> object_store::Result<Bytes> {
    let mut stream = found.into_stream();
    let mut bytes = BytesMut::with_capacity(wanted as usize);
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece?);
        if bytes.len() as u64 > wanted {
            break;
        }
    }
    Ok(bytes.freeze())
}

fn check_endpoint(endpoint: &str, allows_http: bool) -> Result<(), StoreFault> {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let host = rest.split('/').next().unwrap_or_default();
    if rest.contains('@') {
        return Err(setting("the endpoint holds credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".into()));
    }
    if !matches!(scheme, "http" | "https") || host.is_empty() {
        return Err(setting(format!("the endpoint \"{endpoint}\" is not a URL such as https://minio.example:9000")));
    }
    if scheme == "http" && !allows_http {
        return Err(setting(format!("the endpoint {endpoint} is not encrypted; AWS_ALLOW_HTTP=true allows that")));
    }
    Ok(())
}

/// Credentials that have to be found first: not finding them is told apart from a store that does not answer.
#[derive(Debug)]
struct Found(AwsCredentialProvider);

#[async_trait]
impl CredentialProvider for Found {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let source = NoCredentials;
        self.0.get_credential().await.map_err(|_| object_store::Error::Generic { store: "S3", source: source.into() })
    }
}
