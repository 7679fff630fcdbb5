//! Numbers in JSON, with the figures that mean something.

use serde::Serializer;

/// Milliseconds to the thousandth.
pub(crate) fn milliseconds<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64((value * 1000.0).round() / 1000.0)
}

/// A score in six figures: what is kept of the vectors is good for no more.
pub(crate) fn score<S: Serializer>(value: &f32, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f32(in_six(*value))
}

/// The same, of one that may be none.
pub(crate) fn score_if_any<S: Serializer>(value: &Option<f32>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => score(value, to),
        None => to.serialize_none(),
    }
}

/// A share to the ten-thousandth.
pub(crate) fn share_if_any<S: Serializer>(value: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.serialize_f64((value * 10_000.0).round() / 10_000.0),
        None => to.serialize_none(),
    }
}

fn in_six(value: f32) -> f32 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    struct Numbers {
        #[serde(serialize_with = "milliseconds")]
        took_ms: f64,
        #[serde(serialize_with = "score")]
        score: f32,
        #[serde(serialize_with = "score_if_any")]
        cut: Option<f32>,
        #[serde(serialize_with = "share_if_any")]
        share: Option<f64>,
    }

    #[test]
    fn numbers_have_the_figures_that_mean_something() {
        let numbers = Numbers {
            took_ms: 2.135_931_000_000_000_2,
            score: 0.797_192_34,
            cut: Some(-1.234_567_8e-7),
            share: Some(1.0 / 201.0),
        };
        let written = serde_json::to_string(&numbers).unwrap();
        assert_eq!(
            written,
            r#"{"took_ms":2.136,"score":0.797192,"cut":-1.23457e-7,"share":0.005}"#
        );
        let none = Numbers { took_ms: 0.0, score: 1.0, cut: None, share: None };
        let written = serde_json::to_string(&none).unwrap();
        assert_eq!(written, r#"{"took_ms":0.0,"score":1.0,"cut":null,"share":null}"#);
    }
}
