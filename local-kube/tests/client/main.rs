//! What an unmodified client sees.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod apply;
mod faults;
mod objects;
mod reads;
mod stage;
