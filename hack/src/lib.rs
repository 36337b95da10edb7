//! A real Kubernetes control plane, a local AWS and the operator, started on loopback for tests, for exploring and for the demo.
//!
//! ```text
//! main           the command line                     demo, bench, up   what it runs
//! environment    everything together                  resource          one object in it, as a user sees it
//! operator       the chart's Deployment as a process  local_aws, backend, control_plane   the world around it
//! node, image    a real node with the operator in a pod
//! process        a started program: its log, its end with its parent's, a stop of just what was started
//! tools, cache   programs built or fetched once       binaries          our own, built by cargo
//! kubectl, http, command, wait, ports, progress       the plumbing
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
pub mod image;
pub mod kubectl;
pub mod local_aws;
pub mod node;
pub mod operator;
pub mod ports;
pub mod process;
pub mod progress;
pub mod resource;
pub mod tools;
pub mod up;
pub mod wait;

pub use error::{Error, Result};
