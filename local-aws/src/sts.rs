//! Security Token Service: `GetCallerIdentity`.

use serde_json::json;

use crate::world::Regional;
use crate::{AwsError, Call, Reply};

pub(crate) fn handle(call: &Call, _place: &mut Regional) -> Result<Reply, AwsError> {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(Reply::ok(json!({
            "Arn": call.caller.arn(),
            "UserId": call.caller.access_key,
            "Account": call.account(),
        }))),
        _ => Err(AwsError::unknown_operation(call)),
    }
}
