//! Where a control plane is and what it is for.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use super::{KUBELET_CLIENT, KUBELET_CLIENT_KEY};

/// The controllers that matter where there are no nodes.
const CONTROLLERS: &str = "namespace-controller,garbage-collector-controller,serviceaccount-controller,\
    root-ca-certificate-publisher-controller,clusterrole-aggregation-controller";

/// Where the API server listens, and whether there is a node.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    server: SocketAddrV4,
    /// What starts a program in the node's namespaces.
    entry: Vec<OsString>,
    has_node: bool,
}

impl Site {
    /// On loopback, without a node.
    pub(super) fn loopback(port: u16) -> Self {
        Self {
            server: SocketAddrV4::new(Ipv4Addr::LOCALHOST, port),
            entry: Vec::new(),
            has_node: false,
        }
    }

    /// On a node of the address `address`, in namespaces that `entry` starts programs in.
    pub(crate) fn node(address: Ipv4Addr, entry: Vec<OsString>) -> Self {
        Self {
            server: SocketAddrV4::new(address, 6443),
            entry,
            has_node: true,
        }
    }

    pub(super) fn server(&self) -> SocketAddrV4 {
        self.server
    }

    pub(super) fn entry(&self) -> &[OsString] {
        &self.entry
    }

    pub(super) fn controllers(&self) -> &'static str {
        if self.has_node { "*" } else { CONTROLLERS }
    }

    /// The arguments of the API server that depend on it; the files are in `state`.
    pub(super) fn api_server_args(&self, state: &Path) -> Vec<String> {
        if !self.has_node {
            // Loopback may not be the endpoint of a Service.
            return vec![
                "--authorization-mode=RBAC".to_owned(),
                "--endpoint-reconciler-type=none".to_owned(),
            ];
        }
        let file = |name: &str| state.join(name).display().to_string();
        vec![
            // A kubelet gets at no more than its pods need.
            "--authorization-mode=Node,RBAC".to_owned(),
            "--enable-admission-plugins=NodeRestriction".to_owned(),
            format!("--kubelet-client-certificate={}", file(KUBELET_CLIENT)),
            format!("--kubelet-client-key={}", file(KUBELET_CLIENT_KEY)),
            // Nobody resolves the node's name.
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_node_the_api_server_is_on_loopback_and_starts_as_it_is() {
        let site = Site::loopback(7443);
        assert_eq!(site.server().to_string(), "127.0.0.1:7443");
        assert!(site.entry().is_empty());
        assert!(!site.controllers().contains('*'));
    }

    #[test]
    fn with_a_node_every_controller_runs_and_the_node_may_do_what_nodes_may() {
        let site = Site::node(Ipv4Addr::new(10, 250, 0, 2), vec!["nsenter".into()]);
        assert_eq!(site.server().to_string(), "10.250.0.2:6443");
        assert_eq!(site.controllers(), "*");
        let args = site.api_server_args(Path::new("/state"));
        assert!(args.contains(&"--authorization-mode=Node,RBAC".to_owned()));
        assert!(args.contains(&"--kubelet-client-key=/state/kubelet-client.key".to_owned()));
    }
}
