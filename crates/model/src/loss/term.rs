//! The terms of the loss, as a list.
//!
//! A term is a file with its `ROW` (`coarse`, `fine`, `temporal`) and three lines: its `mod`, its
//! name in [`Term`] and its row in `ROWS`. Settings, sum, log, progress, pages and summaries go
//! over the list.

use super::term_row::TermRow;
use super::{coarse, fine, temporal};

/// A term of the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Term {
    /// `L_c`: videos and sentences.
    Coarse,
    /// `L_f`: clips and words.
    Fine,
    /// `L_t`: clips warped in time, and words.
    Temporal,
}

/// The rows, in the order of [`Term`], which is that of the sum.
const ROWS: &[(Term, TermRow)] =
    &[(Term::Coarse, coarse::ROW), (Term::Fine, fine::ROW), (Term::Temporal, temporal::ROW)];

impl Term {
    /// How many there are.
    pub const COUNT: usize = ROWS.len();

    /// All of them, in the order in which they are added.
    pub const ALL: [Self; Self::COUNT] = {
        let mut all = [Self::Coarse; Self::COUNT];
        let mut i = 0;
        while i < Self::COUNT {
            all[i] = ROWS[i].0;
            assert!(all[i] as usize == i, "the rows stand in the order of the enum");
            i += 1;
        }
        all
    };

    /// Their names, in the same order.
    pub const NAMES: [&'static str; Self::COUNT] = {
        let mut names = [""; Self::COUNT];
        let mut i = 0;
        while i < Self::COUNT {
            names[i] = ROWS[i].1.name;
            i += 1;
        }
        names
    };

    /// As a formula has it: `L_c`.
    pub fn symbol(self) -> &'static str {
        self.row().symbol
    }

    /// Its key in run files, logs and summaries: `coarse`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The term of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|term| term.name() == name)
    }

    /// What is compared with what, for people.
    pub fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// Its weight where a run file names none.
    pub fn default_weight(self) -> f64 {
        self.row().default_weight
    }

    pub(super) fn row(self) -> &'static TermRow {
        &ROWS[self as usize].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_found_by_its_name_and_all_names_differ() {
        assert_eq!(Term::NAMES, ["coarse", "fine", "temporal"]);
        assert_eq!(Term::ALL.map(Term::symbol), ["L_c", "L_f", "L_t"]);
        for term in Term::ALL {
            assert_eq!(Term::named(term.name()), Some(term));
        }
        assert_eq!(Term::named("total"), None);
    }

    #[test]
    fn people_are_told_what_each_term_compares() {
        let meanings =
            ["videos and sentences", "clips and words", "clips warped in time, and words"];
        assert_eq!(Term::ALL.map(Term::meaning), meanings);
    }
}
