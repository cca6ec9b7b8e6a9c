//! Step 2: who is it? Names, issuers, time.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::Refusal;

/// What a server shows, and the key that proves that it is its own.
#[derive(Debug)]
pub struct Identity {
    /// The server's certificate first, then those of its issuers, each certifying the one before.
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// One of the hosts that share a port.
#[derive(Clone, Debug)]
pub struct Site {
    /// The names of its certificate, such as `www.example.org` and `*.example.org`. None: it takes everybody.
    pub names: Vec<String>,
    pub config: Arc<ServerConfig>,
}

/// Why a certificate is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It was valid once.
    Expired,
    /// It will be valid one day.
    NotYetValid,
    /// It is somebody else's.
    WrongName,
    /// Nobody whom we trust has signed it, or whoever did.
    UnknownIssuer,
    /// It is not for servers.
    WrongUsage,
    /// Any other: a signature that is wrong, a certificate that cannot be read, …
    Other,
}

/// The name that a person has typed, as the name that the certificate must have.
///
/// An IPv4 address, and an IPv6 address with or without brackets, is `ServerName::IpAddress`: it stands in
/// certificates of its own kind (RFC 9525 §3), and is never sent as SNI (RFC 6066 §3). Everything else
/// is a DNS name, in small letters. A dot at its end says that the name is complete; it belongs neither into SNI
/// (RFC 6066 §3) nor into a certificate, and is left out: one dot. What a DNS name is, and
/// what becomes of its dot, `ServerName::try_from` knows.
///
/// # Errors
///
/// One line that says what is wrong, for a person: the text is neither a name nor an address.
pub fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    todo!("14.2 server_name({host:?}): an address, or a name in small letters without the last dot")
}

/// Whether a name of a certificate (`pattern`) is the name of this host (RFC 9525 §6.3).
///
/// Both are sequences of labels with dots between them, and are equal when all labels are, in any case of ASCII. A label
/// that is `*` and nothing else, and the first of several in `pattern`, equals any one label: one, not none and not two.
/// Elsewhere, and as a part of a label, `*` is a character like others. One dot at the end of `host` is not
/// looked at. An IP address is no DNS name: as `host` it equals nothing, however the pattern is written. Nor
/// does an empty host.
pub fn name_matches(pattern: &str, host: &str) -> bool {
    todo!("14.2 name_matches({pattern:?}, {host:?}): label by label, from RFC 9525 §6.3")
}

/// The site that a client asks for, by the name in its hello.
///
/// A site that has the very name (in any case) goes before one that has it by a `*`, and that one before one that
/// has no names at all, which takes what nobody else does; of several, the first one counts. A client that says
/// no name gets the first site of all: it has only an address, or it is old.
///
/// # Errors
///
/// `UnrecognisedName`: no site has this name, or there is no site at all (RFC 6066 §3).
pub fn pick<'a>(sites: &'a [Site], name: Option<&str>) -> Result<&'a Site, Refusal> {
    let names: Vec<_> = sites.iter().map(|site| &site.names).collect();
    todo!(
        "14.2 pick({names:?}, {name:?}): the very name, then a pattern, then a site without names; without a name the first site"
    )
}

/// What a client wants of every server that it talks to.
///
/// It speaks TLS 1.3 and nothing older, with the ciphers of [`provider`](crate::provider). It believes a
/// certificate when somebody in `roots` has signed it, or somebody certified by them, when it is valid at the
/// time that `time` tells, and when it has the name that was asked for. It offers `protocols` by ALPN, in
/// this order, and none when there are none. It says the name that it asks for (SNI), has no certificate of its own, and
/// can resume sessions.
///
/// # Errors
///
/// What rustls says.
pub fn client_config(
    roots: RootCertStore,
    protocols: &[&[u8]],
    time: Arc<dyn TimeProvider>,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let roots = roots.len();
    todo!(
        "14.2 client_config({roots} roots, {protocols:?}, {time:?}): ClientConfig::builder_with_details, and never a verifier that says yes"
    )
}

/// What a server shows and speaks.
///
/// TLS 1.3 and nothing older, with the ciphers of [`provider`](crate::provider). It shows all of
/// the chain, and asks no client for a certificate. Of the protocols that a client offers it takes the one
/// that stands first in `protocols`: the server's order counts (RFC 7301 §3.2). A client that offers
/// protocols, but none of these, is refused with the alert `NoApplicationProtocol`; one that offers none is not.
/// Where `protocols` is empty, ALPN means nothing.
///
/// # Errors
///
/// What rustls says: the key is not the certificate's, the chain is empty, …
pub fn server_config(
    identity: Identity,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let certificates = identity.chain.len();
    todo!(
        "14.2 server_config({certificates} certificates, {protocols:?}): ServerConfig::builder_with_provider, the chain and its key"
    )
}

/// Why the certificate was not believed, if that is what this error is about.
///
/// rustls has several names for one doubt: with and without the details (`Expired`, `ExpiredContext`). `None` when
/// the error is not about the other side's certificate.
pub fn doubt(error: &rustls::Error) -> Option<Doubt> {
    todo!("14.2 doubt({error:?}): is it InvalidCertificate, and of what kind?")
}
