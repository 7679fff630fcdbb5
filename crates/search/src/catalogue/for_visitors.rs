//! What goes wrong with a catalogue, for who asks from elsewhere: the cause and the way out, and no path, address or
//! value.

use super::error::CatalogueError;
use super::server_trouble::ServerTrouble;
use crate::scan::ScanError;
use crate::segment::SegmentError;

impl CatalogueError {
    /// The same for a visitor of a server, who may not learn where the index lies: without places, and without what
    /// stands in them.
    pub fn for_visitors(&self) -> String {
        let told = match self {
            Self::Missing { .. } => {
                "there is no index any more where it lay; put it back, or make it again with `locvtp index add`"
            }
            Self::Folder { .. } => {
                "the system does not let the index's folder be used; see to its rights and its drive"
            }
            Self::Busy { .. } => "the index is being written; ask again in a moment",
            Self::ReadOnly { .. } => "the index was opened for reading only",
            Self::Newer { .. } => {
                "a newer version of the program has written to the index; serve it with that version"
            }
            Self::Full { .. } => "the disk of the index's database is full; make room there",
            Self::TooSlow { doing, most_s, .. } => {
                return format!(
                    "{doing} took longer than {most_s} s and was given up; ask for fewer words, or for words that are \
                     said less often"
                );
            }
            Self::Database { doing, .. } => {
                return format!("the index's database failed while {doing}; the log says why");
            }
            Self::Damaged { .. } => {
                "the index's database is damaged; put a good copy of it in its place. The log says what is wrong"
            }
            Self::Server { what, .. } => {
                return format!("the server of the index's database is not fit for it: {what}");
            }
            Self::Unreachable { trouble, .. } => return of_server(*trouble),
            Self::Segment(error) | Self::Scan(ScanError::Segment(error)) => of_segment(error),
            Self::Scan(ScanError::Query(error)) => return error.to_string(),
            Self::NoPlace
            | Self::NotWhole { .. }
            | Self::ModelUnknown { .. }
            | Self::Unknown { .. }
            | Self::Width { .. } => return self.to_string(),
        };
        told.to_owned()
    }
}

fn of_server(trouble: ServerTrouble) -> String {
    match trouble {
        ServerTrouble::LineLost { doing } => {
            format!(
                "the line to the server of the index's database was lost while {doing}; ask again"
            )
        }
        trouble => format!("the index lies in a database on a server: {trouble}"),
    }
}

fn of_segment(error: &SegmentError) -> &'static str {
    match error {
        SegmentError::Read { .. } => {
            "vectors of the index are gone; put a good copy of its segments back, or encode their videos again with \
             `locvtp index rebuild`"
        }
        SegmentError::Closed { .. } => {
            "the system does not let vectors of the index be read; see to their rights and their drive"
        }
        SegmentError::Write { .. } => {
            "vectors of the index cannot be written; make room on its disk"
        }
        SegmentError::Changed { .. } => {
            "vectors of the index were changed or lost while they were read; ask again"
        }
        SegmentError::Newer { .. } => {
            "a newer version of the program wrote vectors of the index; serve it with that version"
        }
        SegmentError::NoFile { .. }
        | SegmentError::NoSegment { .. }
        | SegmentError::Length { .. }
        | SegmentError::Damaged { .. }
        | SegmentError::Width { .. }
        | SegmentError::Count { .. } => {
            "vectors of the index are damaged; put a good copy of its segments back, or encode their videos again with \
             `locvtp index rebuild`"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_visitor_learns_the_cause_and_no_place() {
        let path = || PathBuf::from("/home/anna/.locvtp");
        let place = || "/home/anna/.locvtp".to_owned();
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let server = |trouble| CatalogueError::Unreachable {
            place: "postgres://anna@db/videos".into(),
            trouble,
            said: "user anna at db".into(),
        };
        for (error, words) in [
            (CatalogueError::Missing { place: place() }, "no index any more"),
            (CatalogueError::Folder { path: path(), source: denied() }, "does not let"),
            (CatalogueError::Full { place: place(), doing: "x" }, "is full"),
            (CatalogueError::Damaged { place: place(), what: place() }, "database is damaged"),
            (CatalogueError::Newer { place: place(), found: 2, known: 1 }, "newer version"),
            (SegmentError::NoSegment { path: path() }.into(), "vectors of the index are damaged"),
            (SegmentError::Read { path: path(), source: denied() }.into(), "of the index are gone"),
            (server(ServerTrouble::NothingListens), "nothing listens"),
            (server(ServerTrouble::WrongPassword), "refused the password"),
            (server(ServerTrouble::NoDatabase), "no such database"),
            (server(ServerTrouble::TooManyConnections), "as many connections as it takes"),
            (
                server(ServerTrouble::LineLost { doing: "listing files" }),
                "lost while listing files",
            ),
        ] {
            let told = error.for_visitors();
            assert!(told.contains(words), "{told}");
            assert!(!told.contains("anna"), "{told}");
        }
    }
}
