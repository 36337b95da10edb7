use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams, Preconditions};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use crate::api::{ANNOTATION_SECRET_VERSION, CachedApi, LABEL_MANAGED_BY, MANAGER, Reason};
use crate::plan::{BoundSecret, Class, Failure, Seen, Sensitive};

use super::{Cluster, call, failure, within_deadline};

/// What a Secret is to hold.
pub struct Content<'a> {
    /// Its data.
    pub data: &'a BTreeMap<String, Sensitive>,
    /// Version of the AWS secret that the data comes from.
    pub version: Option<&'a str>,
}

impl Cluster {
    /// The Secret `name` next to `owner`. A read that fails is an unknown, not an error.
    pub async fn read_secret(&self, owner: &CachedApi, name: &str) -> Seen<BoundSecret> {
        match self.find_secret(owner, name).await {
            Ok(Some(secret)) => Seen::Present(bound(owner, secret)),
            Ok(None) => Seen::Absent,
            Err(failure) => Seen::Unknown(failure),
        }
    }

    /// Makes `content` all that the Secret `name` holds, and returns the Secret. One that `owner` does not control is left alone.
    pub async fn apply_secret(
        &self,
        owner: &CachedApi,
        name: &str,
        content: &Content<'_>,
    ) -> Result<BoundSecret, Failure> {
        let written = match self.find_secret(owner, name).await? {
            None => self.create_secret(owner, name, content).await?,
            Some(found) if is_controlled(owner, &found) => {
                self.update_secret(owner, &found, content).await?
            }
            Some(_) => return Err(taken(name)),
        };
        Ok(bound(owner, written))
    }

    /// Deletes the Secret `name` in the version that was seen. One that is gone already is no failure.
    pub async fn delete_secret(
        &self,
        owner: &CachedApi,
        name: &str,
        resource_version: &str,
    ) -> Result<(), Failure> {
        let only_if = Preconditions {
            resource_version: Some(resource_version.to_owned()),
            uid: None,
        };
        let parameters = DeleteParams {
            preconditions: Some(only_if),
            ..DeleteParams::default()
        };
        match within_deadline(self.secrets_of(owner).delete(name, &parameters)).await {
            Err(error) if failure::is_not_found(&error) => Ok(()),
            answer => answer
                .map(drop)
                .map_err(|error| failure::from_kube("kubernetes:DeleteSecret", &error)),
        }
    }

    async fn find_secret(&self, owner: &CachedApi, name: &str) -> Result<Option<Secret>, Failure> {
        call("kubernetes:GetSecret", self.secrets_of(owner).get_opt(name)).await
    }

    /// Fails when somebody made a Secret of that name meanwhile.
    async fn create_secret(
        &self,
        owner: &CachedApi,
        name: &str,
        content: &Content<'_>,
    ) -> Result<Secret, Failure> {
        let parameters = PostParams {
            field_manager: Some(MANAGER.into()),
            ..PostParams::default()
        };
        call(
            "kubernetes:CreateSecret",
            self.secrets_of(owner)
                .create(&parameters, &build_secret(owner, name, content)),
        )
        .await
    }

    /// A merge patch and not a server-side apply: keys that came in from elsewhere go, labels and annotations of others stay.
    async fn update_secret(
        &self,
        owner: &CachedApi,
        found: &Secret,
        content: &Content<'_>,
    ) -> Result<Secret, Failure> {
        let parameters = PatchParams {
            field_manager: Some(MANAGER.into()),
            ..PatchParams::default()
        };
        let patch = Patch::Merge(build_patch(found, content));
        call(
            "kubernetes:PatchSecret",
            self.secrets_of(owner)
                .patch(&found.name_any(), &parameters, &patch),
        )
        .await
    }

    fn secrets_of(&self, owner: &CachedApi) -> kube::Api<Secret> {
        self.secrets(&owner.namespace().unwrap_or_default())
    }
}

fn build_secret(owner: &CachedApi, name: &str, content: &Content<'_>) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some([(LABEL_MANAGED_BY.to_owned(), MANAGER.to_owned())].into()),
            annotations: content
                .version
                .map(|version| [(ANNOTATION_SECRET_VERSION.to_owned(), version.to_owned())].into()),
            owner_references: Some(vec![controller_of(owner)]),
            ..ObjectMeta::default()
        },
        type_: secret_type(content.data),
        data: Some(encode(content.data)),
        ..Secret::default()
    }
}

/// The Service Binding specification wants the Secret's type to repeat the binding's. It cannot be changed after creation.
fn secret_type(data: &BTreeMap<String, Sensitive>) -> Option<String> {
    data.get("type")
        .map(|kind| format!("servicebinding.io/{}", kind.reveal()))
}

fn build_patch(found: &Secret, content: &Content<'_>) -> Value {
    let mut fields: BTreeMap<&str, Value> = found
        .data
        .iter()
        .flatten()
        .map(|(key, _)| (key.as_str(), Value::Null))
        .collect();
    let encoded = encode(content.data);
    fields.extend(
        encoded
            .iter()
            .map(|(key, value)| (key.as_str(), json!(value))),
    );
    json!({
        "metadata": {"resourceVersion": found.resource_version(), "labels": {LABEL_MANAGED_BY: MANAGER}, "annotations": {ANNOTATION_SECRET_VERSION: content.version}},
        "data": fields,
    })
}

fn encode(data: &BTreeMap<String, Sensitive>) -> BTreeMap<String, ByteString> {
    data.iter()
        .map(|(key, value)| (key.clone(), ByteString(value.reveal().as_bytes().to_vec())))
        .collect()
}

/// Without `blockOwnerDeletion`, which would need a permission of its own and serves foreground deletion only.
fn controller_of(owner: &CachedApi) -> OwnerReference {
    OwnerReference {
        api_version: CachedApi::api_version(&()).into_owned(),
        kind: CachedApi::kind(&()).into_owned(),
        name: owner.name_any(),
        uid: owner.uid().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: None,
    }
}

fn is_controlled(owner: &CachedApi, secret: &Secret) -> bool {
    secret.owner_references().iter().any(|reference| {
        reference.controller == Some(true) && Some(&reference.uid) == owner.meta().uid.as_ref()
    })
}

fn bound(owner: &CachedApi, secret: Secret) -> BoundSecret {
    let text = |value: ByteString| Sensitive::new(String::from_utf8_lossy(&value.0).into_owned());
    BoundSecret {
        owned: is_controlled(owner, &secret),
        resource_version: secret.resource_version().unwrap_or_default(),
        version: secret.annotations().get(ANNOTATION_SECRET_VERSION).cloned(),
        data: secret
            .data
            .unwrap_or_default()
            .into_iter()
            .map(|(key, value)| (key, text(value)))
            .collect(),
    }
}

fn taken(name: &str) -> Failure {
    Failure {
        operation: "kubernetes:PatchSecret",
        class: Class::Blocked,
        reason: Reason::NameTaken,
        message: format!(
            "the Secret {name} exists and is not the object's own; rename or remove it"
        ),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> BTreeMap<String, Sensitive> {
        [("type", "valkey"), ("password", "s3cret")]
            .map(|(key, value)| (key.to_owned(), Sensitive::new(value)))
            .into()
    }

    #[test]
    fn a_key_that_came_in_from_elsewhere_is_removed_by_the_patch() {
        let stale = Secret {
            data: Some([("stale".to_owned(), ByteString(vec![1]))].into()),
            ..Secret::default()
        };
        let patch = build_patch(
            &stale,
            &Content {
                data: &data(),
                version: Some("v1"),
            },
        );
        assert_eq!(
            patch["data"],
            json!({"stale": null, "type": "dmFsa2V5", "password": "czNjcmV0"})
        );
    }

    #[test]
    fn the_type_repeats_the_bindings_and_api_keys_have_none() {
        assert_eq!(
            secret_type(&data()).as_deref(),
            Some("servicebinding.io/valkey")
        );
        assert_eq!(secret_type(&BTreeMap::new()), None);
    }
}
