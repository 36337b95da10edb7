//! The certificate authority of the nodes' TLS. It is kept with the state, so that clients that trust it still do after a
//! restart.

use std::fs;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::error::NodeError;

/// A certificate authority.
#[derive(Debug)]
pub(crate) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca-key.pem";

/// Writes a file that only its owner can read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}

impl Authority {
    /// The authority kept in `folder`, or a new one that is kept there.
    pub(super) fn load_or_create(folder: Option<&Path>) -> Result<Self, NodeError> {
        let Some(folder) = folder else {
            return Self::create().map(|(authority, _)| authority);
        };
        let read = |file| fs::read_to_string(folder.join(file)).ok();
        if let (Some(pem), Some(key)) = (read(CERTIFICATE_FILE), read(KEY_FILE)) {
            return Self::load(pem, &key);
        }
        let (authority, key) = Self::create()?;
        let keep = || {
            fs::create_dir_all(folder)?;
            write_private(&folder.join(KEY_FILE), &key)?;
            fs::write(folder.join(CERTIFICATE_FILE), &authority.pem)
        };
        keep().map_err(NodeError::io("keep the certificate authority"))?;
        Ok(authority)
    }

    fn load(pem: String, key: &str) -> Result<Self, NodeError> {
        let key = KeyPair::from_pem(key).map_err(NodeError::certificate)?;
        let issuer = Issuer::from_ca_cert_pem(&pem, key).map_err(NodeError::certificate)?;
        Ok(Self { pem, issuer })
    }

    fn create() -> Result<(Self, String), NodeError> {
        let mut parameters = CertificateParams::new(Vec::new()).map_err(NodeError::certificate)?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        parameters
            .distinguished_name
            .push(rcgen::DnType::CommonName, "local-aws cache nodes");
        let key = KeyPair::generate().map_err(NodeError::certificate)?;
        let pem = parameters
            .self_signed(&key)
            .map_err(NodeError::certificate)?
            .pem();
        let key_pem = key.serialize_pem();
        Ok((
            Self {
                pem,
                issuer: Issuer::new(parameters, key),
            },
            key_pem,
        ))
    }

    /// The authority's own certificate.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// TLS as a server on `address`, and on loopback.
    pub(super) fn server(&self, address: Ipv4Addr) -> Result<Arc<ServerConfig>, NodeError> {
        let names = [address, Ipv4Addr::LOCALHOST].map(|address| address.to_string());
        let names: Vec<_> = names.into_iter().chain(["localhost".to_owned()]).collect();
        let mut parameters = CertificateParams::new(names).map_err(NodeError::certificate)?;
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(NodeError::certificate)?;
        let certificate = parameters
            .signed_by(&key, &self.issuer)
            .map_err(NodeError::certificate)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder
            .map_err(NodeError::certificate)?
            .with_no_client_auth();
        let config = builder.with_single_cert(vec![certificate.der().clone()], key);
        config.map(Arc::new).map_err(NodeError::certificate)
    }
}
