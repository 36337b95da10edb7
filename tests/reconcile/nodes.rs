use cachedapi_operator::login::{Answer, Credential, Port};
use cachedapi_operator::plan::Endpoint;
use futures::FutureExt;
use futures::future::BoxFuture;
use local_aws::LocalAws;
use local_aws::elasticache::{LoginOutcome, login, members};

/// The nodes of a local AWS, which are states only here.
pub struct Nodes(pub LocalAws);

impl Port for Nodes {
    fn ask<'a>(&'a self, node: &'a Endpoint, credential: Credential<'a>) -> BoxFuture<'a, Answer> {
        let password = credential.password.reveal();
        let username = credential.username.unwrap_or("default");
        let answer = match login(&self.0, &node.host, username, password) {
            LoginOutcome::Accepted => Answer::In,
            LoginOutcome::WrongPassword => Answer::Refused,
            LoginOutcome::Unreachable => Answer::Unreachable("there is no such node".into()),
        };
        async move { answer }.boxed()
    }

    fn nodes<'a>(
        &'a self,
        node: &'a Endpoint,
        _: Credential<'a>,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, String>> {
        let members = members(&self.0, &node.host).into_iter();
        let nodes = members.map(|(host, port)| Endpoint { host, port });
        let nodes = Ok(nodes.collect());
        async move { nodes }.boxed()
    }
}
