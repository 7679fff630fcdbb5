//! What is said: words are read in the catalogue, and no model is needed.

use std::collections::HashSet;

use locvtp_search::catalogue::{Catalogue, CueHit, FileId, FileRecord};
use locvtp_search::identity::FileNow;
use locvtp_search::scan::TrackFilter;

use crate::answer::Answer;
use crate::error::FinderError;
use crate::file_filter::ReadFilter;
use crate::hit::{Evidence, Hit};
use crate::judge::Verdict;
use crate::question::Question;
use crate::ranking::are_neighbours;

/// Cues that are found for each hit that is wanted, before neighbours are merged.
const CUES_A_HIT: usize = 10;

/// What of a question is said: [`Question::said`], or else the words of its sentence. The model of the index need not
/// be there.
///
/// # Errors
/// When it asks for nothing, has no words, or the catalogue cannot be read.
pub fn find_said(catalogue: &dyn Catalogue, question: &Question) -> Result<Answer, FinderError> {
    question.check()?;
    let files = catalogue.files()?;
    let read = question.files.read(&files)?;
    let filter = read.tracks(&files);
    let hits = said(catalogue, question, filter.as_ref(), &files)?;
    let mut answer = Answer { hits, ..Answer::unseen() };
    complete(&mut answer, question, &read, filter.as_ref(), &files);
    Ok(answer)
}

/// As many moments as are asked for, with the paths that the filter finds and how it is with the files there, how many
/// files were asked, and whether there are more moments.
pub(crate) fn complete(
    answer: &mut Answer,
    question: &Question,
    read: &ReadFilter<'_>,
    filter: Option<&TrackFilter>,
    files: &[FileRecord],
) {
    answer.is_cut_off = answer.hits.len() > question.top;
    answer.has_more |= answer.is_cut_off;
    answer.hits.truncate(question.top);
    let is_asked = |file: &&FileRecord| {
        file.track.is_some_and(|track| filter.is_none_or(|filter| filter.contains(track)))
    };
    answer.num_files = files.iter().filter(is_asked).count();
    let noted = files.iter().filter(is_asked).filter(|file| file.is_gone());
    let mut gone: HashSet<FileId> = noted.map(|file| file.id).collect();
    let file_now = match question.refine || question.reads_files {
        true => FileNow::surely,
        false => FileNow::of,
    };
    let mut touched: HashSet<FileId> = HashSet::new();
    let mut is_news = false;
    for hit in answer.hits.iter_mut().chain(&mut answer.guesses) {
        let Some(file) = files.iter().find(|file| file.id == hit.file) else { continue };
        if let Some(path) = read.shown(file) {
            hit.path = path.to_owned();
        }
        // What was noted may be of yesterday.
        let now = file_now(&hit.path, file.identity, &file.looks);
        hit.note_file(now);
        if now == FileNow::Touched {
            touched.insert(file.id);
        }
        match hit.is_missing {
            true => is_news |= gone.insert(file.id),
            false => _ = gone.remove(&file.id),
        }
    }
    if is_news {
        // Where one is gone without being noted, others are, too, as of a folder that was moved.
        gone.extend(
            files.iter().filter(is_asked).filter(|file| lies_nowhere(file)).map(|file| file.id),
        );
    }
    (answer.num_gone, answer.num_touched) = (gone.len(), touched.len());
    if answer.background.is_some() {
        let shown: HashSet<_> = answer.shown().iter().map(|hit| hit.file).collect();
        answer.num_other_files = answer.num_files.saturating_sub(shown.len());
        answer.has_more |= answer.num_other_files > 0;
    }
}

/// Whether a file lies at none of its places now. Of a folder that may not be looked into nobody knows.
pub fn lies_nowhere(file: &FileRecord) -> bool {
    file.looks.iter().all(|look| look.path.try_exists().is_ok_and(|is_there| !is_there))
}

/// Neighbouring cues are one hit, and a file has so many at most.
pub(crate) fn said(
    catalogue: &dyn Catalogue,
    question: &Question,
    filter: Option<&TrackFilter>,
    files: &[FileRecord],
) -> Result<Vec<Hit>, FinderError> {
    let Some(text) = question.words_said() else { return Ok(Vec::new()) };
    let found = catalogue.find_cues(&text, filter, CUES_A_HIT * question.top)?;
    let mut hits: Vec<Hit> = Vec::new();
    for CueHit { track, cue, score, .. } in found {
        let Some(file) = files.iter().find(|file| file.track == Some(track)) else { continue };
        let of_file = hits.iter_mut().filter(|hit| hit.file == file.id);
        let mut num_of_file = 0;
        let mut joined = false;
        for hit in of_file {
            num_of_file += 1;
            let Evidence::Said { text, source, .. } = &mut hit.evidence else { continue };
            if *source == cue.source && are_neighbours(&hit.span, &cue.span) {
                let is_before = cue.span.start < hit.span.start;
                *text = match is_before {
                    true => format!("{} {text}", cue.text),
                    false => format!("{text} {}", cue.text),
                };
                hit.span.start = hit.span.start.min(cue.span.start);
                hit.span.end = hit.span.end.max(cue.span.end);
                joined = true;
                break;
            }
        }
        if !joined && num_of_file < question.per_file {
            let (text, language, source) = (cue.text, cue.language, cue.source);
            let evidence = Evidence::Said { text, language, source };
            hits.push(Hit::of(file, cue.span, score, None, Verdict::Unknown, evidence));
        }
    }
    Ok(hits)
}
