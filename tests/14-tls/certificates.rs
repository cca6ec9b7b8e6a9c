//! Certificates, good ones and bad ones. The keys are fixed and protect nothing: a certificate is made of them
//! in a millisecond, and the same one in each run.

use std::sync::{Arc, LazyLock};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData, SerialNumber, SignatureAlgorithm,
    date_time_ymd,
};
use rustls::RootCertStore;
use rustls::SignatureScheme::ECDSA_NISTP256_SHA256;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::{Signer, SigningKey};
use rustls::time_provider::TimeProvider;
use tls::{Identity, provider};

/// Private keys of the curve P-256, made by `openssl ecparam -name prime256v1 -genkey`.
const KEYS: [&str; 4] = [
    "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOmMXz/DPWWqoctKZ
5m5XlyPY87Gw/aiZ8OVOf3umcH6hRANCAASjy5gqcY3mEzfoajeP6LYG5CuJX77A
wbxG8afLNIfaqihFlZUf8y8tfBAlX/nj5JuwkBjkj6tLq72OCReNBVtT
-----END PRIVATE KEY-----
",
    "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgx/gWs1eqOqVfUpLi
+LKJgdQPwm+WjjaJ4sgrjz5gsIGhRANCAASpV6bKL1i4kakKgPMCcUWOkzFYNGux
RxHYKpAtaPWMAqpHjioVev90lvizDoVyWJKEPbcU+hL+RwSOK8U1pbZf
-----END PRIVATE KEY-----
",
    "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWIvhxZOKVlAE+yUd
TG6RKVKZfFRD/V3GzMt4DjNY21ChRANCAATw9pnb+VsQBQBowuj0rX/vPTfmyOtq
x07lP4/dE18boKHwE16FAC8CpekIfRMYwdc3uAUultgz48b/eSMqzthc
-----END PRIVATE KEY-----
",
    "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfHo4e3bKaoC4SpHT
Hw+wEvJrUhZUCdoVBxVpsQwP8lqhRANCAAT3NeEGyTq/bDR5KSRUt5ke2YBEqsTu
nVbDwClwllcIhZ+iWK4KH9TRPIsAWgpoUd4xrT3Lyosrufst+1OJhdCC
-----END PRIVATE KEY-----
",
];

/// One of the keys. rustls signs with it, so that rcgen needs no cryptography of its own.
pub struct Key {
    pem: &'static str,
    signer: Box<dyn Signer>,
    /// The point on the curve, without what is around it.
    public: Vec<u8>,
}

/// How many bytes stand before the point: two sequences, the names of the algorithm, the head of a bit string.
const BEFORE_THE_POINT: usize = 26;

pub fn key(nth: usize) -> Key {
    let key = load(private_key(nth));
    let public = key.public_key().expect("a key of P-256 has its other half");
    Key {
        pem: KEYS[nth],
        signer: key.choose_scheme(&[ECDSA_NISTP256_SHA256]).expect("P-256"),
        public: public[BEFORE_THE_POINT..].to_vec(),
    }
}

fn private_key(nth: usize) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(KEYS[nth].as_bytes()).expect("a private key")
}

fn load(key: PrivateKeyDer<'static>) -> Arc<dyn SigningKey> {
    provider()
        .key_provider
        .load_private_key(key)
        .expect("a key that the provider knows")
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.signer.sign(message).expect("a signature"))
    }
}

/// The years between which certificates are valid, unless a test says otherwise: from the first of January to
/// the first of January.
pub const VALID: (i32, i32) = (2029, 2031);

/// In the middle of [`VALID`]: 2030-06-01.
pub const NOW: Time = Time(1_906_502_400);

/// A time that stands still, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Time(pub u64);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            self.0,
        )))
    }
}

/// What a certificate says.
pub struct Paper {
    pub params: CertificateParams,
}

/// A paper that says who somebody is: names or addresses.
pub fn paper(names: &[&str]) -> Paper {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names that can stand in a certificate");
    params.serial_number = Some(SerialNumber::from(7));
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "a server of the tests");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Paper { params }.valid(VALID)
}

impl Paper {
    pub fn valid(mut self, (from, until): (i32, i32)) -> Paper {
        self.params.not_before = date_time_ymd(from, 1, 1);
        self.params.not_after = date_time_ymd(until, 1, 1);
        self
    }

    /// Only for clients.
    pub fn for_clients(mut self) -> Paper {
        self.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self
    }

    /// What stands where names once stood. Nobody looks there any more (RFC 9525 §2).
    pub fn common_name(mut self, name: &str) -> Paper {
        self.params.distinguished_name = DistinguishedName::new();
        self.params
            .distinguished_name
            .push(DnType::CommonName, name);
        self
    }

    /// May sign others.
    pub fn authority(mut self) -> Paper {
        self.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        self.params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        self.params.extended_key_usages = Vec::new();
        self
    }
}

/// Somebody who signs certificates.
pub struct Authority {
    /// Its own certificate, then those of its issuers, up to the root.
    pub chain: Vec<CertificateDer<'static>>,
    issuer: Issuer<'static, Key>,
}

/// An authority that has signed its own certificate.
pub fn authority(name: &str, nth_key: usize) -> Authority {
    authority_until(name, nth_key, VALID)
}

/// The same, for these years.
pub fn authority_until(name: &str, nth_key: usize, valid: (i32, i32)) -> Authority {
    let paper = paper(&[]).common_name(name).valid(valid);
    Authority::of(paper.authority(), nth_key, None)
}

/// The one that the tests' clients believe.
pub fn root() -> &'static Authority {
    static ROOT: LazyLock<Authority> = LazyLock::new(|| authority("the root of the tests", 0));
    &ROOT
}

/// Another one, of which they know nothing.
pub fn stranger() -> &'static Authority {
    static STRANGER: LazyLock<Authority> = LazyLock::new(|| authority("somebody else", 1));
    &STRANGER
}

impl Authority {
    /// Whoever signs with this key, as this paper says, certified by another one or by itself.
    pub fn of(paper: Paper, nth_key: usize, by: Option<&Authority>) -> Authority {
        let mut params = paper.params;
        params.key_identifier_method = KeyIdMethod::PreSpecified(vec![nth_key as u8; 20]);
        let certificate = match by {
            None => params.self_signed(&key(nth_key)),
            Some(by) => params.signed_by(&key(nth_key), &by.issuer),
        };
        let mut chain = vec![certificate.expect("a certificate").der().clone()];
        chain.extend(by.iter().flat_map(|by| by.chain.clone()));
        Authority {
            chain,
            issuer: Issuer::new(params, key(nth_key)),
        }
    }

    /// An authority that this one has certified.
    pub fn certifies(&self, paper: Paper, nth_key: usize) -> Authority {
        Authority::of(paper.authority(), nth_key, Some(self))
    }

    /// A server with this paper. Its chain does not have the root's certificate.
    pub fn issues(&self, paper: Paper) -> Identity {
        self.issues_to(paper, 2)
    }

    pub fn issues_to(&self, paper: Paper, nth_key: usize) -> Identity {
        let certificate = paper.params.signed_by(&key(nth_key), &self.issuer);
        let mut chain = vec![certificate.expect("a certificate").der().clone()];
        let (_root, between) = self.chain.split_last().expect("its own certificate");
        chain.extend(between.iter().cloned());
        Identity {
            chain,
            key: private_key(nth_key),
        }
    }

    /// What somebody believes who believes this one.
    pub fn trusted(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        let root = self.chain.last().expect("its own certificate");
        roots.add(root.clone()).expect("a certificate");
        roots
    }
}

/// A server that certifies itself.
pub fn self_signed(paper: Paper) -> Identity {
    let certificate = paper.params.self_signed(&key(2)).expect("a certificate");
    Identity {
        chain: vec![certificate.der().clone()],
        key: private_key(2),
    }
}

/// The private key as text.
pub fn key_pem(nth: usize) -> &'static str {
    key(nth).pem
}

/// The private key number 2 as `openssl ec` writes it (RFC 5915).
pub const KEY_2_AS_SEC1: &str = "\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIFiL4cWTilZQBPslHUxukSlSmXxUQ/1dxszLeA4zWNtQoAoGCCqGSM49
AwEHoUQDQgAE8PaZ2/lbEAUAaMLo9K1/7z035sjrasdO5T+P3RNfG6Ch8BNehQAv
AqXpCH0TGMHXN7gFLpbYM+PG/3kjKs7YXA==
-----END EC PRIVATE KEY-----
";

/// Certificates as text (RFC 7468).
pub fn pem(certificates: &[CertificateDer<'_>]) -> String {
    const WIDTH: usize = 64;
    let mut text = String::new();
    for certificate in certificates {
        text += "-----BEGIN CERTIFICATE-----\n";
        let base64 = base64(certificate);
        let mut rest = &base64[..];
        while !rest.is_empty() {
            let (line, others) = rest.split_at(rest.len().min(WIDTH));
            text += line;
            text += "\n";
            rest = others;
        }
        text += "-----END CERTIFICATE-----\n";
    }
    text
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=three.len()].copy_from_slice(three);
        let number = u32::from_be_bytes(group);
        for place in 0..4 {
            let digit = number >> (18 - 6 * place) & 0x3f;
            text.push(match place <= three.len() {
                true => char::from(DIGITS[digit as usize]),
                false => '=',
            });
        }
    }
    text
}
