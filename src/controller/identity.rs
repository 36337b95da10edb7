//! With which identity an object is worked on.

use kube::ResourceExt;

use crate::api::CachedApi;
use crate::aws::{Aws, CallerIdentity};
use crate::cluster::Subject;
use crate::plan::{Failure, check_place, permitted_role};

use super::context::Context;

/// AWS as the identity sees it that works for the object, and whom it takes that for: if the object's things are in that account.
pub async fn whereabouts(
    subject: &Subject,
    context: &Context,
    region: &str,
) -> Result<(Aws, CallerIdentity), Failure> {
    let aws = identity_for(subject.object(), context, region).await?;
    let caller = aws.caller_identity(region).await?;
    if let Err(elsewhere) = check_place(subject.status(), &caller.account, region) {
        aws.doubt(&caller).await;
        return Err(elsewhere);
    }
    Ok((aws, caller))
}

/// AWS as the operator's own identity sees it, or as the role does that the object's account names.
async fn identity_for(object: &CachedApi, context: &Context, region: &str) -> Result<Aws, Failure> {
    let Some(named) = &object.spec.account_ref else {
        return Ok(context.accounts.own().clone());
    };
    let account = context.cluster.aws_account(&named.name).await?;
    let namespace = object.namespace().unwrap_or_default();
    let role = permitted_role((&named.name, account.as_ref()), &namespace, region)?;
    Ok(context.accounts.assume(&role, region).await)
}
