//! Layer 3: logins to the cache. The only module that talks to its nodes.
//!
//! What a node says to a user and a password is the proof on which a rotation promotes. [`Port`] is the seam: [`Tls`] asks real nodes, a simulation asks
//! the users that it keeps.

mod cluster;
mod resp;
mod tls;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};

use crate::plan::rotation::Accepted;
use crate::plan::{Attempt, Endpoint, Login, Sensitive};

pub use tls::{NoAuthority, Tls, authorities};

/// Nodes that are asked at a time.
const AT_A_TIME: usize = 16;

/// What one node says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The credential opens, and allows what it must and not what it must not.
    In,
    /// The credential does not open.
    Refused,
    /// Somebody may do what they must not; the text says who and what.
    Flawed(String),
    /// The node did not answer, or not as a cache node does; the text says how.
    Unreachable(String),
}

/// A user and a password to log in with.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    /// User; none with an AUTH token.
    pub username: Option<&'a str>,
    /// Password.
    pub password: &'a Sensitive,
    /// Prefix of the keys that the user may touch.
    pub key_prefix: &'a str,
}

/// Asks one node.
pub trait Port: Send + Sync {
    /// Logs in, tries one command that must be allowed and, as a user, one that must not, and sees that nobody gets in without a password.
    fn ask<'a>(&'a self, node: &'a Endpoint, credential: Credential<'a>) -> BoxFuture<'a, Answer>;

    /// The nodes of the cluster that `node` belongs to, as it tells a user whom it lets in; or why it does not.
    fn nodes<'a>(
        &'a self,
        node: &'a Endpoint,
        credential: Credential<'a>,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, String>>;
}

type Answers = Vec<(Endpoint, Answer)>;

/// What all nodes together say to `attempt` with its password. No nodes are not known to accept anything. In cluster mode the nodes are those that one of
/// them names; where none lets the user in, those that were known before are all there are.
pub async fn log_in(port: &dyn Port, attempt: &Attempt, password: &Sensitive) -> Login {
    let credential = Credential {
        username: attempt.username.as_deref(),
        password,
        key_prefix: &attempt.key_prefix,
    };
    let mut answers = ask(port, &attempt.nodes, credential).await;
    let mut members = Vec::new();
    let lets_in =
        |(_, answer): &&(Endpoint, Answer)| matches!(answer, Answer::In | Answer::Flawed(_));
    if let Some(at_least) = attempt.cluster
        && let Some((node, _)) = answers.iter().find(lets_in).cloned()
    {
        match name(port, &node, credential, at_least).await {
            Ok(named) => {
                let mut others = named.clone();
                others.retain(|node| !attempt.nodes.contains(node));
                answers.extend(ask(port, &others, credential).await);
                members = named;
            }
            Err(why) => answers.push((node, Answer::Unreachable(why))),
        }
    }
    Login {
        members,
        ..sum_up(&answers)
    }
}

async fn ask(port: &dyn Port, nodes: &[Endpoint], credential: Credential<'_>) -> Answers {
    let asked: Vec<BoxFuture<'_, Answer>> = nodes
        .iter()
        .map(|node| port.ask(node, credential))
        .collect();
    let answers: Vec<Answer> = stream::iter(asked).buffered(AT_A_TIME).collect().await;
    nodes.iter().cloned().zip(answers).collect()
}

/// Fewer than there are at least are not all: one that failed is left out, and comes back.
async fn name(
    port: &dyn Port,
    node: &Endpoint,
    credential: Credential<'_>,
    at_least: usize,
) -> Result<Vec<Endpoint>, String> {
    let named = port.nodes(node, credential).await?;
    if named.len() < at_least {
        return Err(format!(
            "it names {} of the {at_least} nodes of its cluster",
            named.len()
        ));
    }
    Ok(named)
}

fn sum_up(answers: &[(Endpoint, Answer)]) -> Login {
    let mut login = Login {
        accepted: Accepted::Unknown,
        flaw: None,
        obstacle: None,
        members: Vec::new(),
    };
    let (mut let_in, mut refused) = (0, 0);
    for (node, answer) in answers {
        match answer {
            Answer::In => let_in += 1,
            Answer::Refused => refused += 1,
            Answer::Flawed(flaw) => {
                let_in += 1;
                login.flaw = Some(format!("the node {node}: {flaw}"));
            }
            Answer::Unreachable(why) => login.obstacle = Some(format!("the node {node}: {why}")),
        }
    }
    login.accepted = match (let_in, refused) {
        (0, 0) => Accepted::Unknown,
        _ if login.obstacle.is_some() => Accepted::Unknown,
        (_, 0) => Accepted::All,
        (0, _) => Accepted::None,
        _ => Accepted::Some,
    };
    login
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answers: &[Answer]) -> Login {
        let node = Endpoint {
            host: "node".into(),
            port: 6379,
        };
        let answers: Vec<_> = answers
            .iter()
            .map(|answer| (node.clone(), answer.clone()))
            .collect();
        sum_up(&answers)
    }

    #[test]
    fn all_nodes_have_to_agree_and_one_that_is_silent_leaves_it_open() {
        let silent = || Answer::Unreachable("timed out".into());
        for (answers, accepted) in [
            (vec![Answer::In, Answer::In], Accepted::All),
            (vec![Answer::In, Answer::Refused], Accepted::Some),
            (vec![Answer::Refused, Answer::Refused], Accepted::None),
            (vec![Answer::In, silent()], Accepted::Unknown),
            (vec![Answer::Refused, silent()], Accepted::Unknown),
            (vec![], Accepted::Unknown),
        ] {
            assert_eq!(of(&answers).accepted, accepted, "{answers:?}");
        }
        assert_eq!(
            of(&[silent()]).obstacle.unwrap(),
            "the node node:6379: timed out"
        );
        assert_eq!(
            of(&[Answer::Flawed("anyone may in".into())]).flaw.unwrap(),
            "the node node:6379: anyone may in"
        );
    }
}
