//! The nodes of a cluster, as one of them names them: <https://valkey.io/commands/cluster-slots/>. Every engine version has the command, and ElastiCache's
//! nodes give the names that their certificates are made out to.

use std::collections::BTreeSet;
use std::io;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use crate::plan::Endpoint;

/// Longest line and longest text of a reply, in bytes, and most parts of a list: a cluster has at most 500 nodes and 16384 ranges of slots.
const LONGEST: u64 = 1024;
const MOST: usize = 20_000;
/// Lists within lists: ranges, their nodes, what is said of a node.
const DEEPEST: u8 = 4;

/// A reply, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// A text or a number.
    Text(String),
    /// Nothing.
    Nil,
    /// A list.
    List(Vec<Reply>),
}

/// Reads one reply. An error is an error.
pub(super) async fn read<R>(from: &mut R) -> io::Result<Reply>
where
    R: AsyncBufRead + Unpin + Send,
{
    read_at(from, DEEPEST).await
}

fn read_at<R>(from: &mut R, depth: u8) -> BoxFuture<'_, io::Result<Reply>>
where
    R: AsyncBufRead + Unpin + Send,
{
    async move {
        let mut line = String::new();
        (&mut *from).take(LONGEST).read_line(&mut line).await?;
        let line = line
            .strip_suffix("\r\n")
            .ok_or(io::ErrorKind::InvalidData)?;
        match line.split_at_checked(1).ok_or(io::ErrorKind::InvalidData)? {
            ("+" | ":", text) => Ok(Reply::Text(text.to_owned())),
            ("$" | "*", "-1") => Ok(Reply::Nil),
            ("$", length) => text(from, number(length)?).await,
            ("*", count) => list(from, number(count)?, depth).await,
            ("-", error) => Err(io::Error::other(format!("it answers {error}"))),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
    .boxed()
}

fn number(text: &str) -> io::Result<usize> {
    let number = text.parse().ok().filter(|number| *number <= MOST);
    number.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

async fn text<R>(from: &mut R, length: usize) -> io::Result<Reply>
where
    R: AsyncBufRead + Unpin + Send,
{
    let mut text = vec![0; length + 2];
    from.read_exact(&mut text).await?;
    text.truncate(length);
    Ok(Reply::Text(String::from_utf8_lossy(&text).into_owned()))
}

async fn list<R>(from: &mut R, count: usize, depth: u8) -> io::Result<Reply>
where
    R: AsyncBufRead + Unpin + Send,
{
    let depth = depth.checked_sub(1).ok_or(io::ErrorKind::InvalidData)?;
    let mut parts = Vec::new();
    for _ in 0..count {
        parts.push(read_at(from, depth).await?);
    }
    Ok(Reply::List(parts))
}

/// The nodes that the node `asked` names in its reply to `CLUSTER SLOTS`, once each.
pub(super) fn nodes(reply: &Reply, asked: &Endpoint) -> Vec<Endpoint> {
    let ranges = parts(reply).iter();
    // A range has its first slot, its last, and then its nodes.
    let nodes = ranges.flat_map(|range| parts(range).iter().skip(2));
    let named: BTreeSet<Endpoint> = nodes.filter_map(|node| endpoint(node, asked)).collect();
    named.into_iter().collect()
}

/// A node is told by name or address, port, id, and what else is known of it. Who is told no name stays with the one that was asked.
fn endpoint(node: &Reply, asked: &Endpoint) -> Option<Endpoint> {
    let [name, port, more @ ..] = parts(node) else {
        return None;
    };
    let known = more.get(1).map(parts).unwrap_or_default();
    let mut pairs = known.chunks_exact(2);
    let hostname = pairs.find_map(|pair| (word(&pair[0]) == "hostname").then(|| word(&pair[1])));
    let names = [hostname.unwrap_or_default(), word(name), &asked.host];
    let host = names
        .into_iter()
        .find(|name| !name.is_empty() && *name != "?")?;
    Some(Endpoint {
        host: host.to_owned(),
        port: word(port).parse().ok()?,
    })
}

fn parts(reply: &Reply) -> &[Reply] {
    match reply {
        Reply::List(parts) => parts,
        Reply::Text(_) | Reply::Nil => &[],
    }
}

fn word(reply: &Reply) -> &str {
    match reply {
        Reply::Text(text) => text,
        Reply::List(_) | Reply::Nil => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn named(reply: &str) -> io::Result<Vec<String>> {
        let asked = Endpoint {
            host: "clustercfg.example.com".into(),
            port: 6379,
        };
        let wire = reply.replace(' ', "\r\n") + "\r\n";
        let reply = read(&mut wire.as_bytes()).await?;
        Ok(nodes(&reply, &asked)
            .iter()
            .map(ToString::to_string)
            .collect())
    }

    #[tokio::test]
    async fn nodes_of_all_ranges_are_named_once_by_what_their_certificates_say() {
        for (reason, reply, nodes) in [
            (
                "primary and replica by name, two ranges of one shard",
                "*2 *4 :0 :1 *3 $1 a :6379 $2 i1 *3 $1 b :6379 $2 i2 *3 :3 :4 *3 $1 a :6379 $2 i1",
                vec!["a:6379", "b:6379"],
            ),
            (
                "a name beside the address",
                "*1 *3 :0 :9 *4 $8 10.0.0.1 :7000 $1 i *4 $2 ip $0  $8 hostname $1 a",
                vec!["a:7000"],
            ),
            (
                "an address and an empty list beside it",
                "*1 *3 :0 :9 *4 $8 10.0.0.1 :7000 $1 i *0",
                vec!["10.0.0.1:7000"],
            ),
            (
                "no name: the one that was asked",
                "*1 *4 :0 :9 *3 $-1 :7000 $1 i *3 $1 ? :7001 $1 j",
                vec!["clustercfg.example.com:7000", "clustercfg.example.com:7001"],
            ),
            ("no slots", "*0", vec![]),
        ] {
            assert_eq!(named(reply).await.unwrap(), nodes, "{reason}");
        }
    }

    #[tokio::test]
    async fn what_is_no_such_reply_is_an_error() {
        for (reason, reply) in [
            ("an error", "-NOPERM"),
            ("too short", "*1 *3 :0"),
            ("too long", "*999999"),
            ("too deep", "*1 *1 *1 *1 *1 :1"),
            ("no reply at all", "hello"),
            ("a letter of two bytes", "é1"),
        ] {
            assert!(named(reply).await.is_err(), "{reason}");
        }
        let refused = named("-NOPERM").await.unwrap_err();
        assert_eq!(refused.to_string(), "it answers NOPERM");
    }
}
