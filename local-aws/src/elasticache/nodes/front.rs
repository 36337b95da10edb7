//! What stands between a client and its node when a login is taken that the engine does not know: an IAM token, or an AUTH token
//! where clients without one come in as well. It reads the client's commands, makes of a good `AUTH` or `HELLO` one that the node
//! takes, and passes everything else on as it came.
//!
//! The node itself answers, so order, errors and permissions are its own: a bad token is passed on and refused there.

use std::collections::BTreeSet;
use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
    BufWriter, copy, copy_buf, split,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::Clock;
use crate::elasticache::acl::PasswordHash;
use crate::elasticache::iam::Gate;

/// Words of an `AUTH` or `HELLO`, and bytes of each, at most.
const MOST_WORDS: u64 = 16;
const LONGEST_WORD: u64 = 16 * 1024;

/// Who takes the place of `default` in a login with a wrong token: nobody is called that.
const NOBODY: &[u8] = b"local-aws-nobody";

/// Logins that the engine does not know.
#[derive(Debug, Clone)]
pub(super) struct LoginRules {
    pub(super) gate: Gate,
    /// The names of the IAM users.
    pub(super) users: BTreeSet<String>,
    /// AUTH tokens that `default` may come with, or without.
    pub(super) tokens: Vec<PasswordHash>,
    /// Their password on the nodes.
    pub(super) password: String,
    pub(super) clock: Clock,
    /// How long a connection stays unless it logs in again.
    pub(super) session: Duration,
}

impl LoginRules {
    /// Makes of a login what the node takes or refuses; gives the end of the session that begins.
    fn rewrite(&self, words: &mut Vec<Vec<u8>>) -> Option<Instant> {
        if !self.tokens.is_empty() {
            self.rewrite_default(words);
        }
        let auth = words
            .iter()
            .position(|word| word.eq_ignore_ascii_case(b"AUTH"))?;
        let [user, token] = words.get_mut(auth + 1..auth + 3)? else {
            return None;
        };
        let (name, text) = (
            std::str::from_utf8(user).ok()?,
            std::str::from_utf8(token).ok()?,
        );
        let good = self.users.contains(name) && self.gate.admits(name, text, self.clock.now());
        good.then(|| {
            *token = self.password.clone().into_bytes();
            Instant::now() + self.session
        })
    }

    /// `default` has no password on the node, which then takes any in `AUTH default ..` and none in `AUTH ..`.
    fn rewrite_default(&self, words: &mut Vec<Vec<u8>>) {
        let known = |token: &[u8]| {
            let token = std::str::from_utf8(token).map(PasswordHash::of);
            token.is_ok_and(|token| self.tokens.contains(&token))
        };
        match words.as_mut_slice() {
            [auth, token] if auth.eq_ignore_ascii_case(b"AUTH") && known(token) => {
                words.insert(1, b"default".to_vec());
            }
            [.., auth, user, token]
                if auth.eq_ignore_ascii_case(b"AUTH") && user == b"default" && !known(token) =>
            {
                *user = NOBODY.to_vec();
            }
            _ => {}
        }
    }
}

/// Relays until client or node leaves or the session of an IAM user is over.
pub(super) async fn relay(
    client: impl AsyncRead + AsyncWrite,
    node: TcpStream,
    login: &LoginRules,
) -> io::Result<()> {
    let (from_client, mut to_client) = split(client);
    let (mut from_node, to_node) = node.into_split();
    let mut front = Front {
        client: BufReader::new(from_client),
        node: BufWriter::new(to_node),
    };
    tokio::select! {
        ended = front.pass_commands(login) => ended,
        ended = copy(&mut from_node, &mut to_client) => ended.map(|_| ()),
    }
}

/// What a client sent.
enum Passed {
    /// Nothing more.
    Nothing,
    Command,
    /// A login that is good until then.
    Login(Instant),
}

struct Front<R, W> {
    client: BufReader<R>,
    node: BufWriter<W>,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Front<R, W> {
    /// Passes commands on until the session is over.
    async fn pass_commands(&mut self, login: &LoginRules) -> io::Result<()> {
        let mut end = None;
        loop {
            let passed = self.pass_command(login);
            let passed = match end {
                None => passed.await?,
                Some(end) => match timeout_at(end, passed).await {
                    Ok(passed) => passed?,
                    Err(_) => return Ok(()),
                },
            };
            match passed {
                Passed::Command => {}
                Passed::Login(until) => end = Some(until),
                Passed::Nothing => {
                    self.node.shutdown().await?;
                    // The node still has answers, and closes when it has given them.
                    return pending().await;
                }
            }
            if self.client.buffer().is_empty() {
                self.node.flush().await?;
            }
        }
    }

    async fn pass_command(&mut self, login: &LoginRules) -> io::Result<Passed> {
        let header = self.read_line().await?;
        if header.is_empty() {
            return Ok(Passed::Nothing);
        }
        let Some(count) = length(&header, b'*').filter(|count| *count > 0) else {
            // A command in one line, or an empty one.
            self.node.write_all(&header).await?;
            return Ok(Passed::Command);
        };
        let first = self.read_line().await?;
        let size = length(&first, b'$').ok_or(io::ErrorKind::InvalidData)?;
        if !matches!(size, 4 | 5) || count > MOST_WORDS {
            self.node.write_all(&[header, first].concat()).await?;
            self.pass_bytes(size).await?;
        } else {
            let name = self.read_bytes(size).await?;
            if name.eq_ignore_ascii_case(b"AUTH") || name.eq_ignore_ascii_case(b"HELLO") {
                return self.pass_login(name, count, login).await;
            }
            let read = [header, first, name, b"\r\n".to_vec()].concat();
            self.node.write_all(&read).await?;
        }
        for _ in 1..count {
            let header = self.read_line().await?;
            let size = length(&header, b'$').ok_or(io::ErrorKind::InvalidData)?;
            self.node.write_all(&header).await?;
            self.pass_bytes(size).await?;
        }
        Ok(Passed::Command)
    }

    async fn pass_login(
        &mut self,
        name: Vec<u8>,
        count: u64,
        login: &LoginRules,
    ) -> io::Result<Passed> {
        let mut words = vec![name];
        for _ in 1..count {
            let header = self.read_line().await?;
            let size = length(&header, b'$').filter(|size| *size <= LONGEST_WORD);
            words.push(
                self.read_bytes(size.ok_or(io::ErrorKind::InvalidData)?)
                    .await?,
            );
        }
        let until = login.rewrite(&mut words);
        self.node
            .write_all(format!("*{}\r\n", words.len()).as_bytes())
            .await?;
        for word in words {
            let header = format!("${}\r\n", word.len()).into_bytes();
            self.node
                .write_all(&[header, word, b"\r\n".to_vec()].concat())
                .await?;
        }
        Ok(until.map_or(Passed::Command, Passed::Login))
    }

    /// A line with its end; empty when there is none. One that is too long is no command.
    async fn read_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.client).take(LONGEST_WORD);
        limited.read_until(b'\n', &mut line).await?;
        let whole = line.is_empty() || line.ends_with(b"\n");
        whole
            .then_some(line)
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// A word of `size` bytes; takes its end as well.
    async fn read_bytes(&mut self, size: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut limited = (&mut self.client).take(size + 2);
        limited.read_to_end(&mut bytes).await?;
        bytes.truncate(bytes.len().saturating_sub(2));
        Ok(bytes)
    }

    /// Passes on a word of `size` bytes and its end.
    async fn pass_bytes(&mut self, size: u64) -> io::Result<()> {
        let mut limited = (&mut self.client).take(size.saturating_add(2));
        copy_buf(&mut limited, &mut self.node).await.map(|_| ())
    }
}

/// The number in a header like `*3` or `$5`.
fn length(header: &[u8], kind: u8) -> Option<u64> {
    let text = std::str::from_utf8(header).ok()?.trim_end();
    text.strip_prefix(char::from(kind))?.parse().ok()
}
