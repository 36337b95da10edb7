use cachedapi_operator::login::{Answer, Credential, Port};
use cachedapi_operator::plan::Endpoint;
use futures::FutureExt;
use futures::future::BoxFuture;
use local_aws::LocalAws;
use local_aws::elasticache::{LoginOutcome, login};

/// The nodes of a local AWS, which are states only here.
pub struct Nodes(pub LocalAws);

impl Port for Nodes {
    fn ask<'a>(&'a self, node: &'a Endpoint, credential: Credential<'a>) -> BoxFuture<'a, Answer> {
        let password = credential.password.reveal();
        let answer = match login(&self.0, &node.host, credential.username, password) {
            LoginOutcome::Accepted => Answer::In,
            LoginOutcome::WrongPassword => Answer::Refused,
            LoginOutcome::Unreachable => Answer::Unreachable("there is no such node".into()),
        };
        async move { answer }.boxed()
    }
}
