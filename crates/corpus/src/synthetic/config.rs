//! Every knob of the synthetic corpus, with its default and what it is for.

use super::vocabulary::Action;

/// What `locvtp synthesize --config` reads, and `synthetic.json` keeps.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SyntheticConfig {
    /// Everything random follows from it. Splits are different videos under one seed.
    pub seed: u64,
    /// Videos to pre-train on.
    pub train_videos: usize,
    /// New videos of the combinations of training.
    pub seen_videos: usize,
    /// Videos of held-out combinations only.
    pub new_videos: usize,
    /// Frame width in pixels, a multiple of 16.
    #[schemars(range(min = 16, max = 8192))]
    pub width: u32,
    /// Frame height in pixels, a multiple of 16.
    #[schemars(range(min = 16, max = 8192))]
    pub height: u32,
    /// Frames a second.
    #[schemars(range(min = 4, max = 120))]
    pub frame_rate_hz: u32,
    /// Length of every video, in seconds.
    pub duration_s: f64,
    /// Fewest events of a video.
    #[schemars(range(min = 1))]
    pub min_events: usize,
    /// Most events of a video.
    pub max_events: usize,
    /// Shortest event, in seconds.
    pub min_event_s: f64,
    /// The first so many of red, green, blue, yellow, purple, white, orange, cyan.
    #[schemars(range(min = 2, max = 8))]
    pub num_colours: usize,
    /// The first so many of square, triangle, ring, cross, disc, bar.
    #[schemars(range(min = 2, max = 6))]
    pub num_shapes: usize,
    /// The actions in use; an action's index is its place here.
    pub actions: Vec<Action>,
    /// Whether events follow procedures.
    pub order: Order,
    /// How procedures are built and varied.
    pub procedures: ProcedureConfig,
    /// How the narrator tells them.
    pub narration: NarrationConfig,
    /// What the camera sees besides.
    pub scene: SceneConfig,
    /// Frames between key frames.
    #[schemars(range(min = 1))]
    pub key_frame_interval: u32,
    /// x264's constant rate factor; lower is closer to the drawing.
    #[schemars(range(min = 0, max = 51))]
    pub crf: u8,
}

/// Whether an event tells what comes next.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Order {
    /// Videos are instances of procedures that recur.
    Procedure,
    /// Each video is made up freely, with as many shared attributes as procedures have.
    Random,
}

/// How procedures are built and how their instances vary.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProcedureConfig {
    /// Procedures over the combinations of training; `new` has as many for its share of
    /// combinations.
    #[schemars(range(min = 1, max = 100000))]
    pub count: usize,
    /// Share of steps that are made to have colour or shape in common with the step before, so that
    /// neither singles an event out.
    pub share_attribute: f64,
    /// Probability that an instance leaves out a step.
    pub drop_step: f64,
    /// Probability that an instance swaps two neighbouring steps.
    pub swap_steps: f64,
}

/// How loosely the narrator tells the events.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NarrationConfig {
    /// A caption's start and end lie within this many seconds of the event's.
    pub jitter_s: f64,
    /// Share of captions that describe nothing.
    pub chatter: f64,
    /// Probability that an event is not told.
    pub drop_clause: f64,
    /// Probability that colour or shape is not said.
    pub drop_attribute: f64,
    /// Probability that a word other than the canonical one is said, for colour and shape each.
    pub synonym: f64,
    /// Probability of a filler word before a clause, and half of it after.
    pub filler: f64,
}

/// What the camera sees besides the object.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SceneConfig {
    /// Smallest and largest object, as a share of the shorter side of the frame.
    pub object_size: (f32, f32),
    /// Objects stand tilted by at most this many degrees either way, so that a tilt does not tell a
    /// spin.
    pub max_tilt_degrees: f32,
    /// Darkest and brightest background, 0..=255.
    pub background: (f32, f32),
    /// Stripes and blotches instead of a plain background.
    pub textured_background: bool,
    /// Grey shapes that move about the whole video.
    pub distractors: usize,
    /// Standard deviation of the camera's noise, in levels of 0..=255.
    pub camera_noise: f32,
    /// Swing of the brightness over the video, in levels of 0..=255.
    pub brightness_drift: f32,
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            train_videos: 600,
            seen_videos: 150,
            new_videos: 150,
            width: 48,
            height: 48,
            frame_rate_hz: 8,
            duration_s: 24.0,
            min_events: 3,
            max_events: 5,
            min_event_s: 3.5,
            num_colours: 5,
            num_shapes: 4,
            actions: Action::ALL.to_vec(),
            order: Order::Procedure,
            procedures: ProcedureConfig::default(),
            narration: NarrationConfig::default(),
            scene: SceneConfig::default(),
            key_frame_interval: 24,
            crf: 23,
        }
    }
}

impl Default for ProcedureConfig {
    fn default() -> Self {
        Self { count: 60, share_attribute: 0.5, drop_step: 0.3, swap_steps: 0.15 }
    }
}

impl Default for NarrationConfig {
    fn default() -> Self {
        Self {
            jitter_s: 0.5,
            chatter: 0.15,
            drop_clause: 0.1,
            drop_attribute: 0.05,
            synonym: 0.2,
            filler: 0.3,
        }
    }
}

impl Default for SceneConfig {
    fn default() -> Self {
        Self {
            object_size: (0.40, 0.52),
            max_tilt_degrees: 15.0,
            background: (35.0, 95.0),
            textured_background: false,
            distractors: 0,
            camera_noise: 2.0,
            brightness_drift: 0.0,
        }
    }
}

impl SyntheticConfig {
    /// Frames of every video.
    pub fn num_frames(&self) -> usize {
        (self.duration_s * f64::from(self.frame_rate_hz)).round() as usize
    }

    /// Frames of the shortest event.
    pub(crate) fn min_event_frames(&self) -> usize {
        (self.min_event_s * f64::from(self.frame_rate_hz)).ceil() as usize
    }
}
