//! Figures and one self-contained HTML page of a run, from plain numbers.
//!
//! What comes in is a [`RunReport`]: losses over steps, results beside chance and oracles, the
//! cosines of clips and words, scores over time, a few frames as RGB bytes. What goes out is a
//! folder with `report.html`, every figure as SVG and PNG, and `report.json`, from which the page
//! can be made again. Nothing here knows a tensor or opens a video, and equal reports give equal
//! bytes.
//!
//! # Map
//! - [`RunReport`] and [`write()`]: the whole report; [`Figure`]: one figure alone
//! - [`LossCurves`], [`HeatMap`], [`GroundingExample`], [`SimilarityHistogram`],
//!   [`ConfusionMatrix`]: the figures
//! - [`Headline`], [`ResultsTable`]: the numbers set as text
//! - [`Thumbnail`], [`Span`]: frames and times as plain data
//! - [`ReportError`]: a figure that has nothing to show is an error, never an empty picture
//!
//! # Example
//! ```
//! use locvtp_report::{CurvePoint, LossCurves, LossSeries, RunReport};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let points = (0..100).map(|step| CurvePoint { step, value: 3.0 / (1.0 + step as f64)
//! }).collect(); let report = RunReport {
//!     title: "A run".into(),
//!     loss_curves: Some(LossCurves {
//!         name: "loss".into(),
//!         title: "Losses".into(),
//!         series: vec![LossSeries {
//!             label: "L_c".into(),
//!             meaning: "video and sentence".into(),
//!             points,
//!         }],
//!         ..LossCurves::default()
//!     }),
//!     ..RunReport::default()
//! };
//! let folder = tempfile::tempdir()?;
//! let written = locvtp_report::write(&report, folder.path())?;
//! assert!(written.page.exists());
//! assert_eq!(RunReport::read(&written.numbers)?, report);
//! # Ok(())
//! # }
//! ```

mod axis;
mod colour_map;
mod confusion;
mod curve_point;
mod curves;
mod declutter;
mod drawing;
mod error;
mod figure;
mod font;
mod grounding;
mod headline;
mod heat_map;
mod histogram;
mod page;
mod palette;
#[cfg(feature = "png")]
mod raster;
mod results_table;
mod run_report;
mod smoothing;
mod span;
mod thumbnail;
mod write;

pub use confusion::ConfusionMatrix;
pub use curve_point::CurvePoint;
pub use curves::{LossCurves, LossScale, LossSeries, ObjectiveChange};
pub use error::ReportError;
pub use figure::Figure;
pub use grounding::{ClipScore, GroundingExample, PredictedSpan, TimedFrame};
pub use headline::{Headline, HeadlineReference};
pub use heat_map::{HeatMap, HeatMapClip, NamedSpan};
pub use histogram::{HistogramSeries, SimilarityHistogram};
pub use results_table::{ResultsColumn, ResultsRow, ResultsTable, RowKind};
pub use run_report::{Fact, Provenance, RunReport};
pub use span::Span;
pub use thumbnail::Thumbnail;
pub use write::{Written, write};
