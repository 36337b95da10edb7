//! Layer 2: pure reporting.
