//! Lambda: the environment of functions that are bound.

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{
    Environment, EnvironmentResponse, LastUpdateStatus, State as FunctionState,
};

use crate::api::Reason;
use crate::plan::{
    Class, Fact, Failure, FunctionAction, FunctionUpdate, ObservedAlias, ObservedFunction,
    PublishedVersion, Seen, Sensitive, Variables,
};

use super::call::{Refusal, seen};
use super::lambda::Lambda;
use super::operations::{
    GET_ALIAS, GET_FUNCTION_CONFIGURATION, PUBLISH_VERSION, UPDATE_ALIAS,
    UPDATE_FUNCTION_CONFIGURATION,
};

impl Lambda {
    /// `$LATEST` of the function. One whose variables cannot be decrypted is unknown: it could not be given others without losing them.
    pub(super) async fn read_function(&self, arn: &str) -> Fact {
        Fact::Function {
            arn: arn.to_owned(),
            function: self.find_function(arn).await,
        }
    }

    async fn find_function(&self, arn: &str) -> Seen<ObservedFunction> {
        let reply = match seen(self.configuration(arn, None).await) {
            Seen::Present(reply) => reply,
            Seen::Unknown(failure) => return Seen::Unknown(failure),
            Seen::Absent | Seen::Unread => return Seen::Absent,
        };
        match variables(arn, reply.environment) {
            Ok(variables) => Seen::Present(ObservedFunction {
                revision: reply.revision_id.unwrap_or_default(),
                variables,
                code: reply.code_sha256,
                role: reply.role.as_deref().and_then(role_name),
                update: update(
                    reply.last_update_status.as_ref(),
                    reply.last_update_status_reason,
                ),
            }),
            Err(failure) => Seen::Unknown(failure),
        }
    }

    /// An alias, with what its version is like.
    pub(super) async fn read_alias(&self, function: &str, alias: &str) -> Fact {
        let alias = match self.find_alias(function, alias).await {
            Ok(Ok(alias)) => Seen::Present(alias),
            Ok(Err(failure)) => Seen::Unknown(failure),
            Err(refusal) => seen(Err(refusal)),
        };
        Fact::FunctionAlias {
            function: function.to_owned(),
            alias,
        }
    }

    async fn find_alias(
        &self,
        function: &str,
        alias: &str,
    ) -> Result<Result<ObservedAlias, Failure>, Refusal> {
        let request = self.client.get_alias().function_name(function).name(alias);
        let reply = self
            .caller
            .call(GET_ALIAS, function, request.send())
            .await?;
        let version = reply.function_version.unwrap_or_default();
        let served = self.configuration(function, Some(&version)).await?;
        let weights = reply
            .routing_config
            .and_then(|routing| routing.additional_version_weights);
        Ok(
            variables(function, served.environment).map(|variables| ObservedAlias {
                revision: reply.revision_id.unwrap_or_default(),
                weighted: weights.is_some_and(|weights| !weights.is_empty()),
                variables,
                code: served.code_sha256,
            }),
        )
    }

    async fn configuration(
        &self,
        arn: &str,
        version: Option<&str>,
    ) -> Result<GetFunctionConfigurationOutput, Refusal> {
        let request = self
            .client
            .get_function_configuration()
            .function_name(arn)
            .set_qualifier(version.map(str::to_owned));
        self.caller
            .call(GET_FUNCTION_CONFIGURATION, arn, request.send())
            .await
    }

    /// Each names the revision that was seen: whoever was quicker makes it fail, and it is decided on anew.
    pub(super) async fn execute_function(
        &self,
        action: &FunctionAction,
    ) -> Result<Option<Fact>, Failure> {
        match action {
            FunctionAction::UpdateConfiguration {
                function,
                revision,
                variables,
            } => self.set_variables(function, revision, variables).await,
            FunctionAction::PublishVersion { function, revision } => {
                self.publish(function, revision).await
            }
            FunctionAction::UpdateAlias {
                function,
                alias,
                version,
                revision,
            } => {
                let request = self.client.update_alias().function_name(function);
                let request = request
                    .name(alias)
                    .function_version(version)
                    .revision_id(revision);
                self.caller
                    .call(UPDATE_ALIAS, function, request.send())
                    .await?;
                Ok(None)
            }
        }
    }

    /// AWS may quote what it was sent: other people's variables are struck out of its message.
    async fn set_variables(
        &self,
        function: &str,
        revision: &str,
        variables: &Variables,
    ) -> Result<Option<Fact>, Failure> {
        let plain = variables
            .iter()
            .map(|(name, value)| (name.clone(), value.reveal().to_owned()))
            .collect();
        let environment = Environment::builder().set_variables(Some(plain)).build();
        let request = self.client.update_function_configuration();
        let request = request
            .function_name(function)
            .revision_id(revision)
            .environment(environment);
        let reply = self
            .caller
            .call(UPDATE_FUNCTION_CONFIGURATION, function, request.send())
            .await;
        reply.map_err(|refusal| {
            let values = variables.values().filter(|value| value.reveal().len() > 3);
            values.fold(refusal, Refusal::without).failure
        })?;
        Ok(None)
    }

    async fn publish(&self, function: &str, revision: &str) -> Result<Option<Fact>, Failure> {
        let request = self.client.publish_version().function_name(function);
        let reply = self
            .caller
            .call(
                PUBLISH_VERSION,
                function,
                request.revision_id(revision).send(),
            )
            .await?;
        Ok(reply.version.map(|number| Fact::FunctionPublished {
            function: function.to_owned(),
            version: PublishedVersion {
                number,
                active: matches!(reply.state, None | Some(FunctionState::Active)),
            },
        }))
    }
}

/// The name in a role's ARN, which may have a path before it.
fn role_name(arn: &str) -> Option<String> {
    let (_, path) = arn.split_once(":role/")?;
    path.rsplit('/').next().map(str::to_owned)
}

fn variables(arn: &str, environment: Option<EnvironmentResponse>) -> Result<Variables, Failure> {
    let Some(environment) = environment else {
        return Ok(Variables::new());
    };
    if let Some(error) = environment.error {
        let text = error.message.unwrap_or_default();
        return Err(Failure {
            operation: "lambda:GetFunctionConfiguration",
            class: Class::Blocked,
            reason: Reason::AccessDenied,
            message: format!(
                "{arn}: its variables cannot be decrypted: {text}; let the operator use the key (kms:Decrypt)"
            ),
            retry_after: None,
        });
    }
    let variables = environment.variables.unwrap_or_default().into_iter();
    Ok(variables
        .map(|(name, value)| (name, Sensitive::new(value)))
        .collect())
}

fn update(status: Option<&LastUpdateStatus>, reason: Option<String>) -> FunctionUpdate {
    match status {
        None | Some(LastUpdateStatus::Successful) => FunctionUpdate::Done,
        Some(LastUpdateStatus::Failed) => {
            FunctionUpdate::Failed(reason.unwrap_or_else(|| "no reason is given".into()))
        }
        Some(_) => FunctionUpdate::InProgress,
    }
}
