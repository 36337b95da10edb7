//! The operator's pods: their AWS identity, what is added to them, and where they run.

use serde_json::{Value, json};

use super::helm::{container, of_kind, pod, render, template};

const ROLE: &str = "arn:aws:iam::123456789012:role/cachedapi-operator";

fn variable(objects: &[Value], name: &str) -> Value {
    let env = container(objects)["env"].clone();
    let found = env
        .as_array()
        .unwrap()
        .iter()
        .find(|variable| variable["name"] == name);
    found.cloned().unwrap_or_default()
}

#[test]
fn a_role_outside_of_eks_is_had_for_a_short_lived_token_that_only_sts_takes() {
    let objects = render(&[&format!("aws.webIdentity.roleArn={ROLE}")]);
    assert_eq!(variable(&objects, "AWS_ROLE_ARN")["value"], ROLE);
    let file = variable(&objects, "AWS_WEB_IDENTITY_TOKEN_FILE")["value"].clone();
    let mount = container(&objects)["volumeMounts"][0].clone();
    let volume = pod(&objects)["volumes"][0].clone();
    assert_eq!(mount["name"], volume["name"]);
    assert_eq!(mount["readOnly"], true);
    let token = &volume["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(
        *token,
        json!({"path": "token", "audience": "sts.amazonaws.com", "expirationSeconds": 3600})
    );
    assert_eq!(
        file,
        format!("{}/token", mount["mountPath"].as_str().unwrap()),
        "the SDK reads what is mounted"
    );
    assert!(
        pod(&objects)["securityContext"]["fsGroup"].is_number(),
        "a token is readable for the pod's group only"
    );
}

#[test]
fn access_keys_come_from_a_secret_and_are_in_no_value() {
    let objects = render(&["aws.credentialsSecret=keys"]);
    for (name, optional) in [
        ("AWS_ACCESS_KEY_ID", Value::Null),
        ("AWS_SECRET_ACCESS_KEY", Value::Null),
        ("AWS_SESSION_TOKEN", json!(true)),
    ] {
        let reference = &variable(&objects, name)["valueFrom"]["secretKeyRef"];
        assert_eq!(
            (
                &reference["name"],
                &reference["key"],
                &reference["optional"]
            ),
            (&json!("keys"), &json!(name), &optional)
        );
    }
}

#[test]
fn a_pod_has_one_aws_identity() {
    let both = [
        "aws.credentialsSecret=keys",
        &format!("aws.webIdentity.roleArn={ROLE}"),
    ];
    let refused = template(&both).unwrap_err().to_string();
    assert!(refused.contains("exclude each other"), "{refused}");
}

#[test]
fn on_eks_nothing_is_in_the_way_of_what_the_cluster_adds() {
    let objects = render(&[]);
    let pod = pod(&objects);
    assert_eq!(pod["volumes"], Value::Null);
    assert_eq!(container(&objects)["volumeMounts"], Value::Null);
}

#[test]
fn variables_and_volumes_are_added_beside_the_charts_own() {
    let own = format!("aws.webIdentity.roleArn={ROLE}");
    let objects = render(&[
        &own,
        "extraEnv[0].name=SSL_CERT_FILE",
        "extraEnv[0].value=/ca/ca.crt",
        "extraEnvFrom[0].secretRef.name=proxy",
        "extraVolumes[0].name=ca",
        "extraVolumes[0].configMap.name=authorities",
        "extraVolumeMounts[0].name=ca",
        "extraVolumeMounts[0].mountPath=/ca",
    ]);
    let container = container(&objects);
    assert_eq!(variable(&objects, "SSL_CERT_FILE")["value"], "/ca/ca.crt");
    assert_eq!(
        container["envFrom"],
        json!([{"secretRef": {"name": "proxy"}}])
    );
    let names = |list: &Value| -> Vec<Value> {
        let list = list.as_array().unwrap();
        list.iter().map(|entry| entry["name"].clone()).collect()
    };
    assert_eq!(names(&container["volumeMounts"]), ["aws-token", "ca"]);
    assert_eq!(names(&pod(&objects)["volumes"]), ["aws-token", "ca"]);
}

#[test]
fn several_pods_are_spread_and_go_one_at_a_time_and_the_only_one_keeps_no_node() {
    let several = render(&["replicas=2"]);
    let labels = &of_kind(&several, "Deployment")[0]["spec"]["selector"];
    let spread = pod(&several)["topologySpreadConstraints"].clone();
    let keys: Vec<_> = spread
        .as_array()
        .unwrap()
        .iter()
        .map(|constraint| constraint["topologyKey"].clone())
        .collect();
    assert_eq!(
        keys,
        ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    );
    for constraint in spread.as_array().unwrap() {
        assert_eq!(constraint["labelSelector"], *labels);
        assert_eq!(
            constraint["whenUnsatisfiable"], "ScheduleAnyway",
            "a cluster of one node can run it"
        );
    }
    let budget = of_kind(&several, "PodDisruptionBudget")[0];
    assert_eq!(budget["spec"]["maxUnavailable"], 1);
    assert_eq!(budget["spec"]["selector"], *labels);

    let alone = render(&[]);
    assert_eq!(pod(&alone)["topologySpreadConstraints"], Value::Null);
    assert_eq!(of_kind(&alone, "PodDisruptionBudget"), Vec::<&Value>::new());
    let without = render(&["replicas=2", "podDisruptionBudget.create=false"]);
    assert_eq!(
        of_kind(&without, "PodDisruptionBudget"),
        Vec::<&Value>::new()
    );
}

#[test]
fn where_pods_run_is_as_the_values_say() {
    let objects = render(&[
        "replicas=2",
        "topologySpreadConstraints[0].topologyKey=rack",
        "topologySpreadConstraints[0].maxSkew=1",
        "topologySpreadConstraints[0].whenUnsatisfiable=DoNotSchedule",
        "nodeSelector.pool=system",
        "tolerations[0].operator=Exists",
        "affinity.nodeAffinity.x=y",
        "priorityClassName=important",
    ]);
    let pod = pod(&objects);
    assert_eq!(
        pod["topologySpreadConstraints"],
        json!([{"topologyKey": "rack", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}])
    );
    assert_eq!(pod["nodeSelector"], json!({"pool": "system"}));
    assert_eq!(pod["tolerations"], json!([{"operator": "Exists"}]));
    assert_eq!(pod["affinity"], json!({"nodeAffinity": {"x": "y"}}));
    assert_eq!(pod["priorityClassName"], "important");
}

#[test]
fn a_pod_has_time_to_finish_its_rounds_and_is_told_dead_only_when_it_does_not_answer() {
    let objects = render(&[]);
    let pod = pod(&objects);
    // The operator gives rounds that have begun 45 s (src/controller/operator.rs).
    assert_eq!(pod["terminationGracePeriodSeconds"], 60);
    let container = container(&objects);
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/healthz");
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/readyz");
    assert!(container["resources"]["limits"]["memory"].is_string());
    assert!(
        container["resources"]["limits"]["cpu"].is_null(),
        "a pod that is slowed down loses its Lease"
    );
}
