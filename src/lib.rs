//! The `CachedApi` operator.
