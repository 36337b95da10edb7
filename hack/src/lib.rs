//! Local control plane, environment and demo.
