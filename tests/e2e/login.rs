//! A client of a real cache node.

use std::path::Path;

use cachedapi_operator::login::{Answer, Credential, Port, Tls};
use cachedapi_operator::plan::{Endpoint, Sensitive};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// What the node says over TLS, with a certificate of `authority`, to the user `name` with `password`.
pub async fn log_in(
    authority: &Path,
    node: &Endpoint,
    (name, password): (Option<&str>, &str),
    key_prefix: &str,
) -> Answer {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(authority).expect("the nodes' authority");
    roots.add(authority).expect("an authority");
    let tls = Tls::trusting(roots).expect("TLS");
    let credential = Credential {
        username: name,
        password: &Sensitive::new(password),
        key_prefix,
    };
    tls.ask(node, credential).await
}
