//! The vectors of one track on their way into a segment.

use locvtp_video::TimeSpan;

/// Why numbers are no vector of an index. `clip` counts from 0 within its track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// All its numbers are zero, or there are none: it points nowhere.
    #[error("a vector is zero, so it has no direction to compare; the model's output is broken")]
    Zero,
    /// A number is infinite or not a number.
    #[error("number {place} of a vector is not finite; the model's output is broken")]
    NotFinite {
        /// Which number, from 0.
        place: usize,
    },
    /// It has another width than its batch.
    #[error("a vector has {found} numbers where this index has {expected}; use the index's model")]
    Width {
        /// Numbers of the batch's vectors.
        expected: usize,
        /// Numbers of the vector.
        found: usize,
    },
}

/// Numbers of a block of vectors at most: one list that grows is copied again and again, and of a long video each
/// copy that it left is memory.
const NUMBERS_OF_BLOCK: usize = 1 << 16;

/// Vectors of one track in order of time, each with its span, brought to unit length.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorBatch {
    width: usize,
    /// Vectors one after the other, of each block but the last as many as it holds.
    blocks: Vec<Vec<f32>>,
    spans: Vec<TimeSpan>,
}

impl VectorBatch {
    /// An empty batch of vectors of `width` numbers.
    pub fn new(width: usize) -> Self {
        Self { width, blocks: Vec::new(), spans: Vec::new() }
    }

    /// Adds a vector and the span that it stands for.
    ///
    /// # Errors
    /// When it is zero, not finite or of another width; the batch is then as it was.
    pub fn push(&mut self, vector: &[f32], span: TimeSpan) -> Result<(), VectorError> {
        if vector.len() != self.width {
            return Err(VectorError::Width { expected: self.width, found: vector.len() });
        }
        let vector = unit(vector)?;
        if self.len().is_multiple_of(self.rows_of_block()) {
            self.blocks.push(Vec::new());
        }
        self.blocks.last_mut().expect("a block was begun").extend(vector);
        self.spans.push(span);
        Ok(())
    }

    fn rows_of_block(&self) -> usize {
        (NUMBERS_OF_BLOCK / self.width.max(1)).max(1)
    }

    /// Numbers of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The spans in order.
    pub fn spans(&self) -> &[TimeSpan] {
        &self.spans
    }

    /// A vector, of unit length.
    pub fn vector(&self, row: usize) -> &[f32] {
        let block = self.rows_of_block();
        &self.blocks[row / block][row % block * self.width..][..self.width]
    }
}

/// The vector with unit length, computed in double precision.
pub(super) fn unit(vector: &[f32]) -> Result<Vec<f32>, VectorError> {
    if let Some(place) = vector.iter().position(|number| !number.is_finite()) {
        return Err(VectorError::NotFinite { place });
    }
    let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
    if length == 0.0 {
        return Err(VectorError::Zero);
    }
    Ok(vector.iter().map(|number| (f64::from(*number) / length) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_many_blocks_are_those_that_were_put_there() {
        // Widths that fill a block, that do not, and one that is more than a block.
        for width in [1, 3, 256, NUMBERS_OF_BLOCK - 1, NUMBERS_OF_BLOCK + 1] {
            let rows = 2 * NUMBERS_OF_BLOCK / width + 3;
            let vector = |row: usize| {
                let mut vector = vec![0.0; width];
                vector[row % width] = 1.0;
                vector
            };
            let mut batch = VectorBatch::new(width);
            for row in 0..rows {
                batch.push(&vector(row), TimeSpan::new(row as f64, row as f64 + 1.0)).unwrap();
            }
            assert_eq!(batch.len(), rows);
            assert!((0..rows).all(|row| batch.vector(row) == vector(row)), "{width}");
            let largest = batch.blocks.iter().map(Vec::len).max().unwrap();
            assert!(largest <= NUMBERS_OF_BLOCK.max(width), "{width}: {largest}");
        }
    }

    #[test]
    fn vectors_that_point_nowhere_are_refused_by_name() {
        let mut batch = VectorBatch::new(2);
        let span = TimeSpan::new(0.0, 1.0);
        assert_eq!(batch.push(&[0.0, 0.0], span), Err(VectorError::Zero));
        for bad in [f32::NAN, f32::INFINITY] {
            assert_eq!(batch.push(&[1.0, bad], span), Err(VectorError::NotFinite { place: 1 }));
        }
        let width = VectorError::Width { expected: 2, found: 3 };
        assert_eq!(batch.push(&[1.0; 3], span), Err(width));
        assert!(batch.is_empty());
        // The smallest and the largest numbers there are have a direction: 3-4-5.
        for length in [1e-40, 1e38] {
            batch.push(&[0.3 * length, 0.4 * length], span).unwrap();
            let last = batch.vector(batch.len() - 1);
            assert!((last[0] - 0.6).abs() < 1e-4 && (last[1] - 0.8).abs() < 1e-4, "{last:?}");
        }
    }
}
