//! The listening loop.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::request;
use crate::shared::Shared;

/// Serves until told to stop or until the handle is gone.
pub(crate) async fn run(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut stop: oneshot::Receiver<()>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let accepted = tokio::select! {
            _ = &mut stop => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, Arc::clone(&shared)));
            }
            // Out of descriptors, most likely; some may come free.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// Header names go out in title case: one of Box's SDKs looks for
/// `Retry-After` in exactly this spelling.
async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Without this, small answers wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |incoming| request::serve(Arc::clone(&shared), incoming));
    // An error here is a client that went away, or a fault that cut it off.
    let _ = http1::Builder::new()
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
