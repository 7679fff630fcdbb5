//! `locvtp embed`: sentences and words in the joint space.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use locvtp_transfer::ModelIdentity;
use locvtp_transfer::locate_model;
use locvtp_transfer::{SentenceEmbedding, dot};
use locvtp_video::counted::counted;
use serde_json::json;

use crate::commands::ground::open_embedder;
use crate::embedding_file::write_embeddings;
use crate::trained_words::TrainedWords;
use crate::{Outcome, missing, output};

/// Sentences whose similarities are shown, at most: more do not fit a line.
const MOST_IN_A_TABLE: usize = 12;

/// `locvtp embed`
#[derive(Debug, ClapArgs)]
pub(crate) struct Embed {
    /// Model directory, or a run or demo folder that holds one
    #[arg(long, value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// Sentences
    #[arg(long, value_name = "SENTENCE", num_args = 1.., required_unless_present = "file")]
    pub(crate) text: Vec<String>,
    /// A file with a sentence a line
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The words too
    #[arg(long)]
    pub(crate) words: bool,
    /// Write the vectors to this file (.safetensors)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Print the vectors as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Embed) -> anyhow::Result<Outcome> {
    let mut sentences = args.text.clone();
    if let Some(path) = &args.file {
        let text = std::fs::read_to_string(path).map_err(missing::reading(path))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        sentences.extend(lines.map(str::to_owned));
    }
    if sentences.is_empty() {
        output::note("nothing found: the file has no sentences");
        return Ok(Outcome::NothingFound);
    }
    let embedder = open_embedder(&args.model)?;
    let trained = TrainedWords::read(&args.model)?;
    let all_text = sentences.join(" ");
    if let Some(unseen) = trained.unseen(&all_text).filter(|unseen| !unseen.said.is_empty()) {
        output::note(&format!("note: {}", unseen.said));
    }
    args.out.as_deref().map(output::make_folder_of).transpose()?;
    let texts: Vec<&str> = sentences.iter().map(String::as_str).collect();
    let embeddings = embedder.embed_sentences(&texts)?;
    if let Some(path) = &args.out {
        let model = ModelIdentity::of(&locate_model(&args.model))?;
        write_embeddings(path, &model, &texts, &embeddings, args.words)?;
    }
    if args.json {
        output::json(&as_json(&texts, &embeddings, args.words))?;
    } else {
        output::text(&text(&texts, &embeddings, args.words))?;
        if let Some(path) = &args.out {
            output::text(&format!("\nwritten: {}", path.display()))?;
        }
    }
    Ok(Outcome::Done)
}

fn as_json(texts: &[&str], embeddings: &[SentenceEmbedding], words: bool) -> serde_json::Value {
    let sentences = texts.iter().zip(embeddings).map(|(text, embedding)| {
        let mut value = json!({ "text": text, "sentence": embedding.sentence });
        if words {
            let word = |(token, vector)| json!({ "word": token, "vector": vector });
            let words = embedding.tokens.iter().zip(&embedding.words).map(word);
            value["words"] = words.collect();
        }
        value
    });
    json!({
        "width": embeddings.first().map_or(0, |embedding| embedding.sentence.len()),
        "sentences": sentences.collect::<Vec<_>>(),
    })
}

/// Cosines, which a person can read, and not the vectors, which nobody can.
fn text(texts: &[&str], embeddings: &[SentenceEmbedding], words: bool) -> String {
    let width = embeddings.first().map_or(0, |embedding| embedding.sentence.len());
    let mut lines = vec![format!(
        "{}, unit vectors of {} (--json prints them, --out writes them)",
        counted(texts.len(), "sentence"),
        counted(width, "number")
    )];
    if texts.len() > 1 {
        lines.push("cosine of each sentence with sentence 1, 2, ..".into());
    }
    for (i, (text, embedding)) in texts.iter().zip(embeddings).enumerate() {
        let others = embeddings.iter().take(MOST_IN_A_TABLE).filter(|_| embeddings.len() > 1);
        let cosines: String = others
            .map(|other| format!("{:7.3}", dot(&embedding.sentence, &other.sentence)))
            .collect();
        lines.push(format!("{:3} {cosines}  {text}", i + 1));
        if words {
            for (token, word) in embedding.tokens.iter().zip(&embedding.words) {
                let cosine = dot(word, &embedding.sentence);
                lines.push(format!("      {cosine:6.3} with the sentence  {token}"));
            }
        }
    }
    lines.join("\n")
}
