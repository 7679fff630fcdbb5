//! An index of people's own videos: what was encoded comes in, and what fits a question comes out.
//!
//! No tensor engine here: vectors come as plain numbers.
//!
//! - [`segment`]: vectors in files that are written once, checked and mapped
//! - [`scan`]: one query against all of them
pub mod catalogue;
pub mod identity;
pub mod scan;
pub mod segment;
