//! What goes wrong in an index, as the server tells it: words without paths for who asked, the causes for the
//! log.

use locvtp_finder::{FinderError, QuestionError};
use locvtp_search::catalogue::CatalogueError;
use locvtp_serve::LibraryError;
use locvtp_transfer::TransferError;
use locvtp_video::VideoError;

/// What is said of an index that can be read, and whose model cannot.
pub(super) const NO_MODEL: &str =
    "the index's model cannot be opened; start the server again with --model DIR. The log says why";

/// What is said of a question that nobody waits for; so nobody reads it.
const GIVEN_UP: &str = "the question was given up";

/// What is said of a file that does not begin as a picture.
pub(super) const NO_PICTURE: &str = "this is no picture; give JPEG, PNG, WebP, GIF or BMP";

/// What is said of one that begins as a picture and shows nothing.
const BROKEN_PICTURE: &str = "the picture is damaged; give another copy of it, or another one";

/// Why an index gives no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Told as it is.
    Told(LibraryError),
    /// The catalogue cannot be read as it is open; opened anew it may be.
    Unreadable(CatalogueError),
}

impl Failure {
    /// As the server tells it.
    pub(super) fn told(self) -> LibraryError {
        match self {
            Self::Told(error) => error,
            Self::Unreadable(error) => {
                LibraryError::NotNow(error.for_visitors(), Some(Box::new(error)))
            }
        }
    }
}

/// Why an index could not be opened: what is told, and what the log says.
#[derive(Clone, Debug)]
pub(super) struct WhyNot {
    told: String,
    cause: String,
}

impl WhyNot {
    pub(super) fn of(error: &anyhow::Error) -> Self {
        let of_finder = match error.downcast_ref() {
            Some(FinderError::Catalogue(error)) => Some(error.for_visitors()),
            Some(error @ FinderError::NoIndex) => Some(error.to_string()),
            _ => None,
        };
        let of_catalogue = || error.downcast_ref().map(CatalogueError::for_visitors);
        let told = of_finder.or_else(of_catalogue).unwrap_or_else(|| NO_MODEL.into());
        Self { told, cause: format!("{error:#}") }
    }

    pub(super) fn told(self) -> LibraryError {
        LibraryError::NotNow(self.told, Some(self.cause.into()))
    }
}

/// A question that cannot be answered as it stands.
pub(super) fn refused(words: impl Into<String>) -> Failure {
    Failure::Told(LibraryError::Refused(words.into()))
}

/// What was asked for is not there any more.
pub(super) fn not_there(words: impl Into<String>) -> Failure {
    Failure::Told(LibraryError::NotThere(words.into(), None))
}

/// A failure that is nobody's fault who asks.
pub(super) fn failed(
    what: &str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> LibraryError {
    LibraryError::Failed(format!("{what}; the server's log says why"), Some(Box::new(error)))
}

impl From<LibraryError> for Failure {
    fn from(error: LibraryError) -> Self {
        Self::Told(error)
    }
}

impl From<CatalogueError> for Failure {
    fn from(error: CatalogueError) -> Self {
        match error {
            // Nothing that the log need say.
            busy @ CatalogueError::Busy { .. } => {
                Self::Told(LibraryError::NotNow(busy.for_visitors(), None))
            }
            // Opened anew it would take as long.
            slow @ CatalogueError::TooSlow { .. } => refused(slow.for_visitors()),
            other => Self::Unreadable(other),
        }
    }
}

impl From<FinderError> for Failure {
    fn from(error: FinderError) -> Self {
        match error {
            FinderError::Question(QuestionError::OnlyWithout { .. } | QuestionError::Empty) => {
                refused("say what should be seen, not only what should not")
            }
            FinderError::Question(error) => refused(error.to_string()),
            FinderError::Transfer(TransferError::Embed(error)) => refused(error.to_string()),
            FinderError::Transfer(TransferError::Video(VideoError::GaveUp { .. })) => {
                refused("the picture takes too long to be read; give a smaller copy of it")
            }
            // The picture of a question is the one file that a search opens and needs.
            FinderError::NoPicture { .. } | FinderError::Transfer(TransferError::Video(_)) => {
                refused(BROKEN_PICTURE)
            }
            FinderError::LargePicture { width, height, most, .. } => refused(format!(
                "the picture's {width}x{height} pixels are more than the {most} that are read of one; give a smaller \
                 copy of it"
            )),
            FinderError::NarrowPicture { width, height, .. } => refused(format!(
                "the picture's {width}x{height} pixels are too narrow to be compared; give one whose sides are nearer \
                 to each other"
            )),
            FinderError::Cancelled => Self::Told(LibraryError::NotNow(GIVEN_UP.into(), None)),
            FinderError::NotInIndex { .. } => {
                not_there("the video to look for others like it is gone")
            }
            FinderError::NoSuchMoment { at, duration, .. } => {
                refused(format!("nothing of the video is indexed at {at}; it plays for {duration}"))
            }
            FinderError::NoIndex => Self::Told(LibraryError::NotNow(error.to_string(), None)),
            FinderError::Catalogue(error) => error.into(),
            other => failed("the search failed", other).into(),
        }
    }
}
