//! Steps in their order, one second each: the cheapest such choice, by dynamic programming.
//!
//! Given what every step costs in every second, steps `1..=K` get seconds `t_1 < t_2 < ..`, and the
//! seconds between them are background, which costs nothing. The states of a second are
//! `background, 1, background, 2, .., K, background`, as in CrossTask's `dp.pyx`; from one second to
//! the next a background stays or comes from the step before it, and a step comes from the
//! background or the step before it. Of equal costs staying is preferred, then the state before,
//! then the one before that; at the end the step is preferred to the background.
//!
//! The release's code keeps a stale finite cost in states that cannot be reached, so with as many
//! seconds as steps it goes back from one of them. Here what cannot be reached costs infinity: `T = K`
//! has its one alignment, and `T < K` has none (§D.3).

/// Where each step is.
#[derive(Clone, Debug, PartialEq)]
pub struct Alignment {
    /// The second of each step, increasing.
    pub seconds: Vec<usize>,
    /// The sum of their costs.
    pub cost: f64,
}

/// The cheapest seconds for `num_steps` steps; `None` when there are fewer seconds than steps.
///
/// # Shapes
/// - `costs`: `[seconds, num_steps]`, finite
///
/// # Panics
/// When `costs` is no such table.
pub fn align(costs: &[f64], num_steps: usize) -> Option<Alignment> {
    if num_steps == 0 {
        return Some(Alignment { seconds: Vec::new(), cost: 0.0 });
    }
    assert_eq!(costs.len() % num_steps, 0, "{} costs of {num_steps} steps", costs.len());
    let num_seconds = costs.len() / num_steps;
    if num_seconds < num_steps {
        return None;
    }
    let num_states = 2 * num_steps + 1;
    let is_step = |state: usize| state % 2 == 1;
    // How many states back the best way into a state comes from, second by second.
    let mut back = vec![0u8; num_seconds * num_states];
    let mut best = vec![f64::INFINITY; num_states];
    (best[0], best[1]) = (0.0, costs[0]);
    for second in 1..num_seconds {
        let mut next = vec![f64::INFINITY; num_states];
        for (state, next) in next.iter_mut().enumerate() {
            let ways: &[usize] = match (is_step(state), state) {
                (true, 1) => &[1],
                (true, _) => &[1, 2],
                (false, 0) => &[0],
                (false, _) => &[0, 1],
            };
            for &way in ways {
                if best[state - way] < *next {
                    *next = best[state - way];
                    back[second * num_states + state] = way as u8;
                }
            }
            if is_step(state) {
                *next += costs[second * num_steps + state / 2];
            }
        }
        best = next;
    }
    let last_step = num_states - 2;
    let (step, background) = (best[last_step], best[last_step + 1]);
    let mut state = if background < step { last_step + 1 } else { last_step };
    let cost = best[state];
    let mut seconds = vec![0; num_steps];
    for second in (0..num_seconds).rev() {
        if is_step(state) {
            seconds[state / 2] = second;
        }
        state -= usize::from(back[second * num_states + state]);
    }
    Some(Alignment { seconds, cost })
}

/// Steps at equal distances, whatever is seen: the middle of each of `num_steps` equal parts, halves
/// rounded to even as Python does. What any alignment must beat.
pub fn equal_distances(num_seconds: usize, num_steps: usize) -> Vec<usize> {
    let middle = |step: usize| num_seconds as f64 * (2 * step + 1) as f64 / (2 * num_steps) as f64;
    let last = num_seconds.saturating_sub(1);
    (0..num_steps).map(|step| (middle(step).round_ties_even() as usize).min(last)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The cheapest choice of all there are.
    fn by_trying_all(costs: &[f64], num_steps: usize) -> Option<f64> {
        fn from(first: usize, step: usize, costs: &[f64], num_steps: usize) -> Option<f64> {
            if step == num_steps {
                return Some(0.0);
            }
            (first..costs.len() / num_steps)
                .filter_map(|second| {
                    let rest = from(second + 1, step + 1, costs, num_steps)?;
                    Some(costs[second * num_steps + step] + rest)
                })
                .min_by(f64::total_cmp)
        }
        from(0, 0, costs, num_steps)
    }

    #[test]
    fn the_hand_vectors_of_the_specification_are_met() {
        let rows =
            [[0.9, 0.1, 0.8], [0.2, 0.7, 0.9], [0.3, 0.2, 0.4], [0.8, 0.3, 0.1], [0.5, 0.6, 0.3]];
        let found = align(&rows.concat(), 3).unwrap();
        assert_eq!(found.seconds, [1, 2, 3]);
        assert!((found.cost - 0.5).abs() < 1e-12, "{}", found.cost);
        let found = align(&[[-1.0, -2.0], [-3.0, -1.0], [-1.0, -5.0], [-4.0, -1.0]].concat(), 2);
        assert_eq!(found, Some(Alignment { seconds: vec![1, 2], cost: -8.0 }));
        assert_eq!(equal_distances(10, 4), [1, 4, 6, 9]);
        assert_eq!(equal_distances(7, 3), [1, 4, 6]);
    }

    #[test]
    fn as_many_seconds_as_steps_have_one_alignment_and_fewer_have_none() {
        let costs = [9.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 9.0];
        assert_eq!(align(&costs, 3), Some(Alignment { seconds: vec![0, 1, 2], cost: 27.0 }));
        assert_eq!(align(&costs[..6], 3), None);
        assert_eq!(align(&[], 2), None);
        assert_eq!(align(&[4.0], 1), Some(Alignment { seconds: vec![0], cost: 4.0 }));
    }

    #[test]
    fn of_equal_costs_staying_in_background_is_preferred_but_at_the_end_the_step() {
        // At the end the step, 3; background before it as long as can be, so step 1 in second 0.
        assert_eq!(align(&[0.0; 8], 2).unwrap().seconds, [0, 3]);
        // Background at the end is cheaper than the step; it was entered as early as can be.
        assert_eq!(align(&[0.0, 1.0, 0.0, 1.0], 1).unwrap().seconds, [0]);
    }

    proptest! {
        #[test]
        fn no_other_choice_is_cheaper(
            num_steps in 1usize..5,
            numbers in prop::collection::vec(-3.0..3.0f64, 0..40),
        ) {
            let costs = &numbers[..numbers.len() / num_steps * num_steps];
            match (align(costs, num_steps), by_trying_all(costs, num_steps)) {
                (None, None) => prop_assert!(costs.len() / num_steps < num_steps),
                (Some(found), Some(least)) => {
                    prop_assert!((found.cost - least).abs() < 1e-9);
                    prop_assert!(found.seconds.is_sorted_by(|a, b| a < b));
                    let chosen = found.seconds.iter().enumerate();
                    let sum: f64 = chosen.map(|(step, t)| costs[t * num_steps + step]).sum();
                    prop_assert!((found.cost - sum).abs() < 1e-9);
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
