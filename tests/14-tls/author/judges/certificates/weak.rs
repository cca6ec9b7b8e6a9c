//! Signatures that nobody should make any more. OpenSSL still makes them, where it is installed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tls::Doubt::Other;

use super::Case;
use netlab::needs::installed;

const NEW_RSA: &str = "req -x509 -nodes -days 30 -sha256 -newkey";
const NEW_P256: &str = "req -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256";

pub fn all() -> Vec<Case> {
    if installed("openssl", "version").is_none() {
        return Vec::new();
    }
    let folder = Folder::new();
    fs::write(folder.0.join("names"), "subjectAltName=DNS:www.shop.test").expect("a file");
    vec![
        folder.case("a signature with SHA-1", "2048", "-sha1"),
        folder.case("a root with RSA of 1024 bits", "1024", "-sha256"),
    ]
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let folder = std::env::temp_dir().join(format!(
            "loopback-14-weak-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        fs::create_dir_all(&folder).expect("a folder");
        Folder(folder)
    }

    /// A root whose RSA key has so many bits, and a server that it has certified with this digest.
    fn case(&self, name: &'static str, bits: &str, digest: &str) -> Case {
        self.openssl(&format!(
            "{NEW_RSA} rsa:{bits} -subj /CN=weak -keyout root.key -out root.pem"
        ));
        self.openssl(&format!(
            "{NEW_P256} -subj /CN=server -keyout key.pem -out request.pem"
        ));
        self.openssl(&format!(
            "x509 -req {digest} -days 30 -in request.pem -CA root.pem -CAkey root.key -extfile names -out server.pem"
        ));
        let certificate =
            |name: &str| CertificateDer::from_pem_file(self.0.join(name)).expect("PEM");
        Case {
            name,
            host: "www.shop.test",
            chain: vec![certificate("server.pem")],
            key: fs::read_to_string(self.0.join("key.pem")).expect("PEM"),
            roots: vec![certificate("root.pem")],
            ours: Some(Other),
            why: "RFC 9325 §4.5: RSA of 2048 bits at least, and SHA-256",
            others: &[],
        }
    }

    fn openssl(&self, arguments: &str) {
        let mut openssl = Command::new("openssl");
        let openssl = openssl.args(arguments.split(' ')).current_dir(&self.0);
        let said = openssl.output().expect("openssl runs");
        assert!(said.status.success(), "openssl {arguments}: {said:?}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
