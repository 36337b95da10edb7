//! The configuration files of a node's programs, as texts.

use std::path::Path;

use serde_json::{Value, json};

use super::network::Network;
use crate::control_plane::NODE;
use crate::image::PAUSE;

/// What is in a node's folder.
pub(super) struct Files<'a> {
    /// The state folder.
    pub(super) state: &'a Path,
    /// The folder of the CNI plugins.
    pub(super) plugins: &'a Path,
}

impl Files<'_> {
    /// The socket of containerd.
    pub(super) fn socket(&self) -> String {
        self.path("containerd.sock")
    }

    fn path(&self, name: &str) -> String {
        self.state.join(name).display().to_string()
    }

    /// Of containerd 1.6 and 1.7, in TOML.
    pub(super) fn containerd(&self) -> String {
        let quoted = |path: &str| Value::from(path).to_string();
        format!(
            r#"version = 2
root = {root}
state = {run}
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
address = {socket}

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
netns_mounts_under_state_dir = true
# Without the capability to raise a process's priority no container would start.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = {plugins}
conf_dir = {networks}
"#,
            root = quoted(&self.path("containerd")),
            run = quoted(&self.path("containerd-run")),
            socket = quoted(&self.socket()),
            plugins = quoted(&self.plugins.display().to_string()),
            networks = quoted(&self.path("networks")),
        )
    }

    /// The pods' network, for the folder `networks`: a bridge. The machine has a route to it, so nothing is translated.
    pub(super) fn pod_network(&self, network: Network) -> Value {
        let ipam = json!({
            "type": "host-local",
            "dataDir": self.path("addresses"),
            "ranges": [[{"subnet": network.pods()}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        });
        let bridge = json!({"type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true, "ipam": ipam});
        json!({"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]})
    }

    /// Of the kubelet, whose clients show the certificate `client`.
    pub(super) fn kubelet(&self, network: Network, client: &Path) -> Value {
        json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": network.node(),
            "authentication": {
                "anonymous": {"enabled": false},
                "webhook": {"enabled": true},
                "x509": {"clientCAFile": client},
            },
            "authorization": {"mode": "Webhook"},
            "containerRuntimeEndpoint": format!("unix://{}", self.socket()),
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": format!("/{}", network.name()),
            // Version 1 of control groups will do.
            "failCgroupV1": false,
            "failSwapOn": false,
            "makeIPTablesUtilChains": false,
            "podLogsDir": self.path("pod-logs"),
            "volumePluginDir": self.path("volume-plugins"),
            // Pods know addresses only: there is no DNS in the cluster, and the machine's is none of their business.
            "resolvConf": "",
            // The machine's disk and memory are somebody else's as well: images stay, and pods are not put out for what others use.
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        })
    }
}

/// Of kube-proxy, which writes into the node's own tables.
pub(super) fn proxy(network: Network, kubeconfig: &Path) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": kubeconfig},
        "hostnameOverride": NODE,
        "clusterCIDR": network.pods(),
        // The limits of connection tracking are the machine's.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files<'static> {
        Files {
            state: Path::new("/srv/.local/node/state"),
            plugins: Path::new("/usr/lib/cni"),
        }
    }

    /// Every absolute path in `text`.
    fn paths(text: &str) -> Vec<&str> {
        text.split(['"', '\n', ' '])
            .map(|word| word.trim_start_matches("unix://"))
            .filter(|word| word.starts_with('/'))
            .collect()
    }

    #[test]
    fn all_that_is_written_is_in_the_nodes_folder_or_in_its_namespaces() {
        let network = Network::numbered(3);
        let texts = [
            files().containerd(),
            files().pod_network(network).to_string(),
            files()
                .kubelet(
                    network,
                    Path::new("/srv/.local/node/state/kubelet-client.crt"),
                )
                .to_string(),
            proxy(network, Path::new("/srv/.local/node/kubeconfig")).to_string(),
        ];
        let known = ["/usr/lib/cni", "/cachedapi3"];
        for text in &texts {
            for path in paths(text) {
                assert!(
                    path.starts_with("/srv/.local/node/") || known.contains(&path),
                    "{path} in {text}"
                );
            }
        }
        assert!(paths(&texts[0]).len() >= 5, "{}", texts[0]);
    }

    #[test]
    fn pods_get_addresses_of_the_nodes_own_network() {
        let network = Network::numbered(3);
        let pods = files().pod_network(network);
        let ranges = &pods["plugins"][0]["ipam"]["ranges"];
        assert_eq!(ranges, &json!([[{"subnet": "10.250.3.128/25"}]]));
    }

    #[test]
    fn the_kubelet_serves_only_who_shows_that_it_may() {
        let kubelet = files().kubelet(Network::numbered(0), Path::new("/client.crt"));
        assert_eq!(kubelet["authentication"]["anonymous"]["enabled"], false);
        assert_eq!(kubelet["authorization"]["mode"], "Webhook");
    }
}
