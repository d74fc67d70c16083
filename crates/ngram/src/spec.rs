//! What a model and an engine must agree on before a text is turned into ids.

use std::fmt;

use serde::{Deserialize, Serialize};

const VERSION: u32 = 1;
const MIN_BUCKETS: u32 = 1 << 8;
const MAX_BUCKETS: u32 = 1 << 20;
const MIN_WINDOW_CHARS: u32 = 16;
const MAX_WINDOW_CHARS: u32 = 4096;

/// How text becomes feature ids: part of a model, kept in its `corpusgate.yaml`, so that a model and an engine that
/// disagree can't meet.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeatureSpec {
    /// Number of the definition of symbols, features and hash; this engine knows version 1.
    pub version: u32,
    /// How many ids there are, 1 to `buckets`; 0 is padding. A power of two, 2^8 to 2^20.
    pub buckets: u32,
    /// Length of a window in symbols (folded characters), 16 to 4,096.
    pub window_chars: u32,
}

impl FeatureSpec {
    /// The most ids that one window can have.
    pub fn max_ids(&self) -> usize {
        // A word of one letter costs two ids, its own and that of its pair; all else costs less per symbol.
        2 * self.window_chars as usize
    }

    /// Checks the version and both limits.
    ///
    /// # Errors
    ///
    /// [`FeatureError`] with the value that this engine can't serve.
    pub fn validate(&self) -> Result<(), FeatureError> {
        if self.version != VERSION {
            return Err(FeatureError::Version(self.version));
        }
        if !self.buckets.is_power_of_two() || !(MIN_BUCKETS..=MAX_BUCKETS).contains(&self.buckets) {
            return Err(FeatureError::Buckets(self.buckets));
        }
        if !(MIN_WINDOW_CHARS..=MAX_WINDOW_CHARS).contains(&self.window_chars) {
            return Err(FeatureError::WindowChars(self.window_chars));
        }
        Ok(())
    }
}

/// Why a [`FeatureSpec`] can't be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeatureError {
    /// The features are of a definition that this engine doesn't know.
    Version(u32),
    /// The number of buckets is no power of two, or outside the limits.
    Buckets(u32),
    /// The window is outside the limits.
    WindowChars(u32),
}

impl fmt::Display for FeatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(found) => write!(f, "features are of version {found}; this engine knows version {VERSION}"),
            Self::Buckets(found) => {
                write!(f, "{found} buckets; a power of two from {MIN_BUCKETS} to {MAX_BUCKETS} is needed")
            }
            Self::WindowChars(found) => {
                write!(f, "a window of {found} characters; the limits are {MIN_WINDOW_CHARS} and {MAX_WINDOW_CHARS}")
            }
        }
    }
}

impl std::error::Error for FeatureError {}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: FeatureSpec = FeatureSpec { version: 1, buckets: 1 << 18, window_chars: 512 };

    #[test]
    fn limits_are_inclusive() {
        for (spec, expected) in [
            (GOOD, Ok(())),
            (FeatureSpec { buckets: 1 << 8, window_chars: 16, ..GOOD }, Ok(())),
            (FeatureSpec { buckets: 1 << 20, window_chars: 4096, ..GOOD }, Ok(())),
            (FeatureSpec { version: 0, ..GOOD }, Err(FeatureError::Version(0))),
            (FeatureSpec { version: 2, ..GOOD }, Err(FeatureError::Version(2))),
            (FeatureSpec { buckets: 0, ..GOOD }, Err(FeatureError::Buckets(0))),
            (FeatureSpec { buckets: 1 << 7, ..GOOD }, Err(FeatureError::Buckets(1 << 7))),
            (FeatureSpec { buckets: 1000, ..GOOD }, Err(FeatureError::Buckets(1000))),
            (FeatureSpec { buckets: 1 << 21, ..GOOD }, Err(FeatureError::Buckets(1 << 21))),
            (FeatureSpec { window_chars: 15, ..GOOD }, Err(FeatureError::WindowChars(15))),
            (FeatureSpec { window_chars: 4097, ..GOOD }, Err(FeatureError::WindowChars(4097))),
        ] {
            assert_eq!(spec.validate(), expected, "{spec:?}");
        }
    }

    #[test]
    fn an_error_names_the_value_and_the_limit() {
        assert_eq!(FeatureError::Version(2).to_string(), "features are of version 2; this engine knows version 1");
        assert_eq!(
            FeatureError::Buckets(1000).to_string(),
            "1000 buckets; a power of two from 256 to 1048576 is needed"
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        let parse = |json| serde_json::from_str::<FeatureSpec>(json);
        assert_eq!(parse(r#"{"version":1,"buckets":262144,"windowChars":512}"#).expect("complete"), GOOD);
        assert!(parse(r#"{"version":1,"buckets":262144,"windowChars":512,"seed":7}"#).is_err());
        assert!(parse(r#"{"version":1,"buckets":262144}"#).is_err());
    }
}
