//! Authorities that sign whatever they are asked to, and papers that say what they should not say.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::pki_types::CertificateDer;
use tls::Identity;

use crate::paper::{self, Authority, Paper};

/// Other programs go by the clock of this machine.
const VALID: (i32, i32) = (2020, 2099);

/// Which of the helper's keys is whose.
const ROOTS: usize = 0;
const SERVERS: usize = 2;
const BELOW_ROOTS: usize = 3;
/// Of whoever is not who he says he is.
const STRANGERS: usize = 1;

/// What a server of these names is to be certified as.
pub fn server(names: &[&str]) -> Paper {
    paper::paper(names).valid(VALID)
}

/// What an authority of this name is to be certified as.
pub fn issuer(name: &str) -> Paper {
    paper::paper(&[]).common_name(name).valid(VALID).authority()
}

impl Paper {
    fn with(mut self, change: impl FnOnce(&mut CertificateParams)) -> Paper {
        change(&mut self.params);
        self
    }

    /// A DNS name as it is written here, even if it is none.
    pub fn dns(self, name: &str) -> Paper {
        let name = name.try_into().expect("ASCII");
        self.with(|it| it.subject_alt_names.push(SanType::DnsName(name)))
    }

    /// May sign certificates, with so many authorities between it and a server.
    pub fn above(self, authorities: u8) -> Paper {
        self.with(|it| it.is_ca = IsCa::Ca(BasicConstraints::Constrained(authorities)))
    }

    pub fn no_authority(self) -> Paper {
        self.with(|it| it.is_ca = IsCa::ExplicitNoCa)
    }

    pub fn key_usage(self, usage: KeyUsagePurpose) -> Paper {
        self.with(|it| it.key_usages = vec![usage])
    }

    /// It says that it is for everything.
    pub fn for_everything(self) -> Paper {
        self.with(|it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any])
    }

    /// It does not say what it is for.
    pub fn for_any_purpose(self) -> Paper {
        self.with(|it| it.extended_key_usages.clear())
    }

    pub fn only_below(self, domain: &str) -> Paper {
        self.constrained(&[domain], &[])
    }

    pub fn not_below(self, domain: &str) -> Paper {
        self.constrained(&[], &[domain])
    }

    fn constrained(self, permitted: &[&str], excluded: &[&str]) -> Paper {
        let domain = |domain: &&str| GeneralSubtree::DnsName((*domain).to_owned());
        self.with(|it| {
            it.name_constraints = Some(NameConstraints {
                permitted_subtrees: permitted.iter().map(domain).collect(),
                excluded_subtrees: excluded.iter().map(domain).collect(),
            });
        })
    }

    /// An extension that nobody knows. One that is critical must be understood.
    pub fn unknown_extension(self, is_critical: bool) -> Paper {
        const PRIVATE: [u64; 8] = [1, 3, 6, 1, 4, 1, 55_555, 1];
        const NULL: [u8; 2] = [5, 0];
        let mut extension = CustomExtension::from_oid_content(&PRIVATE, NULL.to_vec());
        extension.set_criticality(is_critical);
        self.with(|it| it.custom_extensions.push(extension))
    }
}

/// One that has certified itself.
pub fn root(paper: Paper) -> Authority {
    Authority::of(paper, ROOTS, None)
}

/// One that has certified itself, with the key of somebody else.
pub fn stranger(paper: Paper) -> Authority {
    Authority::of(paper, STRANGERS, None)
}

/// One that another one has certified.
pub fn below(authority: &Authority, paper: Paper) -> Authority {
    Authority::of(paper, BELOW_ROOTS, Some(authority))
}

/// A certificate and a key, which need not belong together.
#[derive(Clone)]
pub struct Server {
    pub certificate: CertificateDer<'static>,
    pub key: &'static str,
}

impl Server {
    pub fn of(authority: &Authority, paper: Paper) -> Server {
        Server::new(authority.issues_to(paper, SERVERS))
    }

    pub fn self_signed(paper: Paper) -> Server {
        Server::new(paper::self_signed(paper))
    }

    fn new(identity: Identity) -> Server {
        Server {
            certificate: identity.chain[0].clone(),
            key: paper::key_pem(SERVERS),
        }
    }

    /// The certificate with this text in place of that. The signature stays.
    pub fn forged(mut self, from: &str, to: &str) -> Server {
        let mut bytes = self.certificate.to_vec();
        let mut places = bytes.windows(from.len());
        let at = places.position(|place| place == from.as_bytes());
        let at = at.expect("it says so");
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        self.certificate = bytes.into();
        self
    }

    /// The certificate with another last bit: the signature stands there.
    pub fn with_a_bit_changed(mut self) -> Server {
        let mut bytes = self.certificate.to_vec();
        *bytes.last_mut().expect("it has bytes") ^= 1;
        self.certificate = bytes.into();
        self
    }

    pub fn with_the_key_of_a_stranger(mut self) -> Server {
        self.key = paper::key_pem(STRANGERS);
        self
    }
}
