//! What somebody finds who gets into the pod, and what the namespace lets in.

use cachedapi_hack::operator::NAMESPACE;
use serde_json::json;

use crate::world::World;

#[test]
fn the_pod_is_let_in_where_only_restricted_ones_are_and_holds_no_shell_and_no_place_to_write() {
    let world = World::take();
    world.install(&[]);
    let kubectl = world.environment.kubectl();
    let inside = |command: &[&str]| {
        let exec = [
            "exec",
            "deployment/cachedapi",
            "--namespace",
            NAMESPACE,
            "--",
        ];
        kubectl.run([&exec, command].concat())
    };
    assert!(inside(&["/cachedapi-operator", "--version"]).is_ok());
    for shell in ["sh", "/bin/sh", "/busybox/sh", "bash"] {
        let refused = inside(&[shell, "-c", "true"]).unwrap_err().to_string();
        assert!(
            refused.contains("no such file or directory") || refused.contains("not found in $PATH"),
            "{refused}"
        );
    }

    let pods = ["get", "pods", "--namespace", NAMESPACE];
    let pods = kubectl.json(pods).unwrap();
    let status = &pods["items"][0]["status"]["containerStatuses"][0];
    let mounts = world
        .node()
        .process_file(status["containerID"].as_str().unwrap(), "mounts")
        .unwrap();
    let root = mounts
        .lines()
        .find(|line| line.split(' ').nth(1) == Some("/"))
        .unwrap();
    let options: Vec<&str> = root.split(' ').nth(3).unwrap().split(',').collect();
    assert!(options.contains(&"ro"), "{root}");

    let unrestricted = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "other", "namespace": NAMESPACE},
        "spec": {"hostNetwork": true, "containers": [{"name": "other", "image": status["image"]}]},
    });
    let refused = kubectl
        .apply(&unrestricted.to_string())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("violates PodSecurity"), "{refused}");
    world.remove_chart();
}
