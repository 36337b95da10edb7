//! What kinds of objects there are.

use serde_json::Value;

/// A kind of objects, as discovery tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// API group; empty for the core group.
    pub group: String,
    /// Version that is served and stored.
    pub version: String,
    /// Name in paths, e.g. `secrets`.
    pub plural: String,
    /// Name in objects, e.g. `Secret`.
    pub kind: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether `status` is written through a subresource only, and other changes count as generations.
    pub status: bool,
}

impl Resource {
    /// What `definition`, a `CustomResourceDefinition`, defines; its stored version is the one that is served. `None` if it has not the form.
    #[must_use]
    pub fn defined_by(definition: &Value) -> Option<Self> {
        let spec = &definition["spec"];
        let versions = spec["versions"].as_array()?;
        let version = versions.iter().find(|version| version["storage"] == true)?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            group: text(&spec["group"])?,
            version: text(&version["name"])?,
            plural: text(&spec["names"]["plural"])?,
            kind: text(&spec["names"]["kind"])?,
            namespaced: spec["scope"] == "Namespaced",
            status: version["subresources"]["status"].is_object(),
        })
    }

    /// `group/version`, or only the version in the core group.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `plural.group`, as messages name it.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }
}

/// Those that are there from the start.
pub(crate) fn built_in() -> Vec<Resource> {
    [
        ("", "v1", "namespaces", "Namespace", false),
        ("", "v1", "configmaps", "ConfigMap", true),
        ("", "v1", "secrets", "Secret", true),
        ("coordination.k8s.io", "v1", "leases", "Lease", true),
        ("events.k8s.io", "v1", "events", "Event", true),
    ]
    .map(|(group, version, plural, kind, namespaced)| Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        plural: plural.to_owned(),
        kind: kind.to_owned(),
        namespaced,
        status: false,
    })
    .into()
}
