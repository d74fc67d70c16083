//! [`Location`]: where the bytes of a file are, on the disk or in an object store.

use std::fmt;
use std::path::{Path, PathBuf};

/// Longest key of an object, in bytes: the limit of S3.
const MAX_KEY_BYTES: usize = 1024;

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// On the disk.
    File(PathBuf),
    /// In a bucket.
    Object(ObjectUrl),
}

impl Location {
    /// Reads a path, or a URL `s3://bucket/key`.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL: another scheme, a bucket or a key that cannot be one.
    pub fn parse(text: &str) -> Result<Self, String> {
        if scheme(text).is_none() {
            return Ok(Self::File(text.into()));
        }
        let url = ObjectUrl::parse(text)?;
        if url.key.is_empty() || url.key.ends_with('/') {
            return Err(format!("{url} names no object: a key is missing behind the last /"));
        }
        Ok(Self::Object(url))
    }

    /// The path, or the URL as one: for messages.
    pub(crate) fn to_path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Object(url) => url.to_string().into(),
        }
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.to_path_buf())
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

/// The scheme of a URL; `None` for a path. One letter would be a drive.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let mut letters = scheme.bytes();
    let is_scheme = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    (is_scheme && scheme.len() > 1).then_some(scheme)
}

/// `s3://bucket/key`. The key is the object's own, character by character: nothing of it is escaped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectUrl {
    bucket: String,
    key: String,
}

impl ObjectUrl {
    /// Reads a URL whose key may also be empty or end in `/`, as the prefix of a listing does.
    ///
    /// # Errors
    ///
    /// What is wrong with it. No message repeats what stands before an `@`, which may be a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scheme = scheme(text).ok_or_else(|| format!("{text} is not a URL such as s3://bucket/key"))?;
        let rest = &text[scheme.len() + 3..];
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        // A secret may hold a / itself.
        if bucket.contains('@') || (bucket.contains(':') && rest.contains('@')) {
            return Err(format!(
                "{scheme}://…@…: a URL holds no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ));
        }
        if !scheme.eq_ignore_ascii_case("s3") {
            return Err(format!("{text}: scheme \"{scheme}\" is not read; s3://bucket/key is"));
        }
        if bucket.contains(':') {
            return Err(format!(
                "{text}: \"{bucket}\" is not a bucket; the address of a store is set with AWS_ENDPOINT_URL or \
                 storage.endpoint"
            ));
        }
        let is_bucket = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
            && bucket.as_bytes()[0].is_ascii_alphanumeric();
        if !is_bucket {
            return Err(format!("{text}: \"{bucket}\" is not a bucket: 3 to 63 of letters, digits and . - _"));
        }
        let wrong = |what: &str| Err(format!("{text}: the key \"{key}\" cannot be read: {what}"));
        if key.len() > MAX_KEY_BYTES {
            return wrong(&format!("it has {} bytes; the limit is {MAX_KEY_BYTES}", key.len()));
        }
        if key.chars().any(|letter| letter.is_ascii_control()) {
            return wrong("it holds a control character");
        }
        let segments = key.strip_suffix('/').unwrap_or(key);
        if !key.is_empty() && segments.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return wrong("a part between two / is empty, \".\" or \"..\"");
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key, or the prefix of keys.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for ObjectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> (String, String) {
        match Location::parse(text) {
            Ok(Location::Object(url)) => (url.bucket, url.key),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn paths_are_paths() {
        for path in ["a.jsonl", "/data/a.jsonl", "C://a", "a:b/c", "s3:/b/k", "://a", "1x://a", "./s3://b/k", ""] {
            assert_eq!(Location::parse(path), Ok(Location::File(path.into())), "{path}");
        }
    }

    #[test]
    fn urls_are_read_as_they_are_written() {
        for (text, bucket, key) in [
            ("s3://bucket/a.parquet", "bucket", "a.parquet"),
            ("S3://my.bucket-1/x/y/中文 名.jsonl.zst", "my.bucket-1", "x/y/中文 名.jsonl.zst"),
            ("s3://bucket/a%20b+c?d#e&f=g", "bucket", "a%20b+c?d#e&f=g"),
            ("s3://bucket/odd [1]{2}!(3).jsonl", "bucket", "odd [1]{2}!(3).jsonl"),
            ("s3://bucket/a@b:c", "bucket", "a@b:c"),
            ("s3://bucket/...", "bucket", "..."),
        ] {
            assert_eq!(object(text), (bucket.to_owned(), key.to_owned()));
        }
        assert_eq!(Location::parse("S3://bucket/k").unwrap().to_path(), PathBuf::from("s3://bucket/k"));
    }

    #[test]
    fn prefixes_end_in_a_slash() {
        for (text, key) in [("s3://bucket", ""), ("s3://bucket/", ""), ("s3://bucket/x/", "x/"), ("s3://bucket/x", "x")]
        {
            assert_eq!(ObjectUrl::parse(text).unwrap().key(), key, "{text}");
        }
        for text in ["s3://bucket", "s3://bucket/", "s3://bucket/x/"] {
            assert!(Location::parse(text).unwrap_err().contains("names no object"), "{text}");
        }
    }

    #[test]
    fn wrong_urls_are_refused_with_a_reason() {
        let long = format!("s3://bucket/{}", "k".repeat(1025));
        for (text, says) in [
            ("gs://bucket/key", "scheme \"gs\" is not read"),
            ("https://example.org/a.jsonl", "scheme \"https\" is not read"),
            ("s3://", "\"\" is not a bucket"),
            ("s3:///key", "\"\" is not a bucket"),
            ("s3://ab/key", "\"ab\" is not a bucket"),
            ("s3://-ab/key", "\"-ab\" is not a bucket"),
            ("s3://buck et/key", "is not a bucket"),
            ("s3://*/key", "is not a bucket"),
            ("s3://localhost:9000/bucket/key", "the address of a store is set with AWS_ENDPOINT_URL"),
            ("s3://bucket//key", "is empty"),
            ("s3://bucket/a//b", "is empty"),
            ("s3://bucket/a/../b", "\"..\""),
            ("s3://bucket/./b", "\".\""),
            ("s3://bucket/a\nb", "control character"),
            (&long, "it has 1025 bytes; the limit is 1024"),
        ] {
            let error = Location::parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_refused_and_not_repeated() {
        for text in [
            "s3://AKIA123:hush@bucket/key",
            "s3://AKIA123:hu/sh@bucket/key",
            "https://AKIA123:hush@bucket/key",
            "s3://hush@bucket",
        ] {
            let error = Location::parse(text).unwrap_err();
            assert!(error.contains("a URL holds no credentials"), "{error}");
            assert!(!error.contains("hu") && !error.contains("AKIA"), "{error}");
        }
    }
}
