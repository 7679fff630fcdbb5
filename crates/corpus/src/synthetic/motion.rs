//! Where an object is at a time: the one place that knows what actions look like.
//!
//! Every action repeats, so that any stretch of about a period shows it. Time is measured from the
//! middle of the event, and left/right, up/down, grow/shrink and appear/disappear are one motion
//! with the sign of time reversed: the frames of one are the frames of the other in the opposite
//! order, and no single frame tells which.

use rand::Rng;

use super::config::SceneConfig;
use super::vocabulary::Action;

/// The smallest size of growing and shrinking, as a share of the largest.
const SMALLEST: f32 = 0.4;
/// How much larger the largest size of growing is than that of other actions, to make up for the
/// small times.
const LARGER: f32 = 1.15;
/// Share of a blink's period in which the object is there.
const BLINK_ON: f32 = 0.55;

/// What an object does during an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Motion {
    pub(super) action: Action,
    /// Centre in pixels at the middle of the event.
    pub(super) centre: (f32, f32),
    /// Half the object's size in pixels, at its largest.
    pub(super) radius: f32,
    /// How long one repetition takes.
    pub(super) period_s: f32,
    /// Where in its repetition the action is at the middle of the event, 0..1.
    pub(super) phase: f32,
    /// Angle in radians, for spins at the middle of the event.
    pub(super) tilt: f32,
    /// Which way a spin turns.
    pub(super) clockwise: bool,
}

/// An object at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    /// Centre in pixels, within the frame; what lies beyond an edge shows at the opposite one.
    pub(super) centre: (f32, f32),
    pub(super) radius: f32,
    /// Radians.
    pub(super) angle: f32,
    /// 0 is not there, 1 is solid.
    pub(super) opacity: f32,
}

impl Motion {
    /// A motion for `action`, with everything random that the action leaves free.
    pub(super) fn draw(
        action: Action,
        (width, height): (f32, f32),
        scene: &SceneConfig,
        rng: &mut impl Rng,
    ) -> Self {
        let (small, large) = scene.object_size;
        let mut radius = width.min(height) * rng.random_range(small..=large) / 2.0;
        if matches!(action, Action::Grow | Action::Shrink) {
            radius *= LARGER;
        }
        let period_s = match action {
            Action::Left | Action::Right | Action::Up | Action::Down => rng.random_range(1.8..2.4),
            Action::Grow | Action::Shrink | Action::Appear | Action::Disappear => {
                rng.random_range(1.5..2.0)
            }
            Action::Spin => rng.random_range(1.5..2.2),
            Action::Blink => rng.random_range(0.5..0.7),
        };
        let mut place = |side: f32, wraps: bool| {
            if wraps {
                rng.random_range(0.0..side)
            } else {
                rng.random_range(radius..=side - radius)
            }
        };
        let centre = (
            place(width, matches!(action, Action::Left | Action::Right)),
            place(height, matches!(action, Action::Up | Action::Down)),
        );
        let tilt = scene.max_tilt_degrees.to_radians();
        Self {
            action,
            centre,
            radius,
            period_s,
            phase: rng.random_range(0.0..1.0),
            tilt: rng.random_range(-tilt..=tilt),
            clockwise: rng.random_bool(0.5),
        }
    }

    /// The object `time_s` seconds after the middle of the event, in a frame of `width` x `height`
    /// pixels.
    pub(super) fn pose(&self, time_s: f32, (width, height): (f32, f32)) -> Pose {
        let turns = time_s / self.period_s;
        let still =
            Pose { centre: self.centre, radius: self.radius, angle: self.tilt, opacity: 1.0 };
        let (x, y) = self.centre;
        // From 0 to 1 and again, forwards or backwards in time.
        let forwards = (self.phase + turns).rem_euclid(1.0);
        let backwards = (self.phase - turns).rem_euclid(1.0);
        let sized = |share: f32| Pose {
            radius: self.radius * (SMALLEST + (1.0 - SMALLEST) * share),
            ..still
        };
        match self.action {
            Action::Left => Pose { centre: ((x - width * turns).rem_euclid(width), y), ..still },
            Action::Right => Pose { centre: ((x + width * turns).rem_euclid(width), y), ..still },
            Action::Up => Pose { centre: (x, (y - height * turns).rem_euclid(height)), ..still },
            Action::Down => Pose { centre: (x, (y + height * turns).rem_euclid(height)), ..still },
            Action::Grow => sized(forwards),
            Action::Shrink => sized(backwards),
            Action::Appear => Pose { opacity: forwards, ..still },
            Action::Disappear => Pose { opacity: backwards, ..still },
            Action::Spin => {
                let way = if self.clockwise { 1.0 } else { -1.0 };
                Pose { angle: self.tilt + way * turns * std::f32::consts::TAU, ..still }
            }
            Action::Blink => Pose { opacity: if forwards < BLINK_ON { 1.0 } else { 0.0 }, ..still },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locvtp_video::randomness::{Purpose, generator};

    const FRAME: (f32, f32) = (48.0, 48.0);

    #[test]
    fn an_action_played_backwards_is_its_opposite() {
        let pairs = [
            (Action::Left, Action::Right),
            (Action::Up, Action::Down),
            (Action::Grow, Action::Shrink),
            (Action::Appear, Action::Disappear),
        ];
        for (index, (one, other)) in pairs.into_iter().enumerate() {
            let mut rng = generator(0, Purpose::Script, 0, index as u64);
            for _ in 0..50 {
                let forth = Motion::draw(one, FRAME, &SceneConfig::default(), &mut rng);
                let back = Motion { action: other, ..forth.clone() };
                for step in -16..=16 {
                    let time = step as f32 / 8.0 + 1.0 / 16.0;
                    assert_eq!(forth.pose(time, FRAME), back.pose(-time, FRAME));
                }
            }
        }
    }

    #[test]
    fn every_action_changes_the_object_within_half_a_second() {
        let mut rng = generator(0, Purpose::Script, 1, 0);
        for action in Action::ALL {
            for _ in 0..50 {
                let motion = Motion::draw(action, FRAME, &SceneConfig::default(), &mut rng);
                for start in 0..8 {
                    let poses: Vec<_> =
                        (start..=start + 4).map(|k| motion.pose(k as f32 / 8.0, FRAME)).collect();
                    assert!(poses.iter().any(|pose| *pose != poses[0]), "{motion:?}");
                }
            }
        }
    }

    #[test]
    fn what_stays_in_place_stays_inside_the_frame() {
        let mut rng = generator(0, Purpose::Script, 2, 0);
        for action in [Action::Grow, Action::Appear, Action::Spin, Action::Blink] {
            for _ in 0..200 {
                let motion = Motion::draw(action, FRAME, &SceneConfig::default(), &mut rng);
                let pose = motion.pose(0.3, FRAME);
                for place in [pose.centre.0, pose.centre.1] {
                    assert!(place >= pose.radius && place <= 48.0 - pose.radius);
                }
            }
        }
    }
}
