//! What can go wrong between numbers and a page, one variant a cause.
//!
//! A figure never hides missing data: an empty series or a value that is no number is an error that
//! names the figure and the part of it, because an empty picture in a report reads like a result.

use std::path::PathBuf;

/// An error of this crate. Every variant says which figure or file, what was found, and the way
/// out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A figure, series or list that a figure needs has nothing in it.
    #[error(
        "figure `{figure}`: {what} is empty; give it at least one entry or leave the figure out"
    )]
    Empty {
        /// File name of the figure.
        figure: String,
        /// The empty part, e.g. "the series L_c".
        what: String,
    },
    /// A value that no axis can show: NaN or infinite, or not above zero on a logarithmic axis.
    #[error("figure `{figure}`: {what} is {value}, expected {expected}; drop it before drawing")]
    Value {
        /// File name of the figure.
        figure: String,
        /// Where the value stands, e.g. "L_c at step 40".
        what: String,
        /// What was found.
        value: f64,
        /// What can be drawn, e.g. "a finite number".
        expected: &'static str,
    },
    /// Two lists that belong together differ in length.
    #[error("figure `{figure}`: {what} has the length {found}, expected {expected}")]
    Length {
        /// File name of the figure.
        figure: String,
        /// The list in question.
        what: String,
        /// Length its partner has.
        expected: usize,
        /// Length found.
        found: usize,
    },
    /// A span that ends before it starts, or is no number.
    #[error(
        "figure `{figure}`: {what} runs from {start_s} s to {end_s} s; a span must end after its \
        start"
    )]
    Span {
        /// File name of the figure.
        figure: String,
        /// Whose span.
        what: String,
        /// Its start in seconds.
        start_s: f64,
        /// Its end in seconds.
        end_s: f64,
    },
    /// RGB bytes that do not fill the frame they are said to be.
    #[error(
        "a frame of {width} x {height} needs {expected} bytes of RGB (and no side of 0), found \
        {found}"
    )]
    FrameSize {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// `width * height * 3`.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// A thumbnail that holds no PNG image.
    #[error("a stored frame is no readable PNG image; write the report again from the run")]
    Thumbnail(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A figure's name that cannot be a file name, or that another figure has.
    #[error(
        "figure name `{name}` {problem}; use lower case letters, digits and `-`, each name once"
    )]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A figure that could not be rasterised: our own mistake, kept as an error so that a run is
    /// not lost for it.
    #[error("figure `{figure}` could not be drawn as an image")]
    Raster {
        /// File name of the figure.
        figure: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file that could not be written.
    #[error("{path}: cannot write; check the folder's permissions and the free space")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file that could not be read.
    #[error("{path}: cannot read the report's numbers")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A `report.json` that does not hold a report of this version.
    #[error("{path}: not a report of this version; evaluate the run again to remake it")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// `Ok` when `value` is finite, else the error that says where it stands.
pub(crate) fn finite(
    figure: &str,
    what: impl FnOnce() -> String,
    value: f64,
) -> Result<(), ReportError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(ReportError::Value {
        figure: figure.into(),
        what: what(),
        value,
        expected: "a finite number",
    })
}

/// `Ok` when a list has entries.
pub(crate) fn filled(figure: &str, what: &str, len: usize) -> Result<(), ReportError> {
    if len > 0 {
        return Ok(());
    }
    Err(ReportError::Empty { figure: figure.into(), what: what.into() })
}

/// `Ok` when two lists that belong together have the same length.
pub(crate) fn same_length(
    figure: &str,
    what: impl FnOnce() -> String,
    expected: usize,
    found: usize,
) -> Result<(), ReportError> {
    if expected == found {
        return Ok(());
    }
    Err(ReportError::Length { figure: figure.into(), what: what(), expected, found })
}
