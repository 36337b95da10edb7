//! As much of the Redis serialization protocol as a login takes: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.

use std::fmt::Write;
use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use crate::plan::Endpoint;

use super::{Answer, Credential, cluster};

/// Longest first line of a reply that is read.
const LONGEST: u64 = 1024;

/// Has the conversation of one login over `connection`.
///
/// The command that must not be allowed is `INFO`: it changes nothing where it is.
pub(super) async fn converse(
    connection: &mut (impl AsyncBufRead + AsyncWrite + Unpin),
    credential: Credential<'_>,
) -> io::Result<Answer> {
    if !is_error(&say(connection, &["PING"]).await?) {
        let flaw = match credential.username {
            Some(_) => "anyone may in without a password; the user named default must be off",
            None => "anyone may in without the AUTH token",
        };
        return Ok(Answer::Flawed(flaw.into()));
    }
    let reply = authenticate(connection, credential).await?;
    let who = credential.username.map_or_else(
        || "who has the AUTH token".to_owned(),
        |user| format!("the user {user}"),
    );
    match code(&reply) {
        "+OK" => {}
        "-WRONGPASS" | "-NOAUTH" => return Ok(Answer::Refused),
        // Redis 5, which knows no users.
        "-ERR" if reply.starts_with("-ERR invalid password") => return Ok(Answer::Refused),
        other => {
            return Ok(Answer::Unreachable(format!(
                "it answers {other} to a login"
            )));
        }
    }
    let key = format!("{}probe", credential.key_prefix);
    let reply = say(connection, &["EXISTS", &key]).await?;
    match code(&reply) {
        // In cluster mode another node may have the key; the permission was checked before.
        "-MOVED" => {}
        code if !is_error(code) => {}
        "-NOPERM" => {
            return Ok(Answer::Flawed(format!("{who} may not read its own keys")));
        }
        other => return Ok(Answer::Unreachable(format!("it answers {other} to EXISTS"))),
    }
    // With an AUTH token there are no rights to be given.
    if credential.username.is_none() || code(&say(connection, &["INFO"]).await?) == "-NOPERM" {
        Ok(Answer::In)
    } else {
        Ok(Answer::Flawed(format!(
            "{who} may run INFO, so it has more rights than it was given"
        )))
    }
}

/// Asks `node`, at the other end of `connection`, for the nodes of its cluster.
pub(super) async fn ask_for_nodes(
    connection: &mut (impl AsyncBufRead + AsyncWrite + Unpin + Send),
    node: &Endpoint,
    credential: Credential<'_>,
) -> io::Result<Vec<Endpoint>> {
    let reply = authenticate(connection, credential).await?;
    if code(&reply) != "+OK" {
        let answer = format!("it answers {} to another login", code(&reply));
        return Err(io::Error::other(answer));
    }
    send(connection, &["CLUSTER", "SLOTS"]).await?;
    Ok(cluster::nodes(&cluster::read(connection).await?, node))
}

async fn authenticate(
    connection: &mut (impl AsyncBufRead + AsyncWrite + Unpin),
    credential: Credential<'_>,
) -> io::Result<String> {
    let words = ["AUTH"].into_iter().chain(credential.username);
    let words: Vec<&str> = words.chain([credential.password.reveal()]).collect();
    say(connection, &words).await
}

/// Sends a command, and gives the first line of the reply.
async fn say(
    connection: &mut (impl AsyncBufRead + AsyncWrite + Unpin),
    command: &[&str],
) -> io::Result<String> {
    send(connection, command).await?;
    let mut line = String::new();
    if connection.take(LONGEST).read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}

async fn send(connection: &mut (impl AsyncWrite + Unpin), command: &[&str]) -> io::Result<()> {
    let mut request = Zeroizing::new(format!("*{}\r\n", command.len()));
    for word in command {
        // Writing to a string does not fail.
        let _ = write!(request, "${}\r\n{word}\r\n", word.len());
    }
    connection.write_all(request.as_bytes()).await?;
    connection.flush().await
}

/// The first word, which is the code of an error.
fn code(reply: &str) -> &str {
    reply.split_whitespace().next().unwrap_or_default()
}

fn is_error(reply: &str) -> bool {
    reply.starts_with('-')
}

#[cfg(test)]
mod tests {
    use tokio::io::{BufReader, duplex, split};

    use super::*;
    use crate::plan::Sensitive;

    /// What is made of a node that gives these replies, one to each command.
    async fn answer(replies: &'static [&'static str]) -> (Answer, Vec<String>) {
        answer_to(Some("orders"), replies).await
    }

    async fn answer_to(
        username: Option<&str>,
        replies: &'static [&'static str],
    ) -> (Answer, Vec<String>) {
        let (client, node) = duplex(4096);
        let node = tokio::spawn(async move {
            let (read, mut write) = split(node);
            let mut read = BufReader::new(read);
            let mut heard = Vec::new();
            for reply in replies {
                heard.push(command(&mut read).await);
                write
                    .write_all(format!("{reply}\r\n").as_bytes())
                    .await
                    .unwrap();
            }
            heard
        });
        let password = Sensitive::new("pass");
        let credential = Credential {
            username,
            password: &password,
            key_prefix: "capi:1:",
        };
        let answer = converse(&mut BufReader::new(client), credential)
            .await
            .unwrap();
        (answer, node.await.unwrap())
    }

    async fn command(read: &mut (impl AsyncBufRead + Unpin)) -> String {
        let mut line = String::new();
        read.read_line(&mut line).await.unwrap();
        let words: usize = line.trim_start_matches('*').trim().parse().unwrap();
        let mut command = Vec::new();
        for _ in 0..words {
            let mut word = String::new();
            read.read_line(&mut line).await.unwrap();
            read.read_line(&mut word).await.unwrap();
            command.push(word.trim_end().to_owned());
        }
        command.join(" ")
    }

    #[tokio::test]
    async fn a_login_proves_what_is_allowed_and_what_is_not() {
        let (answer, heard) = answer(&[
            "-NOAUTH Authentication required.",
            "+OK",
            ":0",
            "-NOPERM no permissions",
        ])
        .await;
        assert_eq!(answer, Answer::In);
        assert_eq!(
            heard,
            ["PING", "AUTH orders pass", "EXISTS capi:1:probe", "INFO"]
        );
    }

    #[tokio::test]
    async fn an_auth_token_is_sent_alone_and_may_do_everything() {
        let (answer, heard) = answer_to(None, &["-NOAUTH", "+OK", ":0"]).await;
        assert_eq!(answer, Answer::In);
        assert_eq!(heard, ["PING", "AUTH pass", "EXISTS capi:1:probe"]);
    }

    #[tokio::test]
    async fn an_auth_token_is_refused_in_the_words_of_old_engines_too() {
        for refusal in [
            &["-NOAUTH", "-ERR invalid password"],
            &["-NOAUTH", "-WRONGPASS invalid username-password pair"],
        ] {
            assert_eq!(answer_to(None, refusal).await.0, Answer::Refused);
        }
        let open = answer_to(None, &["+PONG"]).await.0;
        assert_eq!(
            open,
            Answer::Flawed("anyone may in without the AUTH token".into())
        );
    }

    #[tokio::test]
    async fn a_node_of_a_cluster_that_has_not_the_key_lets_in_as_well() {
        let (answer, _) = answer(&["-NOAUTH", "+OK", "-MOVED 1 10.0.0.1:6379", "-NOPERM"]).await;
        assert_eq!(answer, Answer::In);
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_apart() {
        let refused = answer(&["-NOAUTH", "-WRONGPASS invalid username-password pair"])
            .await
            .0;
        assert_eq!(refused, Answer::Refused);
        let loading = answer(&["-LOADING", "-LOADING the dataset"]).await.0;
        assert_eq!(
            loading,
            Answer::Unreachable("it answers -LOADING to a login".into())
        );
        for (reason, replies) in [
            ("anyone may in", &["+PONG"] as &[&str]),
            ("may not read its own keys", &["-NOAUTH", "+OK", "-NOPERM"]),
            ("may run INFO", &["-NOAUTH", "+OK", ":0", "$12"]),
        ] {
            match answer(replies).await.0 {
                Answer::Flawed(flaw) => assert!(flaw.contains(reason), "{flaw}"),
                other => panic!("{reason}: {other:?}"),
            }
        }
    }
}
