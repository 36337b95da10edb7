//! The `NetworkPolicy`: who may reach the operator, and what it may reach.

use serde_json::{Value, json};

use super::helm::{container, of_kind, render};

fn policy(values: &[&str]) -> Value {
    let values = [&["networkPolicy.create=true"], values].concat();
    of_kind(&render(&values), "NetworkPolicy")[0]["spec"].clone()
}

/// Every address block and port that the egress rules let through together.
fn reachable(policy: &Value) -> Vec<(String, u64)> {
    let mut reachable = Vec::new();
    for rule in policy["egress"].as_array().unwrap() {
        for to in rule["to"].as_array().unwrap() {
            for port in rule["ports"].as_array().unwrap() {
                let cidr = to["ipBlock"]["cidr"].as_str().unwrap_or("selected pods");
                reachable.push((cidr.to_owned(), port["port"].as_u64().unwrap()));
            }
        }
    }
    reachable
}

#[test]
fn there_is_no_network_policy_unless_it_is_asked_for() {
    assert_eq!(of_kind(&render(&[]), "NetworkPolicy"), Vec::<&Value>::new());
}

#[test]
fn the_policy_is_about_the_operators_pods_and_both_ways() {
    let objects = render(&["networkPolicy.create=true"]);
    let policy = &of_kind(&objects, "NetworkPolicy")[0]["spec"];
    assert_eq!(
        policy["podSelector"],
        of_kind(&objects, "Deployment")[0]["spec"]["selector"]
    );
    assert_eq!(policy["policyTypes"], json!(["Ingress", "Egress"]));
    let open: Vec<Value> = policy["ingress"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|rule| rule["ports"].as_array().unwrap().clone())
        .map(|port| port["port"].clone())
        .collect();
    let container = container(&objects);
    let port = |name: &str| {
        let ports = container["ports"].as_array().unwrap();
        let found = ports.iter().find(|port| port["name"] == name).unwrap();
        found["containerPort"].clone()
    };
    assert_eq!(open, [port("health"), port("metrics")]);
}

#[test]
fn metrics_are_for_the_named_and_for_nobody_when_none_is_named() {
    let of_metrics = |policy: &Value| {
        let rules = policy["ingress"].as_array().unwrap();
        let found = rules.iter().find(|rule| rule["ports"][0]["port"] == 8080);
        found.cloned()
    };
    assert_eq!(
        of_metrics(&policy(&[])).unwrap()["from"],
        json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}])
    );
    let nobody = policy(&["networkPolicy.metricsFrom=null"]);
    assert_eq!(
        of_metrics(&nobody),
        None,
        "a rule without `from` would let everybody in"
    );
}

#[test]
fn the_operator_reaches_dns_the_api_server_aws_and_caches_and_not_the_metadata_service() {
    let expected = [
        ("selected pods", 53, "the cluster's DNS by UDP"),
        ("selected pods", 53, "and by TCP"),
        ("169.254.20.10/32", 53, "NodeLocal DNSCache by UDP"),
        ("169.254.20.10/32", 53, "and by TCP"),
        ("0.0.0.0/0", 443, "the API server of EKS"),
        ("0.0.0.0/0", 6443, "the API server elsewhere"),
        ("::/0", 443, "the API server of EKS"),
        ("::/0", 6443, "the API server elsewhere"),
        ("0.0.0.0/0", 443, "AWS"),
        ("::/0", 443, "AWS"),
        (
            "169.254.170.23/32",
            80,
            "the agent of EKS Pod Identity, and not 169.254.169.254",
        ),
        (
            "fd00:ec2::23/128",
            80,
            "the agent of EKS Pod Identity, and not fd00:ec2::254",
        ),
        ("10.0.0.0/8", 6379, "logins that prove a password"),
        ("172.16.0.0/12", 6379, "logins that prove a password"),
        ("192.168.0.0/16", 6379, "logins that prove a password"),
    ];
    assert_eq!(
        reachable(&policy(&[])),
        expected.map(|(cidr, port, _)| (cidr.to_owned(), port))
    );
}

#[test]
fn addresses_and_ports_are_as_the_values_say_and_none_means_nothing() {
    let policy = policy(&[
        "networkPolicy.dns=null",
        "networkPolicy.apiServer.cidrs={10.0.0.1/32}",
        "networkPolicy.apiServer.ports={16443}",
        "networkPolicy.aws.cidrs={10.0.0.2/32}",
        "networkPolicy.aws.ports={3128}",
        "networkPolicy.podIdentityAgent.cidrs=null",
        "networkPolicy.caches.cidrs={10.1.0.0/16}",
        "networkPolicy.extraEgress[0].to[0].ipBlock.cidr=10.0.0.3/32",
        "networkPolicy.extraEgress[0].ports[0].port=8443",
    ]);
    let expected = [
        ("10.0.0.1/32", 16443),
        ("10.0.0.2/32", 3128),
        ("10.1.0.0/16", 6379),
        ("10.0.0.3/32", 8443),
    ];
    assert_eq!(
        reachable(&policy),
        expected.map(|(cidr, port)| (cidr.to_owned(), port))
    );
}
