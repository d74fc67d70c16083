//! What a store answered last to a request: `object_store` tries again by itself and gives an error in the end whose type
//! is its own affair. A request carries an [`Answers`] along; the transport notes there what came.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};

/// The answer to a refused request is looked at up to here; S3's take some hundred bytes.
const MAX_BODY_BYTES: usize = 64 << 10;

/// A refusal: its status, and S3's name for it where the answer had one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) code: String,
    /// The region that the answer names.
    pub(crate) region: Option<String>,
}

impl Answer {
    fn of(status: u16, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(body);
        let code = element(&body, "Code").unwrap_or_default();
        Self { status, code, region: element(&body, "Region") }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if self.code.is_empty() { Ok(()) } else { write!(f, " ({})", self.code) }
    }
}

/// The text of an element of an answer, if it is a plain word: nothing else of an answer is passed on.
fn element(body: &str, name: &str) -> Option<String> {
    let (_, behind) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = behind.split_once(&format!("</{name}>"))?;
    let is_word = !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    is_word.then(|| text.to_owned())
}

/// How the last attempt of a request went, as far as its headers told.
#[derive(Clone, Debug, Default)]
pub(crate) enum Last {
    /// No answer came.
    #[default]
    Silence,
    Granted,
    Refused(Answer),
}

/// Where the last answer to a request is noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(Arc<Mutex<Last>>);

impl Answers {
    pub(crate) fn last(&self) -> Last {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, last: Last) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }
}

/// Connects as `object_store` does by itself, and notes answers.
#[derive(Debug)]
pub(crate) struct Noting;

impl HttpConnector for Noting {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Noted(ReqwestConnector::default().connect(options)?)))
    }
}

#[derive(Debug)]
struct Noted(HttpClient);

#[async_trait]
impl HttpService for Noted {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answers = request.extensions().get::<Answers>().cloned().unwrap_or_default();
        answers.note(Last::Silence);
        let response = self.0.execute(request).await?;
        if response.status().is_success() {
            answers.note(Last::Granted);
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let mut stream = body.bytes_stream();
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await {
            // A refusal that breaks off is one all the same.
            let Ok(piece) = piece else { break };
            bytes.extend_from_slice(&piece[..piece.len().min(MAX_BODY_BYTES - bytes.len())]);
            if bytes.len() == MAX_BODY_BYTES {
                break;
            }
        }
        answers.note(Last::Refused(Answer::of(parts.status.as_u16(), &bytes)));
        // As text, which is how it is read above.
        Ok(HttpResponse::from_parts(parts, String::from_utf8_lossy(&bytes).into_owned().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_of_an_answer_are_kept() {
        let body = b"<?xml?><Error><Code>SignatureDoesNotMatch</Code><Message>AKIA</Message><Region>eu-west-1</Region>\
                     <CanonicalRequest>x-amz-security-token:hush</CanonicalRequest></Error>";
        let answer = Answer::of(403, body);
        let (code, region) = ("SignatureDoesNotMatch".to_owned(), Some("eu-west-1".to_owned()));
        assert_eq!(answer, Answer { status: 403, code, region });
        assert_eq!(answer.to_string(), "HTTP 403 (SignatureDoesNotMatch)");
        for body in ["", "<Code></Code>", "<Code>two words</Code>", "<Code>\u{1b}[31m</Code>", "<Code>cut", "\u{ff}"] {
            assert_eq!(Answer::of(500, body.as_bytes()).to_string(), "HTTP 500", "{body}");
        }
        assert_eq!(Answer::of(500, format!("<Code>{}</Code>", "x".repeat(65)).as_bytes()).code, "");
    }
}
