//! Similarities of queries to candidates: what a retrieval is measured from.

use crate::error::MeasureError;

/// Similarities of every query to every candidate; none is NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreMatrix {
    /// Row-major, `[num_queries, num_candidates]`.
    pub(super) scores: Vec<f32>,
    num_queries: usize,
    num_candidates: usize,
}

impl ScoreMatrix {
    /// Takes row-major `scores` of shape `[num_queries, num_candidates]`; larger is more similar.
    /// Infinite scores are allowed (a masked candidate).
    ///
    /// # Errors
    /// When there are no queries or candidates, the number of scores differs, or a score is NaN.
    pub fn new(
        scores: Vec<f32>,
        num_queries: usize,
        num_candidates: usize,
    ) -> Result<Self, MeasureError> {
        if num_queries == 0 || num_candidates == 0 {
            return Err(MeasureError::Nothing { what: "queries and candidates of the retrieval" });
        }
        if scores.len() != num_queries * num_candidates {
            return Err(MeasureError::Count {
                what: "scores, one of every query with every candidate",
                expected: num_queries * num_candidates,
                found: scores.len(),
            });
        }
        if let Some(at) = scores.iter().position(|score| score.is_nan()) {
            return Err(MeasureError::Score {
                of: "query",
                row: at / num_candidates,
                column: at % num_candidates,
                found: scores[at],
            });
        }
        Ok(Self { scores, num_queries, num_candidates })
    }

    /// How many queries there are.
    pub fn num_queries(&self) -> usize {
        self.num_queries
    }

    /// How many candidates there are.
    pub fn num_candidates(&self) -> usize {
        self.num_candidates
    }

    /// Scores of one query with every candidate.
    ///
    /// # Panics
    /// When there is no such query.
    pub fn row(&self, query: usize) -> &[f32] {
        &self.scores[query * self.num_candidates..][..self.num_candidates]
    }

    /// The same scores with candidates asking for queries.
    pub fn transposed(&self) -> Self {
        let scores = (0..self.num_candidates)
            .flat_map(|column| (0..self.num_queries).map(move |row| self.row(row)[column]))
            .collect();
        Self { scores, num_queries: self.num_candidates, num_candidates: self.num_queries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_that_is_not_a_number_is_refused_and_named() {
        let error = ScoreMatrix::new(vec![0.1, 0.2, f32::NAN, 0.4], 2, 2).unwrap_err();
        let MeasureError::Score { row, column, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((row, column), (1, 0));
    }

    #[test]
    fn what_is_no_matrix_is_an_error() {
        assert!(matches!(ScoreMatrix::new(Vec::new(), 0, 5), Err(MeasureError::Nothing { .. })));
        assert!(matches!(
            ScoreMatrix::new(vec![0.0; 5], 2, 3),
            Err(MeasureError::Count { expected: 6, found: 5, .. })
        ));
    }

    #[test]
    fn transposed_columns_are_rows() {
        let scores = ScoreMatrix::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3).unwrap();
        let turned = scores.transposed();
        assert_eq!((turned.num_queries(), turned.num_candidates()), (3, 2));
        assert_eq!(
            [turned.row(0), turned.row(1), turned.row(2)],
            [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
        );
        assert_eq!(turned.transposed(), scores);
    }
}
