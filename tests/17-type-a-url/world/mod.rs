//! A hermetic internet: name servers and web servers with certificates of a private authority. On real sockets of
//! 127.0.0.1 and ::1 (`sites`), and on a simulated network (`home`).
//!
//! The certificates were made by `openssl ca`. Their keys protect nothing.

pub mod dns;
pub mod home;
pub mod sites;

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::time_provider::DefaultTimeProvider;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tls::{Identity, client_config, server_config};

/// Whom the tests' clients believe, and somebody of whom they know nothing.
pub const ROOT: &str = include_str!("root.pem");
pub const STRANGER: &str = include_str!("stranger.pem");
/// For `www.loopback.test`, `b.loopback.test`, 127.0.0.1 and ::1.
pub const SITE: &str = include_str!("site.pem");
/// For `other.test`.
pub const OTHER: &str = include_str!("other.pem");
/// For `www.loopback.test`, in the year 2000.
pub const EXPIRED: &str = include_str!("expired.pem");
const KEY: &str = include_str!("site-key.pem");

pub const NAME: &str = "www.loopback.test";

/// A server that shows this certificate.
pub fn server(certificate: &str, protocols: &[&[u8]]) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes());
    let identity = Identity {
        chain: chain.collect::<Result<_, _>>().expect("certificates"),
        key: PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("a key"),
    };
    server_config(identity, protocols).expect("a server")
}

/// A client that believes this authority.
pub fn client(root: &str, protocols: &[&[u8]]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(root.as_bytes()) {
        roots
            .add(certificate.expect("a certificate"))
            .expect("a root");
    }
    client_config(roots, protocols, Arc::new(DefaultTimeProvider)).expect("a client")
}
