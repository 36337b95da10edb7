//! One user with two passwords.

mod liveness;
mod moves;
mod setup;
mod tests;
mod world;
