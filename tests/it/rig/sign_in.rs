//! Rigs that sign in otherwise than with client credentials.

use super::{Child, Finished, Rig, until, visit};
use box_emulator::{App, Builder, Person};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

/// The page that a waiting `boxup login` has printed the address of.
pub(crate) struct Waiting {
    /// The program.
    pub(crate) child: Child,
    /// The address.
    pub(crate) page: String,
}

/// An address to come back to. Its port is below those that the system gives to whoever
/// asks for any, so that nobody takes it meanwhile, and no two tests get the same.
pub(crate) fn redirect_uri() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100).unwrap_or(0) * 100;
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000);
    let port = ports.take(2_000).find(is_free).expect("a port is free");
    format!("http://127.0.0.1:{port}/callback")
}

impl Rig {
    /// A Box with an OAuth 2.0 app, and nobody signed in.
    pub(crate) fn oauth(change: impl FnOnce(Builder) -> Builder) -> Rig {
        let redirect = redirect_uri();
        Rig::with(|builder| {
            change(
                builder
                    .app(App::OAuth2)
                    .authorize_as(Person::Main)
                    .redirect_uri(redirect),
            )
        })
    }

    /// `boxup login`, waiting for the browser.
    #[track_caller]
    pub(crate) fn begin_login(&self, args: &[&str]) -> Waiting {
        let args = [&["login"], args].concat();
        let mut child = Child::start_listening(self.command(&args));
        until("the address is printed", || {
            assert!(!child.has_ended(), "it ended: {}", child.stderr());
            child.stdout().ends_with('\n')
        });
        let page = child.stdout().trim().to_owned();
        Waiting { child, page }
    }

    /// Signs in, in a browser.
    #[track_caller]
    pub(crate) fn login(&self) -> Finished {
        let waiting = self.begin_login(&[]);
        let back = visit(&waiting.page).decide(&waiting.page, "grant");
        assert_eq!(visit(&back.leads_to()).status, 200);
        let finished = waiting.child.finish();
        assert_eq!(finished.code, 0, "{finished:?}");
        finished
    }

    /// A Box with a JWT app whose key is made anew, and the file that its console gives.
    #[track_caller]
    pub(crate) fn jwt(change: impl FnOnce(Builder) -> Builder) -> (Rig, KeyPair) {
        let keys = KeyPair::new();
        let rig = Rig::with(|builder| {
            let builder = builder.app(App::Jwt).jwt_config_file("box.json");
            change(builder.public_key("key1", &keys.public))
        });
        let config = rig
            .cloud
            .jwt_config("key1", &keys.private, Some("geheim-und-lang-genug"));
        let file = rig.temp().join("box.json");
        std::fs::write(&file, config).expect("written");
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&file, mode).expect("its mode can be set");
        (rig, keys)
    }
}

/// An RSA key pair. The private half is encrypted as Box does it.
pub(crate) struct KeyPair {
    /// PKCS#8 in PEM, with the passphrase `geheim-und-lang-genug`.
    pub(crate) private: String,
    /// SPKI in PEM.
    pub(crate) public: String,
}

impl KeyPair {
    #[track_caller]
    pub(crate) fn new() -> KeyPair {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let openssl = |args: &str| {
            let run = Command::new("openssl")
                .args(args.split(' '))
                .current_dir(dir.path())
                .output()
                .expect("openssl can be run");
            assert!(
                run.status.success(),
                "{args}: {}",
                String::from_utf8_lossy(&run.stderr)
            );
        };
        openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem");
        openssl(
            "pkcs8 -topk8 -in key.pem -out private.pem -v2 des3 -v2prf hmacWithSHA1 -iter 2048 \
             -passout pass:geheim-und-lang-genug",
        );
        openssl("pkey -in key.pem -pubout -out public.pem");
        let read = |name| std::fs::read_to_string(dir.path().join(name)).expect("written");
        KeyPair {
            private: read("private.pem"),
            public: read("public.pem"),
        }
    }
}
