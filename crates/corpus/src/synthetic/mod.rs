//! A narrated corpus made from nothing, in which time matters: real H.264 files in HowTo100M's
//! layout.
//!
//! Each video is untrimmed and shows three to five events, one after the other: a coloured shape
//! that does something. One frame cannot tell what: a square that moves left looks like one that
//! moves right. Videos are instances of procedures, steps in a usual order with some variation, so
//! that neighbouring events tell about each other as they do in instruction videos
//! ([`Order::Random`] switches that off). A narrator tells the events loosely, as speech
//! recognition gives it. Where the events truly lie stands in `truth.json`, for evaluation only.
//!
//! ```text
//! <out>/synthetic.json                    the config
//! <out>/{train,seen,new}/caption.json     narration, HowTo100M's layout
//! <out>/{train,seen,new}/HowTo100M_v1.csv the list of videos
//! <out>/{train,seen,new}/videos/<id>.mp4
//! <out>/{train,seen,new}/truth.json       true events, queries, vocabulary
//! <out>/annotations/                      the same in the benchmarks' own layouts
//! ```
//!
//! `seen` holds new videos of the combinations (colour, shape, action) of `train`; `new` only
//! combinations that `train` never shows. Same config, same bytes.
//!
//! | module | idea |
//! |---|---|
//! | [`config`] | every knob, with its default |
//! | `limits` | which values of them can be used |
//! | [`vocabulary`] | colours, shapes, actions and the words for them |
//! | [`combination`] | which combinations are held out |
//! | `procedure` | steps in a usual order |
//! | `script` | the events of one video, frame by frame |
//! | `motion` | where an object is at a time |
//! | `shape` | which pixels it covers |
//! | `render` | a script's frames |
//! | `narration` | what is said, and when |
//! | `plan` | a split before it is rendered |
//! | [`truth`] | the true events, for evaluation |
//! | [`annotations`] | the truth as ActivityNet Captions, CrossTask, COIN and a list write it |
//! | [`split`] | the parts |
//! | [`write`](mod@write) | the folder |
//! | `reuse` | what already stands in its place |

pub mod annotations;
pub mod combination;
pub mod config;
mod limits;
mod motion;
mod narration;
mod plan;
mod procedure;
mod render;
mod reuse;
mod script;
mod shape;
pub mod split;
pub mod truth;
pub mod vocabulary;
pub mod write;

pub use combination::{Combination, Combinations};
pub use config::{NarrationConfig, Order, ProcedureConfig, SceneConfig, SyntheticConfig};
pub use limits::MOST_VIDEOS;
pub use split::Split;
pub use truth::{TrueEvent, TrueVideo, Truth};
pub use vocabulary::{Action, Vocabulary};
pub use write::{SplitReport, SynthesisReport, synthesize};
