//! A script's frames, one after another.
//!
//! The background is drawn once; each frame copies it, draws the objects over it with soft edges,
//! and adds what the camera does: drift of brightness, and noise that is the same in all three
//! channels, as a sensor's mostly is after chroma subsampling.

use super::config::SyntheticConfig;
use super::motion::{Motion, Pose};
use super::script::{Event, Script};
use super::shape::coverage;
use super::vocabulary::{COLOURS, SHAPES, Shape};
use locvtp_video::randomness::finalise;

/// Brightness of a mark as a share of its shape's.
const MARK: f32 = 0.2;

/// Draws the frames of one script.
pub(super) struct Renderer<'a> {
    config: &'a SyntheticConfig,
    script: &'a Script,
    /// Grey levels of the background, row by row.
    background: Vec<f32>,
    /// 256 values of equal probability under the camera's normal distribution.
    noise: Vec<f32>,
    canvas: Vec<f32>,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(config: &'a SyntheticConfig, script: &'a Script) -> Self {
        let look = &script.look;
        let background = (0..config.height)
            .flat_map(|y| (0..config.width).map(move |x| (x as f32, y as f32)))
            .map(|(x, y)| {
                let wave = |&(amplitude, (along_x, along_y), phase): &(f32, (f32, f32), f32)| {
                    amplitude * (along_x * x + along_y * y + phase).sin()
                };
                look.background + look.waves.iter().map(wave).sum::<f32>()
            })
            .collect();
        let noise = normal_quantiles(config.scene.camera_noise);
        Self { config, script, background, noise, canvas: Vec::new() }
    }

    /// Frame `frame` as RGB bytes, row by row, into `rgb`.
    pub(super) fn draw(&mut self, frame: usize, rgb: &mut Vec<u8>) {
        self.canvas.clear();
        self.canvas.extend(self.background.iter().flat_map(|&grey| [grey; 3]));
        let script = self.script;
        let all = 0..self.config.num_frames();
        for distractor in &script.look.distractors {
            let pose = self.pose(&distractor.motion, &all, frame);
            self.draw_object(distractor.shape, [distractor.grey; 3], pose);
        }
        if let Some(event) = script.events.iter().find(|event| event.frames.contains(&frame)) {
            let Event { combination, frames, motion, shade } = event;
            let pose = self.pose(motion, frames, frame);
            let colour = COLOURS[combination.colour].rgb.map(|level| level * shade);
            self.draw_object(SHAPES[combination.shape], colour, pose);
        }
        self.expose(frame, rgb);
    }

    /// The pose at the middle of `frame`, with time counted from the middle of `frames`.
    fn pose(&self, motion: &Motion, frames: &std::ops::Range<usize>, frame: usize) -> Pose {
        // Twice the distance from the middle, a whole number: the first and the last frame are
        // exact opposites.
        let doubled = 2 * frame as i64 + 1 - (frames.start + frames.end) as i64;
        let time_s = doubled as f32 / (2.0 * self.config.frame_rate_hz as f32);
        motion.pose(time_s, (self.config.width as f32, self.config.height as f32))
    }

    /// Draws one object; what lies beyond an edge shows at the opposite one.
    fn draw_object(&mut self, shape: Shape, colour: [f32; 3], pose: Pose) {
        if pose.opacity <= 0.0 {
            return;
        }
        let (width, height) = (self.config.width as i32, self.config.height as i32);
        let (centre_x, centre_y) = pose.centre;
        let (sin, cos) = pose.angle.sin_cos();
        let reach = pose.radius + 1.5;
        let pixels = |centre: f32| (centre - reach).floor() as i32..=(centre + reach).ceil() as i32;
        for y in pixels(centre_y) {
            for x in pixels(centre_x) {
                let (dx, dy) = (x as f32 + 0.5 - centre_x, y as f32 + 0.5 - centre_y);
                let turned = (cos * dx + sin * dy, cos * dy - sin * dx);
                let cover = coverage(shape, turned, pose.radius);
                if cover.body == 0.0 {
                    continue;
                }
                let lit = 1.0 - (1.0 - MARK) * cover.mark / cover.body;
                let at = (y.rem_euclid(height) * width + x.rem_euclid(width)) as usize * 3;
                let solid = cover.body * pose.opacity;
                for (level, colour) in self.canvas[at..at + 3].iter_mut().zip(colour) {
                    *level += solid * (colour * lit - *level);
                }
            }
        }
    }

    /// Adds drift and noise and rounds to bytes.
    fn expose(&self, frame: usize, rgb: &mut Vec<u8>) {
        let (swing, times, start) = self.script.look.drift;
        let turn = start + times * frame as f32 / self.config.num_frames() as f32;
        let drift = swing * (turn * std::f32::consts::TAU).sin();
        let byte = |level: f32| (level + 0.5).clamp(0.0, 255.0) as u8;
        rgb.clear();
        if self.config.scene.camera_noise == 0.0 {
            rgb.extend(self.canvas.iter().map(|&level| byte(level + drift)));
            return;
        }
        let frame_seed = finalise(self.script.look.noise_seed ^ frame as u64);
        for (block, pixels) in self.canvas.chunks(24).enumerate() {
            // Eight pixels from the eight bytes of one hash.
            let bytes = finalise(frame_seed.wrapping_add(block as u64)).to_le_bytes();
            for (pixel, index) in pixels.chunks_exact(3).zip(bytes) {
                let offset = drift + self.noise[usize::from(index)];
                rgb.extend(pixel.iter().map(|&level| byte(level + offset)));
            }
        }
    }
}

/// The middles of 256 equally probable parts of a normal distribution with standard deviation
/// `deviation`.
fn normal_quantiles(deviation: f32) -> Vec<f32> {
    (0..256).map(|index| deviation * inverse_normal((index as f32 + 0.5) / 256.0)).collect()
}

/// The normal distribution's quantile function by Abramowitz and Stegun 26.2.23, to within 0.00045.
fn inverse_normal(probability: f32) -> f32 {
    let tail = probability.min(1.0 - probability);
    let t = (-2.0 * tail.ln()).sqrt();
    let above = (2.515_517 + t * (0.802_853 + t * 0.010_328))
        / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    let distance = t - above;
    if probability < 0.5 { -distance } else { distance }
}

#[cfg(test)]
mod tests {
    use super::super::combination::Combination;
    use super::super::config::SceneConfig;
    use super::super::script::Look;
    use super::super::vocabulary::Action;
    use super::*;
    use locvtp_video::randomness::{Purpose, generator};

    fn quiet(actions: &[Action]) -> SyntheticConfig {
        SyntheticConfig {
            actions: actions.to_vec(),
            scene: SceneConfig { camera_noise: 0.0, ..SceneConfig::default() },
            ..SyntheticConfig::default()
        }
    }

    /// A video of one event, on plain grey.
    fn one_event(config: &SyntheticConfig, shape: usize, motion: Motion) -> Script {
        let action = config.actions.iter().position(|action| *action == motion.action).unwrap();
        Script {
            id: "one".into(),
            procedure: None,
            events: vec![Event {
                combination: Combination { colour: 0, shape, action },
                frames: 0..config.num_frames(),
                motion,
                shade: 1.0,
            }],
            look: Look {
                background: 60.0,
                waves: vec![],
                distractors: vec![],
                drift: (0.0, 1.0, 0.0),
                noise_seed: 1,
            },
        }
    }

    fn frames(config: &SyntheticConfig, script: &Script) -> Vec<Vec<u8>> {
        let mut renderer = Renderer::new(config, script);
        (0..config.num_frames())
            .map(|frame| {
                let mut rgb = Vec::new();
                renderer.draw(frame, &mut rgb);
                rgb
            })
            .collect()
    }

    #[test]
    fn the_frames_of_an_action_backwards_are_those_of_its_opposite() {
        for pair in [
            [Action::Left, Action::Right],
            [Action::Up, Action::Down],
            [Action::Grow, Action::Shrink],
            [Action::Appear, Action::Disappear],
        ] {
            let config = quiet(&pair);
            let mut rng = generator(0, Purpose::Script, 0, pair[0] as u64);
            let motion = Motion::draw(pair[0], (48.0, 48.0), &config.scene, &mut rng);
            let forth = frames(&config, &one_event(&config, 1, motion.clone()));
            let opposite = Motion { action: pair[1], ..motion };
            let mut back = frames(&config, &one_event(&config, 1, opposite));
            assert_ne!(forth, back);
            back.reverse();
            assert_eq!(forth, back);
        }
    }

    #[test]
    fn an_object_that_leaves_at_one_side_returns_at_the_other_and_keeps_its_area() {
        let config = quiet(&[Action::Left, Action::Down]);
        let mut rng = generator(0, Purpose::Script, 0, 9);
        for action in [Action::Left, Action::Down] {
            let motion = Motion::draw(action, (48.0, 48.0), &config.scene, &mut rng);
            let areas: Vec<usize> = frames(&config, &one_event(&config, 0, motion))
                .iter()
                .map(|rgb| rgb.chunks_exact(3).filter(|pixel| pixel[0] > pixel[1] + 30).count())
                .collect();
            let (least, most) = (areas.iter().min().unwrap(), areas.iter().max().unwrap());
            assert!(*least > 80 && *most < least + least / 4, "{least} to {most} pixels");
        }
    }

    #[test]
    fn the_cameras_noise_has_the_deviation_that_is_set() {
        let mut config = quiet(&[Action::Blink, Action::Spin]);
        config.scene.camera_noise = 6.0;
        let mut rng = generator(0, Purpose::Script, 0, 3);
        let motion = Motion::draw(Action::Blink, (48.0, 48.0), &config.scene, &mut rng);
        let mut script = one_event(&config, 0, motion);
        script.events.clear();
        let levels: Vec<f64> =
            frames(&config, &script).concat().into_iter().map(f64::from).collect();
        let mean = levels.iter().sum::<f64>() / levels.len() as f64;
        let variance =
            levels.iter().map(|level| (level - mean).powi(2)).sum::<f64>() / levels.len() as f64;
        assert!((mean - 60.0).abs() < 0.1, "{mean}");
        assert!((variance.sqrt() - 6.0).abs() < 0.1, "{}", variance.sqrt());
    }
}
