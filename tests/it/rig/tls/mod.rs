//! TLS in front of the emulated Box, and proxies on the way to it.

mod authority;
mod proxy;
pub(super) mod serving;

use serving::Serving;
use std::net::TcpListener;
use tokio::net::TcpStream;

pub(crate) use authority::{Authority, Leaf};
pub(crate) use proxy::{Proxy, Temper};
pub(crate) use serving::listener;

/// Speaks TLS on one side and plainly with `port` of this machine on the other.
pub(crate) struct Front {
    serving: Serving,
}

impl Front {
    /// With a certificate of this kind by this authority, on a port taken before: what
    /// stands behind may have to know it.
    #[track_caller]
    pub(crate) fn start(
        authority: &Authority,
        leaf: Leaf,
        listener: TcpListener,
        to: u16,
    ) -> Front {
        let acceptor = authority.acceptor(leaf);
        let serving = Serving::start(listener, move |client| {
            let acceptor = acceptor.clone();
            async move {
                // Whoever does not like the certificate hangs up.
                let Ok(mut client) = acceptor.accept(client).await else {
                    return;
                };
                if let Ok(mut server) = TcpStream::connect(("127.0.0.1", to)).await {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            }
        });
        Front { serving }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.serving.port()
    }
}
