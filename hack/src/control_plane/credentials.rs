//! Who may talk to the API server: by token an administrator and, where there is one, the node; and the key that signs service account tokens.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::SocketAddrV4;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use serde_json::json;

use super::{KUBELET_CLIENT, KUBELET_CLIENT_KEY, KUBELET_KUBECONFIG, NODE};
use crate::{Error, Result};

/// Files in the control plane's state folder, readable by their owner only.
#[derive(Debug)]
pub(super) struct Credentials {
    /// Signs service account tokens.
    service_account_key: PathBuf,
    /// Verifies them.
    service_account_public_key: PathBuf,
    tokens: PathBuf,
    admin: String,
    kubelet: String,
    certificate: PathBuf,
    server: String,
}

impl Credentials {
    /// Creates fresh keys and tokens for an API server at `server`.
    pub(super) fn create(state: &Path, server: SocketAddrV4) -> Result<Self> {
        let key = new_key()?;
        let service_account_key = state.join("service-account.key");
        write_private(&service_account_key, &key.serialize_pem())?;
        let service_account_public_key = state.join("service-account.pub");
        write_private(&service_account_public_key, &key.public_key_pem())?;
        let (admin, kubelet) = (random_token()?, random_token()?);
        let tokens = state.join("tokens.csv");
        let users = format!(
            "{admin},admin,admin,system:masters\n{kubelet},system:node:{NODE},kubelet,system:nodes\n"
        );
        write_private(&tokens, &users)?;
        // The API server writes its own certificate, with the authority that signed it, before it listens.
        let certificate = state.join("certificates/apiserver.crt");
        Ok(Self {
            service_account_key,
            service_account_public_key,
            tokens,
            admin,
            kubelet,
            certificate,
            server: format!("https://{server}"),
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
        self.write_kubeconfig(folder.join("kubeconfig"), "admin", &self.admin)
    }

    /// Writes what the kubelet has to have: its kubeconfig, and the certificate of its only client, which is its own authority.
    pub(super) fn write_for_kubelet(&self, state: &Path) -> Result<()> {
        self.write_kubeconfig(state.join(KUBELET_KUBECONFIG), NODE, &self.kubelet)?;
        let key = new_key()?;
        let unusable =
            |error| Error::Unexpected(format!("cannot make the kubelet's client: {error}"));
        let mut client = CertificateParams::new(Vec::new()).map_err(unusable)?;
        let name = &mut client.distinguished_name;
        name.push(DnType::CommonName, "kube-apiserver");
        name.push(DnType::OrganizationName, "system:masters");
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = client.self_signed(&key).map_err(unusable)?;
        write_private(&state.join(KUBELET_CLIENT), &certificate.pem())?;
        write_private(&state.join(KUBELET_CLIENT_KEY), &key.serialize_pem())
    }

    fn write_kubeconfig(&self, path: PathBuf, user: &str, token: &str) -> Result<PathBuf> {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cachedapi", "cluster": {"server": self.server, "certificate-authority": self.certificate}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "cachedapi", "context": {"cluster": "cachedapi", "user": user}}],
            "current-context": "cachedapi",
        });
        write_private(&path, &format!("{config:#}\n"))?;
        Ok(path)
    }
}

fn new_key() -> Result<KeyPair> {
    KeyPair::generate()
        .map_err(|error| Error::Unexpected(format!("cannot generate a key: {error}")))
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
