//! Scores of a retrieval that know of the other queries.

use super::score_matrix::ScoreMatrix;
use crate::error::MeasureError;

/// Scores that know of the other queries: `s * softmax(temperature * s)`, the softmax over the
/// queries (rows) of a candidate. A candidate that fits many queries fits each of them less.
///
/// It looks at all queries of a test together, which a search engine cannot, so it is reported
/// apart. Paper: not mentioned; `paper.md` D.5 (CAMoE).
///
/// # Errors
/// When a score is infinite, or `temperature` is no positive number.
pub fn dual_softmax(scores: &ScoreMatrix, temperature: f64) -> Result<ScoreMatrix, MeasureError> {
    if !(temperature > 0.0 && temperature.is_finite()) {
        let (key, found) = ("dual_softmax", temperature.to_string());
        return Err(MeasureError::Setting { key, found, expected: "a number above 0, as 100" });
    }
    let columns = scores.num_candidates();
    let at = |row: usize, column: usize| f64::from(scores.row(row)[column]);
    if let Some(place) = scores.scores.iter().position(|score| !score.is_finite()) {
        let (row, column, found) = (place / columns, place % columns, scores.scores[place]);
        return Err(MeasureError::Score { of: "query", row, column, found });
    }
    let mut revised = scores.clone();
    for column in 0..columns {
        let rows = 0..scores.num_queries();
        let greatest = rows.clone().map(|row| at(row, column)).fold(f64::NEG_INFINITY, f64::max);
        let weight = |row| (temperature * (at(row, column) - greatest)).exp();
        let sum: f64 = rows.clone().map(weight).sum();
        for row in rows {
            revised.scores[row * columns + column] = (at(row, column) * weight(row) / sum) as f32;
        }
    }
    Ok(revised)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Ties, retrieval};

    fn matrix<const C: usize>(rows: &[[f32; C]]) -> ScoreMatrix {
        ScoreMatrix::new(rows.concat(), rows.len(), C).unwrap()
    }

    #[test]
    fn dual_softmax_takes_from_a_candidate_that_fits_every_query() {
        // Candidate 0 fits both queries; query 1 fits candidate 1 nearly as well.
        let scores = matrix(&[[0.9, 0.1], [0.8, 0.7]]);
        let right = [vec![0], vec![1]];
        assert_eq!(retrieval(&scores, &right, Ties::Optimistic).unwrap().r1, 50.0);
        let revised = dual_softmax(&scores, 10.0).unwrap();
        assert_eq!(retrieval(&revised, &right, Ties::Optimistic).unwrap().r1, 100.0);
        // softmax(9, 8) = 1 / (1 + e^-1) = .731059: .9 of it.
        assert!((revised.row(0)[0] - 0.657_953).abs() < 1e-6);
        let masked = matrix(&[[0.1, 0.2], [f32::NEG_INFINITY, 0.4]]);
        let error = dual_softmax(&masked, 10.0).unwrap_err();
        assert!(matches!(error, MeasureError::Score { row: 1, column: 0, .. }), "{error}");
        // However large the temperature, no power of e overflows.
        assert_eq!(dual_softmax(&scores, 1e5).unwrap().row(0), [0.9, 0.0]);
        for temperature in [0.0, -1.0, f64::INFINITY, f64::NAN] {
            assert!(dual_softmax(&scores, temperature).is_err(), "{temperature}");
        }
    }
}
