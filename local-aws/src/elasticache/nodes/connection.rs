//! The few commands that a node is told, over its plain port.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;

use super::error::NodeError;

/// A connection of the node's own administrator.
#[derive(Debug)]
pub(super) struct Connection(BufStream<TcpStream>);

impl Connection {
    /// Connects and logs in.
    pub(super) async fn open(port: u16, user: &str, password: &str) -> Result<Self, NodeError> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        let mut connection = Self(BufStream::new(
            stream.map_err(NodeError::io("connect to a node"))?,
        ));
        connection.command(&["AUTH", user, password]).await?;
        Ok(connection)
    }

    /// The reply to one command; a status, number or text.
    pub(super) async fn command<T: AsRef<str>>(
        &mut self,
        words: &[T],
    ) -> Result<String, NodeError> {
        let reply = self
            .exchange(words)
            .await
            .map_err(NodeError::io("talk to a node"))?;
        reply.map_err(|reply| {
            let command = words.iter().take(2).map(AsRef::as_ref).collect::<Vec<_>>();
            let command = if command[0] == "AUTH" {
                "AUTH".to_owned()
            } else {
                command.join(" ")
            };
            NodeError::Refused { command, reply }
        })
    }

    async fn exchange<T: AsRef<str>>(
        &mut self,
        words: &[T],
    ) -> std::io::Result<Result<String, String>> {
        let words = words.iter().map(AsRef::as_ref);
        let bulks = words
            .clone()
            .map(|word| format!("${}\r\n{word}\r\n", word.len()));
        let request = format!("*{}\r\n{}", words.len(), bulks.collect::<String>());
        self.0.write_all(request.as_bytes()).await?;
        self.0.flush().await?;
        let mut line = String::new();
        self.0.read_line(&mut line).await?;
        let (kind, rest) = line
            .trim_end()
            .split_at_checked(1)
            .ok_or(std::io::ErrorKind::UnexpectedEof)?;
        match kind {
            "-" => Ok(Err(rest.to_owned())),
            "$" => self.bulk(rest.parse().unwrap_or(0)).await.map(Ok),
            _ => Ok(Ok(rest.to_owned())),
        }
    }

    async fn bulk(&mut self, length: usize) -> std::io::Result<String> {
        let mut bytes = vec![0; length + 2];
        self.0.read_exact(&mut bytes).await?;
        bytes.truncate(length);
        String::from_utf8(bytes).map_err(std::io::Error::other)
    }
}
