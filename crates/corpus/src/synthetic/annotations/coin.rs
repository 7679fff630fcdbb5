//! COIN: `COIN.json` and the sheet of its taxonomy that lists the steps.
//!
//! A class is a colour with an action ("a red one moves left"), whatever the shape. So a class needs
//! both what one frame shows and what only several do; every class is shown in training even where
//! the combination with its shape is held out; and colour is what features know first, so that what
//! tells models apart is the action. Events tile a video, so background is made as COIN has it, of what
//! happens but is no step: the last fifth of the actions in use.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use locvtp_video::Seconds;
use serde::Serialize;

use super::annotated_video::{AnnotatedVideo, Part};
use super::files::{json_file, text_file};
use crate::error::CorpusError;
use crate::synthetic::truth::TrueEvent;
use crate::synthetic::vocabulary::Vocabulary;

/// The one task that all steps belong to, and the class of every video.
const TASK: &str = "MovingShapes";

#[derive(Serialize)]
struct File<'a> {
    database: BTreeMap<&'a str, Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    duration: Seconds,
    class: &'static str,
    video_url: String,
    start: f64,
    end: Seconds,
    subset: &'static str,
    recipe_type: u32,
    annotation: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    /// COIN's numbers are strings.
    id: String,
    segment: [Seconds; 2],
    label: &'a str,
}

/// The classes by number, from 1.
struct Classes {
    num_actions: usize,
    labels: Vec<String>,
}

impl Classes {
    fn new(vocabulary: &Vocabulary) -> Self {
        let num_actions = vocabulary.actions.len() - vocabulary.actions.len() / 5;
        let actions = &vocabulary.actions[..num_actions];
        let labels = vocabulary.colours.iter().flat_map(|colour| {
            actions.iter().map(move |action| {
                // The words that narration has for a thing whose shape it does not say.
                let article =
                    if colour.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
                format!("{article} {colour} one {}", action.fragment)
            })
        });
        Self { num_actions, labels: labels.collect() }
    }

    /// The event's class, with its number; none for background.
    fn of(&self, event: &TrueEvent) -> Option<(usize, &str)> {
        let index = event.colour * self.num_actions + event.action;
        (event.action < self.num_actions).then(|| (index + 1, self.labels[index].as_str()))
    }
}

pub(super) fn write(
    folder: &Path,
    vocabulary: &Vocabulary,
    videos: &[AnnotatedVideo<'_>],
) -> Result<(), CorpusError> {
    let classes = Classes::new(vocabulary);
    for test in [Part::TestSeen, Part::TestNew] {
        let subset = |part| match part {
            Part::Train | Part::Val => Some("training"),
            part => (part == test).then_some("testing"),
        };
        let entries =
            videos.iter().filter_map(|video| Some(entry(video, subset(video.part)?, &classes)));
        let name = test.name().replace("test", "COIN");
        json_file(&folder.join(name + ".json"), &File { database: entries.collect() })?;
    }
    text_file(&folder.join("taxonomy.csv"), |file| {
        writeln!(file, "Target Id,Target Label,Action Id,Action Label")?;
        for (index, label) in classes.labels.iter().enumerate() {
            writeln!(file, "0,{TASK},{},{label}", index + 1)?;
        }
        Ok(())
    })
}

fn entry<'a>(
    video: &AnnotatedVideo<'a>,
    subset: &'static str,
    classes: &'a Classes,
) -> (&'a str, Entry<'a>) {
    let truth = video.truth;
    let step = |event: &TrueEvent| {
        let (number, label) = classes.of(event)?;
        let segment = [event.span.start, event.span.end];
        Some(Step { id: number.to_string(), segment, label })
    };
    let entry = Entry {
        duration: truth.duration,
        class: TASK,
        video_url: video.file(),
        start: 0.0,
        end: truth.duration,
        subset,
        recipe_type: 0,
        annotation: truth.events.iter().filter_map(step).collect(),
    };
    (truth.id.as_str(), entry)
}
