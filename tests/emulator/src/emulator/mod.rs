//! The handle that a test holds: starting and stopping.

mod app;
mod hands;
mod inspect;
mod sessions;
mod steer;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use inspect::{Entry, Version};
pub use sessions::{OpenSession, StoredPart};

use crate::serve;
use crate::settings::{Builder, Settings};
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
