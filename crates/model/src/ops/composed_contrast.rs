//! The contrast from the engine's own operations, for any device and number type, in the same
//! strips.

use burn::tensor::{Bool, Int, Tensor, TensorData};

use super::chosen_rows::ChosenRows;
use super::contrast_data::{Anchor, ContrastChoices, Contrasted, SHORTEST_POSITIVE};
use super::kernel::contrast::strip_rows;

/// See [`contrast`](super::contrast()).
pub(super) fn contrast(
    anchors: Tensor<2>,
    keys: Tensor<2>,
    rows: &[Anchor],
    choices: ContrastChoices,
) -> Contrasted {
    let is_recorded = anchors.device().is_autodiff();
    // Nothing of the strips is recorded: the graph would keep their tables.
    let (fixed_anchors, fixed_keys) = (anchors.clone().detach(), keys.clone().detach());
    let length = strip_rows(keys.dims()[0]);
    let (mut losses, mut d_anchors, mut d_keys) = (Vec::new(), Vec::new(), fixed_keys.zeros_like());
    for (index, rows) in rows.chunks(length).enumerate() {
        let anchors = fixed_anchors.clone().narrow(0, index * length, rows.len());
        let strip = Strip::new(anchors, fixed_keys.clone(), rows, choices);
        losses.push(strip.losses());
        if is_recorded {
            let (of_strip, of_keys) = strip.add_gradients(d_keys);
            d_anchors.push(of_strip);
            d_keys = of_keys;
        }
    }
    let losses = Tensor::cat(losses, 0);
    let weights: Tensor<1> = column(rows, &losses, |row| row.weight).squeeze_dim(1);
    let mut total = (losses.clone() * weights).sum();
    if is_recorded {
        // A term of value zero whose slopes are the gradients.
        let slope = (anchors * Tensor::cat(d_anchors, 0)).sum() + (keys * d_keys).sum();
        total = total + (slope.clone() - slope.detach());
    }
    Contrasted { total, losses }
}

/// A number of every row, `[r, 1]`, beside `like`.
fn column<const D: usize>(
    rows: &[Anchor],
    like: &Tensor<D>,
    value: impl Fn(&Anchor) -> f64,
) -> Tensor<2> {
    let values: Vec<f64> = rows.iter().map(value).collect();
    Tensor::from_data(TensorData::new(values, [rows.len(), 1]), (&like.device(), like.dtype()))
}

/// Some of the anchors, `s`, against all keys, `c`.
struct Strip {
    /// `[s, e]`
    anchors: Tensor<2>,
    /// `[c, e]`
    keys: Tensor<2>,
    chosen: ChosenRows,
    /// `[s, e]`
    positives: Tensor<2>,
    /// By what each positive was divided, `[s, 1]`, and whether that was its length (1 or 0).
    lengths: Option<[Tensor<2>; 2]>,
    /// `[s, 1]`, as all below but the table: `anchor . positive / tau`
    logits: Tensor<2>,
    /// The largest logit below the fraction.
    shift: Tensor<2>,
    /// `[s, c]`: the exponentials of the logits, less the shift.
    table: Tensor<2>,
    /// That of the positive's logit, where it stands below the fraction.
    below: Option<Tensor<2>>,
    sums: Tensor<2>,
    /// An anchor's weight, over the temperature.
    weights: Tensor<2>,
}

impl Strip {
    fn new(
        anchors: Tensor<2>,
        keys: Tensor<2>,
        rows: &[Anchor],
        ContrastChoices { temperature, positive_below, unit_positive }: ContrastChoices,
    ) -> Self {
        let chosen = ChosenRows::new(rows.iter().map(|row| &row.positive[..]), &keys);
        let sums = chosen.sums(keys.clone());
        let lengths = unit_positive.then(|| {
            let length = sums.clone().square().sum_dim(1).sqrt();
            let is_long = length.clone().greater_elem(SHORTEST_POSITIVE).float();
            [length.clamp_min(SHORTEST_POSITIVE), is_long.cast(sums.dtype())]
        });
        let positives = match &lengths {
            Some([length, _]) => sums / length.clone(),
            None => sums,
        };
        let logits = (anchors.clone() * positives.clone()).sum_dim(1).div_scalar(temperature);
        let table = anchors.clone().matmul(keys.clone().transpose()).div_scalar(temperature);
        let table = without_excluded(table, rows);
        let mut shift = table.clone().max_dim(1);
        if positive_below {
            shift = shift.max_pair(logits.clone());
        }
        let table = (table - shift.clone()).exp();
        let below = positive_below.then(|| (logits.clone() - shift.clone()).exp());
        let mut sums = table.clone().sum_dim(1);
        if let Some(below) = &below {
            sums = sums + below.clone();
        }
        let weights = column(rows, &keys, |row| row.weight / temperature);
        Self {
            anchors,
            keys,
            chosen,
            positives,
            lengths,
            logits,
            shift,
            table,
            below,
            sums,
            weights,
        }
    }

    /// `[s]`
    fn losses(&self) -> Tensor<1> {
        (self.sums.clone().log() + self.shift.clone() - self.logits.clone()).squeeze_dim(1)
    }

    /// The gradient of the anchors, `[s, e]`, and `d_keys` with that of the keys added.
    fn add_gradients(&self, d_keys: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let scale = self.weights.clone() / self.sums.clone();
        let d_logits = self.table.clone() * scale.clone();
        let d_positive = match &self.below {
            Some(below) => below.clone() * scale - self.weights.clone(),
            None => self.weights.clone().neg(),
        };
        let d_anchors = d_logits.clone().matmul(self.keys.clone())
            + self.positives.clone() * d_positive.clone();
        let d_keys = d_keys + d_logits.transpose().matmul(self.anchors.clone());
        let mut d_positives = self.anchors.clone() * d_positive;
        if let Some([length, is_long]) = &self.lengths {
            let along = (d_positives.clone() * self.positives.clone()).sum_dim(1);
            let along = self.positives.clone() * (along * is_long.clone());
            d_positives = (d_positives - along) / length.clone();
        }
        (d_anchors, self.chosen.add_gradient(d_keys, d_positives))
    }
}

/// The logits `[s, c]` with a number for the excluded ones that stands for minus infinity.
fn without_excluded(logits: Tensor<2>, rows: &[Anchor]) -> Tensor<2> {
    if rows.iter().all(|row| row.excluded.is_empty()) {
        return logits;
    }
    let ([s, c], device) = (logits.dims(), logits.device().without_autodiff());
    let bound = |of: fn(&Anchor) -> usize| {
        let values: Vec<i64> = rows.iter().map(|row| of(row) as i64).collect();
        Tensor::<2, Int>::from_data(TensorData::new(values, [s, 1]), &device).expand([s, c])
    };
    let keys = Tensor::<1, Int>::arange(0..c as i64, &device).reshape([1, c]).expand([s, c]);
    let excluded: Tensor<2, Bool> = keys
        .clone()
        .greater_equal(bound(|row| row.excluded.start))
        .bool_and(keys.lower(bound(|row| row.excluded.end)));
    // A large finite number: minus infinity less itself would be no number.
    logits.mask_fill(excluded, -1e30)
}
