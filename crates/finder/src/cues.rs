//! What is said in a video, from the files beside it.

use std::path::Path;

use locvtp_corpus::subtitles_beside;
use locvtp_search::catalogue::Cue;
use locvtp_video::Seconds;
use locvtp_video::causes::with_causes;

/// The cues of a video that plays for `duration`, and what is wrong with files that should have some.
pub(crate) fn cues_of(video: &Path, duration: Seconds) -> (Vec<Cue>, Vec<String>) {
    let (mut cues, mut notes) = (Vec::new(), Vec::new());
    for file in subtitles_beside(video, Some(duration.0)) {
        match file {
            Ok(file) => {
                let source = file.path.file_name().unwrap_or_default().to_string_lossy();
                let language = file.language.map(|language| language.tag());
                cues.extend(file.captions.into_iter().map(|caption| Cue {
                    span: caption.span,
                    text: caption.text,
                    language: language.clone(),
                    source: source.clone().into_owned(),
                }));
            }
            Err(error) => notes.push(with_causes(&error)),
        }
    }
    (cues, notes)
}
