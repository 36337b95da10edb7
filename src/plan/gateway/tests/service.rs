//! A small model of API Gateway and Lambda, as much of it as the planner meets.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Document, Tags};
use crate::plan::{
    Action, ApiKey, Deployment, Fact, GatewayAction, MethodSettings, Patch, PatchOp, Permission,
    PermissionAction, Read, RestApi, Seen, Sensitive, Stage, UsagePlan,
};

/// What API Gateway and Lambda hold.
#[derive(Clone, Default)]
pub(in crate::plan) struct Service {
    pub api: Option<RestApi>,
    pub methods: BTreeMap<String, BTreeSet<String>>,
    pub deployments: Vec<Deployment>,
    pub stage: Option<Stage>,
    pub keys: Vec<ApiKey>,
    pub usage_plans: Vec<UsagePlan>,
    pub permissions: BTreeMap<String, Permission>,
    /// REST APIs with our tags besides the object's.
    pub other_apis: Vec<RestApi>,
    pub calls: Vec<&'static str>,
    pub made: usize,
}

fn seen<T: Clone>(thing: Option<&T>) -> Seen<T> {
    thing.map_or(Seen::Absent, |thing| Seen::Present(thing.clone()))
}

impl Service {
    pub fn read(&mut self, read: &Read) -> Fact {
        let (call, fact) = match read {
            Read::RestApi { .. } => ("GetRestApi", Fact::RestApi(seen(self.api.as_ref()))),
            Read::NamedRestApi { id } => {
                let named = self.api.as_ref().filter(|api| api.id == *id);
                ("GetRestApi", Fact::NamedRestApi(seen(named)))
            }
            Read::RestApiSearch { tags } => {
                let api = self.api.clone().into_iter();
                let found = api.filter(|api| carries(&api.tags, tags));
                ("GetRestApis", Fact::RestApis(found.collect()))
            }
            Read::OtherRestApis { .. } => (
                "GetRestApis",
                Fact::OtherRestApis(Seen::Present(self.other_apis.clone())),
            ),
            Read::Methods { .. } => (
                "GetResources",
                Fact::Methods(Seen::Present(self.methods.clone())),
            ),
            Read::Deployments { .. } => (
                "GetDeployments",
                Fact::Deployments(Seen::Present(self.deployments.clone())),
            ),
            Read::Stage { .. } => ("GetStage", Fact::Stage(seen(self.stage.as_ref()))),
            Read::ApiKeys { .. } => (
                "GetApiKeys",
                Fact::ApiKeys(Seen::Present(self.keys.clone())),
            ),
            Read::UsagePlans { tags } => {
                let plans = self.usage_plans.iter();
                let found = plans.filter(|plan| carries(&plan.tags, tags)).cloned();
                (
                    "GetUsagePlans",
                    Fact::UsagePlans(Seen::Present(found.collect())),
                )
            }
            Read::Permission { function, .. } => {
                let permission = seen(self.permissions.get(function));
                (
                    "GetPolicy",
                    Fact::Permission {
                        function: function.clone(),
                        permission,
                    },
                )
            }
            other => panic!("the gateway has no use for {other:?}"),
        };
        self.calls.push(call);
        fact
    }

    pub fn write(&mut self, action: &Action, document: Option<&Document>) -> Option<Fact> {
        match action {
            Action::Gateway(action) => self.write_gateway(action, document),
            Action::Permission(PermissionAction::AddPermission {
                function,
                source_arn,
                ..
            }) => {
                self.calls.push("AddPermission");
                self.permissions.insert(
                    function.clone(),
                    Permission {
                        source_arn: source_arn.clone(),
                    },
                );
                None
            }
            Action::Permission(PermissionAction::RemovePermission { function, .. }) => {
                self.calls.push("RemovePermission");
                self.permissions.remove(function);
                None
            }
            Action::Cluster(_) => None,
            other => panic!("the gateway has no business with {other:?}"),
        }
    }

    fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{}", self.made)
    }

    fn write_gateway(
        &mut self,
        action: &GatewayAction,
        document: Option<&Document>,
    ) -> Option<Fact> {
        match action {
            GatewayAction::CreateRestApi { name, tags, .. } => {
                self.calls.push("CreateRestApi");
                assert!(self.api.is_none(), "a second REST API is created");
                let api = rest_api(&self.id("api"), name, tags.clone());
                self.api = Some(api.clone());
                Some(Fact::RestApi(Seen::Present(api)))
            }
            GatewayAction::PutRestApi { hash, body, .. } => {
                self.calls.push("PutRestApi");
                self.methods.clone_from(&document.unwrap().methods);
                let api = self.api.as_mut().unwrap();
                let put: serde_json::Value = serde_json::from_str(body).unwrap();
                put["info"]["title"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut api.name);
                (api.version, api.settings) = (Some(hash.clone()), Vec::new());
                Some(Fact::RestApi(Seen::Present(RestApi {
                    confirmed: true,
                    ..api.clone()
                })))
            }
            GatewayAction::DeleteRestApi { api } => {
                self.calls.push("DeleteRestApi");
                if let Some(other) = self.other_apis.iter().position(|other| other.id == *api) {
                    self.other_apis.remove(other);
                    return None;
                }
                assert_eq!(self.api.take().map(|api| api.id).as_ref(), Some(api));
                (self.stage, self.deployments) = (None, Vec::new());
                None
            }
            other => self.write_stage(other),
        }
    }

    fn write_stage(&mut self, action: &GatewayAction) -> Option<Fact> {
        match action {
            GatewayAction::CreateDeployment { description, .. } => {
                self.calls.push("CreateDeployment");
                let deployment = Deployment {
                    id: self.id("dep"),
                    description: description.clone(),
                    created: None,
                };
                self.deployments.insert(0, deployment.clone());
                Some(Fact::DeploymentCreated(deployment))
            }
            GatewayAction::DeleteDeployment { deployment, .. } => {
                self.calls.push("DeleteDeployment");
                assert_ne!(
                    Some(deployment),
                    self.stage.as_ref().map(|stage| &stage.deployment_id),
                    "the deployment in service is deleted"
                );
                self.deployments.retain(|kept| kept.id != *deployment);
                None
            }
            GatewayAction::CreateStage {
                deployment,
                description,
                variables,
                tags,
                ..
            } => {
                self.calls.push("CreateStage");
                self.stage = Some(Stage {
                    deployment_id: deployment.clone(),
                    description: description.clone(),
                    variables: variables.clone(),
                    method_settings: BTreeMap::new(),
                    cache_cluster: false,
                    tags: tags.clone(),
                });
                Some(Fact::Stage(seen(self.stage.as_ref())))
            }
            GatewayAction::UpdateStage { patches, .. } => {
                self.calls.push("UpdateStage");
                let stage = self.stage.as_mut().unwrap();
                for patch in patches {
                    patch_stage(stage, patch);
                }
                Some(Fact::Stage(seen(self.stage.as_ref())))
            }
            other => self.write_keys(other),
        }
    }

    fn write_keys(&mut self, action: &GatewayAction) -> Option<Fact> {
        match action {
            GatewayAction::CreateApiKey { name, tags } => {
                self.calls.push("CreateApiKey");
                let key = ApiKey {
                    id: self.id("key"),
                    name: name.clone(),
                    created: None,
                    enabled: true,
                    value: Sensitive::new("value"),
                    tags: tags.clone(),
                };
                self.keys.push(key);
            }
            GatewayAction::EnableApiKey { id } => self
                .keys
                .iter_mut()
                .filter(|key| key.id == *id)
                .for_each(|key| key.enabled = true),
            GatewayAction::DeleteApiKey { id } => {
                self.keys.retain(|key| key.id != *id);
                let plans = self.usage_plans.iter_mut();
                plans.for_each(|plan| plan.key_ids.retain(|key| key != id));
            }
            other => self.write_usage_plan(other),
        }
        None
    }

    fn write_usage_plan(&mut self, action: &GatewayAction) {
        match action {
            GatewayAction::CreateUsagePlan {
                throttle,
                quota,
                stage,
                tags,
                ..
            } => {
                self.calls.push("CreateUsagePlan");
                let plan = UsagePlan {
                    id: self.id("plan"),
                    throttle: *throttle,
                    quota: quota.clone(),
                    stages: [stage.clone()].into(),
                    key_ids: BTreeSet::new(),
                    tags: tags.clone(),
                };
                self.usage_plans.push(plan);
            }
            GatewayAction::UpdateUsagePlan { id, patches } => {
                self.calls.push("UpdateUsagePlan");
                let plan = self.usage_plan(id);
                for patch in patches {
                    patch_usage_plan(plan, patch);
                }
            }
            GatewayAction::DeleteUsagePlan { id } => {
                assert!(
                    self.usage_plan(id).stages.is_empty(),
                    "a usage plan is deleted while it counts for a stage"
                );
                self.usage_plans.retain(|plan| plan.id != *id);
            }
            GatewayAction::CreateUsagePlanKey { plan, key } => {
                let stages = self.usage_plan(plan).stages.clone();
                let mut others = self.usage_plans.iter().filter(|other| other.id != *plan);
                assert!(
                    !others.any(|other| {
                        other.key_ids.contains(key) && !other.stages.is_disjoint(&stages)
                    }),
                    "a key gets a second usage plan for a stage"
                );
                self.usage_plan(plan).key_ids.insert(key.clone());
            }
            GatewayAction::DeleteUsagePlanKey { plan, key } => {
                self.usage_plan(plan).key_ids.remove(key);
            }
            other => panic!("not expected: {other:?}"),
        }
    }

    fn usage_plan(&mut self, id: &str) -> &mut UsagePlan {
        let mut plans = self.usage_plans.iter_mut();
        plans.find(|plan| plan.id == id).unwrap()
    }
}

fn carries(tags: &Tags, wanted: &Tags) -> bool {
    let mut wanted = wanted.iter();
    wanted.all(|(key, value)| tags.get(key) == Some(value))
}

fn rest_api(id: &str, name: &str, tags: Tags) -> RestApi {
    RestApi {
        id: id.into(),
        name: name.into(),
        version: None,
        endpoint_type: None,
        settings: Vec::new(),
        created: None,
        available: true,
        status_message: None,
        confirmed: false,
        tags,
    }
}

fn patch_stage(stage: &mut Stage, patch: &Patch) {
    let value = patch.value.clone().unwrap_or_default();
    if let Some(name) = patch.path.strip_prefix("/variables/") {
        if patch.op == PatchOp::Remove {
            stage.variables.remove(name)
        } else {
            stage.variables.insert(name.into(), value)
        };
        return;
    }
    match patch.path.as_str() {
        "/deploymentId" => stage.deployment_id = value,
        "/description" => stage.description = value,
        "/cacheClusterEnabled" => stage.cache_cluster = value == "true",
        setting => patch_method_settings(stage, patch, setting),
    }
}

fn patch_method_settings(stage: &mut Stage, patch: &Patch, setting: &str) {
    let mut parts = setting.trim_start_matches('/').splitn(3, '/');
    let (resource, method) = (parts.next().unwrap(), parts.next().unwrap());
    let resource = resource.replace("~1", "/").replace("~0", "~");
    let key = format!(
        "{}/{method}",
        resource.strip_prefix('/').unwrap_or(&resource)
    );
    let Some(setting) = parts.next() else {
        assert_eq!(patch.op, PatchOp::Remove);
        stage.method_settings.remove(&key);
        return;
    };
    let settings = stage.method_settings.entry(key).or_insert(MethodSettings {
        rate: 10_000.0,
        burst: 5_000,
        caching: false,
    });
    let value = patch.value.clone().unwrap();
    match setting {
        "throttling/rateLimit" => settings.rate = value.parse().unwrap(),
        "throttling/burstLimit" => settings.burst = value.parse().unwrap(),
        "caching/enabled" => settings.caching = value == "true",
        other => panic!("unknown setting {other}"),
    }
}

fn patch_usage_plan(plan: &mut UsagePlan, patch: &Patch) {
    let value = patch.value.clone().unwrap_or_default();
    match (patch.path.as_str(), patch.op) {
        ("/throttle/rateLimit", _) => {
            plan.throttle = Some((value.parse().unwrap(), plan.throttle.map_or(0, |t| t.1)));
        }
        ("/throttle/burstLimit", _) => {
            plan.throttle = Some((plan.throttle.map_or(0.0, |t| t.0), value.parse().unwrap()));
        }
        ("/throttle", PatchOp::Remove) => plan.throttle = None,
        ("/quota/limit", _) => {
            plan.quota = Some((
                value.parse().unwrap(),
                plan.quota.clone().map_or(String::new(), |q| q.1),
            ));
        }
        ("/quota/period", _) => plan.quota = Some((plan.quota.clone().map_or(0, |q| q.0), value)),
        ("/quota", PatchOp::Remove) => plan.quota = None,
        ("/apiStages", op) => {
            let (api, stage) = value.split_once(':').unwrap();
            let stage = (api.to_owned(), stage.to_owned());
            if op == PatchOp::Remove {
                plan.stages.remove(&stage)
            } else {
                plan.stages.insert(stage)
            };
        }
        other => panic!("unknown patch {other:?}"),
    }
}
