use serde_json::json;

use crate::shop::function;

use super::Expect::{Mistaken, Refused};
use super::{Plan, plan};

pub fn bindings() -> Vec<Plan> {
    let one = "a binding needs exactly one of secret, lambda, deployment and statefulSet";
    let secret = |name: &str| json!({"secret": {"name": name}});
    vec![
        plan("spec.bindings")
            .done(json!([secret("orders-cache"), secret("other")]))
            .done(json!([]))
            .then(
                json!([secret("a"), secret("a")]),
                Refused("two bindings name the same Secret"),
            ),
        plan("spec.bindings[]")
            .done(secret("other"))
            .done(json!({"deployment": {"name": "basket"}})),
        plan("spec.bindings[].secret")
            .done(json!({"name": "other"}))
            .gone(Refused(one)),
        plan("spec.bindings[].secret.name").done(json!("other")),
        plan("spec.bindings[].secret.previousPassword").done(json!(true)),
        plan("spec.bindings[].lambda")
            .at("spec.bindings[1].lambda")
            .done(json!({"functionArn": function("invoices")}))
            .gone(Refused(one)),
        plan("spec.bindings[].lambda.alias")
            .at("spec.bindings[1].lambda.alias")
            .done(json!("beta")),
        plan("spec.bindings[].lambda.functionArn")
            .at("spec.bindings[1].lambda.functionArn")
            .done(json!(function("invoices")))
            .then(
                json!("arn:aws:lambda:us-east-1:111122223333:function:billing"),
                Mistaken("spec.bindings[1].lambda.functionArn"),
            ),
        plan("spec.bindings[].deployment")
            .at("spec.bindings[2].deployment")
            .done(json!({"name": "basket"}))
            .gone(Refused(one)),
        plan("spec.bindings[].deployment.name")
            .at("spec.bindings[2].deployment.name")
            .done(json!("basket")),
        plan("spec.bindings[].statefulSet")
            .at("spec.bindings[3].statefulSet")
            .done(json!({"name": "basket"}))
            .gone(Refused(one)),
        plan("spec.bindings[].statefulSet.name")
            .at("spec.bindings[3].statefulSet.name")
            .done(json!("basket")),
    ]
}
