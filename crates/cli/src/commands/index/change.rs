//! What `locvtp index add` is about to change of an index, said before it begins.

use locvtp_model::Preprocessing;
use locvtp_search::catalogue::{
    Catalogue, FileRecord, FileState, GenerationRecord, GenerationState, JobState, ModelRecord,
};
use locvtp_video::Seconds;
use locvtp_video::counted::counted;

use crate::output;
use crate::pace::duration;

/// A clip every so many seconds is few for any search.
const FEW_S: f64 = 10.0;

/// Says what becomes of the index there is: made anew, with what that costs, or only its model found elsewhere.
pub(crate) fn tell(
    model: &ModelRecord,
    catalogue: &dyn Catalogue,
    index: Option<&GenerationRecord>,
) -> anyhow::Result<()> {
    if let Some(given_up) = given_up(model, &catalogue.generations()?) {
        output::note(&given_up);
    }
    let Some(index) = index.filter(|index| index.num_files > 0) else { return Ok(()) };
    // Of a damaged record it is not known which model it was: the catalogue compares it with the vectors.
    if index.model.is_unknown() || model.fingerprint() == index.model.fingerprint() {
        if model.name != index.model.name {
            output::note(&format!("note: the index now takes its model from {}", model.name));
        }
        return Ok(());
    }
    let files = catalogue.files()?;
    let indexed = files.iter().filter(|file| file.state != FileState::Bad);
    let (there, gone): (Vec<&FileRecord>, Vec<&FileRecord>) =
        indexed.partition(|file| file.looks.iter().any(|look| look.path.exists()));
    let playing_s: f64 = there.iter().map(|file| file.duration.0).sum();
    let done = catalogue.jobs()?.into_iter().find(|job| job.state == JobState::Done);
    let at_that_rate = done
        .and_then(|job| job.progress.rate())
        .map(|rate| format!(", at the rate of the last time some {}", duration(playing_s / rate)));
    let encoded = match there.len() {
        0 => "none of its files is there to be encoded anew".to_owned(),
        num_files => format!(
            "all {} ({} of video) are encoded anew{}",
            counted(num_files, "file"),
            duration(playing_s),
            at_that_rate.unwrap_or_default()
        ),
    };
    let before = match gone.len() {
        0 => "The index there is answers until that is done, and goes then; Ctrl-C keeps it"
            .to_owned(),
        num_gone => format!(
            "Gone, and in the index there is: {}. So that one stays until they are back and encoded, too, or \
             `locvtp index remove` takes them out",
            counted(num_gone, "file")
        ),
    };
    let differs = what_differs(&index.model, model);
    output::note(&format!("note: {differs}: {encoded}. {before}"));
    Ok(())
}

/// That an index of yet another model, which was begun and is not whole, goes for this one; none where none does.
fn given_up(model: &ModelRecord, generations: &[GenerationRecord]) -> Option<String> {
    let fingerprint = model.fingerprint();
    // An index of this model is gone on with, and then the others stay.
    if generations.iter().any(|it| it.model.fingerprint() == fingerprint) {
        return None;
    }
    let is_begun = |it: &&GenerationRecord| it.state == GenerationState::Building;
    let begun = generations.iter().find(is_begun).filter(|it| it.num_files > 0)?;
    Some(format!(
        "note: an index of {} was begun, with {}; it is discarded, as only one is made at a time beside the one that \
         answers",
        begun.model.name,
        counted(begun.num_files as usize, "file")
    ))
}

fn what_differs(before: &ModelRecord, now: &ModelRecord) -> String {
    match before.hash == now.hash && before.preprocessing == now.preprocessing {
        true => "other clips than in the index".to_owned(),
        false => format!("another model than that of the index, {}", before.name),
    }
}

/// What a stride leaves out that no search will see; none where clips follow one another closely.
pub(crate) fn gaps(stride_s: Option<f64>, preprocessing: &Preprocessing) -> Option<String> {
    let stride_s = stride_s?;
    let gap_s = stride_s - preprocessing.clip_duration_s;
    let is_wide = match preprocessing.clip_duration_s > 0.0 {
        true => gap_s > 1e-6,
        false => stride_s > FEW_S,
    };
    is_wide.then(|| {
        format!(
            "note: --stride {stride_s} leaves {} between one clip and the next, of which no search sees anything",
            Seconds(gap_s)
        )
    })
}

#[cfg(test)]
mod tests {
    use locvtp_search::catalogue::GenerationId;

    use super::*;

    #[test]
    fn an_index_that_was_begun_is_told_of_before_a_third_model_takes_its_place() {
        let model = |name: &str, hash| ModelRecord {
            name: name.into(),
            hash,
            preprocessing: "p".into(),
            sampling: "s".into(),
            width: 2,
        };
        let made = |id, name, hash, state, num_files| GenerationRecord {
            id: GenerationId(id),
            model: model(name, hash),
            state,
            num_files,
        };
        let live = made(1, "first", 1, GenerationState::Live, 6);
        let begun = made(2, "second", 2, GenerationState::Building, 4);
        let both = [live.clone(), begun.clone()];
        let said = given_up(&model("third", 3), &both).unwrap();
        assert!(
            said.contains("index of second was begun, with 4 files; it is discarded"),
            "{said}"
        );
        // It goes on, or the live one does, and what was begun stays.
        assert_eq!(given_up(&begun.model, &both), None);
        assert_eq!(given_up(&live.model, &both), None);
        assert_eq!(given_up(&model("third", 3), &[live]), None);
        let empty = [GenerationRecord { num_files: 0, ..begun }];
        assert_eq!(given_up(&model("third", 3), &empty), None);
    }

    #[test]
    fn a_stride_longer_than_a_clip_leaves_gaps() {
        let clips = Preprocessing { clip_duration_s: 1.5, ..Preprocessing::default() };
        let frames = Preprocessing { num_frames: 1, clip_duration_s: 0.0, ..clips.clone() };
        let told = |stride, preprocessing| gaps(stride, preprocessing).is_some();
        assert!(told(Some(100.0), &clips) && told(Some(1.6), &clips) && told(Some(60.0), &frames));
        assert!(!told(Some(1.5), &clips) && !told(None, &clips) && !told(Some(2.0), &frames));
        let said = gaps(Some(100.0), &clips).unwrap();
        assert!(said.contains("--stride 100 leaves 98.5"), "{said}");
    }
}
