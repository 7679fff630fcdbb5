//! The cells of the map: which moments there are, and how convolutions see them.
//!
//! A moment is a cell `(s, e)`: it begins with frame `s` and ends with frame `e`. Short moments are
//! all there; longer ones begin and end at fewer places. Around the map lies what 2D-TAN pads with:
//! its first convolution pads by all that `L` of them take away. A cell counts after a convolution
//! when a cell that counted before lies under its kernel; its sum is divided by how many do.
//!
//! Of all these cells only those are computed that reach the scores in the end: after layer `l` the
//! cells within `min(l, L - l)` kernel radii of a moment. All others are zero, or have nothing to
//! give: for ActivityNet Captions 11,800 of 23,400 cells are left, and the rest of the work shrinks
//! as [`CellMap`] takes the cheaper side of each.

use std::collections::HashSet;
use std::sync::Arc;

use locvtp_model::ops::{Cell, CellMap};

use super::config::TanConfig;

/// The moments of a map, in the order in which pooling makes them, and their convolutions.
#[derive(Clone, Debug)]
pub struct MomentMap {
    frames: usize,
    scales: Arc<[usize]>,
    moments: Arc<[(usize, usize)]>,
    layers: Arc<[CellMap]>,
}

impl MomentMap {
    /// The map of a config that was checked.
    pub fn new(config: &TanConfig) -> Self {
        let frames = config.num_frames();
        let moments = moments(frames, &config.scales);
        let cells: Vec<Cell> = moments.iter().map(|&(s, e)| (s as i32, e as i32)).collect();
        let layers = convolutions(&cells, config.kernel, config.layers);
        let scales = config.scales.as_slice().into();
        Self { frames, scales, moments: moments.into(), layers: layers.into() }
    }

    /// Frames of the map, `N`.
    pub fn num_frames(&self) -> usize {
        self.frames
    }

    /// How many lengths each scale has.
    pub fn scales(&self) -> &[usize] {
        &self.scales
    }

    /// First and last frame of every moment.
    pub fn moments(&self) -> &[(usize, usize)] {
        &self.moments
    }

    /// What each convolution reads and writes.
    pub fn layers(&self) -> &[CellMap] {
        &self.layers
    }
}

/// The moments of `frames` frames: lengths one apart, then two, then four, and as far apart their
/// beginnings.
fn moments(frames: usize, scales: &[usize]) -> Vec<(usize, usize)> {
    let (mut moments, mut stride, mut longer) = (Vec::new(), 1, 0);
    for (scale, layers) in scales.iter().enumerate() {
        for layer in 0..*layers {
            if scale + layer > 0 {
                longer += stride;
            }
            moments.extend((0..frames - longer).step_by(stride).map(|s| (s, s + longer)));
        }
        stride *= 2;
    }
    moments
}

/// What each of `layers` convolutions reads and writes; the first reads the moments and the last
/// writes them.
fn convolutions(moments: &[Cell], kernel: usize, layers: usize) -> Vec<CellMap> {
    let radius = (kernel / 2) as i32;
    let grown = |layer: usize| around(moments, radius * layer as i32);
    let mut maps = Vec::with_capacity(layers);
    let mut inputs = moments.to_vec();
    for layer in 1..=layers {
        let outputs = if layer == layers {
            moments.to_vec()
        } else {
            let mut cells: Vec<Cell> = grown(layer.min(layers - layer)).into_iter().collect();
            cells.sort_unstable();
            cells
        };
        let counted = grown(layer - 1);
        let scale = outputs.iter().map(|cell| 1.0 / count(&counted, *cell, radius) as f32);
        maps.push(CellMap::new(kernel, &inputs, &outputs, scale.collect()));
        inputs = outputs;
    }
    maps
}

/// The cells at most `radius` rows and columns from one of `cells`.
fn around(cells: &[Cell], radius: i32) -> HashSet<Cell> {
    let near = |x: i32| x - radius..=x + radius;
    cells
        .iter()
        .flat_map(|&(s, e)| near(s).flat_map(move |s| near(e).map(move |e| (s, e))))
        .collect()
}

/// How many of `cells` lie under the kernel of a cell.
fn count(cells: &HashSet<Cell>, (s, e): Cell, radius: i32) -> usize {
    let near = |x: i32| x - radius..=x + radius;
    near(s).flat_map(|s| near(e).map(move |e| (s, e))).filter(|cell| cells.contains(cell)).count()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_sparse_maps_of_the_specification() {
        // paper.md F.3 (1)
        assert_eq!(moments(16, &[16]).len(), 136);
        let activitynet = moments(64, &[16, 8, 8]);
        assert_eq!(activitynet.len(), 1104);
        let longer: BTreeSet<usize> = activitynet.iter().map(|(s, e)| e - s).collect();
        let expected: BTreeSet<usize> =
            (0..16).chain((17..32).step_by(2)).chain((35..64).step_by(4)).collect();
        assert_eq!(longer, expected);
        let tacos = moments(128, &[16, 8, 8, 8]);
        assert_eq!(tacos.len(), 2548);
        let longest: BTreeSet<usize> =
            tacos.iter().map(|(s, e)| e - s).filter(|longer| *longer > 63).collect();
        assert_eq!(longest, (71..128).step_by(8).collect());
        let apart = |(s, e): &(usize, usize)| [s % 4, (e - s) % 8];
        assert!(activitynet.iter().filter(|(s, e)| e - s > 31).all(|cell| apart(cell)[0] == 0));
    }

    #[test]
    fn the_counts_of_the_specification() {
        // paper.md F.3 (6): the upper triangle of 4, two convolutions of 3 by 3; the first writes -1..5.
        let cells: Vec<Cell> = (0..4).flat_map(|s| (s..4).map(move |e| (s, e))).collect();
        let counts = |layer: i32, from: i32, to: i32| -> Vec<Vec<usize>> {
            let before = around(&cells, layer);
            let row = |s| (from..to).map(|e| count(&before, (s, e), 1)).collect();
            (from..to).map(row).collect()
        };
        let first = [
            [1, 2, 3, 3, 2, 1],
            [1, 3, 5, 6, 4, 2],
            [1, 3, 6, 8, 6, 3],
            [0, 1, 3, 6, 5, 3],
            [0, 0, 1, 3, 3, 2],
            [0, 0, 0, 1, 1, 1],
        ];
        assert_eq!(counts(0, -1, 5), first.map(Vec::from));
        let second = [[9, 9, 9, 9], [8, 9, 9, 9], [6, 8, 9, 9], [3, 6, 8, 9]];
        assert_eq!(counts(1, 0, 4), second.map(Vec::from));
    }

    #[test]
    fn less_than_half_of_the_dense_work_is_left() {
        let map = MomentMap::new(&TanConfig::activitynet(
            crate::tasks::grounding::tan::config::Proposals::MaxPool,
        ));
        assert_eq!(map.layers()[0].inputs(), 1104);
        assert_eq!(map.layers()[3].outputs(), 1104);
        let products: usize = map.layers().iter().map(CellMap::products).sum();
        let dense: usize = [88, 80, 72, 64].map(|side| side * side * 81).iter().sum();
        assert!(products * 5 < dense * 2, "{products} of {dense}");
    }
}
