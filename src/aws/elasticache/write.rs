use std::collections::BTreeSet;

use aws_sdk_elasticache::types::{
    AuthTokenUpdateStrategyType, AuthenticationMode, InputAuthenticationType, Tag,
};

use crate::api::Engine;
use crate::model::{DesiredUser, Tags};
use crate::plan::{CacheAction, CacheUser, Fact, Failure, KnownUser, Password, Seen, Sensitive};

use super::super::call::{changed, created, deleted, fact};
use super::super::operations::{
    CREATE_SUBNET_GROUP, CREATE_USER, CREATE_USER_GROUP, DELETE_SUBNET_GROUP, DELETE_USER,
    DELETE_USER_GROUP, MODIFY_SUBNET_GROUP, MODIFY_USER, MODIFY_USER_GROUP,
};
use super::super::password;
use super::{ElastiCache, from_sdk};

pub(super) type Outcome = Result<Option<Fact>, Failure>;

#[expect(clippy::too_many_lines, reason = "one arm for each action")]
pub(in crate::aws) async fn execute(cache: &ElastiCache, action: &CacheAction) -> Outcome {
    match action {
        CacheAction::CreateSubnetGroup {
            name,
            description,
            subnet_ids,
            tags,
        } => {
            cache
                .create_subnet_group(name, description, subnet_ids, tags)
                .await
        }
        CacheAction::ModifySubnetGroup { name, subnet_ids } => {
            cache.modify_subnet_group(name, subnet_ids).await
        }
        CacheAction::DeleteSubnetGroup { name } => cache.delete_subnet_group(name).await,
        CacheAction::CreateUser {
            user,
            engine,
            password,
            tags,
        } => {
            let proof = password.as_ref().map(|password| &password.value);
            let made = cache.create_user(user, *engine, proof, tags).await?;
            Ok(user_fact(&user.id, made))
        }
        CacheAction::CreateDefaultUser { user, engine, tags } => {
            cache.create_default_user(user, *engine, tags).await
        }
        CacheAction::ModifyUserAccess { id, access_string } => {
            cache.modify_user_access(id, access_string).await
        }
        CacheAction::SetPasswords { id, passwords, .. } => cache.set_passwords(id, passwords).await,
        CacheAction::RequireIam { id } => cache.require_iam(id).await,
        CacheAction::DeleteUser { id } => cache.delete_user(id).await,
        CacheAction::CreateUserGroup {
            id,
            engine,
            user_ids,
            tags,
        } => cache.create_user_group(id, *engine, user_ids, tags).await,
        CacheAction::ModifyUserGroup { id, add, remove } => {
            cache.modify_user_group(id, add, remove).await
        }
        CacheAction::DeleteUserGroup { id } => cache.delete_user_group(id).await,
        CacheAction::CreateReplicationGroup(group) => cache.create_group(group).await,
        CacheAction::ModifyReplicationGroup { id, change } => cache.modify_group(id, change).await,
        CacheAction::IncreaseReplicaCount {
            id,
            replicas_per_shard,
        } => cache.increase_replica_count(id, *replicas_per_shard).await,
        CacheAction::DecreaseReplicaCount {
            id,
            replicas_per_shard,
        } => cache.decrease_replica_count(id, *replicas_per_shard).await,
        CacheAction::RotateAuthToken { id, token } => {
            let strategy = AuthTokenUpdateStrategyType::Rotate;
            cache.change_token(id, &token.value, strategy).await
        }
        CacheAction::SetAuthToken { id, token, .. } => {
            let strategy = AuthTokenUpdateStrategyType::Set;
            cache.change_token(id, &token.value, strategy).await
        }
        CacheAction::DeleteReplicationGroup { id, final_snapshot } => {
            cache.delete_group(id, final_snapshot.clone()).await
        }
    }
}

impl ElastiCache {
    async fn create_subnet_group(
        &self,
        name: &str,
        description: &str,
        subnet_ids: &BTreeSet<String>,
        tags: &Tags,
    ) -> Outcome {
        let request = self
            .client
            .create_cache_subnet_group()
            .cache_subnet_group_name(name);
        let request = request
            .cache_subnet_group_description(description)
            .set_subnet_ids(ids(subnet_ids))
            .set_tags(Some(sdk_tags(tags)));
        let reply = self
            .caller
            .call(CREATE_SUBNET_GROUP, name, request.send())
            .await;
        let group = created(reply)?.and_then(|reply| reply.cache_subnet_group);
        Ok(fact(Fact::SubnetGroup, group.map(from_sdk::subnet_group)))
    }

    async fn modify_subnet_group(&self, name: &str, subnet_ids: &BTreeSet<String>) -> Outcome {
        let request = self
            .client
            .modify_cache_subnet_group()
            .cache_subnet_group_name(name);
        let request = request.set_subnet_ids(ids(subnet_ids));
        changed(
            self.caller
                .call(MODIFY_SUBNET_GROUP, name, request.send())
                .await,
        )?;
        Ok(None)
    }

    async fn delete_subnet_group(&self, name: &str) -> Outcome {
        let request = self
            .client
            .delete_cache_subnet_group()
            .cache_subnet_group_name(name);
        deleted(
            self.caller
                .call(DELETE_SUBNET_GROUP, name, request.send())
                .await,
        )?;
        Ok(None)
    }

    async fn create_default_user(
        &self,
        user: &DesiredUser,
        engine: Engine,
        tags: &Tags,
    ) -> Outcome {
        let password = password::random(CREATE_USER)?;
        let proof = Some(&password);
        let user = self.create_user(user, engine, proof, tags).await?;
        Ok(fact(Fact::DefaultUser, user))
    }

    /// The user as the reply has it, or nothing when there was one of that id. One without a password shows signed tokens.
    async fn create_user(
        &self,
        user: &DesiredUser,
        engine: Engine,
        password: Option<&Sensitive>,
        tags: &Tags,
    ) -> Result<Option<CacheUser>, Failure> {
        let request = self
            .client
            .create_user()
            .user_id(&user.id)
            .user_name(&user.name);
        let request = request
            .engine(engine.as_str())
            .access_string(&user.access_string)
            .set_passwords(password.map(|password| vec![password.reveal().to_owned()]))
            .set_authentication_mode(password.is_none().then(iam))
            .set_tags(Some(sdk_tags(tags)));
        let reply = self
            .caller
            .call(CREATE_USER, &user.id, request.send())
            .await;
        let reply = created(reply.map_err(|refusal| match password {
            Some(password) => refusal.without(password),
            None => refusal,
        }))?;
        Ok(reply.map(|reply| {
            let user = aws_sdk_elasticache::types::User::builder();
            let user = user
                .set_arn(reply.arn)
                .set_user_name(reply.user_name)
                .set_status(reply.status)
                .set_engine(reply.engine);
            let user = user
                .set_access_string(reply.access_string)
                .set_authentication(reply.authentication);
            from_sdk::user(user.build())
        }))
    }

    async fn modify_user_access(&self, id: &str, access_string: &str) -> Outcome {
        let request = self
            .client
            .modify_user()
            .user_id(id)
            .access_string(access_string);
        let reply = changed(self.caller.call(MODIFY_USER, id, request.send()).await)?;
        let spelled = reply.and_then(|user| user.access_string);
        Ok(spelled.map(Fact::AccessString))
    }

    async fn require_iam(&self, id: &str) -> Outcome {
        let request = self.client.modify_user().user_id(id);
        let request = request.authentication_mode(iam());
        changed(self.caller.call(MODIFY_USER, id, request.send()).await)?;
        Ok(None)
    }

    /// The list replaces the one that the user had.
    async fn set_passwords(&self, id: &str, passwords: &[Password]) -> Outcome {
        let values = passwords
            .iter()
            .map(|password| password.value.reveal().to_owned());
        let request = self
            .client
            .modify_user()
            .user_id(id)
            .set_passwords(Some(values.collect()));
        let reply = self.caller.call(MODIFY_USER, id, request.send()).await;
        let reply = changed(reply.map_err(|refusal| {
            passwords.iter().fold(refusal, |refusal, password| {
                refusal.without(&password.value)
            })
        }))?;
        let set = reply.and_then(|reply| {
            let passwords = reply.authentication?.password_count?;
            let known = KnownUser {
                name: reply.user_name.unwrap_or_default(),
                passwords: u32::try_from(passwords).ok()?,
            };
            Some(Fact::PasswordsSet {
                id: id.to_owned(),
                known,
            })
        });
        Ok(set)
    }

    async fn delete_user(&self, id: &str) -> Outcome {
        let request = self.client.delete_user().user_id(id);
        deleted(self.caller.call(DELETE_USER, id, request.send()).await)?;
        Ok(None)
    }

    async fn create_user_group(
        &self,
        id: &str,
        engine: Engine,
        user_ids: &BTreeSet<String>,
        tags: &Tags,
    ) -> Outcome {
        let request = self
            .client
            .create_user_group()
            .user_group_id(id)
            .engine(engine.as_str());
        let request = request
            .set_user_ids(ids(user_ids))
            .set_tags(Some(sdk_tags(tags)));
        let reply = self
            .caller
            .call(CREATE_USER_GROUP, id, request.send())
            .await;
        let group = created(reply)?.map(|reply| {
            let group = aws_sdk_elasticache::types::UserGroup::builder()
                .set_arn(reply.arn)
                .set_status(reply.status);
            let group = group.set_engine(reply.engine).set_user_ids(reply.user_ids);
            from_sdk::user_group(group.build())
        });
        Ok(fact(Fact::UserGroup, group))
    }

    async fn modify_user_group(
        &self,
        id: &str,
        add: &BTreeSet<String>,
        remove: &BTreeSet<String>,
    ) -> Outcome {
        let request = self.client.modify_user_group().user_group_id(id);
        let request = request
            .set_user_ids_to_add(ids(add))
            .set_user_ids_to_remove(ids(remove));
        changed(
            self.caller
                .call(MODIFY_USER_GROUP, id, request.send())
                .await,
        )?;
        Ok(None)
    }

    async fn delete_user_group(&self, id: &str) -> Outcome {
        let request = self.client.delete_user_group().user_group_id(id);
        deleted(
            self.caller
                .call(DELETE_USER_GROUP, id, request.send())
                .await,
        )?;
        Ok(None)
    }
}

/// What the reply says of a user, when it says all.
fn user_fact(id: &str, user: Option<CacheUser>) -> Option<Fact> {
    user.map(|user| Fact::User {
        id: id.to_owned(),
        user: Seen::Present(user),
    })
}

fn iam() -> AuthenticationMode {
    AuthenticationMode::builder()
        .r#type(InputAuthenticationType::Iam)
        .build()
}

/// A list that is empty is left out of the request.
pub(super) fn ids(ids: &BTreeSet<String>) -> Option<Vec<String>> {
    (!ids.is_empty()).then(|| ids.iter().cloned().collect())
}

pub(in crate::aws) fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}
