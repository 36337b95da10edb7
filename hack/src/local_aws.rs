//! The local AWS as a process of its own.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::http;
use crate::process::{Launch, Place, Process, Stop};
use crate::{Error, Result};

/// The Region of examples and tests.
pub const REGION: &str = "eu-west-1";
/// The access key of the operator, which may do what its IAM policy allows.
pub const OPERATOR_KEY_ID: &str = "LOCALOPERATOR";
/// The access key of tests and of whoever explores.
pub const ACCESS_KEY_ID: &str = "LOCALACCESSKEY";
/// Its secret, which opens nothing outside this machine.
pub const SECRET_ACCESS_KEY: &str = "local-secret-key";

const START_DEADLINE: Duration = Duration::from_secs(30);

/// How it behaves.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// How long states last: `zero`, `fast` or `aws`.
    pub delays: &'static str,
    /// Whether request quotas are enforced.
    pub quotas: bool,
    /// Whether cache nodes are real processes. Without them they are states only, of which a thousand fit on a machine.
    pub nodes: bool,
    /// What it logs, e.g. `info` or `trace`.
    pub log: &'static str,
}

/// A running local AWS.
#[derive(Debug)]
pub struct LocalAws {
    process: Process,
    endpoint: String,
}

impl LocalAws {
    /// Starts it on `port` of loopback, with nodes run by `valkey_server` if they are to be real, and waits until it answers.
    pub fn start(
        place: &Place,
        program: &Path,
        valkey_server: &Path,
        port: u16,
        behaviour: &Behaviour,
    ) -> Result<Self> {
        let listen = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        Self::start_at(place, program, valkey_server, listen, behaviour)
    }

    /// The same at `listen`, where its cache nodes are reached as well.
    pub fn start_at(
        place: &Place,
        program: &Path,
        valkey_server: &Path,
        listen: SocketAddrV4,
        behaviour: &Behaviour,
    ) -> Result<Self> {
        let mut args = vec![
            format!("--listen={listen}"),
            format!("--delays={}", behaviour.delays),
            format!("--key={ACCESS_KEY_ID}:{SECRET_ACCESS_KEY}"),
        ];
        args.extend((!behaviour.quotas).then(|| "--no-quotas".to_owned()));
        let server = || format!("--valkey-server={}", valkey_server.display());
        args.extend(behaviour.nodes.then(server));
        let mut process = place.start(Launch {
            name: "local-aws",
            program: program.to_owned(),
            args: args.into_iter().map(Into::into).collect(),
            env: vec![("RUST_LOG".to_owned(), behaviour.log.into())],
            // It stops the cache nodes that it started.
            stop: Stop::Gracefully,
        })?;
        let endpoint = format!("http://{listen}");
        let health = format!("{endpoint}/_local/health");
        process.wait_until("the local AWS", START_DEADLINE, || {
            Ok(http::seen_ok(&health))
        })?;
        Ok(Self { process, endpoint })
    }

    /// Its URL: `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where deployed APIs answer: append `/{apiId}/{stage}/{path}`.
    #[must_use]
    pub fn gateway(&self) -> String {
        format!("{}/_aws/execute-api", self.endpoint)
    }

    /// Everything in it.
    pub fn state(&self) -> Result<Value> {
        http::get_json(&format!("{}/_local/state", self.endpoint))
    }

    /// The calls it has seen.
    pub fn calls(&self) -> Result<Value> {
        http::get_json(&format!("{}/_local/calls", self.endpoint))
    }

    /// Forgets the calls it has seen.
    pub fn clear_calls(&self) -> Result<()> {
        http::delete(&format!("{}/_local/calls", self.endpoint))
    }

    /// Adds faults: calls that are to be refused, delayed or lost, as the local AWS's README describes them.
    pub fn add_faults(&self, faults: &Value) -> Result<()> {
        http::post_json(&format!("{}/_local/faults", self.endpoint), faults).map(drop)
    }

    /// Drops all faults.
    pub fn drop_faults(&self) -> Result<()> {
        http::delete(&format!("{}/_local/faults", self.endpoint))
    }

    /// From now on the operator may do what `policy` allows, and nothing else.
    pub fn limit_operator(&self, policy: &Value) -> Result<()> {
        let url = format!("{}/_local/policies/{OPERATOR_KEY_ID}", self.endpoint);
        http::put_json(&url, policy)
    }

    /// Makes a Lambda function in [`REGION`] of the operator's account; `more` is what else the request says.
    pub fn make_function(&self, name: &str, more: &Value) -> Result<()> {
        let url = format!("{}/_local/lambda/{name}", self.endpoint);
        let mut request = more.clone();
        request["region"] = REGION.into();
        http::put_json(&url, &request)
    }

    /// Writes the authority of the cache nodes' certificates to `cache-ca.pem` in `folder`. There is one where nodes are real.
    pub fn write_cache_ca(&self, folder: &Path) -> Result<PathBuf> {
        let url = format!("{}/_local/ca.pem", self.endpoint);
        let answer = http::get(&url, &[])?;
        if answer.status != 200 {
            return Err(Error::Unexpected(format!(
                "GET {url} answered {}: {}",
                answer.status, answer.body
            )));
        }
        let path = folder.join("cache-ca.pem");
        std::fs::write(&path, answer.body)
            .map_err(Error::io(|| format!("write {}", path.display())))?;
        Ok(path)
    }

    /// What the SDKs, the AWS command line and boto3 need to find it, besides [`credentials`].
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_REGION", REGION.to_owned()),
        ]
    }

    /// The ARNs of what carries the tag that names the object `uid` as its owner.
    pub fn owned_by(&self, uid: &str) -> Result<Vec<String>> {
        Ok(owned_by(&self.state()?, uid))
    }

    /// The owners and ARNs of all that carries the tag that names an owner.
    pub fn owned(&self) -> Result<Vec<(String, String)>> {
        let state = self.state()?;
        let owner = |tags: &Value| Some(tags[OWNER].as_str()?.to_owned());
        let things = tags(&state).filter_map(|(arn, tags)| Some((owner(tags)?, arn.clone())));
        Ok(things.collect())
    }

    /// The process, to watch or kill it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Lets it run on after this handle is gone.
    pub fn leave_running(self) {
        self.process.leave_running();
    }
}

/// The tag that names an owner.
const OWNER: &str = "cachedapi.dev/owner-uid";

/// The credentials in the environment of whoever explores it.
#[must_use]
pub fn credentials() -> [(&'static str, String); 2] {
    credentials_of(ACCESS_KEY_ID)
}

/// The operator's; EKS injects a pod's in the same way.
#[must_use]
pub fn operators_credentials() -> [(&'static str, String); 2] {
    credentials_of(OPERATOR_KEY_ID)
}

fn credentials_of(key: &str) -> [(&'static str, String); 2] {
    [
        ("AWS_ACCESS_KEY_ID", key.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
    ]
}

fn owned_by(state: &Value, uid: &str) -> Vec<String> {
    let owned = tags(state).filter(|(_, tags)| tags[OWNER] == uid);
    owned.map(|(arn, _)| arn.clone()).collect()
}

/// ARNs with their tags: `accounts.<account>.<region>.tags.<arn>` of the state.
fn tags(state: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let regions = members(&state["accounts"]).flat_map(|(_, account)| members(account));
    regions.flat_map(|(_, region)| members(&region["tags"]))
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_object_owns_is_found_by_its_tag_in_every_account_and_region() {
        let tagged =
            |arn: &str, uid: &str| json!({"tags": {arn: {"cachedapi.dev/owner-uid": uid}}});
        let state = json!({"accounts": {
            "111122223333": {"eu-west-1": tagged("arn:one", "uid-a"), "us-east-1": tagged("arn:two", "uid-b")},
            "444455556666": {"eu-west-1": tagged("arn:three", "uid-a")},
        }});
        assert_eq!(owned_by(&state, "uid-a"), ["arn:one", "arn:three"]);
        assert!(owned_by(&state, "uid-c").is_empty());
    }
}
