//! Resource Groups Tagging API: what carries the cluster's tag.

use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};

use crate::api::TAG_CLUSTER;
use crate::model::Tags;
use crate::plan::orphans::{Bearing, Kind, Part, Tagged};
use crate::plan::{Fact, Failure, Mark, Release, Seen};

use super::call::{Caller, pages};
use super::operations::{GET_TAGGED, TAG_CACHE_GROUP, TAG_SECRET, UNTAG_CACHE_GROUP, UNTAG_SECRET};
use super::services::Services;
use super::{apigateway, elasticache, not_ours, secretsmanager};

/// The services in which we have something. Functions and roles that carry the cluster's tag are other people's.
///
/// `GetResources` supports all resource types but IAM users and roles ("Services that support the Resource Groups Tagging API"); that ours can be tagged stands at
/// [`Kind::of`]. What cannot be, goes with what can: deployments, methods and stages with their REST API, plan keys with their usage plan, nodes with their group. A
/// statement in a function's policy names a REST API that is gone, and then lets nobody in.
const SERVICES: [&str; 3] = ["apigateway", "elasticache", "secretsmanager"];
const PAGE: i32 = 100;

/// The Resource Groups Tagging API in one Region.
#[derive(Clone, Debug)]
pub(super) struct Tagging {
    pub(super) client: aws_sdk_resourcegroupstagging::Client,
    pub(super) caller: Caller,
}

impl Tagging {
    /// Everything that carries the id of `cluster`, as the index of tags has it: all pages, or a failure.
    ///
    /// The index lags, and has "tagged or previously tagged" things that are gone.
    pub(super) async fn list(&self, cluster: &str) -> Result<Vec<Tagged>, Failure> {
        let filter = TagFilter::builder().key(TAG_CLUSTER).values(cluster);
        let filter = filter.build();
        let fetch = |position| {
            let request = self.client.get_resources().tag_filters(filter.clone());
            let types = SERVICES.map(str::to_owned).to_vec();
            let request = request.set_resource_type_filters(Some(types));
            let request = request.resources_per_page(PAGE);
            let request = request.set_pagination_token(position);
            self.caller.call(GET_TAGGED, cluster, request.send())
        };
        // "null only when there are no more results": an empty text in practice.
        let split =
            |page: aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesOutput| {
                let next = page.pagination_token.filter(|token| !token.is_empty());
                (page.resource_tag_mapping_list, next)
            };
        let found = pages(GET_TAGGED, fetch, split, ResourceTagMapping::resource_arn).await?;
        Ok(found.into_iter().filter_map(tagged).collect())
    }
}

fn tagged(mapping: ResourceTagMapping) -> Option<Tagged> {
    let tags = mapping.tags.unwrap_or_default().into_iter();
    Some(Tagged {
        arn: mapping.resource_arn?,
        tags: tags.map(|tag| (tag.key, tag.value)).collect(),
    })
}

impl Services {
    /// What the thing itself says, not the index.
    pub(super) async fn look(&self, arn: &str) -> Seen<Bearing> {
        let stays = |tags: Tags| Bearing {
            tags,
            leaving: false,
        };
        match Kind::of(arn).map(Kind::part) {
            Some(Part::Api) => apigateway::read_tags(&self.gateway, arn).await.map(stays),
            Some(Part::Cache) => elasticache::read_tags(&self.cache, arn).await.map(stays),
            Some(Part::Secret) => self.secrets.read_secret(arn).await.map(|secret| Bearing {
                leaving: secret.deleted.is_some(),
                tags: secret.tags,
            }),
            None => Seen::Absent,
        }
    }

    /// Puts tags on a thing, by its own service.
    pub(super) async fn mark(&self, mark: &Mark) -> Result<Option<Fact>, Failure> {
        match Kind::of(&mark.arn).map(Kind::part) {
            Some(Part::Api) => self.gateway.tag(&mark.arn, &mark.tags).await?,
            Some(Part::Cache) => self.mark_group(mark).await?,
            Some(Part::Secret) => self.mark_secret(mark).await?,
            None => return Err(not_ours("a thing was marked that is none of ours")),
        }
        Ok(None)
    }

    /// Takes tags off a thing, by its own service. Of API Gateway nothing is given back: who may take tags off there may take them off everything.
    pub(super) async fn release(&self, release: &Release) -> Result<Option<Fact>, Failure> {
        match Kind::of(&release.arn).map(Kind::part) {
            Some(Part::Cache) => self.release_group(release).await?,
            Some(Part::Secret) => self.release_secret(release).await?,
            Some(Part::Api) | None => {
                return Err(not_ours("a thing was given back that is not to be"));
            }
        }
        Ok(None)
    }

    async fn release_group(&self, Release { arn, keys }: &Release) -> Result<(), Failure> {
        let request = self.cache.client.remove_tags_from_resource();
        let request = request.resource_name(arn);
        let request = request.set_tag_keys(Some(keys.iter().cloned().collect()));
        let caller = &self.cache.caller;
        caller.call(UNTAG_CACHE_GROUP, arn, request.send()).await?;
        Ok(())
    }

    async fn release_secret(&self, Release { arn, keys }: &Release) -> Result<(), Failure> {
        let request = self.secrets.client.untag_resource().secret_id(arn);
        let request = request.set_tag_keys(Some(keys.iter().cloned().collect()));
        let caller = &self.secrets.caller;
        caller.call(UNTAG_SECRET, arn, request.send()).await?;
        Ok(())
    }

    async fn mark_group(&self, Mark { arn, tags }: &Mark) -> Result<(), Failure> {
        let request = self.cache.client.add_tags_to_resource().resource_name(arn);
        let request = request.set_tags(Some(elasticache::sdk_tags(tags)));
        let caller = &self.cache.caller;
        caller.call(TAG_CACHE_GROUP, arn, request.send()).await?;
        Ok(())
    }

    async fn mark_secret(&self, Mark { arn, tags }: &Mark) -> Result<(), Failure> {
        let request = self.secrets.client.tag_resource().secret_id(arn);
        let request = request.set_tags(Some(secretsmanager::sdk_tags(tags)));
        let caller = &self.secrets.caller;
        caller.call(TAG_SECRET, arn, request.send()).await?;
        Ok(())
    }
}
