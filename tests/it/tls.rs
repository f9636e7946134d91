//! TLS, authorities and proxies: who is trusted, by which way, and what is said if not.

use crate::rig::tls::{Authority, Front, Leaf, Proxy, Temper, listener};
use crate::rig::{Child, Finished, Rig, each, other_clock, until};
use box_emulator::Fault;
use std::path::PathBuf;

const USER: &str = "m3-pr0xy-user";
const PASSWORD: &str = "c4n4ry-pr0xy-7d1c";
/// `USER:PASSWORD`, as it goes over the wire.
const BASIC: &str = "Basic bTMtcHIweHktdXNlcjpjNG40cnktcHIweHktN2QxYw==";

/// A Box behind TLS, and everything between.
struct Way {
    rig: Rig,
    front: Front,
    /// Its file is gone with it.
    authority: Authority,
}

impl Way {
    /// A Box that is called `https://localhost:PORT` and shows this certificate.
    fn near(leaf: Leaf) -> Way {
        let (authority, listener) = (Authority::new(), listener());
        let port = listener.local_addr().expect("it is bound").port();
        Way::to(
            authority,
            listener,
            leaf,
            &format!("https://localhost:{port}"),
        )
    }

    /// A Box that is called `https://box.test`, which only a proxy finds.
    fn far() -> Way {
        Way::to(Authority::new(), listener(), Leaf::Good, "https://box.test")
    }

    fn to(authority: Authority, listener: std::net::TcpListener, leaf: Leaf, url: &str) -> Way {
        let rig = Rig::with(|builder| builder.upload_base(format!("{url}/api/2.0")));
        let front = Front::start(&authority, leaf, listener, rig.cloud.port());
        let plain = rig.cloud.base_url();
        let rig = rig.configured(|config| config.replace(&plain, url));
        rig.write("a.txt", "a").write("sub/b.txt", "b");
        Way {
            rig,
            front,
            authority,
        }
    }

    /// Writes `[network]`.
    fn network(mut self, lines: &str) -> Way {
        self.rig = self.rig.configured(|config| {
            config.access += &format!("\n[network]\n{lines}\n");
        });
        self
    }

    /// Trusts the authority.
    fn trusting(self) -> Way {
        let file = self.authority.file();
        self.network(&format!("ca_file = {file:?}"))
    }

    /// Trusts the authority, and goes through this proxy.
    fn trusting_through(self, proxy: &str) -> Way {
        let file = self.authority.file();
        self.network(&format!("ca_file = {file:?}\nproxy = {proxy:?}"))
    }

    /// A proxy before it.
    fn proxy(&self, temper: Temper) -> Proxy {
        Proxy::start(temper, self.front.port())
    }

    /// Runs `boxup` with these arguments and variables.
    #[track_caller]
    fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> Finished {
        let mut command = self.rig.command(args);
        command.envs(variables.iter().copied());
        Child::start(command).finish()
    }

    #[track_caller]
    fn mirrors(&self, variables: &[(&str, &str)]) {
        let finished = self.run(&["sync", "--once"], variables);
        assert_eq!(finished.code, 0, "{finished:?}");
        self.rig.expect_same_as_disk();
    }

    /// A dry run says the same as a real one and gives up at once.
    #[track_caller]
    fn fails(&self, variables: &[(&str, &str)], words: &[&str]) -> Finished {
        let finished = self.run(&["sync", "--once", "--dry-run"], variables);
        assert_eq!(finished.code, 69, "{finished:?}");
        for word in words {
            assert!(finished.stderr.contains(word), "{word:?}: {finished:?}");
        }
        // Not even the token's request: nothing was given away.
        assert_eq!(self.rig.cloud.total_requests(), 0);
        finished
    }
}

fn http(proxy: &Proxy) -> String {
    format!("http://127.0.0.1:{}", proxy.port())
}

fn with_password(scheme: &str, password: &str, port: u16) -> String {
    format!("{scheme}://{USER}:{password}@127.0.0.1:{port}")
}

/// A port at which nobody listens.
fn nobody() -> u16 {
    listener().local_addr().expect("it is bound").port()
}

#[test]
fn an_authority_in_ca_file_is_trusted() {
    Way::near(Leaf::Good).trusting().mirrors(&[]);
}

#[test]
fn an_authority_that_is_not_in_ca_file_is_not_trusted() {
    let stranger = Authority::new();
    let file = stranger.file();
    for way in [
        Way::near(Leaf::Good),
        Way::near(Leaf::Good).network(&format!("ca_file = {file:?}")),
    ] {
        way.fails(&[], &["does not know", "[network] ca_file", "localhost"]);
    }
}

#[test]
fn the_systems_store_is_used_where_box_is_elsewhere() {
    let way = Way::far();
    let proxy = way.proxy(Temper::Open);
    let way = way.network(&format!("proxy = {:?}", http(&proxy)));
    let (empty, own) = (way.rig.temp().join("empty.pem"), way.authority.file());
    std::fs::write(&empty, "").expect("written");
    let store = |file: &PathBuf| file.to_str().expect("a plain name").to_owned();
    way.fails(
        &[("SSL_CERT_FILE", &store(&empty))],
        &["ca-certificates", "[network] ca_file"],
    );
    way.mirrors(&[("SSL_CERT_FILE", &store(&own))]);
}

#[test]
fn each_bad_certificate_has_its_sentence_and_box_sees_nothing() {
    let cases: &[(Leaf, &[&str])] = &[
        (Leaf::Expired, &["not valid now", "date -u"]),
        (Leaf::NotYet, &["not valid now", "date -u"]),
        (Leaf::OtherName, &["somebody else's"]),
        (Leaf::SelfSigned, &["does not know", "[network] ca_file"]),
        (Leaf::SelfSignedAuthority, &["an authority's own"]),
    ];
    each(cases, |(leaf, words)| {
        Way::near(*leaf).trusting().fails(&[], words);
    });
}

/// The certificate is as it should be; this machine believes to be before its time.
#[test]
fn a_clock_that_is_wrong_is_named_where_a_certificate_looks_unborn() {
    for clock in ["@2001-01-01 00:00:00", "@2099-01-01 00:00:00"] {
        let Some(variables) = other_clock(clock) else {
            return;
        };
        let variables = variables
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let way = Way::near(Leaf::Good).trusting();
        way.fails(&variables, &["by this machine's clock", "date -u"]);
        way.mirrors(&[]);
    }
}

#[test]
fn a_server_that_speaks_an_old_tls_only_is_refused() {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=localhost",
        ])
        .args(["-keyout", &path("key.pem"), "-out", &path("cert.pem")])
        .output();
    assert!(made.is_ok_and(|made| made.status.success()));
    for version in ["-tls1", "-tls1_1"] {
        let rig = Rig::new();
        let port = nobody();
        let mut server = std::process::Command::new("openssl");
        let address = format!("127.0.0.1:{port}");
        server
            .args(["s_server", "-www", "-accept", &address, version])
            .args(["-cipher", "ALL:@SECLEVEL=0"])
            .args(["-key", &path("key.pem"), "-cert", &path("cert.pem")]);
        let _server = Child::start(server);
        until("it listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        let plain = rig.cloud.base_url();
        let secure = format!("https://localhost:{port}");
        let rig = rig.configured(|config| config.replace(&plain, &secure));
        rig.write("a.txt", "a");
        let finished = rig.run(&["sync", "--once", "--dry-run"]);
        assert_eq!(finished.code, 69, "{finished:?}");
        let told = finished.stderr.contains("does not speak TLS as it should");
        assert!(told, "{finished:?}");
    }
}

#[test]
fn a_server_without_tls_is_told() {
    let rig = Rig::new();
    let plain = rig.cloud.base_url();
    let rig = rig.configured(|config| config.replace(&plain, &plain.replace("http:", "https:")));
    rig.write("a.txt", "a");
    let finished = rig.run(&["sync", "--once", "--dry-run"]);
    assert_eq!(finished.code, 69, "{finished:?}");
    let says = |part: &str| finished.stderr.contains(part);
    assert!(
        says("does not speak TLS") && says("[endpoints]"),
        "{finished:?}"
    );
    assert_eq!(rig.cloud.total_requests(), 0);
}

#[test]
fn a_proxy_carries_everything_and_its_password_is_told_nowhere() {
    for (scheme, temper) in [
        ("http", Temper::Guarded(BASIC)),
        ("socks5h", Temper::Socks(USER, PASSWORD)),
    ] {
        let way = Way::far();
        let proxy = way.proxy(temper);
        let way = way.trusting_through(&with_password(scheme, PASSWORD, proxy.port()));
        let loud = [("BOXUP_LOG", "trace"), ("RUST_LOG", "trace")];
        let finished = way.run(&["sync", "--once", "-vvv"], &loud);
        assert_eq!(finished.code, 0, "{finished:?}");
        way.rig.expect_same_as_disk();
        let asked = proxy.asked();
        assert!(!asked.is_empty());
        assert!(
            asked.iter().all(|asked| asked == "box.test:443"),
            "{asked:?}"
        );
        is_silent(&finished);
        for args in [
            &["config", "check"][..],
            &["config", "check", "--json"],
            &["doctor"],
            &["doctor", "--json"],
            &["status", "--json"],
        ] {
            is_silent(&way.run(args, &loud));
        }
    }
}

/// Neither stream tells the proxy's password, nor what it looks like on the wire.
#[track_caller]
fn is_silent(finished: &Finished) {
    let on_the_wire = BASIC.trim_start_matches("Basic ");
    for secret in [PASSWORD, USER, on_the_wire] {
        assert!(!finished.stdout.contains(secret), "{finished:?}");
        assert!(!finished.stderr.contains(secret), "{finished:?}");
    }
}

#[test]
fn a_proxy_that_wants_another_password_is_told() {
    let guarded = Temper::Guarded("Basic b3RoZXI6b3RoZXI=");
    let socks = Temper::Socks("other", "other");
    for (scheme, temper) in [("http", guarded), ("socks5h", socks)] {
        let way = Way::far();
        let proxy = way.proxy(temper);
        let way = way.trusting_through(&with_password(scheme, PASSWORD, proxy.port()));
        let words = ["proxy", "a user name and a password", "[network] proxy"];
        is_silent(&way.fails(&[], &words));
    }
}

#[test]
fn a_proxy_that_wants_any_password_is_told() {
    let way = Way::far();
    let proxy = way.proxy(Temper::Socks(USER, PASSWORD));
    let way = way.trusting_through(&format!("socks5h://127.0.0.1:{}", proxy.port()));
    way.fails(&[], &["a user name and a password", "[network] proxy"]);

    let way = Way::far();
    let proxy = way.proxy(Temper::Guarded(BASIC));
    let way = way.trusting_through(&http(&proxy));
    way.fails(&[], &["a user name and a password", "[network] proxy"]);
    assert_eq!(
        proxy.asked().first().map(String::as_str),
        Some("box.test:443")
    );
}

#[test]
fn the_way_to_a_proxy_may_be_tls_and_is_verified_too() {
    for (leaf, words) in [
        (Leaf::Good, &[][..]),
        (
            Leaf::Expired,
            &["certificate of the proxy", "not valid now"],
        ),
    ] {
        let way = Way::far();
        let proxy = way.proxy(Temper::Guarded(BASIC));
        let authority = Authority::new();
        let before = Front::start(&authority, leaf, listener(), proxy.port());
        let both = way.rig.temp().join("both.pem");
        let read = |authority: &Authority| std::fs::read(authority.file()).expect("read");
        let pem = [read(&way.authority), read(&authority)].concat();
        std::fs::write(&both, pem).expect("written");
        let address = with_password("https", PASSWORD, before.port());
        let way = way.network(&format!("ca_file = {both:?}\nproxy = {address:?}"));
        if leaf == Leaf::Good {
            way.mirrors(&[]);
        } else {
            is_silent(&way.fails(&[], words));
            assert!(proxy.asked().is_empty());
        }
    }
}

#[test]
fn a_proxy_that_does_not_let_through_is_told() {
    let way = Way::far();
    let proxy = way.proxy(Temper::Strict);
    let way = way.trusting_through(&http(&proxy));
    way.fails(&[], &["does not let boxup through to box.test", "CONNECT"]);
}

#[test]
fn a_dead_proxy_is_named_without_its_password() {
    for scheme in ["http", "socks5h"] {
        let port = nobody();
        let way = Way::far().trusting_through(&with_password(scheme, PASSWORD, port));
        let named = format!("the proxy {scheme}://127.0.0.1:{port}");
        is_silent(&way.fails(&[], &[&named, "refuse"]));
        let finished = way.run(&["doctor"], &[]);
        assert_eq!(finished.code, 69, "{finished:?}");
        is_silent(&finished);
    }
}

#[test]
fn the_usual_variables_name_a_proxy_too() {
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let way = Way::far().trusting();
        let proxy = way.proxy(Temper::Guarded(BASIC));
        let address = with_password("http", PASSWORD, proxy.port());
        way.mirrors(&[(name, &address)]);
        assert!(!proxy.asked().is_empty(), "{name}");
        is_silent(&way.run(&["doctor"], &[(name, &address)]));
        let dead = with_password("http", PASSWORD, nobody());
        let words = ["the proxy in HTTPS_PROXY or ALL_PROXY refuses"];
        is_silent(&Way::far().trusting().fails(&[(name, &dead)], &words));
    }
}

#[test]
fn no_proxy_leads_past_the_variables_and_the_file_wins_over_them() {
    let way = Way::far().trusting();
    let proxy = way.proxy(Temper::Open);
    let address = http(&proxy);
    way.fails(&[("HTTPS_PROXY", &address), ("NO_PROXY", "box.test")], &[]);
    assert!(proxy.asked().is_empty(), "{:?}", proxy.asked());

    let way = Way::far();
    let proxy = way.proxy(Temper::Open);
    let way = way.trusting_through(&http(&proxy));
    let dead = format!("http://127.0.0.1:{}", nobody());
    way.mirrors(&[("HTTPS_PROXY", &dead)]);
    assert!(!proxy.asked().is_empty());
}

#[test]
fn this_machine_is_reached_without_a_proxy() {
    let dead = format!("http://127.0.0.1:{}", nobody());
    let variables = ["HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "ALL_PROXY"];
    let variables = variables.map(|name| (name, dead.as_str()));
    Way::near(Leaf::Good).trusting().mirrors(&variables);
    Way::near(Leaf::Good).trusting_through(&dead).mirrors(&[]);
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let mut command = rig.command(&["sync", "--once"]);
    command.envs(variables);
    let finished = Child::start(command).finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    rig.expect_same_as_disk();
}

#[test]
fn a_redirect_is_not_followed_and_no_token_goes_there() {
    let cases = ["post_oauth2_token", "get_folders_id", "post_files_content"];
    let cases = cases
        .iter()
        .flat_map(|operation| [302, 307, 308].map(|status| (*operation, status)));
    each(&cases.collect::<Vec<_>>(), |(operation, status)| {
        let elsewhere = Rig::new();
        let rig = Rig::new();
        rig.write("a.txt", "a");
        let to = format!("http://127.0.0.1:{}/2.0/users/me", elsewhere.cloud.port());
        let fault = Fault::on(operation).status(*status, "moved");
        rig.cloud.inject(fault.header("location", &to));
        let run = rig.once();
        assert_eq!(rig.cloud.faults_left(), 0, "{run}");
        // It is told, and tried again where it belongs.
        let told = run.expect_code(0).words();
        assert!(told.contains("boxup does not follow"), "{told}");
        assert_eq!(elsewhere.cloud.total_requests(), 0, "{run}");
    });
}
