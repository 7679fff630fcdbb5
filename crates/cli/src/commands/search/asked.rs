//! A question with its answer.

use locvtp_finder::{Alike, Answer, Question};

use crate::clock::clock;

/// What was asked, and what the index answers.
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) answer: Answer,
    /// Whether the model knows a word of the sentence; where not, nothing was looked for in the pictures.
    pub(super) knows_words: bool,
    /// Words that its training never showed, where that is known.
    pub(super) unseen_words: Option<Vec<String>>,
    /// What a person should know besides, a line each: of the index and of the answer.
    pub(super) notes: Vec<String>,
    /// The same, of the words of the sentence, which is told while the question is asked.
    pub(super) word_notes: Vec<String>,
}

/// All that is asked for, one part after another.
pub(super) fn asked_for(question: &Question) -> Vec<String> {
    let sentence = question.sentence.as_ref().map(|sentence| sentence.typed());
    let name = |path: &std::path::Path| {
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    };
    let alike = question.alike.as_ref().map(|alike| match alike {
        Alike::Picture(picture) => format!("like {}", name(picture.path())),
        Alike::Moment { path, at } => format!("like {}@{}", name(path), clock(at.0)),
    });
    let said = question.said.as_ref().map(|said| format!("said: {said}"));
    [sentence, alike, said].into_iter().flatten().collect()
}
