//! The handle that a test holds: starting and stopping.

mod hands;
mod inspect;
mod steer;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use inspect::{Entry, Version};

use crate::serve;
use crate::settings::{App, Builder, Settings};
use crate::shared::Shared;

/// A running emulator. Dropping it stops the server and waits for its thread.
pub struct BoxEmulator {
    pub(crate) shared: Arc<Shared>,
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl BoxEmulator {
    /// Starts with the defaults on a free port.
    ///
    /// # Panics
    /// When no port or spool file can be had.
    #[must_use]
    pub fn start() -> BoxEmulator {
        Builder::default()
            .start()
            .expect("the emulator needs a loopback port and a temporary file")
    }

    /// Chooses other settings first.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The `[auth]` and `[endpoints]` tables of a configuration that works
    /// with this emulator.
    #[must_use]
    pub fn config_fragment(&self) -> String {
        let settings = self.shared.lock().settings.clone();
        let base = self.base_url();
        let id = quoted(&settings.client_id);
        let secret = quoted(&settings.client_secret);
        let enterprise = quoted(&settings.enterprise_id);
        let auth = match settings.app {
            App::ClientCredentials => format!(
                "method = \"ccg\"\nclient_id = {id}\nclient_secret = {secret}\n\
                 enterprise_id = {enterprise}\n"
            ),
            App::Jwt => {
                let file = settings.jwt_config_file.as_deref();
                let file = quoted(file.unwrap_or("box_config.json"));
                format!("method = \"jwt\"\nconfig_file = {file}\n")
            }
            App::OAuth2 => {
                let redirect = settings.redirect_uris.first().map_or("", String::as_str);
                let redirect = quoted(redirect);
                format!(
                    "method = \"oauth2\"\nclient_id = {id}\nclient_secret = {secret}\n\
                     redirect_uri = {redirect}\n"
                )
            }
        };
        format!(
            "[auth]\n{auth}\n[endpoints]\napi = \"{base}/2.0\"\nupload = \"{base}/api/2.0\"\n\
             authorize = \"{base}/api/oauth2/authorize\"\nrevoke = \"{base}/oauth2/revoke\"\n\
             token = \"{base}/oauth2/token\"\n",
        )
    }

    /// The file that Box's Developer Console hands out for a JWT app, with this private
    /// key in it.
    #[must_use]
    pub fn jwt_config(&self, kid: &str, private_key: &str, passphrase: Option<&str>) -> String {
        let settings = self.shared.lock().settings.clone();
        let config = serde_json::json!({
            "boxAppSettings": {
                "clientID": settings.client_id,
                "clientSecret": settings.client_secret,
                "appAuth": {
                    "publicKeyID": kid,
                    "privateKey": private_key,
                    "passphrase": passphrase.unwrap_or_default(),
                },
            },
            "enterpriseID": settings.enterprise_id,
        });
        format!("{config:#}\n")
    }

    pub(crate) fn with_settings(mut settings: Settings) -> io::Result<BoxEmulator> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        settings.port = port;
        let shared = Arc::new(Shared::new(settings)?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("box-emulator".to_owned())
            .spawn(move || runtime.block_on(serve::run(listener, served, stopped)))?;
        Ok(BoxEmulator {
            shared,
            port,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for BoxEmulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}

/// A JSON string is a TOML string as well.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
