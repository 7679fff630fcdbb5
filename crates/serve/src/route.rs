//! What an address of the server is.

use axum::routing::MethodRouter;
use schemars::{Schema, SchemaGenerator};

use crate::state::Shared;

/// One address and what is there.
pub(crate) struct Route {
    /// `get` or `post`.
    pub(crate) method: &'static str,
    /// With `{id}` and the like for what varies.
    pub(crate) path: &'static str,
    /// What it does, in a line.
    pub(crate) summary: &'static str,
    /// Names, meaning and types of what stands in the path or behind `?`.
    pub(crate) parameters: &'static [Parameter],
    /// What must be sent.
    pub(crate) body: Option<SchemaOf>,
    /// The status and the body of a good answer.
    pub(crate) answer: (u16, Content),
    /// Which other statuses it has; 400 and 401 are common to all.
    pub(crate) others: &'static [u16],
    pub(crate) handler: fn() -> MethodRouter<Shared>,
}

/// Something that varies in an address.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) is_in_path: bool,
    pub(crate) is_needed: bool,
    /// `string`, `number` or `integer`.
    pub(crate) kind: &'static str,
    pub(crate) meaning: &'static str,
}

/// Makes the schema of a type.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What an answer consists of.
pub(crate) enum Content {
    None,
    Json(SchemaOf),
    /// Bytes of this media type.
    Bytes(&'static str),
    /// The same, with a header that may be there: its name and what it says.
    BytesWith(&'static str, (&'static str, &'static str)),
}
