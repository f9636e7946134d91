//! A listener in a thread of its own, gone with its owner.

use std::net::TcpListener;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// A port that is taken, and not served yet.
#[track_caller]
pub(crate) fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a port is free")
}

/// Does something with each connection until it is dropped.
pub(in crate::rig) struct Serving {
    port: u16,
    runtime: Option<Runtime>,
}

impl Serving {
    #[track_caller]
    pub(in crate::rig) fn start<F, Done>(listener: TcpListener, each: F) -> Serving
    where
        F: Fn(TcpStream) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        let port = listener.local_addr().expect("it is bound").port();
        listener.set_nonblocking(true).expect("it can be");
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime starts");
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it listens");
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(each(client));
            }
        });
        Serving {
            port,
            runtime: Some(runtime),
        }
    }

    pub(in crate::rig) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
