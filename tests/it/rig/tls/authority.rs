//! Certificates, made by `openssl` while a test runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What `openssl` needs to know. Own names only: the system's file differs everywhere.
const OPENSSL: &str = "
[req]
distinguished_name = nobody
prompt = no
[nobody]
CN = box.test
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
default_md = sha256
default_days = 30
policy = any
rand_serial = yes
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[own_names]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:box.test,DNS:localhost,IP:127.0.0.1
[other_names]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:somebody.else.test
";

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config openssl.cnf";

/// What is to be said about a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// Nothing: it is as it should be.
    Good,
    /// It is over.
    Expired,
    /// It is from the future.
    NotYet,
    /// It is another host's.
    OtherName,
    /// It vouches for itself.
    SelfSigned,
    /// It vouches for itself and might for others, as `openssl req -x509` makes it.
    SelfSignedAuthority,
}

/// A certificate authority.
pub(crate) struct Authority {
    dir: TempDir,
}

impl Authority {
    /// A new one, which nobody knows.
    #[track_caller]
    pub(crate) fn new() -> Authority {
        let dir = tempfile::tempdir().expect("a directory can be made");
        std::fs::write(dir.path().join("openssl.cnf"), OPENSSL).expect("written");
        std::fs::write(dir.path().join("index.txt"), "").expect("written");
        let authority = Authority { dir };
        authority.openssl(&format!(
            "req -x509 {KEY} -extensions authority -subj /CN=Test -keyout ca.key -out ca.pem"
        ));
        authority
    }

    /// Its certificate's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// A server's certificate and key, signed by this one unless it signs itself.
    #[track_caller]
    fn issue(&self, leaf: Leaf) {
        let themselves = |extensions: &str| {
            format!("req -x509 {KEY} -extensions {extensions} -keyout leaf.key -out leaf.pem")
        };
        let (extensions, time) = match leaf {
            Leaf::SelfSigned => return self.openssl(&themselves("own_names")),
            Leaf::SelfSignedAuthority => return self.openssl(&themselves("authority")),
            Leaf::Good => ("own_names", ""),
            Leaf::OtherName => ("other_names", ""),
            Leaf::Expired => ("own_names", "20200101000000Z 20200201000000Z"),
            Leaf::NotYet => ("own_names", "20900101000000Z 20910101000000Z"),
        };
        self.openssl(&format!("req -new {KEY} -keyout leaf.key -out leaf.csr"));
        let time = time.split_once(' ').map_or(String::new(), |(from, to)| {
            format!(" -startdate {from} -enddate {to}")
        });
        self.openssl(&format!(
            "ca -batch -notext -config openssl.cnf -cert ca.pem -keyfile ca.key \
             -extensions {extensions} -in leaf.csr -out leaf.pem{time}"
        ));
    }

    #[track_caller]
    pub(super) fn acceptor(&self, leaf: Leaf) -> TlsAcceptor {
        self.issue(leaf);
        let path = |name: &str| self.dir.path().join(name);
        let certificate = CertificateDer::from_pem_file(path("leaf.pem")).expect("readable");
        let key = PrivateKeyDer::from_pem_file(path("leaf.key")).expect("readable");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("they belong together");
        TlsAcceptor::from(Arc::new(config))
    }

    #[track_caller]
    fn openssl(&self, args: &str) {
        run_openssl(self.dir.path(), args);
    }
}

#[track_caller]
fn run_openssl(dir: &Path, args: &str) {
    let run = Command::new("openssl")
        .args(args.split_whitespace())
        .current_dir(dir)
        .output()
        .expect("openssl can be run");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{args}: {said}");
}
