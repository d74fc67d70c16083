//! What a store answered, in few words: what it is, the HTTP status and S3's name for it, and what to set.
//!
//! No text of a store is passed on but the names of its errors: an answer to a wrong signature repeats the request, with
//! the session token. Details of missing and refused objects stand in reports, so they name no host and no time.

use std::error::Error;
use std::fmt;

use object_store::client::{HttpError, HttpErrorKind};

use super::answer::{Answer, Answers, Last};
use super::client::Expected;
use crate::error::{StoreFault, StoreProblem};
use crate::file::shown;

/// What requests to a bucket are made with, as far as an error names it.
pub(crate) struct Request {
    pub(crate) bucket: String,
    pub(crate) endpoint: String,
    pub(crate) region: String,
    pub(crate) signed: bool,
    pub(crate) secrets: Secrets,
}

/// Values that no message may hold.
pub(crate) struct Secrets(pub(crate) Vec<String>);

impl Secrets {
    pub(crate) fn scrub(&self, text: &str) -> String {
        let long = self.0.iter().filter(|secret| secret.len() > 3);
        long.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "…"))
    }
}

/// The environment holds no credentials, and neither does the machine.
#[derive(Debug)]
pub(crate) struct NoCredentials;

impl fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no credentials")
    }
}

impl Error for NoCredentials {}

const ASK_KEYS: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN with temporary ones), or \
                        AWS_SKIP_SIGNATURE=true for a public bucket";

/// Names of errors that speak of the credentials and not of an object.
const OF_CREDENTIALS: [&str; 9] = [
    "AuthFailure",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidSecurity",
    "InvalidToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "XAmzContentSHA256Mismatch",
];

/// Names of errors that speak of the region.
const OF_REGION: [&str; 4] =
    ["AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect"];

fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        at = error.source();
    }
    None
}

impl Request {
    /// Whether an answer was granted and then broke off, or made no sense.
    pub(crate) fn is_broken(error: &object_store::Error, answers: &Answers) -> bool {
        matches!(answers.last(), Last::Granted) && !matches!(error, object_store::Error::InvalidPath { .. })
    }

    /// The fault of a request for an object.
    pub(crate) fn fault_of_get(
        &self,
        error: &object_store::Error,
        answers: &Answers,
        expected: Option<&Expected>,
    ) -> StoreFault {
        let answer = match self.common(error, answers) {
            Ok(fault) => return fault,
            Err(answer) => answer,
        };
        let keyless = format!("it may not be read without credentials; unset AWS_SKIP_SIGNATURE and {ASK_KEYS}");
        let (problem, detail) = match (answer.status, answer.code.as_str()) {
            (412, _) => {
                let expected = shown(expected.and_then(|expected| expected.etag.as_ref()));
                return StoreFault::Changed { what: "ETag", expected, found: "another one".to_owned() };
            }
            (404, _) => (StoreProblem::Missing, "there is no such object"),
            (403, "InvalidObjectState") => (StoreProblem::Denied, "the object is archived; it must be restored first"),
            (403, _) if self.signed => (StoreProblem::Denied, "the credentials may not read it (s3:GetObject)"),
            (403, _) => (StoreProblem::Denied, keyless.as_str()),
            _ => return self.unreachable(&format!("{answer} for an object")),
        };
        StoreFault::new(problem, format!("{answer}: {detail}"))
    }

    /// The fault of a listing: nothing is then known of the bucket.
    pub(crate) fn fault_of_list(&self, error: &object_store::Error, answers: &Answers) -> StoreFault {
        if let object_store::Error::InvalidPath { source } = error {
            return self.setting(&format!("a key of the listing cannot be read: {source}"));
        }
        self.common(error, answers).unwrap_or_else(|answer| match answer.status {
            404 => self.no_bucket(&answer),
            403 if self.signed => self.setting(&format!(
                "{answer}: the credentials may not list it (s3:ListBucket); name its objects singly"
            )),
            403 => self.setting(&format!(
                "{answer}: it may not be listed without credentials; unset AWS_SKIP_SIGNATURE and {ASK_KEYS}"
            )),
            _ => self.unreachable(&format!("{answer} for a listing")),
        })
    }

    /// What means the same for every request; else the answer.
    fn common(&self, error: &object_store::Error, answers: &Answers) -> Result<StoreFault, Answer> {
        if find::<NoCredentials>(error).is_some() {
            return Ok(self.no_credentials());
        }
        let Last::Refused(answer) = answers.last() else {
            return Ok(match find::<HttpError>(error) {
                Some(http) => self.broken(http),
                None => self.unreachable(&format!("an answer that is none of S3 ({})", root_of(error))),
            });
        };
        let Answer { status, code, region } = &answer;
        if code == "NoSuchBucket" {
            return Ok(self.no_bucket(&answer));
        }
        if OF_REGION.contains(&code.as_str()) || matches!(status, 301 | 302 | 307 | 308) {
            return Ok(self.wrong_region(&answer, region.as_deref()));
        }
        if code == "RequestTimeTooSkewed" {
            return Ok(self.setting(&format!("{answer}: the clock of this machine is wrong")));
        }
        if OF_CREDENTIALS.contains(&code.as_str()) || *status == 401 {
            return Ok(self.setting(&format!("{answer}: the store does not accept the credentials; {ASK_KEYS}")));
        }
        if *status == 429 || *status >= 500 {
            return Ok(self.unreachable(&format!("{answer}, also when tried again")));
        }
        Err(answer)
    }

    fn setting(&self, detail: &str) -> StoreFault {
        StoreFault::new(StoreProblem::Setting, self.secrets.scrub(detail))
    }

    pub(crate) fn no_credentials(&self) -> StoreFault {
        self.setting(&format!("there are no credentials: {ASK_KEYS}"))
    }

    fn no_bucket(&self, answer: &Answer) -> StoreFault {
        let Self { bucket, endpoint, .. } = self;
        self.setting(&format!(
            "{answer}: there is no bucket \"{bucket}\" at {endpoint}; check its name, and AWS_ENDPOINT_URL or \
             storage.endpoint"
        ))
    }

    fn wrong_region(&self, answer: &Answer, named: Option<&str>) -> StoreFault {
        let Self { bucket, region, .. } = self;
        let to = named.map_or_else(String::new, |named| format!(" to {named}"));
        self.setting(&format!(
            "{answer}: bucket \"{bucket}\" is not in region {region}; set AWS_REGION or storage.region{to}"
        ))
    }

    /// A connection that could not be made, or broke.
    fn broken(&self, error: &HttpError) -> StoreFault {
        let root = root_of(error);
        if is_tls(error) {
            return self.unreachable(&format!(
                "no trusted connection ({root}); SSL_CERT_FILE names a file of certificates to trust, and AWS_ALLOW_HTTP=true \
                 is for a store without TLS"
            ));
        }
        match error.kind() {
            HttpErrorKind::Timeout => self.unreachable(&format!("no answer in time ({root})")),
            HttpErrorKind::Connect => self.unreachable(&format!("no connection ({root})")),
            _ => self.unreachable(&format!("the connection broke ({root})")),
        }
    }

    fn unreachable(&self, what: &str) -> StoreFault {
        let detail = format!(
            "{what}; the store at {} cannot be read now: check AWS_ENDPOINT_URL or storage.endpoint; the same command goes on \
             from here",
            self.endpoint
        );
        StoreFault::new(StoreProblem::Unreachable, self.secrets.scrub(&detail))
    }
}

/// The innermost error, in its own words: those around it repeat it with addresses and times.
fn root_of(error: &(dyn Error + 'static)) -> String {
    let mut at = error;
    while let Some(inner) = at.source() {
        at = inner;
    }
    at.to_string().chars().filter(|letter| !letter.is_control()).take(200).collect()
}

/// Whether the two sides could not agree on TLS.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    // What an error of the system wraps is no source of it.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.is_some_and(|inner| is_tls(inner)) || error.source().is_some_and(is_tls)
}
