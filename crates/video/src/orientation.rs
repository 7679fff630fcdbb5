//! From the picture as stored to the picture as shown.
//!
//! Phones store what the sensor gives and note the turn in a display matrix, which decoders ignore.
//! Of the matrix only quarter turns and mirrorings are followed (others do not occur in files); a
//! slanted one is taken as the nearest.

/// A quarter turn with or without mirroring: first swap the axes, then mirror the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orientation {
    /// Rows become columns.
    swap_axes: bool,
    mirror_x: bool,
    mirror_y: bool,
}

impl Orientation {
    /// From the nine fixed-point numbers `[a b u; c d v; x y w]`: a stored point `(p, q)` is shown
    /// at `(a p + c q, b p + d q)`.
    pub(crate) fn from_display_matrix([a, b, _, c, d, ..]: [i32; 9]) -> Self {
        let size = |n: i32| i64::from(n).abs();
        if size(a) + size(d) >= size(b) + size(c) {
            Self { swap_axes: false, mirror_x: a < 0, mirror_y: d < 0 }
        } else {
            Self { swap_axes: true, mirror_x: c < 0, mirror_y: b < 0 }
        }
    }

    /// The same, with the shown picture mirrored left to right.
    pub(crate) fn mirrored(self, mirror: bool) -> Self {
        Self { mirror_x: self.mirror_x != mirror, ..self }
    }

    /// Clockwise turn in degrees, leaving out a mirroring.
    pub(crate) fn rotation_degrees(self) -> u16 {
        match (self.swap_axes, self.mirror_x, self.mirror_y) {
            (false, _, false) => 0,
            (false, _, true) => 180,
            (true, true, _) => 90,
            (true, false, _) => 270,
        }
    }

    /// Width and height, stored to shown or back.
    pub(crate) fn size(self, width: u32, height: u32) -> (u32, u32) {
        if self.swap_axes { (height, width) } else { (width, height) }
    }

    /// Where a box `[left, top, width, height]` of the shown picture lies in the stored one, in
    /// fractions of each.
    pub(crate) fn stored_box(self, [left, top, width, height]: [f64; 4]) -> [f64; 4] {
        let left = if self.mirror_x { 1.0 - left - width } else { left };
        let top = if self.mirror_y { 1.0 - top - height } else { top };
        if self.swap_axes { [top, left, height, width] } else { [left, top, width, height] }
    }

    /// Turns RGB rows of `row_bytes` bytes, `stored_width` x `stored_height` pixels, into packed
    /// shown pixels.
    pub(crate) fn apply(
        self,
        stored: &[u8],
        row_bytes: usize,
        (stored_width, stored_height): (usize, usize),
        shown: &mut [u8],
    ) {
        if self == Self::default() {
            let rows = shown.chunks_exact_mut(stored_width * 3).zip(stored.chunks(row_bytes));
            rows.for_each(|(to, from)| to.copy_from_slice(&from[..stored_width * 3]));
            return;
        }
        let (width, height) = if self.swap_axes {
            (stored_height, stored_width)
        } else {
            (stored_width, stored_height)
        };
        for y in 0..height {
            let v = if self.mirror_y { height - 1 - y } else { y };
            for x in 0..width {
                let u = if self.mirror_x { width - 1 - x } else { x };
                let (column, row) = if self.swap_axes { (v, u) } else { (u, v) };
                let (from, to) = (row * row_bytes + column * 3, (y * width + x) * 3);
                shown[to..to + 3].copy_from_slice(&stored[from..from + 3]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i32 = 1 << 16;

    fn turned(a: i32, b: i32, c: i32, d: i32) -> Orientation {
        Orientation::from_display_matrix([a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30])
    }

    /// Stored, two wide and three high, one letter a pixel:  A B / C D / E F.
    fn show(orientation: Orientation) -> String {
        let stored: Vec<u8> = "ABCDEF".bytes().flat_map(|letter| [letter; 3]).collect();
        let mut shown = vec![0; 18];
        orientation.apply(&stored, 6, (2, 3), &mut shown);
        shown.chunks(3).map(|pixel| pixel[0] as char).collect()
    }

    #[test]
    fn a_quarter_turn_clockwise_puts_the_lower_left_pixel_at_the_upper_left() {
        // Clockwise by 90: the stored point (p, q) is shown at (-q, p), so a = 0, b = 1, c = -1, d
        // = 0.
        let clockwise = turned(0, 1, -1, 0);
        assert_eq!(clockwise.rotation_degrees(), 90);
        assert_eq!(clockwise.size(2, 3), (3, 2));
        assert_eq!(show(clockwise), "ECAFDB");
    }

    #[test]
    fn the_other_turns_and_mirrorings_follow_their_matrices() {
        assert_eq!(show(turned(1, 0, 0, 1)), "ABCDEF");
        assert_eq!(show(turned(-1, 0, 0, -1)), "FEDCBA");
        assert_eq!(turned(-1, 0, 0, -1).rotation_degrees(), 180);
        assert_eq!(show(turned(0, -1, 1, 0)), "BDFACE");
        assert_eq!(turned(0, -1, 1, 0).rotation_degrees(), 270);
        assert_eq!(show(turned(-1, 0, 0, 1)), "BADCFE");
        assert_eq!(show(turned(1, 0, 0, 1).mirrored(true)), "BADCFE");
    }

    #[test]
    fn a_box_of_the_shown_picture_is_found_in_the_stored_one() {
        // The upper left half of the turned picture "ECA/FDB" is E (and C's left half): stored at
        // the bottom left.
        let clockwise = turned(0, 1, -1, 0);
        assert_eq!(clockwise.stored_box([0.0, 0.0, 0.25, 0.5]), [0.0, 0.75, 0.5, 0.25]);
        assert_eq!(turned(1, 0, 0, 1).stored_box([0.1, 0.2, 0.3, 0.4]), [0.1, 0.2, 0.3, 0.4]);
    }
}
