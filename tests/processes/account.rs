//! An AWS account: what others have in it, and what is there once an operator has worked.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use cachedapi_hack::local_aws::{LocalAws, REGION};
use serde_json::Value;

use crate::world::until;

const CLUSTER: &str = "cachedapi.dev/cluster-id";
const OWNER: &str = "cachedapi.dev/owner-uid";
const THEIRS: [(&str, &str); 2] = [
    (CLUSTER, "theirs"),
    (OWNER, "00000000-0000-0000-0000-000000000001"),
];

/// How many of each kind an object has that is Ready: the example, with an API key. The users are the one that clients are, and the disabled `default`.
const OF_AN_OBJECT: [(&str, usize); 9] = [
    ("/apigateway/apis", 1),
    ("/apigateway/keys", 1),
    ("/apigateway/plans", 1),
    ("/elasticache/replication_groups", 1),
    ("/elasticache/snapshots", 0),
    ("/elasticache/subnet_groups", 1),
    ("/elasticache/user_groups", 1),
    ("/elasticache/users", 2),
    ("/secretsmanager/secrets", 1),
];

/// An account in which others have things that look like the example's: by their names, by their tags but for one.
pub struct Account<'a> {
    pub id: String,
    aws: &'a LocalAws,
    theirs: Things,
}

/// By kind and id.
type Things = BTreeMap<(&'static str, String), Value>;

impl<'a> Account<'a> {
    pub async fn new(aws: &'a LocalAws, id: String, namespace: &str) -> Self {
        let mut account = Self {
            id,
            aws,
            theirs: Things::new(),
        };
        account.others_come(namespace).await;
        account.theirs = account.things();
        assert_eq!(account.theirs.len(), 6, "{:?}", account.theirs.keys());
        account
    }

    fn config(&self) -> impl Future<Output = SdkConfig> + use<> {
        let credentials = Credentials::new(&self.id, "x", None, None, "test");
        aws_config::defaults(BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .region(Region::new(REGION))
            .credentials_provider(credentials)
            .endpoint_url(self.aws.endpoint())
            .load()
    }

    async fn others_come(&self, namespace: &str) {
        let config = self.config().await;
        let name = format!("{namespace}-orders");
        let gateway = aws_sdk_apigateway::Client::new(&config);
        for tags in [0..0, 0..1, 0..2] {
            let mut create = gateway.create_rest_api().name(&name);
            for (key, value) in &THEIRS[tags] {
                create = create.tags(*key, *value);
            }
            create.send().await.unwrap();
        }
        let [cluster, owner] = THEIRS;
        let key = gateway.create_api_key().name(format!("{name}-partner"));
        let key = key.tags(cluster.0, cluster.1).tags(owner.0, owner.1);
        key.send().await.unwrap();
        let cache = aws_sdk_elasticache::Client::new(&config);
        let user = cache.create_user().user_id("capi-theirs");
        let user = user.user_name("theirs").engine("valkey");
        let user = user.access_string("on").no_password_required(true);
        user.send().await.unwrap();
        until("their user to be there", async || {
            let users = cache.describe_users().user_id("capi-theirs");
            let users = users.send().await.unwrap();
            (users.users()[0].status() == Some("active")).then_some(())
        })
        .await;
        let secrets = aws_sdk_secretsmanager::Client::new(&config);
        let secret = secrets.create_secret().secret_string("{}");
        let secret = secret.name(format!("cachedapi/{namespace}/orders"));
        secret.send().await.unwrap();
    }

    /// What there is, as the local AWS has it.
    fn place(&self) -> Value {
        self.aws.state().unwrap()["accounts"][&self.id][REGION].take()
    }

    /// Everything but the user `default`, which every account has, and secrets in their recovery window.
    fn things(&self) -> Things {
        let place = self.place();
        let mut things = Things::new();
        for (kind, _) in OF_AN_OBJECT {
            let of_kind = place.pointer(kind).and_then(Value::as_object);
            for (id, thing) in of_kind.into_iter().flatten() {
                let goes = !thing["deletion"].is_null();
                let is_default = kind == "/elasticache/users" && id == "default";
                if !goes && !is_default {
                    things.insert((kind, id.clone()), thing.clone());
                }
            }
        }
        things
    }

    /// What the operator has made, by kind and id; fails if it has touched what others have.
    pub fn ours(&self) -> Vec<(&'static str, String)> {
        let mut things = self.things();
        for (key, theirs) in &self.theirs {
            assert_eq!(things.remove(key).as_ref(), Some(theirs), "{key:?}");
        }
        things.into_keys().collect()
    }

    /// Fails unless there is all that an object has, once, and nothing else.
    pub fn check_one_of_each(&self) {
        let ours = self.ours();
        let count = |kind| ours.iter().filter(|(of, _)| *of == kind).count();
        let counted = OF_AN_OBJECT.map(|(kind, _)| (kind, count(kind)));
        assert_eq!(counted, OF_AN_OBJECT, "{ours:?}");
    }

    /// The ARNs of what carries an object's tag.
    pub fn owned_by(&self, uid: &str) -> Vec<String> {
        self.aws.owned_by(uid).unwrap()
    }

    /// Has AWS refuse every call of the account with `code`, until [`Self::permit`].
    pub fn refuse(&self, code: &str) {
        let effect =
            serde_json::json!({"fail": {"code": code, "status": 403, "message": "refused"}});
        let fault = serde_json::json!([{"operation": "*", "account": self.id, "count": 0, "effect": effect}]);
        self.aws.add_faults(&fault).unwrap();
    }

    /// Has AWS refuse nothing any more, in any account: one test at a time does so.
    pub fn permit(&self) {
        self.aws.drop_faults().unwrap();
    }
}
