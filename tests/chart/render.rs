//! What the chart renders.

use std::fs;

use serde_json::{Value, json};

use super::helm::{CHART, CRDS, container, of_kind, read, render};

/// The rules of every role that is bound to the operator.
pub fn operators_rules(objects: &[Value]) -> Vec<Value> {
    let bindings = objects
        .iter()
        .filter(|object| object["subjects"].is_array());
    let roles = bindings.flat_map(|binding| {
        let named = move |role: &&Value| {
            role["kind"] == binding["roleRef"]["kind"]
                && role["metadata"]["name"] == binding["roleRef"]["name"]
                && role["metadata"]["namespace"] == binding["metadata"]["namespace"]
        };
        objects.iter().filter(named)
    });
    roles
        .flat_map(|role| role["rules"].as_array().unwrap().clone())
        .collect()
}

fn has_arg(objects: &[Value], arg: &str) -> bool {
    container(objects)["args"]
        .as_array()
        .unwrap()
        .iter()
        .any(|seen| seen == arg)
}

#[test]
fn the_crds_are_the_generated_ones_and_are_kept_when_the_release_goes() {
    let objects = render(&[]);
    let rendered = of_kind(&objects, "CustomResourceDefinition");
    assert_eq!(rendered.len(), CRDS.len());
    for ((name, file), rendered) in CRDS.iter().zip(rendered) {
        let mut expected = read(file);
        expected["metadata"]["annotations"] = json!({"helm.sh/resource-policy": "keep"});
        assert_eq!(rendered, &expected);
        let link = fs::read_link(format!("{CHART}/files/{name}.yaml")).unwrap();
        let original = format!("crds/cachedapi.dev_{name}.yaml");
        assert!(link.ends_with(original), "a copy would drift: {link:?}");
    }
}

#[test]
fn the_crd_can_be_left_to_another_release() {
    let objects = render(&["crd.create=false"]);
    assert_eq!(
        of_kind(&objects, "CustomResourceDefinition"),
        Vec::<&Value>::new()
    );
    assert!(!objects.iter().any(|object| {
        object["metadata"]["labels"]
            .to_string()
            .contains("aggregate-to-")
    }));
}

#[test]
fn no_rule_of_any_role_has_a_wildcard_or_more_than_it_says() {
    for values in [&[][..], &["watchNamespaces={orders,billing}"][..]] {
        let objects = render(values);
        let roles = [of_kind(&objects, "Role"), of_kind(&objects, "ClusterRole")].concat();
        let all = roles
            .iter()
            .flat_map(|role| role["rules"].as_array().unwrap());
        for rule in all {
            let text = rule.to_string();
            for forbidden in [
                "\"*\"",
                "escalate",
                "\"bind\"",
                "impersonate",
                "nonResourceURLs",
                "customresourcedefinitions",
            ] {
                assert!(!text.contains(forbidden), "{values:?}: {text}");
            }
        }
    }
}

#[test]
fn the_operator_never_lists_or_watches_secrets() {
    let rules = operators_rules(&render(&[]));
    let of_secrets: Vec<_> = rules
        .iter()
        .filter(|rule| rule["resources"].to_string().contains("secrets"))
        .collect();
    assert_eq!(of_secrets.len(), 1, "{rules:?}");
    assert_eq!(
        of_secrets[0]["verbs"],
        json!(["get", "create", "patch", "delete"])
    );
}

#[test]
fn named_namespaces_get_a_role_each_and_nothing_is_granted_elsewhere() {
    let objects = render(&["watchNamespaces={orders,billing}", "clusterId=blue"]);
    assert_eq!(
        of_kind(&objects, "ClusterRoleBinding"),
        Vec::<&Value>::new()
    );
    let namespaces: Vec<_> = of_kind(&objects, "RoleBinding")
        .iter()
        .map(|binding| binding["metadata"]["namespace"].clone())
        .collect();
    assert_eq!(namespaces, ["orders", "billing", "ops"]);
    let in_ops = of_kind(&objects, "Role")
        .into_iter()
        .find(|role| role["metadata"]["namespace"] == "ops")
        .unwrap();
    assert!(!in_ops["rules"].to_string().contains("secrets"), "{in_ops}");
}

#[test]
fn the_cluster_is_asked_for_its_id_only_when_none_is_given() {
    let asks = |values: &[&str]| {
        operators_rules(&render(values))
            .iter()
            .any(|rule| rule["resourceNames"] == json!(["kube-system"]))
    };
    assert!(asks(&[]) && asks(&["watchNamespaces={orders}"]));
    assert!(!asks(&["clusterId=blue"]));
}

#[test]
fn nothing_is_deleted_without_being_asked_for() {
    assert!(has_arg(&render(&[]), "--delete-orphans=false"));
}

#[test]
fn who_has_no_role_everywhere_may_write_events_about_the_lease_and_no_other_right_comes_with_sweeps()
 {
    let of_leader = |values: &[&str]| {
        let objects = render(values);
        let roles = of_kind(&objects, "Role");
        let leader = roles.into_iter().find(|role| {
            let name = role["metadata"]["name"].as_str().unwrap();
            name.ends_with("-leader")
        });
        leader.unwrap()["rules"].clone()
    };
    let events =
        json!({"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]});
    let alone = of_leader(&["watchNamespaces={orders}"]);
    assert!(alone.as_array().unwrap().contains(&events), "{alone}");
    assert!(!of_leader(&[]).to_string().contains("events"));
    let rules = |values| operators_rules(&render(values));
    assert_eq!(rules(&["orphans.delete=true"]), rules(&[]));
}

#[test]
fn values_reach_the_operator_as_arguments_and_environment() {
    for (value, arg) in [
        (
            "watchNamespaces={orders,billing}",
            "--watch-namespaces=orders,billing",
        ),
        ("clusterId=blue", "--cluster-id=blue"),
        ("pollInterval=1h30m", "--poll-interval=1h30m"),
        (
            "maxConcurrentReconciles=1000",
            "--max-concurrent-reconciles=1000",
        ),
        ("quotaShare=0.25", "--quota-share=0.25"),
        (
            "manageConsumerPolicies=true",
            "--manage-consumer-policies=true",
        ),
        ("orphans.sweepInterval=30m", "--orphan-sweep-interval=30m"),
        ("orphans.delete=true", "--delete-orphans=true"),
        ("orphans.grace=48h", "--orphan-grace=48h"),
        (
            "orphans.regions={eu-west-1,us-east-1}",
            "--orphan-regions=eu-west-1,us-east-1",
        ),
        ("log.format=text", "--log-format=text"),
        ("log.level=debug", "--log-level=debug"),
    ] {
        assert!(has_arg(&render(&[value]), arg), "{value}");
        assert!(
            !has_arg(&render(&[]), arg),
            "{arg} is no test: it is the default"
        );
    }
    let env = |values: &[&str]| container(&render(values))["env"].clone();
    let aws = env(&[
        "aws.region=eu-west-1",
        "aws.endpointUrl=http://aws:4566",
        "extraEnv[0].name=HTTPS_PROXY",
        "extraEnv[0].value=http://proxy",
    ]);
    for (name, value) in [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://aws:4566"),
        ("HTTPS_PROXY", "http://proxy"),
    ] {
        assert!(
            aws.as_array()
                .unwrap()
                .contains(&json!({"name": name, "value": value})),
            "{name}: {aws}"
        );
    }
    assert!(
        !env(&[]).to_string().contains("AWS_"),
        "the environment that EKS gives a pod is not overwritten"
    );
}

#[test]
fn the_image_is_pinned_by_its_digest_where_one_is_given() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let image = |values: &[&str]| container(&render(values))["image"].clone();
    assert_eq!(
        image(&["image.repository=r.example.com/op", "image.tag=1.2.3"]),
        "r.example.com/op:1.2.3"
    );
    assert_eq!(
        image(&[
            "image.repository=r.example.com/op",
            &format!("image.digest={digest}")
        ]),
        format!("r.example.com/op@{digest}")
    );
    assert_eq!(
        image(&[]),
        concat!("localhost/cachedapi-operator:", env!("CARGO_PKG_VERSION")),
        "the chart's version is the operator's"
    );
}

#[test]
fn the_service_leads_to_the_metrics_of_the_pods() {
    let objects = render(&[]);
    let (service, deployment) = (
        of_kind(&objects, "Service")[0],
        of_kind(&objects, "Deployment")[0],
    );
    assert_eq!(
        service["spec"]["selector"],
        deployment["spec"]["selector"]["matchLabels"]
    );
    let port = &service["spec"]["ports"][0]["targetPort"];
    assert!(
        container(&objects)["ports"]
            .as_array()
            .unwrap()
            .iter()
            .any(|exposed| exposed["name"] == *port)
    );
    assert_eq!(
        of_kind(&render(&["metrics.service.create=false"]), "Service"),
        Vec::<&Value>::new()
    );
}

#[test]
fn the_service_account_carries_the_annotations_of_its_aws_role() {
    let role = "arn:aws:iam::123456789012:role/cachedapi-operator";
    let objects = render(&[&format!(
        "serviceAccount.annotations.eks\\.amazonaws\\.com/role-arn={role}"
    )]);
    assert_eq!(
        of_kind(&objects, "ServiceAccount")[0]["metadata"]["annotations"],
        json!({"eks.amazonaws.com/role-arn": role})
    );
    let existing = render(&["serviceAccount.create=false", "serviceAccount.name=mine"]);
    assert_eq!(of_kind(&existing, "ServiceAccount"), Vec::<&Value>::new());
    assert_eq!(
        of_kind(&existing, "Deployment")[0]["spec"]["template"]["spec"]["serviceAccountName"],
        "mine"
    );
    assert_eq!(
        of_kind(&existing, "ClusterRoleBinding")[0]["subjects"][0]["name"],
        "mine"
    );
}
