//! In place of `storage` where the feature `remote` is off: no server can be opened.

use std::fs::File;
use std::ops::Range;

use locvtp_video::address::without_passwords;

use super::settings::ShardSettings;
use crate::error::CorpusError;

/// A server or bucket; there is none.
#[derive(Debug)]
pub(crate) enum Storage {}

/// An object as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ObjectState {
    pub(crate) bytes: u64,
    /// Another number when the object may be another.
    pub(crate) version: u64,
}

impl Storage {
    /// # Errors
    /// [`CorpusError::NoRemote`], always.
    pub(crate) fn open(address: &str, _: &ShardSettings) -> Result<Self, CorpusError> {
        Err(CorpusError::NoRemote { address: without_passwords(address).into_owned() })
    }

    /// # Errors
    /// [`CorpusError::NoRemote`], always.
    pub(crate) fn split(address: &str) -> Result<(String, String), CorpusError> {
        Err(CorpusError::NoRemote { address: without_passwords(address).into_owned() })
    }

    pub(crate) fn address(&self, _: &str) -> String {
        match *self {}
    }

    pub(crate) fn lists(&self) -> bool {
        match *self {}
    }

    pub(crate) fn list(&self, _: &str) -> Result<Vec<String>, CorpusError> {
        match *self {}
    }

    pub(crate) fn state(&self, _: &str) -> Result<ObjectState, CorpusError> {
        match *self {}
    }

    pub(crate) fn read(&self, _: &str, _: u64) -> Result<Option<Vec<u8>>, CorpusError> {
        match *self {}
    }

    pub(crate) fn read_range(
        &self,
        _: &str,
        _: Range<u64>,
        _: u64,
    ) -> Result<Vec<u8>, CorpusError> {
        match *self {}
    }

    pub(crate) fn download(
        &self,
        _: &str,
        _: Option<Range<u64>>,
        _: u64,
        _: &mut File,
    ) -> Result<(), CorpusError> {
        match *self {}
    }
}
