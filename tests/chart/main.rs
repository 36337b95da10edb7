//! The chart, by the real helm: what it renders, what it refuses, and what it does in a real API server.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, and the lint knows only functions marked as tests"
)]

mod alerts;
mod helm;
mod installations;
mod monitoring;
mod network;
mod pod;
mod release;
mod removal;
mod render;
mod rights;
mod schema;
mod versions;
