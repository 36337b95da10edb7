use std::collections::BTreeMap;

use kube::api::ListParams;
use kube::{Api, ResourceExt};

use crate::api::{AwsAccount, AwsAccountSpec};
use crate::plan::Failure;

use super::{Cluster, call};

impl Cluster {
    /// What the `AwsAccount` of this name says, if it is there.
    pub async fn aws_account(&self, name: &str) -> Result<Option<AwsAccountSpec>, Failure> {
        let accounts: Api<AwsAccount> = Api::all(self.client.clone());
        let account = call("kubernetes:GetAwsAccount", accounts.get_opt(name)).await?;
        Ok(account.map(|account| account.spec))
    }

    /// What every `AwsAccount` says, by name. There is none where the kind is not served.
    pub async fn aws_accounts(&self) -> Result<BTreeMap<String, AwsAccountSpec>, Failure> {
        let accounts: Api<AwsAccount> = Api::all(self.client.clone());
        let everything = ListParams::default();
        let list = async {
            match accounts.list(&everything).await {
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(Vec::new()),
                list => list.map(|list| list.items),
            }
        };
        let list = call("kubernetes:ListAwsAccounts", list).await?;
        let by_name = |account: AwsAccount| (account.name_any(), account.spec);
        Ok(list.into_iter().map(by_name).collect())
    }
}
