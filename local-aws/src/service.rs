//! The table of services: name, protocol, entry point.

use crate::protocol::Protocol;
use crate::world::Regional;
use crate::{
    AwsError, Call, Reply, apigateway, elasticache, iam, lambda, secretsmanager, sts, tagging,
};

/// One service.
pub(crate) struct Service {
    /// Name in the credential scope and in call log, faults and quotas.
    pub(crate) name: &'static str,
    pub(crate) protocol: Protocol,
    /// Does one operation, under the lock: no await, no I/O.
    pub(crate) handle: fn(&Call, &mut Regional) -> Result<Reply, AwsError>,
}

const SERVICES: &[Service] = &[
    Service {
        name: "apigateway",
        protocol: Protocol::RestJson(apigateway::ROUTES),
        handle: apigateway::handle,
    },
    Service {
        name: "elasticache",
        protocol: Protocol::Query {
            namespace: "http://elasticache.amazonaws.com/doc/2015-02-02/",
        },
        handle: elasticache::handle,
    },
    Service {
        name: "secretsmanager",
        protocol: Protocol::Json11,
        handle: secretsmanager::handle,
    },
    Service {
        name: "lambda",
        protocol: Protocol::RestJson(lambda::ROUTES),
        handle: lambda::handle,
    },
    Service {
        name: "iam",
        protocol: Protocol::Query {
            namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
        },
        handle: iam::handle,
    },
    Service {
        name: "sts",
        protocol: Protocol::Query {
            namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        },
        handle: sts::handle,
    },
    Service {
        name: "tagging",
        protocol: Protocol::Json11,
        handle: tagging::handle,
    },
];

/// The service of that name.
pub(crate) fn find(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.name == name)
}
