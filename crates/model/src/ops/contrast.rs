//! How much more an anchor resembles its positive than all keys: the loss that the three terms
//! share.
//!
//! Its gradient is made together with its value, in strips of anchors: logits, their softmax and
//! both gradients of a strip are three products, and nothing of the size of anchors times keys is
//! kept. This is why the weights of the anchors, and with them those of the terms, have to be known
//! beforehand.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Shape, Tensor};

use super::composed_contrast;
use super::contrast_data::{Anchor, ContrastChoices, Contrasted};
use super::cpu::{self, KeepingKernel};
use super::kernel::contrast::{self as kernel, Problem};

/// `log( sum_j exp(anchor . key_j / tau) ) - anchor . positive / tau` for every anchor, where the
/// sum leaves out the keys that the anchor excludes.
///
/// Every anchor needs something below its fraction: a key or its positive.
///
/// # Shapes
/// - `anchors`: `[r, e]`; `keys`: `[c, e]`; both of unit length, or zero
/// - `rows`: one for every anchor
///
/// # Panics
/// When the numbers of anchors and `rows` differ, or a row names a key that is not there.
pub fn contrast(
    anchors: Tensor<2>,
    keys: Tensor<2>,
    rows: Vec<Anchor>,
    choices: ContrastChoices,
) -> Contrasted {
    let ([r, _], [c, _]) = (anchors.dims(), keys.dims());
    assert_eq!(rows.len(), r, "one row for every anchor");
    let named = |row: &Anchor| {
        row.positive.iter().map(|(key, _)| key + 1).fold(row.excluded.end, usize::max)
    };
    let named = rows.iter().map(named).max().unwrap_or(0);
    assert!(named <= c, "key {named} of {c} is named");
    if !cpu::serves(&anchors) {
        return composed_contrast::contrast(anchors, keys, &rows, choices);
    }
    let with_gradients = anchors.device().is_autodiff();
    let kernel = Contrast { rows, choices, with_gradients };
    let found: Tensor<1> = cpu::apply(kernel, [anchors.into(), keys.into()]);
    Contrasted { total: found.clone().narrow(0, 0, 1), losses: found.detach().narrow(0, 1, r) }
}

#[derive(Clone, Debug)]
struct Contrast {
    rows: Vec<Anchor>,
    choices: ContrastChoices,
    with_gradients: bool,
}

impl KeepingKernel<2> for Contrast {
    /// The gradients of the total at the anchors and at the keys.
    type Kept = Option<[Vec<f32>; 2]>;

    /// The total, then the losses.
    fn forward(&self, [anchors, keys]: [&FlexTensor; 2]) -> (FlexTensor, Self::Kept) {
        let problem = Problem {
            anchors: cpu::values(anchors),
            keys: cpu::values(keys),
            width: cpu::width(keys),
            rows: &self.rows,
            choices: self.choices,
        };
        let found = kernel::contrast(problem, self.with_gradients);
        let mut numbers = vec![found.total as f32];
        numbers.extend(found.losses);
        let shape = Shape::from([numbers.len()]);
        (cpu::tensor(numbers, shape), found.gradients)
    }

    fn backward(
        &self,
        inputs: [&FlexTensor; 2],
        kept: Self::Kept,
        output_grad: &FlexTensor,
    ) -> [FlexTensor; 2] {
        // Those of the losses are zero: they are handed out detached.
        let factor = cpu::values(output_grad)[0];
        let mut gradients = kept.expect("made where gradients are recorded").into_iter();
        inputs.map(|input| {
            let mut gradient = gradients.next().expect("one for each input");
            if factor != 1.0 {
                gradient.iter_mut().for_each(|x| *x *= factor);
            }
            cpu::tensor(gradient, input.layout().shape().clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, TensorData};

    use super::super::normalise::l2_normalise;
    use super::super::testing::{compare_bodies, random};
    use super::*;

    /// Anchors of every kind: without a positive, of weight 0, with keys left out, and such where
    /// they are left out across the bounds of blocks.
    fn rows(anchors: usize, keys: usize) -> Vec<Anchor> {
        (0..anchors)
            .map(|i| Anchor {
                weight: if i % 7 == 3 { 0.0 } else { (1 + i % 3) as f64 / anchors as f64 },
                positive: (0..i % 4).map(|k| ((i * 5 + k) % keys, 1.0 / (i % 4) as f32)).collect(),
                excluded: if i % 2 == 0 { 0..0 } else { i % keys..(i % keys + keys / 2).min(keys) },
            })
            .collect()
    }

    fn choices(temperature: f64) -> [ContrastChoices; 4] {
        [(false, false), (false, true), (true, false), (true, true)].map(|(below, unit)| {
            ContrastChoices { temperature, positive_below: below, unit_positive: unit }
        })
    }

    #[test]
    fn the_strips_equal_the_composed_contrast() {
        // 300 anchors are three strips, 1,300 keys three panels; 5 by 3 is less than any piece.
        for (r, c, e) in [(300, 1300, 24), (5, 3, 7)] {
            let inputs = [random([r, e], 1.0, 1), random([c, e], 1.0, 2)];
            for temperature in [1.0, 0.07, 0.026, 0.024, 0.01] {
                for choices in choices(temperature) {
                    let body = |[anchors, keys]: [Tensor<2>; 2]| {
                        let [anchors, keys] = [anchors, keys].map(|x| l2_normalise(x, 1e-12));
                        contrast(anchors, keys, rows(r, c), choices).total.reshape([1, 1])
                    };
                    // A cosine errs by an f32's 6e-8 a few times, and is divided by the temperature.
                    compare_bodies(inputs.clone(), body, 1e-6 + 4e-7 / temperature);
                }
            }
        }
    }

    #[test]
    fn the_losses_of_both_bodies_are_equal_with_and_without_gradients() {
        let (r, c, e) = (150, 600, 16);
        let losses = |device: Device, dtype: DType, choices| {
            let unit = |data: TensorData| {
                l2_normalise(Tensor::<2>::from_data(data, (&device, dtype)), 1e-12)
            };
            let (anchors, keys) = (unit(random([r, e], 1.0, 1)), unit(random([c, e], 1.0, 2)));
            let losses = contrast(anchors, keys, rows(r, c), choices).losses;
            losses.into_data().convert::<f64>().try_to_vec::<f64>().unwrap()
        };
        for choices in choices(0.07).into_iter().chain(choices(0.01)) {
            let composed = losses(Device::flex(), DType::F64, choices);
            for device in [Device::flex(), Device::flex().autodiff()] {
                let fused = losses(device, DType::F32, choices);
                for (fused, composed) in fused.iter().zip(&composed) {
                    let error = (fused - composed).abs();
                    assert!(error < 1e-6 / choices.temperature, "{fused} against {composed}");
                }
            }
        }
    }

    #[test]
    fn the_bits_do_not_depend_on_the_number_of_threads() {
        let (r, c, e) = (300, 1300, 24);
        let [anchors, keys] = [(r, 1), (c, 2)].map(|(rows, seed)| {
            random([rows, e], 0.3, seed).convert::<f32>().try_to_vec::<f32>().unwrap()
        });
        for choices in [choices(0.07)[3], choices(0.01)[3]] {
            let rows = rows(r, c);
            let found = |threads: usize| {
                let problem =
                    Problem { anchors: &anchors, keys: &keys, width: e, rows: &rows, choices };
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let found = pool.install(|| kernel::contrast(problem, true));
                let bits = |x: &Vec<f32>| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                let gradients = found.gradients.unwrap();
                (found.total.to_bits(), bits(&found.losses), gradients.each_ref().map(bits))
            };
            let alone = found(1);
            assert!(f64::from_bits(alone.0).is_finite());
            assert!([2, 3, 8].into_iter().all(|threads| found(threads) == alone));
        }
    }

    #[test]
    fn a_gradient_is_scaled_by_what_comes_from_above() {
        let device = Device::flex().autodiff();
        let gradient = |factor: f64| {
            let [anchors, keys] = [[[0.6, 0.8]], [[1.0, 0.0]]]
                .map(|x| Tensor::<2>::from_floats(x, &device).require_grad());
            let choices =
                ContrastChoices { temperature: 0.5, positive_below: true, unit_positive: false };
            let row = Anchor { weight: 3.0, positive: vec![], excluded: 0..0 };
            let total = contrast(anchors.clone(), keys, vec![row], choices).total;
            let gradients = total.mul_scalar(factor).backward();
            anchors.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap()
        };
        // Softmax of cosine 0.6 / 0.5 against the positive's 0: e^1.2 / (e^1.2 + 1) = 0.768525,
        // times the weight 3 and 1 / 0.5.
        let once = gradient(1.0);
        assert!((once[0] - 4.611_148).abs() < 1e-5 && once[1] == 0.0, "{once:?}");
        assert_eq!(gradient(-2.0), once.iter().map(|x| -2.0 * x).collect::<Vec<_>>());
    }

    #[test]
    #[should_panic(expected = "key 3 of 2 is named")]
    fn a_key_that_is_not_there_is_refused() {
        let keys = Tensor::<2>::zeros([2, 3], &Device::flex());
        let anchors = Tensor::<2>::zeros([1, 3], &Device::flex());
        contrast(anchors, keys, vec![Anchor::of_key(2, 1.0)], choices(0.07)[0]);
    }
}
