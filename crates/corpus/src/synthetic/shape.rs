//! Which pixels a shape covers, as signed distances.
//!
//! Every shape carries one mark off its centre, so that it has no symmetry under which a spin would
//! stand still: a dark dot, and for the ring a gap. Shapes of one radius cover similar areas; none
//! reaches beyond the radius.

use super::vocabulary::Shape;

/// How much of a pixel a shape covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Coverage {
    /// By the shape, its mark included, 0..=1.
    pub(super) body: f32,
    /// By the mark, 0..=1, never more than by the body.
    pub(super) mark: f32,
}

/// Coverage of the pixel at (`x`, `y`) from the centre of an upright shape, y downwards, everything
/// in pixels.
pub(super) fn coverage(shape: Shape, (x, y): (f32, f32), radius: f32) -> Coverage {
    let (x, y) = (x / radius, y / radius);
    let body = share_inside(radius * distance(shape, x, y));
    let mark = dot(shape).map_or(0.0, |(dot_x, dot_y, dot_radius)| {
        share_inside(radius * ((x - dot_x).hypot(y - dot_y) - dot_radius))
    });
    Coverage { body, mark: mark.min(body) }
}

/// How much of a pixel lies inside an edge that passes at `distance` pixels from its centre.
fn share_inside(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

/// Signed distance to the edge, below 0 inside, for a shape of radius 1.
fn distance(shape: Shape, x: f32, y: f32) -> f32 {
    let bar = |x: f32, y: f32, half_length: f32, half_width: f32| {
        (x.abs() - half_length).max(y.abs() - half_width)
    };
    match shape {
        Shape::Square => bar(x, y, 0.7, 0.7),
        Shape::Triangle => {
            // Equilateral, tip up: three edges at 0.5 from the centre, the tips at 1.
            let slanted = 0.5 * 3.0_f32.sqrt() * x.abs() - 0.5 * y;
            slanted.max(y) - 0.5
        }
        Shape::Ring => {
            let ring = (x.hypot(y) - 0.74).abs() - 0.24;
            let gap = bar(x, y + 0.74, 0.26, 0.4);
            ring.max(-gap)
        }
        Shape::Cross => bar(x, y, 0.96, 0.3).min(bar(x, y, 0.3, 0.96)),
        Shape::Disc => x.hypot(y) - 0.85,
        Shape::Bar => bar(x, y, 0.95, 0.3),
    }
}

/// Centre and radius of the mark.
fn dot(shape: Shape) -> Option<(f32, f32, f32)> {
    match shape {
        Shape::Square => Some((0.0, -0.38, 0.22)),
        Shape::Triangle => Some((0.0, -0.45, 0.2)),
        Shape::Ring => None,
        Shape::Cross => Some((0.0, -0.66, 0.22)),
        Shape::Disc => Some((0.0, -0.48, 0.22)),
        Shape::Bar => Some((-0.62, 0.0, 0.22)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::vocabulary::SHAPES;
    use super::*;

    const RADIUS: f32 = 9.0;

    fn pixels() -> impl Iterator<Item = (f32, f32)> {
        (-12..12).flat_map(|y| (-12..12).map(move |x| (x as f32 + 0.5, y as f32 + 0.5)))
    }

    #[test]
    fn no_turn_leaves_a_shape_as_it_was() {
        for shape in SHAPES {
            for degrees in (30..=330).step_by(30) {
                let (sin, cos) = (degrees as f32).to_radians().sin_cos();
                let changed: f32 = pixels()
                    .map(|(x, y)| {
                        let turned = (cos * x + sin * y, cos * y - sin * x);
                        let (a, b) =
                            (coverage(shape, (x, y), RADIUS), coverage(shape, turned, RADIUS));
                        (a.body - a.mark - b.body + b.mark).abs()
                    })
                    .sum();
                assert!(changed > 6.0, "{shape:?} by {degrees} degrees changes {changed} pixels");
            }
        }
    }

    #[test]
    fn a_shape_stays_within_its_radius_and_is_large_enough_to_see() {
        for shape in SHAPES {
            let area: f32 = pixels().map(|at| coverage(shape, at, RADIUS).body).sum();
            let share = area / (std::f32::consts::PI * RADIUS * RADIUS);
            assert!((0.3..0.85).contains(&share), "{shape:?} covers {share}");
            for (x, y) in pixels().filter(|(x, y)| x.hypot(*y) > 1.02 * RADIUS + 0.8) {
                assert_eq!(coverage(shape, (x, y), RADIUS).body, 0.0, "{shape:?} at {x}, {y}");
            }
        }
    }
}
