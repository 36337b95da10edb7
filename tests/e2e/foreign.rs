//! Things in AWS that have an object's names and belong to somebody else.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use cachedapi_hack::environment::Environment;
use cachedapi_hack::local_aws::{OPERATOR_KEY_ID, REGION};
use cachedapi_hack::{Error, Result};
use cachedapi_operator::model::{Cluster, Identity};
use serde_json::Value;

/// A thing of somebody else.
pub struct Foreign {
    /// Its id or name.
    id: String,
    /// The end of its ARN.
    arn: String,
}

impl Foreign {
    /// Makes the `kind` of thing with the name that it would have as the object's own.
    pub fn make(environment: &Environment, kind: &str, name: &str, uid: &str) -> Result<Self> {
        let identity = Identity {
            namespace: name.to_owned(),
            name: name.to_owned(),
            uid: uid
                .parse()
                .map_err(|_| Error::Unexpected(format!("no UID: {uid}")))?,
            cluster: Cluster {
                id: String::new(),
                operator_version: String::new(),
            },
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| Error::Unexpected(error.to_string()))?;
        let made = runtime.block_on(make(environment.aws.endpoint(), kind, &identity));
        let (id, arn) = made.map_err(|error| Error::Unexpected(format!("{kind}: {error:?}")))?;
        Ok(Self { id, arn })
    }

    /// Fails if the thing is not there any more, or the operator has written to it, successfully or not.
    pub fn check_untouched(&self, environment: &Environment) -> Result<()> {
        let calls = environment.aws.calls()?;
        let log = calls["log"].as_array().into_iter().flatten();
        let here = log.filter(|call| {
            call["accessKey"] == OPERATOR_KEY_ID && text(&call["resource"]).ends_with(&self.arn)
        });
        let written = here.filter(|call| {
            let reads = ["Get", "Describe", "List"];
            !reads
                .iter()
                .any(|verb| text(&call["operation"]).starts_with(verb))
        });
        let written: Vec<String> = written.map(ToString::to_string).collect();
        let is_there = environment
            .aws
            .state()?
            .to_string()
            .contains(&format!("\"{}\"", self.id));
        if is_there && written.is_empty() {
            return Ok(());
        }
        Err(Error::Unexpected(format!(
            "{} is there: {is_there}; written: {written:?}",
            self.id
        )))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn somebody_else(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("SOMEBODYELSE", "x", None, None, "test");
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Builder::new().build_http())
        .region(Region::new(REGION))
        .credentials_provider(credentials)
        .endpoint_url(endpoint)
        .load()
        .await
}

type Failure = Box<dyn std::error::Error>;

/// Makes it and returns its id and the end of its ARN.
async fn make(
    endpoint: &str,
    kind: &str,
    identity: &Identity,
) -> std::result::Result<(String, String), Failure> {
    let config = &somebody_else(endpoint).await;
    let cache = aws_sdk_elasticache::Client::new(config);
    let id = identity.cache_id();
    match kind {
        "secret" => {
            let secrets = aws_sdk_secretsmanager::Client::new(config);
            let name = identity.secret_name();
            let create = secrets.create_secret().name(&name);
            let made = create.secret_string("theirs").send().await?;
            Ok((name, made.arn.unwrap_or_default()))
        }
        "group" => {
            let create = cache.create_replication_group().replication_group_id(&id);
            let create = create
                .replication_group_description("theirs")
                .engine("valkey");
            create
                .cache_node_type("cache.t4g.small")
                .num_cache_clusters(1)
                .send()
                .await?;
            let arn = format!("replicationgroup:{id}");
            Ok((id, arn))
        }
        "user" => {
            let create = cache
                .create_user()
                .user_id(&id)
                .user_name("theirs")
                .engine("valkey");
            create
                .access_string("off -@all")
                .passwords("not-a-secret-at-all")
                .send()
                .await?;
            let arn = format!("user:{id}");
            Ok((id, arn))
        }
        _ => {
            let apis = aws_sdk_apigateway::Client::new(config);
            let api = apis
                .create_rest_api()
                .name(identity.display_name())
                .send()
                .await?;
            let id = api.id.unwrap_or_default();
            let arn = format!("/restapis/{id}");
            Ok((id, arn))
        }
    }
}
