//! Which configs can be used, and what is said about those that cannot.

use super::combination::Combinations;
use super::config::SyntheticConfig;
use super::vocabulary::{COLOURS, SHAPES};
use crate::error::CorpusError;

/// Videos of a part, at most: all are thought out in memory before the first is made.
pub const MOST_VIDEOS: usize = 1_000_000;

impl SyntheticConfig {
    /// # Errors
    /// When a value, or two together, cannot be used.
    pub fn check(&self) -> Result<(), CorpusError> {
        self.check_values()?;
        self.check_shares()?;
        self.check_together()
    }

    fn check_values(&self) -> Result<(), CorpusError> {
        let ok = |good: bool, key, found: &dyn std::fmt::Debug, expected| {
            let found = format!("{found:?}");
            if good { Ok(()) } else { Err(CorpusError::Setting { key, found, expected }) }
        };
        for (key, videos) in [
            ("train_videos", self.train_videos),
            ("seen_videos", self.seen_videos),
            ("new_videos", self.new_videos),
        ] {
            ok(videos <= MOST_VIDEOS, key, &videos, "at most 1000000")?;
        }
        let side = |pixels: u32| (16..=8192).contains(&pixels) && pixels.is_multiple_of(16);
        ok(side(self.width), "width", &self.width, "a multiple of 16, up to 8192")?;
        ok(side(self.height), "height", &self.height, "a multiple of 16, up to 8192")?;
        let rate = self.frame_rate_hz;
        ok((4..=120).contains(&rate), "frame_rate_hz", &rate, "4 to 120; fewer hide actions")?;
        let colours = (2..=COLOURS.len()).contains(&self.num_colours);
        ok(colours, "num_colours", &self.num_colours, "2 to 8")?;
        let shapes = (2..=SHAPES.len()).contains(&self.num_shapes);
        ok(shapes, "num_shapes", &self.num_shapes, "2 to 6")?;
        let mut distinct = self.actions.clone();
        distinct.sort_by_key(|action| *action as u8);
        distinct.dedup();
        let actions = distinct.len() == self.actions.len() && distinct.len() >= 2;
        ok(actions, "actions", &self.actions, "at least 2 actions, none twice")?;
        ok(self.min_events >= 1, "min_events", &self.min_events, "at least 1")?;
        let min_event = self.min_event_s > 0.0 && self.min_event_s.is_finite();
        ok(min_event, "min_event_s", &self.min_event_s, "seconds, above 0")?;
        let duration = self.duration_s > 0.0 && self.duration_s <= 3600.0;
        ok(duration, "duration_s", &self.duration_s, "seconds, above 0 and at most 3600")?;
        let procedures = self.procedures.count;
        ok((1..=100_000).contains(&procedures), "procedures.count", &procedures, "1 to 100000")?;
        ok(
            self.key_frame_interval >= 1,
            "key_frame_interval",
            &self.key_frame_interval,
            "at least 1",
        )?;
        ok(self.crf <= 51, "crf", &self.crf, "0 to 51")?;
        let (small, large) = self.scene.object_size;
        let size = small > 0.0 && small <= large && large <= 0.8;
        ok(size, "scene.object_size", &(small, large), "[smallest, largest], in 0..=0.8")?;
        let (dark, bright) = self.scene.background;
        let background = (0.0..=255.0).contains(&dark) && dark <= bright && bright <= 255.0;
        ok(background, "scene.background", &(dark, bright), "[darkest, brightest], in 0..=255")?;
        for (key, value) in [
            ("scene.max_tilt_degrees", self.scene.max_tilt_degrees),
            ("scene.camera_noise", self.scene.camera_noise),
            ("scene.brightness_drift", self.scene.brightness_drift),
        ] {
            ok((0.0..=180.0).contains(&value), key, &value, "0 to 180")?;
        }
        Ok(())
    }

    fn check_shares(&self) -> Result<(), CorpusError> {
        for (key, value) in [
            ("procedures.share_attribute", self.procedures.share_attribute),
            ("procedures.drop_step", self.procedures.drop_step),
            ("procedures.swap_steps", self.procedures.swap_steps),
            ("narration.drop_clause", self.narration.drop_clause),
            ("narration.drop_attribute", self.narration.drop_attribute),
            ("narration.synonym", self.narration.synonym),
            ("narration.filler", self.narration.filler),
        ] {
            if !(0.0..=1.0).contains(&value) {
                let expected = "a probability between 0 and 1";
                return Err(CorpusError::Setting { key, found: value.to_string(), expected });
            }
        }
        let chatter = self.narration.chatter;
        if !(0.0..=0.9).contains(&chatter) {
            return Err(CorpusError::Setting {
                key: "narration.chatter",
                found: chatter.to_string(),
                expected: "a share between 0 and 0.9",
            });
        }
        Ok(())
    }

    fn check_together(&self) -> Result<(), CorpusError> {
        let contradiction =
            |first, first_value: &dyn ToString, second, second_value: &dyn ToString, why: &str| {
                Err(CorpusError::Contradiction {
                    first,
                    first_value: first_value.to_string(),
                    second,
                    second_value: second_value.to_string(),
                    why: why.to_owned(),
                })
            };
        if self.min_events > self.max_events {
            return contradiction(
                "min_events",
                &self.min_events,
                "max_events",
                &self.max_events,
                "the fewest events are more than the most",
            );
        }
        if self.max_events * self.min_event_frames() > self.num_frames() {
            return contradiction(
                "max_events",
                &self.max_events,
                "duration_s",
                &self.duration_s,
                "so many events of `min_event_s` do not fit; raise the second",
            );
        }
        let parts = Combinations::new(self);
        for (videos, pool) in [
            (self.train_videos + self.seen_videos, &parts.training),
            (self.new_videos, &parts.held_out),
        ] {
            if videos > 0 && pool.len() < self.max_events {
                return contradiction(
                    "max_events",
                    &self.max_events,
                    "num_colours",
                    &self.num_colours,
                    "a split has too few combinations for the events of a video to differ; raise \
                     colours, shapes or actions, or set `new_videos` to 0",
                );
            }
        }
        let jitter = self.narration.jitter_s;
        if !(0.0..self.min_event_s / 2.0).contains(&jitter) {
            return contradiction(
                "narration.jitter_s",
                &jitter,
                "min_event_s",
                &self.min_event_s,
                "the jitter must be 0 or more and less than half the shortest event",
            );
        }
        Ok(())
    }
}
