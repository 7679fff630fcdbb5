//! Everything that can go wrong with a corpus, each with the file or key and the way out.

use std::path::{Path, PathBuf};

use locvtp_video::{FolderLockError, LockHolder, VideoError};

use crate::report::ReadReport;
use locvtp_video::counted::counted;

/// Why a corpus could not be read, drawn from or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A file or folder could not be read.
    #[error("{path}: cannot be read", path = .path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A file or folder could not be written.
    #[error(
        "{path}: cannot be written; free space or choose another folder",
        path = .path.display()
    )]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A folder holds no caption file.
    #[error(
        "{dir}: holds neither caption.json nor raw_caption.json; give the folder that holds one \
         of them beside the folder videos/",
        dir = .dir.display()
    )]
    NoCaptionFile {
        /// The folder that was opened.
        dir: PathBuf,
    },
    /// No layout of a corpus is recognised.
    #[error(
        "{path}: no corpus is recognised here: neither HowTo100M's caption.json beside videos/, nor \
         another data set's annotation files, nor videos with .srt or .vtt files; for data of your \
         own write a manifest: a CSV with the columns path,start,end,text (seconds)",
        path = .path.display()
    )]
    UnknownLayout {
        /// The file or folder.
        path: PathBuf,
    },
    /// The columns of a table are those of no corpus.
    #[error(
        "{path}: is a table, but no corpus is recognised by its columns: {found}; for data of your own \
         the first line is path,start,end,text (seconds), with commas, semicolons or tabs between",
        path = .path.display()
    )]
    UnknownColumns {
        /// The file.
        path: PathBuf,
        /// The columns that are there.
        found: String,
    },
    /// The first line of a table is a row and does not name the columns.
    #[error(
        "{path}: its first line is a row and does not name the columns; write the names above it, for \
         example path,start,end,text",
        path = .path.display()
    )]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// Nothing is in a folder but what this program wrote about a corpus.
    #[error(
        "{path}: is a list that `locvtp corpus check` wrote; in a folder it is passed over, so give the \
         file itself to read it",
        path = .path.display()
    )]
    OwnList {
        /// The list.
        path: PathBuf,
    },
    /// A file of a known data set is not the one with the captions.
    #[error("{path}: {what}; {instead}", path = .path.display())]
    NoCaptions {
        /// The file.
        path: PathBuf,
        /// What it holds.
        what: &'static str,
        /// What to give instead.
        instead: &'static str,
    },
    /// A video was given where captions are needed.
    #[error(
        "{path}: is a video; give its folder, with a .srt or .vtt file of the same name beside it, or \
         a manifest: a CSV with the columns path,start,end,text (seconds)",
        path = .path.display()
    )]
    VideoAlone {
        /// The video.
        path: PathBuf,
    },
    /// A folder holds corpora of several kinds, and one is needed.
    #[error(
        "{path}: holds several corpora ({found}); give one of the files, or name the layout",
        path = .path.display()
    )]
    SeveralCorpora {
        /// The folder.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// A file that a layout needs is not where it should be.
    #[error("{path}: {wanted} is not here", path = .path.display())]
    Companion {
        /// The file that was opened, or the folder where the other was looked for.
        path: PathBuf,
        /// What is missing, and where it comes from.
        wanted: &'static str,
    },
    /// A JSON file is not in the layout that it should have.
    #[error("{path}: is not {expected}", path = .path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
        /// Where reading stopped, and why.
        #[source]
        source: BrokenJson,
    },
    /// A table lacks a column.
    #[error("{path}: has no column {wanted}; its columns are: {found}", path = .path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        wanted: String,
        /// The columns that are there.
        found: String,
    },
    /// A column that is read is there more than once.
    #[error(
        "{path}: has more than one column {column}, and which is meant cannot be told; rename all but \
         one (its columns are: {found})",
        path = .path.display()
    )]
    ColumnTwice {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The columns that are there.
        found: String,
    },
    /// The words are there in several languages, and nobody said which to take.
    #[error(
        "{path}: the words are in several languages, none of them English ({found}); say which to \
         take: --language {example}, or `corpus.language` in a run file",
        path = .path.display()
    )]
    WhichLanguage {
        /// The corpus.
        path: PathBuf,
        /// Languages and how many videos have words in them.
        found: String,
        /// The tag of one of them.
        example: String,
    },
    /// No words are there in the language that was asked for.
    #[error(
        "{path}: no video has words in {wanted}; there are: {found}; ask for one of these with \
         --language, or `corpus.language` in a run file",
        path = .path.display()
    )]
    NoWordsInLanguage {
        /// The corpus.
        path: PathBuf,
        /// The language.
        wanted: String,
        /// Languages and how many videos have words in them.
        found: String,
    },
    /// A file of subtitles or a transcript is none.
    #[error(
        "{path}: is no file of subtitles and no transcript: {what}; .srt, .vtt, and what Whisper, \
         whisper.cpp, WhisperX and yt-dlp write are read",
        path = .path.display()
    )]
    Transcript {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A row of a table has more fields than the table has columns.
    #[error(
        "{path}: line {line} has {found} fields, but the table has {}; put double quotes around a text \
         with separators inside",
        counted(*.columns, "column"),
        path = .path.display()
    )]
    LongRow {
        /// The file.
        path: PathBuf,
        /// The row's first line, from 1.
        line: usize,
        /// Its fields.
        found: usize,
        /// The columns.
        columns: usize,
    },
    /// A list of videos names none.
    #[error("{path}: lists no video; give a file that does, or none at all", path = .path.display())]
    EmptyList {
        /// The file.
        path: PathBuf,
    },
    /// A workbook cannot be understood.
    #[error("{path}: is not {expected}: {reason}", path = .path.display())]
    Workbook {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The corpus was read, and nothing in it can be used.
    #[error(
        "{dir}: no video with captions can be used ({report}); {way_out}",
        dir = .dir.display(),
        way_out = way_out(.report)
    )]
    NothingUsable {
        /// The folder that was opened.
        dir: PathBuf,
        /// What was found and dropped.
        report: Box<ReadReport>,
    },
    /// A pattern or address of shards cannot be understood.
    #[error("{pattern}: no shards can be named so: {why}")]
    ShardPattern {
        /// What was given.
        pattern: String,
        /// What is wrong.
        why: &'static str,
    },
    /// There is no shard where some should be.
    #[error(
        "{place}: holds no shards; give a folder of .tar files, a pattern such as \
         {place}/{{00000..00012}}.tar, or pack a corpus with `locvtp corpus pack`"
    )]
    NoShards {
        /// The folder or address.
        place: String,
    },
    /// Videos are to be visited shard by shard, and one is in no shard.
    #[error(
        "`pairs.order` goes by shards, but {video} is a file of its own; pack the corpus with \
         `locvtp corpus pack`, or set `pairs.order` to \"uniform\""
    )]
    NotInShards {
        /// The video's id.
        video: String,
    },
    /// Packing was stopped before its end.
    #[error(
        "{place}: packing was not finished here; type the same `locvtp corpus pack` again, which \
         goes on where it stopped"
    )]
    PackingUnfinished {
        /// The folder or address.
        place: String,
    },
    /// The folder to pack into holds something else.
    #[error(
        "{path}: holds {found}; nothing was touched: choose another folder or empty this one",
        path = .path.display()
    )]
    PackOccupied {
        /// The folder.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// Something on another machine is not to be had.
    #[error("{address}: cannot be fetched: {reason}; {way_out}")]
    Storage {
        /// Its address.
        address: String,
        /// What the server, or the way to it, said.
        reason: String,
        /// What can be done.
        way_out: &'static str,
    },
    /// Shards on a server, in a program that cannot fetch.
    #[error(
        "{address}: this program was built without the feature `remote` and cannot fetch; build it \
         with `cargo build --release --features remote`, or download the shards and name their folder"
    )]
    NoRemote {
        /// The address.
        address: String,
    },
    /// The address of a server cannot be used, that of an S3 store in the environment included.
    #[error(
        "{address}: {reason}; write http://HOST/PATH, https://HOST/PATH or s3://BUCKET/PATH, and \
         for a store of your own AWS_ENDPOINT=https://HOST"
    )]
    StorageAddress {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A download ends early, again and again.
    #[error(
        "{address}: the connection is cut before the end, also when asked again; try later, or \
         raise corpus.shards.retry_s"
    )]
    ConnectionCut {
        /// The object's address.
        address: String,
    },
    /// A shard on another machine is not the one that the corpus was read from.
    #[error(
        "{address}: is not as long any more as when the corpus was read; leave shards as they are \
         while they are read, and begin again"
    )]
    ShardChanged {
        /// The shard's address.
        address: String,
    },
    /// The folder for what is fetched cannot be used.
    #[error(
        "{path}: cannot hold what is fetched; name a folder in corpus.shards.cache or LOCVTP_CACHE",
        path = .path.display()
    )]
    ShardCacheFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another program writes into the folder.
    #[error(
        "{path}: {holder} is writing here; wait until it has ended, or choose another folder",
        path = .path.display()
    )]
    Busy {
        /// The folder.
        path: PathBuf,
        /// Who it is.
        holder: LockHolder,
    },
    /// A server sends whole files only.
    #[error("{address}: the server serves no ranges of bytes")]
    NoRanges {
        /// The object's address.
        address: String,
    },
    /// What was fetched cannot be kept.
    #[error(
        "{address}: what was fetched cannot be written to the cache; free space, name another \
         folder in corpus.shards.cache or LOCVTP_CACHE, or lower corpus.shards.cache_mib"
    )]
    ShardCacheWrite {
        /// The object's address.
        address: String,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// What is to be fetched has no room in the cache.
    #[error(
        "{address}: {bytes} bytes are to be fetched, more than corpus.shards.cache_mib = {cache_mib} has \
         room for; raise it if the server is to be trusted"
    )]
    LargerThanCache {
        /// The object's address.
        address: String,
        /// How many bytes the server, or an index, says.
        bytes: u64,
        /// The room, in MiB.
        cache_mib: u64,
    },
    /// A packed video lies where its shard has no bytes.
    #[error(
        "{member}: its place is not within its shard; pack the shard again, or delete its index"
    )]
    MemberOutside {
        /// Shard and member.
        member: String,
    },
    /// The bytes of a packed video are not those that were packed.
    #[error("{member}: its check sum is wrong, so it is damaged; copy or pack its shard again")]
    MemberDamaged {
        /// Shard and member.
        member: String,
    },
    /// A caption holds for a whole video whose length is not known yet.
    #[error(
        "{video}: its captions hold for the whole video, and how long that is was not looked up; \
         open the file and end them with it"
    )]
    UnknownLength {
        /// The video's id.
        video: String,
    },
    /// The truth of a synthetic split could not be understood.
    #[error(
        "{path}: is not the truth of a synthetic split; make the corpus again",
        path = .path.display()
    )]
    Truth {
        /// The truth file.
        path: PathBuf,
        /// Where the parser stopped.
        #[source]
        source: serde_json::Error,
    },
    /// One setting has a value that cannot be used.
    #[error("`{key}` is {found}; expected {expected}")]
    Setting {
        /// The setting, as the run file names it.
        key: &'static str,
        /// Its value.
        found: String,
        /// What values can be used.
        expected: &'static str,
    },
    /// Two settings cannot hold together.
    #[error(
        "`{first}` ({first_value}) and `{second}` ({second_value}) cannot hold together: {why}"
    )]
    Contradiction {
        /// One setting.
        first: &'static str,
        /// Its value.
        first_value: String,
        /// The other setting.
        second: &'static str,
        /// Its value.
        second_value: String,
        /// The reason, and which to change.
        why: String,
    },
    /// Batches ask for more videos than the corpus has.
    #[error("{}", batches_too_large(.batches))]
    BatchesExceedCorpus {
        /// All that do.
        batches: Vec<BatchTooLarge>,
    },
    /// A batch cannot be shared out evenly.
    #[error(
        "`{key}` is {batch}, which does not divide by the {world_size} processes that train \
         together; make it a multiple of {world_size}, or start another number of them"
    )]
    UnevenBatch {
        /// The batch size's setting.
        key: &'static str,
        /// Its value.
        batch: usize,
        /// How many processes train together.
        world_size: usize,
    },
    /// The folder to write to exists and is not a synthetic corpus.
    #[error(
        "{path}: exists and is not a synthetic corpus; nothing was touched: choose \
         another folder or remove it",
        path = .path.display()
    )]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The folder to write to holds a synthetic corpus of another config.
    #[error(
        "{path}: holds a synthetic corpus of another config (`{key}` is {existing} there and \
         {wanted} now); choose another folder or remove it",
        path = .path.display()
    )]
    OtherConfig {
        /// The folder.
        path: PathBuf,
        /// The first setting that differs.
        key: String,
        /// Its value in the folder.
        existing: String,
        /// Its value now.
        wanted: String,
    },
    /// What a stopped call left beside the folder to write to is of another config.
    #[error(
        "{path}: holds an unfinished synthetic corpus of another config (`{key}` is {existing} there \
         and {wanted} now); finish that one with its own settings, choose another folder, or remove it",
        path = .path.display()
    )]
    Unfinished {
        /// The folder of what is unfinished.
        path: PathBuf,
        /// The first setting that differs.
        key: String,
        /// Its value there.
        existing: String,
        /// Its value now.
        wanted: String,
    },
    /// A synthetic corpus has lost files since it was made.
    #[error("{path}: {what}; remove the folder to make the corpus again", path = .path.display())]
    Incomplete {
        /// The split's folder.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// A video could not be encoded.
    #[error(transparent)]
    Video(#[from] VideoError),
}

impl CorpusError {
    /// Why a folder that is to be written is not this program's alone.
    pub(crate) fn not_locked(folder: &Path, error: FolderLockError) -> Self {
        let path = folder.to_owned();
        match error {
            FolderLockError::Busy { holder } => Self::Busy { path, holder },
            FolderLockError::Open(source) => Self::Write { path, source },
        }
    }

    /// What became of writing `path`.
    pub(crate) fn writing(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Write { path, source }
    }
}

/// A batch that asks for more videos than the corpus has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchTooLarge {
    /// The batch size's setting.
    pub key: &'static str,
    /// Its value.
    pub batch: usize,
    /// Videos in the corpus.
    pub videos: usize,
    /// "video" or "picture".
    pub what: &'static str,
}

/// Says all of it, and what to type so that it fits.
fn batches_too_large(batches: &[BatchTooLarge]) -> String {
    let each = batches.iter().map(|BatchTooLarge { key, batch, videos, what }| {
        format!(
            "`{key}` is {batch}, but the corpus has {}",
            counted(*videos, &format!("usable {what}"))
        )
    });
    let what: std::collections::BTreeSet<_> = batches.iter().map(|batch| batch.what).collect();
    let what = what.into_iter().map(|what| format!("{what}s")).collect::<Vec<_>>().join(" and ");
    let way_out = if batches.iter().all(|batch| batch.videos > 1) {
        let flags = batches.iter().map(|batch| format!(" --set {}={}", batch.key, batch.videos));
        format!("add {what}, or type it again with{}", flags.collect::<String>())
    } else {
        format!("add {what}: those of a batch are compared with each other, so 2 are the least")
    };
    format!("{}; {way_out}", each.collect::<Vec<_>>().join(", and "))
}

/// What can be done about a corpus with nothing usable.
fn way_out(report: &ReadReport) -> &'static str {
    if report.listed_captions == 0 && !report.left_files.without_captions.is_empty() {
        "put a .srt or .vtt file of the same name beside each video, or write a manifest: a CSV with \
         the columns path,start,end,text (seconds)"
    } else {
        "check that the video files carry the ids of the captions, as videos/<id>.mp4"
    }
}

/// Where and why a JSON text is not what it should be.
#[derive(Debug, thiserror::Error)]
#[error("at byte {at_byte}: {what}")]
pub struct BrokenJson {
    /// Bytes before it.
    pub at_byte: u64,
    /// What is wrong.
    pub what: String,
}

impl From<serde_json::Error> for BrokenJson {
    fn from(error: serde_json::Error) -> Self {
        Self { at_byte: 0, what: error.to_string() }
    }
}
