//! Pictures that carry their own number: whoever reads a frame knows when it is shown.
//!
//! The upper three quarters are a grid of six by four fields, each black or white: a white and a
//! black one for orientation, sixteen bits of the number, six bits of its check sum. Below, a
//! texture moves, so that codecs have motion to predict. Fields are large and their middles are
//! averaged, which survives compression, scaling and 4:2:0.

/// Fields across and down.
const COLUMNS: usize = 6;
const ROWS: usize = 4;
const NUMBER_BITS: usize = 16;
const CHECK_BITS: usize = 6;

fn check_sum(number: usize) -> usize {
    number.wrapping_mul(0x9e37_79b1).wrapping_add(0x55) >> 7 & 0x3f
}

/// The fields of a number, true for white.
fn fields(number: usize) -> [bool; COLUMNS * ROWS] {
    let mut fields = [false; COLUMNS * ROWS];
    fields[0] = true;
    for bit in 0..NUMBER_BITS {
        fields[2 + bit] = number >> bit & 1 == 1;
    }
    for bit in 0..CHECK_BITS {
        fields[2 + NUMBER_BITS + bit] = check_sum(number) >> bit & 1 == 1;
    }
    fields
}

/// A picture with this number, `[height, width, 3]`.
pub(crate) fn picture(number: usize, width: usize, height: usize) -> Vec<u8> {
    let fields = fields(number);
    let grid_height = height * 3 / 4;
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            if y < grid_height {
                let field = y * ROWS / grid_height * COLUMNS + x * COLUMNS / width;
                rgb.extend([if fields[field] { 235 } else { 20 }; 3]);
            } else {
                let wave = ((x + 2 * number) * 5 % 97) as u8;
                rgb.extend([80 + wave, 40 + (y % 64) as u8 * 2, 170 - wave]);
            }
        }
    }
    rgb
}

/// The number that a picture `[height, width, 3]` carries; none where it cannot be read for sure.
pub(crate) fn number_in(rgb: &[u8], width: usize, height: usize) -> Option<usize> {
    let grid_height = height * 3 / 4;
    let brightness = |field: usize| {
        let (column, row) = (field % COLUMNS, field / COLUMNS);
        // The middle half of the field, at least one pixel.
        let middle = |at: usize, of: usize, size: usize| {
            let (start, end) = (at * size / of, (at + 1) * size / of);
            let quarter = (end - start) / 4;
            start + quarter..(end - quarter).max(start + quarter + 1)
        };
        let (mut sum, mut count) = (0, 0);
        for y in middle(row, ROWS, grid_height) {
            for x in middle(column, COLUMNS, width) {
                sum += usize::from(rgb[(y * width + x) * 3 + 1]);
                count += 1;
            }
        }
        sum / count
    };
    let (white, black) = (brightness(0), brightness(1));
    if white < black + 80 {
        return None;
    }
    let mut bits = 0usize;
    for field in 2..2 + NUMBER_BITS + CHECK_BITS {
        let share = (brightness(field) as f64 - black as f64) / (white - black) as f64;
        // Between black and white is a mixture of two frames, or damage.
        if (0.3..0.7).contains(&share) {
            return None;
        }
        bits |= usize::from(share > 0.5) << (field - 2);
    }
    let number = bits & ((1 << NUMBER_BITS) - 1);
    (bits >> NUMBER_BITS == check_sum(number)).then_some(number)
}

#[test]
fn a_picture_tells_its_number_at_every_size_and_nothing_else_does() {
    for number in (0..5000).step_by(61) {
        for (width, height) in [(96, 64), (97, 67), (64, 48), (320, 180)] {
            let rgb = picture(number, width, height);
            assert_eq!(number_in(&rgb, width, height), Some(number));
            let upside_down: Vec<u8> = rgb.chunks(3).rev().flatten().copied().collect();
            assert_eq!(number_in(&upside_down, width, height), None);
        }
        let other = picture(number + 1, 96, 64);
        let mut half = picture(number, 96, 64);
        half.iter_mut().zip(other).for_each(|(a, b)| *a = a.midpoint(b));
        assert_eq!(number_in(&half, 96, 64), None, "a mixture of {number} and the next");
    }
    assert_eq!(number_in(&[0; 96 * 64 * 3], 96, 64), None);
    assert_eq!(number_in(&[128; 96 * 64 * 3], 96, 64), None);
}
