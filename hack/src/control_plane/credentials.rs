//! Who may talk to the API server: one administrator by token, and the key that signs service account tokens.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::KeyPair;
use serde_json::json;

use crate::{Error, Result};

/// Files in the control plane's state folder, readable by their owner only.
#[derive(Debug)]
pub(super) struct Credentials {
    /// Signs service account tokens.
    service_account_key: PathBuf,
    /// Verifies them.
    service_account_public_key: PathBuf,
    tokens: PathBuf,
    token: String,
    certificate: PathBuf,
    server: String,
}

impl Credentials {
    /// Creates a fresh key and token for an API server on `port`.
    pub(super) fn create(state: &Path, port: u16) -> Result<Self> {
        let key = KeyPair::generate()
            .map_err(|error| Error::Unexpected(format!("cannot generate a key: {error}")))?;
        let service_account_key = state.join("service-account.key");
        write_private(&service_account_key, &key.serialize_pem())?;
        let service_account_public_key = state.join("service-account.pub");
        write_private(&service_account_public_key, &key.public_key_pem())?;
        let token = random_token()?;
        let tokens = state.join("tokens.csv");
        write_private(&tokens, &format!("{token},admin,admin,system:masters\n"))?;
        // The API server writes its own certificate, with the authority that signed it, before it listens.
        let certificate = state.join("certificates/apiserver.crt");
        Ok(Self {
            service_account_key,
            service_account_public_key,
            tokens,
            token,
            certificate,
            server: format!("https://127.0.0.1:{port}"),
        })
    }

    pub(super) fn service_account_key(&self) -> &Path {
        &self.service_account_key
    }

    pub(super) fn service_account_public_key(&self) -> &Path {
        &self.service_account_public_key
    }

    pub(super) fn tokens(&self) -> &Path {
        &self.tokens
    }

    /// Writes `kubeconfig` into `folder` (JSON, which is YAML) and returns its path.
    pub(super) fn write_admin_kubeconfig(&self, folder: &Path) -> Result<PathBuf> {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cachedapi", "cluster": {"server": self.server, "certificate-authority": self.certificate}}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "cachedapi", "context": {"cluster": "cachedapi", "user": "admin"}}],
            "current-context": "cachedapi",
        });
        let path = folder.join("kubeconfig");
        write_private(&path, &format!("{config:#}\n"))?;
        Ok(path)
    }
}

/// 128 bits from the kernel, in hexadecimal.
fn random_token() -> Result<String> {
    let mut bytes = [0; 16];
    let mut source =
        File::open("/dev/urandom").map_err(Error::io(|| "open /dev/urandom".to_owned()))?;
    source
        .read_exact(&mut bytes)
        .map_err(Error::io(|| "read /dev/urandom".to_owned()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    if path.exists() {
        fs::remove_file(path).map_err(Error::io(|| format!("replace {}", path.display())))?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::io(|| format!("create {}", path.display())))?;
    file.write_all(text.as_bytes())
        .map_err(Error::io(|| format!("write {}", path.display())))
}
