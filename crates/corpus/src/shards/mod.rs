//! Corpora in tar shards, as WebDataset and video2dataset write them: `00000.tar` with
//! `000000000.mp4`, `000000000.json` and `000000000.txt`, and so on.
//!
//! | module | idea |
//! |---|---|
//! | `address`, `listing` | folders, patterns, lists and addresses; `shards.json` |
//! | `members` | single videos by name, for lists of spans |
//! | `scan`, `record` | which samples a tar holds; what a sample's JSON says |
//! | `index` | the same, written down beside the shard |
//! | `wary_client` | what is not taken from a server: redirects, slowness, pages without end |
//! | `object_stores`, `storage_error` | the clients of servers and S3; what they say when they fail |
//! | `storage`, `cache`, `shard`, `opening` | bytes from servers and S3 (feature `remote`), kept within a bound |
//! | [`pack`] | any corpus into shards |
//!
//! Reading a corpus reads the index of each shard, or else its headers and texts; a video's bytes
//! are read where they lie when a step wants them, or fetched by the loader's threads, which are
//! ahead of the encoder; the videos of a batch are fetched at once. The videos are sorted by id as
//! those of any corpus, so a run sees the same batches from loose files, from shards on disk, and
//! from shards on a server.

mod address;
mod cache;
mod caption_record;
mod foreign_subtitles;
mod index;
mod listing;
mod members;
#[cfg(feature = "remote")]
mod object_stores;
mod opening;
pub(crate) mod pack;
mod record;
mod scan;
pub(crate) mod settings;
mod shard;
#[cfg(feature = "remote")]
mod storage;
#[cfg(not(feature = "remote"))]
#[path = "no_storage.rs"]
mod storage;
#[cfg(feature = "remote")]
mod storage_error;
#[cfg(feature = "remote")]
mod wary_client;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use locvtp_video::MediaLocation;

use self::address::{ends_with_tar, is_list};
use self::listing::LIST_FILE;
use self::opening::opened;
use self::record::SampleRecord;
use self::scan::{Contents, Sample};
use self::shard::{Fetcher, Shard, ShardMember};
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo};
use crate::language::Language;
use crate::language_choice::{self, LanguageChoice, Offer};
use crate::layouts::layout_reader::LayoutReader;
use locvtp_video::counted::counted;

pub(crate) use address::{is_address, is_remote};
pub(crate) use index::is_index;
pub(crate) use listing::is_in;
pub(crate) use members::find as find_members;
pub use settings::{Fetch, ShardSettings};

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader = LayoutReader {
    names_its_files: true,
    ..LayoutReader::new(
        "shards",
        "Tar files of videos with captions, as `corpus pack`, WebDataset and video2dataset write them",
        is_recognised,
        read,
    )
};

/// By the name of a tar, or of the list that packing writes; by the lines of a list.
fn is_recognised(path: &Path, glance: &Glance) -> bool {
    match glance {
        Glance::Text(text) => is_list(text),
        _ => {
            path.file_name().is_some_and(|name| name == LIST_FILE)
                || ends_with_tar(&path.to_string_lossy())
        }
    }
}

/// Reads the shards at a path, pattern or address.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let settings = intake.shards().clone();
    settings.check()?;
    let places = listing::find(path, &settings)?;
    let mut taking =
        Taking { path, intake, seen: HashSet::new(), held: Vec::new(), told: Told::default() };
    opened(&places, &Arc::new(Fetcher::new(&settings)?), |shard, number, contents| {
        taking.shard(shard, number, contents);
    })?;
    taking.finish()
}

/// A path as a shell takes it.
fn shell_quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if path.chars().all(is_plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

/// Hands the samples of shards to the intake.
struct Taking<'a, 'i> {
    path: &'a Path,
    intake: &'a mut Intake<'i>,
    /// Names of the shards so far.
    seen: HashSet<String>,
    /// Samples with subtitles, but not in the language that is looked for first: which one is taken
    /// is known when all have been seen.
    held: Vec<Placed>,
    told: Told,
}

/// A sample, and where it is.
struct Placed {
    shard: Arc<Shard>,
    /// The shard's place among all.
    number: u32,
    /// Whether the same shard was read before.
    is_again: bool,
    sample: Sample,
}

/// What a person should know of how shards were read.
#[derive(Default)]
struct Told {
    /// Whether subtitles were there in the language that is looked for first.
    in_language: bool,
    /// Samples whose key stood in another shard as well: how many, and the name that one got.
    renamed: Option<(usize, String)>,
    /// Samples of which captions or a video were not found, by their members: how many, and one.
    without: BTreeMap<Vec<String>, (usize, String)>,
    /// Samples with a caption, whose JSON is not understood, or a part of it: how many, and one.
    not_understood: Option<(usize, String)>,
    /// Samples of which the caption was taken, because the subtitles are in other languages.
    by_caption: usize,
}

impl Taking<'_, '_> {
    fn shard(&mut self, shard: &Arc<Shard>, number: u32, contents: Contents) {
        let name = shard.name();
        if let Some(how) = &contents.compressed {
            self.intake.drop_one(DropReason::ShardCompressed, &name, None);
            let (stem, ending) = (address::without_ending(&name), address::ending(&name));
            // A compressed file may well be called .tar: then that name is taken.
            let plain = if ending == Some(".tar") {
                format!("{stem}-plain.tar")
            } else {
                format!("{stem}.tar")
            };
            let (from, to) = (shell_quoted(&name), shell_quoted(&plain));
            let way_out = match address::is_remote(&name) {
                true => format!("fetch it, unpack it with `{how} -dc`, and put it back as {plain}"),
                false => format!(
                    "unpack it with `{how} -dc {from} > {to}` and move the compressed one away"
                ),
            };
            self.intake.note(format!(
                "{name}: is compressed with {how}; videos do not become smaller by that, and cannot be \
                 read where they lie: {way_out}"
            ));
            return;
        }
        if contents.is_damaged {
            self.intake.drop_one(DropReason::ShardDamaged, &name, None);
        } else if contents.samples.is_empty() {
            self.intake.note(format!("{name}: is an empty shard"));
        }
        for key in contents.doubled {
            self.intake.drop_one(DropReason::VideoTwice, &key, None);
        }
        let is_again = !self.seen.insert(name);
        for sample in contents.samples {
            self.choose(Placed { shard: Arc::clone(shard), number, is_again, sample });
        }
    }

    /// Takes a sample whose words are in the language that is looked for first, or in none.
    fn choose(&mut self, mut placed: Placed) {
        let language = match &mut placed.sample.record {
            Ok(record) if record.offer() != Offer::default() => {
                let wanted = self.intake.language().cloned().unwrap_or_else(Language::english);
                match record.choose(&LanguageChoice::wanted(wanted)) {
                    Some(language) => {
                        self.told.in_language = true;
                        Some(language)
                    }
                    None => {
                        self.held.push(placed);
                        return;
                    }
                }
            }
            _ => None,
        };
        self.sample(placed, language);
    }

    /// Takes the samples in other languages, and tells what there is to tell.
    fn finish(mut self) -> Result<(), CorpusError> {
        let held = std::mem::take(&mut self.held);
        let offer = |placed: &Placed| {
            placed.sample.record.as_ref().map_or_else(|_| Offer::default(), SampleRecord::offer)
        };
        let offers: Vec<Offer> = held.iter().map(offer).collect();
        let choice = if self.told.in_language {
            None
        } else {
            Some(LanguageChoice::of(self.path, self.intake.language(), &offers)?)
        };
        let mut left_out = Vec::new();
        for (mut placed, offer) in held.into_iter().zip(offers) {
            let Ok(record) = &mut placed.sample.record else { continue };
            let language = choice.as_ref().and_then(|choice| record.choose(choice));
            if language.is_none() && !record.has_caption() {
                self.intake.drop_one(DropReason::OtherLanguage, &placed.sample.key, None);
                left_out.push(offer);
                continue;
            }
            self.told.by_caption += usize::from(language.is_none());
            self.sample(placed, language);
        }
        if !left_out.is_empty() {
            self.intake.note(language_choice::left_out(&left_out));
        }
        self.told.notes().into_iter().for_each(|note| self.intake.note(note));
        Ok(())
    }

    /// Hands over a sample; with the language of its subtitles, where they were taken.
    fn sample(&mut self, placed: Placed, language: Option<Option<Language>>) {
        let Placed { shard, number, is_again, sample } = placed;
        let name = shard.name();
        let Sample { key, media, record, members } = sample;
        if !members.is_empty() {
            let example = format!("{key} in {name}");
            self.told.without.entry(members).or_insert((0, example)).0 += 1;
        }
        let record = match record {
            Ok(record) => record,
            Err(reason) => {
                self.intake.drop_one(reason, &key, None);
                return;
            }
        };
        if record.is_not_understood() {
            let example = format!("{key} in {name}");
            self.intake.drop_one(DropReason::NotUnderstood, &format!("JSON of {example}"), None);
            self.told.not_understood.get_or_insert((0, example)).0 += 1;
        }
        let Some(member) = media else {
            self.intake.drop_one(DropReason::VideoFileMissing, &key, None);
            return;
        };
        if member.offset.saturating_add(member.len) > shard.bytes() {
            self.intake.drop_one(DropReason::ShardDamaged, &key, None);
            return;
        }
        // A shard that is named twice holds the same samples twice.
        let is_named = is_again || record.names_its_video();
        let id = if is_named { key } else { self.id(&name, key) };
        let path = format!("{name}/{}", member.name);
        let member = ShardMember { shard, member };
        let video = SourceVideo {
            media: Some(MediaLocation::part(path, Arc::new(member))),
            shard: Some(number),
            ..record.into_source(&id)
        };
        match language {
            Some(language) => {
                let told = language.map_or("not told".to_owned(), |language| language.to_string());
                self.intake.video_in(video, &told);
            }
            None => self.intake.video(video),
        }
    }

    /// The id of a sample that only its key names. Keys need be unique in a shard alone, so that of
    /// a later shard gets the shard's name before it.
    fn id(&mut self, shard: &str, key: String) -> String {
        if !self.intake.has_seen(&key) {
            return key;
        }
        let stem = address::without_ending(shard);
        let short = format!("{}/{key}", stem.rsplit('/').next().unwrap_or(stem));
        let id = if self.intake.has_seen(&short) { format!("{stem}/{key}") } else { short };
        self.told.renamed.get_or_insert((0, id.clone())).0 += 1;
        id
    }
}

impl Told {
    fn notes(self) -> Vec<String> {
        /// Kinds of samples that are told.
        const KINDS: usize = 3;
        let samples = |count: usize| counted(count, "sample");
        let mut notes = Vec::new();
        for (members, (count, example)) in self.without.iter().take(KINDS) {
            notes.push(format!(
                "{}, as {example}: the members are {}; looked at are the video, {}",
                samples(*count),
                members.join(", "),
                record::LOOKED_AT
            ));
        }
        if let Some((count, example)) = self.not_understood {
            notes.push(format!(
                "{} whose JSON is not understood, or a part of it, as {example}: the caption was taken from \
                 the rest",
                samples(count)
            ));
        }
        if let Some((count, example)) = self.renamed {
            notes.push(format!(
                "{} with a key that another shard has, too: the shard's name stands before it, as in \
                 {example}",
                samples(count)
            ));
        }
        if self.by_caption > 0 {
            notes.push(format!(
                "{} with subtitles in other languages alone: the caption was taken",
                samples(self.by_caption)
            ));
        }
        notes
    }
}
