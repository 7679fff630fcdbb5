//! Files made to be misread, and the readers that have to bear them.
//!
//! Flipped bytes find little in formats with lengths, check sums and grammars, so every [`Target`] *makes* its file:
//! a pickle of opcodes, a tar of headers, a run file of the keys that there are, with numbers that lie. Then it
//! reads it as the program would. An error is as it should be. A panic, more than a gibibyte of address space, or
//! more time than [`watch`] allows is a find.
//!
//! A case is a target and a number: all that is drawn depends on those two, so a find is repeated by
//! `locvtp-fuzz TARGET --first NUMBER --cases 1`. `scripts/fuzz MINUTES` runs all targets.
//!
//! | module | idea |
//! |---|---|
//! | `choices` | what is drawn, and the numbers that programs misread |
//! | `mutation` | JSON, tables and bytes that are a little wrong |
//! | [`targets`] | a maker and its readers each |
//! | [`watch`] | a process with little memory, and what became of it |

#![allow(clippy::unwrap_used, reason = "a file that cannot be made is a fault of this tool")]

mod choices;
mod mutation;
pub mod targets;
pub mod watch;

pub use choices::Choices;
pub use targets::Target;
