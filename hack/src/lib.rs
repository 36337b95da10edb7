//! A real Kubernetes control plane, a local AWS and the operator, started on loopback for tests, for exploring and for the demo.
//!
//! ```text
//! tools/         the programs: built or fetched once into the cache folder (cache), or found on the PATH
//! process        one started program: log file, death with its parent, stop of just what was started (record)
//! control_plane  etcd, kube-apiserver, kube-controller-manager    kubectl  the client of it
//! ```
//!
//! Linux only: it reads `/proc` and uses `setpriv` and `setsid` of util-linux.

pub mod backend;
pub mod bench;
pub mod binaries;
pub mod cache;
pub mod command;
pub mod control_plane;
pub mod demo;
pub mod environment;
mod error;
pub mod http;
pub mod kubectl;
pub mod local_aws;
pub mod operator;
pub mod ports;
pub mod process;
pub mod progress;
pub mod tools;
pub mod up;
pub mod wait;

pub use error::{Error, Result};
