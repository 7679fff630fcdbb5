//! `{"database": {"<video>": {..}, ..}}`, the form that COIN and YouCook2 share: an object a video,
//! beside keys that tell nothing here.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::intake::{Intake, SourceVideo};
use crate::json_cell;
use crate::json_stream::JsonStream;

/// Hands every video of the file to the intake; `video` makes it from its id and entry. What is no
/// such entry is dropped and counted. `expected` says in errors what should stand in the file.
pub(crate) fn read<Entry: DeserializeOwned>(
    path: &Path,
    expected: &'static str,
    intake: &mut Intake<'_>,
    video: impl Fn(String, Entry) -> SourceVideo,
) -> Result<(), CorpusError> {
    let mut stream = JsonStream::open(path, expected)?;
    stream.enter_object()?;
    while let Some(key) = stream.next_key()? {
        if key != "database" {
            stream.skip_value()?;
            continue;
        }
        stream.enter_object()?;
        while let Some(id) = stream.next_key()? {
            match json_cell::from_slice(&stream.value()?) {
                Ok(entry) => intake.video(video(id, entry)),
                Err(_) => intake.drop_one(DropReason::NotUnderstood, &id, None),
            }
        }
    }
    stream.finish()
}
