//! Errors with their causes in one line, for lists of what was left out.

use std::error::Error;

/// What an error says, with what its causes say.
pub fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_told_once_and_in_order() {
        #[derive(Debug, thiserror::Error)]
        #[error("{told}")]
        struct Told {
            told: &'static str,
            source: Option<Box<Told>>,
        }
        let disk = Told { told: "the disk is full", source: None };
        let file = Told { told: "a.h5: cannot write it", source: Some(Box::new(disk)) };
        assert_eq!(with_causes(&file), "a.h5: cannot write it: the disk is full");
    }
}
