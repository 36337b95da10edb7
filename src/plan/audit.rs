//! Invariants that every [`Plan`](super::Plan) must satisfy.
