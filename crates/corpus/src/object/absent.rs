//! What stands for objects in a build without them.

use std::convert::Infallible;
use std::ops::Range;

use bytes::Bytes;

use super::Listed;
use crate::error::{StoreFault, StoreProblem};
use crate::file::Opened;
use crate::location::ObjectUrl;
use crate::options::Storage;

/// No object is ever open.
pub(crate) struct Ranges(Infallible);

impl Ranges {
    pub(crate) fn again(&self) -> Self {
        match self.0 {}
    }

    pub(crate) fn len(&self) -> u64 {
        match self.0 {}
    }

    pub(crate) fn content(&self) -> Option<String> {
        match self.0 {}
    }

    pub(crate) fn expect(&self, _: &[Range<u64>]) {
        match self.0 {}
    }

    pub(crate) fn piece(&self, _: u64, _: u64) -> Result<Bytes, StoreFault> {
        match self.0 {}
    }

    pub(crate) fn read(&self, _: u64, _: u64) -> Result<Bytes, StoreFault> {
        match self.0 {}
    }
}

fn absent() -> StoreFault {
    StoreFault::new(
        StoreProblem::Setting,
        "this build reads no object stores; CORPUSGATE_FEATURES=s3 npm run build makes one that does",
    )
}

pub(crate) fn open(_: &ObjectUrl, _: &Storage) -> Result<Opened, StoreFault> {
    Err(absent())
}

pub(crate) fn list(_: &ObjectUrl, _: bool, _: &Storage) -> Result<Vec<Listed>, StoreFault> {
    Err(absent())
}
