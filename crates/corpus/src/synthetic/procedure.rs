//! Procedures: steps in a usual order, which videos follow with some variation.
//!
//! A split's procedures are drawn so that each combination comes up in about as many of them as any
//! other, and so that neighbouring steps often share colour or shape. An instance takes the steps
//! in their order, at times without one of them or with two neighbours swapped; so an event mostly
//! tells which one of a few comes next. Under [`Order::Random`] every video is a procedure of its
//! own, drawn by the same rules.

use rand::Rng;
use rand::seq::IndexedRandom;

use super::combination::Combination;
use super::config::{Order, SyntheticConfig};
use locvtp_video::randomness::{Purpose, generator};

/// The procedures of a set of combinations.
#[derive(Debug, Clone)]
pub(super) struct Procedures {
    pool: Vec<Combination>,
    steps: Vec<Vec<Combination>>,
}

/// The events of one video, in order, all different.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Instance {
    /// Which procedure it follows; none when made up freely.
    pub(super) procedure: Option<usize>,
    pub(super) events: Vec<Combination>,
}

impl Procedures {
    /// `count` procedures over `pool`; `which` tells pools under one seed apart.
    pub(super) fn draw(
        config: &SyntheticConfig,
        pool: Vec<Combination>,
        count: usize,
        which: u64,
    ) -> Self {
        let mut rng = generator(config.seed, Purpose::Procedures, which, 0);
        let mut uses = vec![0u32; pool.len()];
        let mut steps = Vec::new();
        if config.order == Order::Procedure && !pool.is_empty() {
            steps = (0..count).map(|_| draw_steps(config, &pool, &mut uses, &mut rng)).collect();
        }
        Self { pool, steps }
    }

    /// The steps of every procedure; empty when the order is random.
    pub(super) fn steps(&self) -> &[Vec<Combination>] {
        &self.steps
    }

    /// The events of a new video.
    pub(super) fn instance(&self, config: &SyntheticConfig, rng: &mut impl Rng) -> Instance {
        let procedure = (!self.steps.is_empty()).then(|| rng.random_range(0..self.steps.len()));
        let mut events = match procedure {
            Some(index) => self.steps[index].clone(),
            None => draw_steps(config, &self.pool, &mut vec![0; self.pool.len()], rng),
        };
        if events.len() > config.min_events && rng.random_bool(config.procedures.drop_step) {
            events.remove(rng.random_range(0..events.len()));
        }
        if events.len() > 1 && rng.random_bool(config.procedures.swap_steps) {
            let first = rng.random_range(0..events.len() - 1);
            events.swap(first, first + 1);
        }
        Instance { procedure, events }
    }
}

/// Steps of one procedure: each the least used so far among those that may follow.
fn draw_steps(
    config: &SyntheticConfig,
    pool: &[Combination],
    uses: &mut [u32],
    rng: &mut impl Rng,
) -> Vec<Combination> {
    // One more than the fewest where possible, so that a step can be left out.
    let shortest = (config.min_events + 1).min(config.max_events);
    let len = rng.random_range(shortest..=config.max_events);
    let mut steps: Vec<Combination> = Vec::with_capacity(len);
    while steps.len() < len {
        let related = rng.random_bool(config.procedures.share_attribute);
        let free = |index: &usize| !steps.contains(&pool[*index]);
        let follows =
            |index: &usize| steps.last().is_none_or(|last| last.looks_related(pool[*index]));
        let mut candidates: Vec<usize> = (0..pool.len()).filter(free).collect();
        if related && candidates.iter().any(follows) {
            candidates.retain(follows);
        }
        let fewest = candidates.iter().map(|&index| uses[index]).min();
        candidates.retain(|&index| Some(uses[index]) == fewest);
        let Some(&next) = candidates.choose(rng) else {
            break; // the config's check leaves more combinations than steps
        };
        uses[next] += 1;
        steps.push(pool[next]);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::super::combination::Combinations;
    use super::*;
    use std::collections::BTreeMap;

    fn instances(config: &SyntheticConfig, count: u64) -> Vec<Vec<Combination>> {
        let pool = Combinations::new(config).training;
        let procedures = Procedures::draw(config, pool, config.procedures.count, 0);
        (0..count)
            .map(|video| {
                let mut rng = generator(config.seed, Purpose::Script, 0, video);
                procedures.instance(config, &mut rng).events
            })
            .collect()
    }

    /// Entropy of the next event given the current one, in bits, counted over `videos`.
    fn conditional_entropy(videos: &[Vec<Combination>]) -> f64 {
        let mut pairs = BTreeMap::<_, BTreeMap<_, f64>>::new();
        for pair in videos.iter().flat_map(|events| events.windows(2)) {
            *pairs.entry(pair[0]).or_default().entry(pair[1]).or_default() += 1.0;
        }
        let total: f64 = pairs.values().flat_map(|next| next.values()).sum();
        let bits = |next: &BTreeMap<Combination, f64>| {
            let sum: f64 = next.values().sum();
            next.values().map(|count| count / total * (sum / count).log2()).sum::<f64>()
        };
        pairs.values().map(bits).sum()
    }

    #[test]
    fn an_event_tells_its_successor_unless_the_order_is_random() {
        let procedure = SyntheticConfig::default();
        let random = SyntheticConfig { order: Order::Random, ..procedure.clone() };
        let (told, free) = (
            conditional_entropy(&instances(&procedure, 20_000)),
            conditional_entropy(&instances(&random, 20_000)),
        );
        // Measured: 1.4 and 6.7 bits.
        assert!(told < 2.0, "{told} bits");
        assert!(free > 6.0, "{free} bits");
    }

    #[test]
    fn neighbours_share_colour_or_shape_at_least_half_of_the_time_in_both_orders() {
        for order in [Order::Procedure, Order::Random] {
            let videos = instances(&SyntheticConfig { order, ..SyntheticConfig::default() }, 2000);
            let pairs: Vec<_> = videos.iter().flat_map(|events| events.windows(2)).collect();
            let related = pairs.iter().filter(|pair| pair[0].looks_related(pair[1])).count();
            let share = related as f64 / pairs.len() as f64;
            assert!((0.5..0.9).contains(&share), "{order:?}: {share}");
        }
    }

    #[test]
    fn events_of_a_video_differ_and_are_three_to_five() {
        let videos = instances(&SyntheticConfig::default(), 1000);
        let mut lengths = BTreeMap::<usize, usize>::new();
        for events in videos {
            let mut distinct = events.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), events.len());
            *lengths.entry(events.len()).or_default() += 1;
        }
        assert!(lengths.keys().copied().eq(3..=5), "{lengths:?}");
    }

    #[test]
    fn every_combination_of_training_comes_up_and_most_in_several_procedures() {
        let config = SyntheticConfig::default();
        let pool = Combinations::new(&config).training;
        let procedures = Procedures::draw(&config, pool.clone(), config.procedures.count, 0);
        let uses =
            |c: &Combination| procedures.steps().iter().filter(|steps| steps.contains(c)).count();
        assert!(pool.iter().all(|c| uses(c) >= 1));
        let several = pool.iter().filter(|c| uses(c) >= 2).count();
        assert!(2 * several > pool.len(), "{several} of {}", pool.len());
    }
}
