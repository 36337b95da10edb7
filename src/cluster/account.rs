use kube::Api;

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
}
