//! A client's way to a node: TLS, `AUTH`, one request at a time.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Time for one answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What somebody knows who may open the cache.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    pub username: String,
    pub password: String,
    pub key_prefix: String,
}

/// What does not work.
pub enum Trouble {
    /// The node says no.
    Refused(String),
    /// The node says nothing.
    Silent(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reply) => f.write_str(reply),
            Self::Silent(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Silent(error)
    }
}

/// Opens connections.
#[derive(Clone)]
pub struct Dialer(Arc<ClientConfig>);

/// A connection to a node.
pub struct Connection(BufReader<StreamOwned<ClientConnection, TcpStream>>);

/// The certificate authorities in `pem`.
pub fn roots(pem: &[u8]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.unwrap()).unwrap();
    }
    roots
}

impl Dialer {
    pub fn trusting(roots: RootCertStore) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        Self(Arc::new(builder.with_no_client_auth()))
    }

    /// A new connection to the node behind `port` of this machine.
    pub fn connect(&self, port: u16) -> io::Result<Connection> {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let tls = ClientConnection::new(self.0.clone(), name).map_err(io::Error::other)?;
        Ok(Connection(BufReader::new(StreamOwned::new(tls, socket))))
    }
}

impl Connection {
    pub fn log_in(&mut self, credential: &Credential) -> Result<(), Trouble> {
        self.say(&["AUTH", &credential.username, &credential.password])
    }

    /// Sends a command whose answer is one line.
    pub fn say(&mut self, words: &[&str]) -> Result<(), Trouble> {
        let bulks = words
            .iter()
            .map(|word| format!("${}\r\n{word}\r\n", word.len()));
        let request = format!("*{}\r\n{}", words.len(), bulks.collect::<String>());
        let stream = self.0.get_mut();
        stream.write_all(request.as_bytes())?;
        stream.flush()?;
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        match line.strip_prefix('-') {
            None => Ok(()),
            Some(error) => Err(Trouble::Refused(error.trim_end().to_owned())),
        }
    }
}
