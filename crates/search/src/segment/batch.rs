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

/// Vectors of one track in order of time, each with its span, brought to unit length.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorBatch {
    width: usize,
    numbers: Vec<f32>,
    spans: Vec<TimeSpan>,
}

impl VectorBatch {
    /// An empty batch of vectors of `width` numbers.
    pub fn new(width: usize) -> Self {
        Self { width, numbers: Vec::new(), spans: Vec::new() }
    }

    /// Adds a vector and the span that it stands for.
    ///
    /// # Errors
    /// When it is zero, not finite or of another width; the batch is then as it was.
    pub fn push(&mut self, vector: &[f32], span: TimeSpan) -> Result<(), VectorError> {
        if vector.len() != self.width {
            return Err(VectorError::Width { expected: self.width, found: vector.len() });
        }
        self.numbers.extend(unit(vector)?);
        self.spans.push(span);
        Ok(())
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
        &self.numbers[row * self.width..][..self.width]
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
