//! AWS is asked over TLS, as everywhere but in the other tests.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::world::World;

/// Ends TLS before `plain` with a certificate for `localhost` that only a client with that certificate trusts. Gives the URL and the certificate.
async fn end_tls_before(plain: SocketAddr) -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut client = acceptor.accept(stream).await?;
                let mut server = TcpStream::connect(plain).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    (url, cert.pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_is_asked_over_tls_and_only_where_an_authority_vouches_for_it() {
    let world = World::new().await;
    world.create_object().await;
    let (url, theirs) = end_tls_before(world.aws_address).await;
    let (_, anothers) = end_tls_before(world.aws_address).await;
    let asked = async |trusted: &str| {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(&file, trusted).unwrap();
        let file = file.path().to_str().unwrap();
        let environment = [("AWS_ENDPOINT_URL", &*url), ("SSL_CERT_FILE", file)];
        let output = world.orphans_with(&[], &environment).await;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = asked(&theirs).await;
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = asked(&anothers).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("certificate"), "{said}");
}
