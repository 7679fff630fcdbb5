//! The script of one video: which events it shows, when, and how it looks.
//!
//! A pure function of config, split and index. Events tile the video: each begins with the frame
//! after the last of the one before.

use std::ops::Range;

use locvtp_video::TimeSpan;
use rand::Rng;

use super::combination::Combination;
use super::config::SyntheticConfig;
use super::motion::Motion;
use super::procedure::Procedures;
use super::split::Split;
use super::vocabulary::{Action, SHAPES, Shape};
use locvtp_video::randomness::{Purpose, generator};

/// Everything there is to draw and to tell about one video.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Script {
    pub(super) id: String,
    pub(super) procedure: Option<usize>,
    pub(super) events: Vec<Event>,
    pub(super) look: Look,
}

/// One event of a script.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) combination: Combination,
    /// The frames that show it.
    pub(super) frames: Range<usize>,
    pub(super) motion: Motion,
    /// Factor on the colour's brightness.
    pub(super) shade: f32,
}

/// What a video looks like apart from its events.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Look {
    /// Brightness of the background, 0..=255.
    pub(super) background: f32,
    /// Amplitude, wave vector in radians per pixel, phase; empty for a plain background.
    pub(super) waves: Vec<(f32, (f32, f32), f32)>,
    pub(super) distractors: Vec<Distractor>,
    /// Swing of the brightness in levels, how often it swings over the video, and where it starts
    /// in turns.
    pub(super) drift: (f32, f32, f32),
    /// Seed of the camera's noise.
    pub(super) noise_seed: u64,
}

/// A grey shape that moves about during the whole video.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Distractor {
    pub(super) shape: Shape,
    pub(super) grey: f32,
    pub(super) motion: Motion,
}

impl Event {
    /// The event's interval at `frame_rate_hz`.
    pub(super) fn span(&self, frame_rate_hz: u32) -> TimeSpan {
        let at = |frame: usize| frame as f64 / f64::from(frame_rate_hz);
        TimeSpan::new(at(self.frames.start), at(self.frames.end))
    }
}

impl Script {
    /// The script of video `index` of `split`.
    pub(super) fn write(
        config: &SyntheticConfig,
        procedures: &Procedures,
        split: Split,
        index: usize,
    ) -> Self {
        let mut rng = generator(config.seed, Purpose::Script, split as u64, index as u64);
        let instance = procedures.instance(config, &mut rng);
        let frames = tile(config, instance.events.len(), &mut rng);
        let size = (config.width as f32, config.height as f32);
        let events = instance
            .events
            .into_iter()
            .zip(frames)
            .map(|(combination, frames)| {
                let action = config.actions[combination.action];
                let motion = Motion::draw(action, size, &config.scene, &mut rng);
                Event { combination, frames, motion, shade: rng.random_range(0.85..=1.0) }
            })
            .collect();
        Self {
            id: format!("{}-{index:06}", split.name()),
            procedure: instance.procedure,
            events,
            look: Look::draw(config, size, &mut rng),
        }
    }
}

impl Look {
    fn draw(config: &SyntheticConfig, size: (f32, f32), rng: &mut impl Rng) -> Self {
        let scene = &config.scene;
        // First what every video has, so that the options add to a picture and change nothing in
        // it.
        let (dark, bright) = scene.background;
        let background = rng.random_range(dark..=bright);
        let noise_seed = rng.random();
        let num_waves = if scene.textured_background { 4 } else { 0 };
        let mut turn = || rng.random_range(0.0..1.0f32);
        let drift = (scene.brightness_drift, 0.5 + 1.5 * turn(), turn());
        let waves = (0..num_waves)
            .map(|_| {
                let (sin, cos) = (turn() * std::f32::consts::TAU).sin_cos();
                let frequency = std::f32::consts::TAU * (1.0 + 4.0 * turn()) / size.0.min(size.1);
                let amplitude = 5.0 + 7.0 * turn();
                (amplitude, (frequency * cos, frequency * sin), turn() * std::f32::consts::TAU)
            })
            .collect();
        let distractors = (0..scene.distractors)
            .map(|_| {
                let action = Action::ALL[rng.random_range(0..Action::ALL.len())];
                let mut motion = Motion::draw(action, size, scene, rng);
                motion.radius *= 0.6;
                let shape = SHAPES[rng.random_range(0..SHAPES.len())];
                Distractor { shape, grey: rng.random_range(110.0..190.0), motion }
            })
            .collect();
        Self { background, waves, distractors, drift, noise_seed }
    }
}

/// `count` stretches of frames that tile the video, none shorter than the shortest event.
fn tile(config: &SyntheticConfig, count: usize, rng: &mut impl Rng) -> Vec<Range<usize>> {
    let shortest = config.min_event_frames();
    let spare = config.num_frames() - count * shortest;
    let mut cuts: Vec<_> = (1..count).map(|_| rng.random_range(0..=spare)).collect();
    cuts.sort_unstable();
    cuts.insert(0, 0);
    cuts.push(spare);
    cuts.windows(2)
        .enumerate()
        .map(|(index, cut)| index * shortest + cut[0]..(index + 1) * shortest + cut[1])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::combination::Combinations;
    use super::*;

    #[test]
    fn events_tile_the_video_and_none_is_too_short() {
        let config = SyntheticConfig::default();
        let pool = Combinations::new(&config).training;
        let procedures = Procedures::draw(&config, pool, config.procedures.count, 0);
        for index in 0..500 {
            let script = Script::write(&config, &procedures, Split::Train, index);
            let mut end = 0;
            for event in &script.events {
                assert_eq!(event.frames.start, end);
                assert!(event.frames.len() >= 28);
                end = event.frames.end;
            }
            assert_eq!(end, 192);
        }
    }
}
