//! The other side's half of TLS: rustls as the tests use it, whatever the student's configurations are.

use std::sync::{Arc, LazyLock};

use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};
use tls::{Identity, provider};

use super::certificates::{NOW, paper, root};

/// The name that servers of the tests have, unless a test says otherwise.
pub const NAME: &str = "www.example.org";

pub fn name(text: &str) -> ServerName<'static> {
    ServerName::try_from(text.to_owned()).expect("a name")
}

fn owned(protocols: &[&[u8]]) -> Vec<Vec<u8>> {
    protocols.iter().map(|name| name.to_vec()).collect()
}

/// A server with this certificate, which knows these versions and protocols.
pub fn server_with(
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&[u8]],
) -> Arc<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .expect("versions that the provider knows")
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .expect("a key that belongs to its certificate");
    config.alpn_protocols = owned(protocols);
    Arc::new(config)
}

/// A server with this certificate.
pub fn server_of(identity: Identity) -> Arc<ServerConfig> {
    server_with(identity, &[&TLS13], &[])
}

/// `www.example.org`, certified by the root.
pub fn server() -> Arc<ServerConfig> {
    static SERVER: LazyLock<Arc<ServerConfig>> =
        LazyLock::new(|| server_of(root().issues(paper(&[NAME]))));
    // A copy, which is another site's.
    Arc::new(ServerConfig::clone(&SERVER))
}

pub fn client_with(
    roots: RootCertStore,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&[u8]],
) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(NOW))
        .with_protocol_versions(versions)
        .expect("versions that the provider knows")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = owned(protocols);
    Arc::new(config)
}

/// A client that believes the root.
pub fn client() -> Arc<ClientConfig> {
    client_with(root().trusted(), &[&TLS13], &[])
}

/// A client that is too old.
pub fn old_client() -> Arc<ClientConfig> {
    client_with(root().trusted(), &[&TLS12], &[])
}

/// A server that is too old.
pub fn old_server() -> Arc<ServerConfig> {
    server_with(root().issues(paper(&[NAME])), &[&TLS12], &[])
}

/// Two that have shaken hands.
pub struct Pair {
    pub client: ClientConnection,
    pub server: ServerConnection,
}

/// Why they have not: what each side says of it.
#[derive(Debug)]
pub struct Refused {
    pub client: Option<rustls::Error>,
    pub server: Option<rustls::Error>,
}

/// A handshake in memory. Tickets are taken in, too.
pub fn shake(
    client: &Arc<ClientConfig>,
    name: &ServerName<'static>,
    server: &Arc<ServerConfig>,
) -> Result<Pair, Box<Refused>> {
    let mut client = ClientConnection::new(client.clone(), name.clone()).expect("a client");
    let mut server = ServerConnection::new(server.clone()).expect("a server");
    let mut refused = Refused {
        client: None,
        server: None,
    };
    while client.wants_write() || server.wants_write() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client
                .write_tls(&mut wire)
                .expect("memory takes everything");
        }
        let mut rest = &wire[..];
        while !rest.is_empty() {
            server.read_tls(&mut rest).expect("memory can be read");
            refused.server = server.process_new_packets().err();
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server
                .write_tls(&mut wire)
                .expect("memory takes everything");
        }
        let mut rest = &wire[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest).expect("memory can be read");
            refused.client = client.process_new_packets().err();
        }
    }
    match client.is_handshaking() || server.is_handshaking() {
        true => Err(Box::new(refused)),
        false => Ok(Pair { client, server }),
    }
}
