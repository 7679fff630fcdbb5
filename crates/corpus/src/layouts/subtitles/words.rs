//! What a file with words holds, whatever its format.

use crate::drop_reason::DropReason;
use crate::language::Language;
use crate::source_caption::SourceCaption;

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Words {
    pub(crate) captions: Vec<Result<SourceCaption, DropReason>>,
    /// Whether its times are those of words.
    pub(crate) has_word_times: bool,
    /// Where the file itself tells it.
    pub(crate) language: Option<Language>,
    /// Whether its times were found to be milliseconds.
    pub(crate) in_milliseconds: bool,
}
