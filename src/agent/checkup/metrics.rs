//! The address that the service tells its figures at, if it does.

use crate::agent::checkup::check::Check;
use crate::config::Config;
use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const NAME: &str = "metrics";
/// How long whoever listens there may take to show what it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// The beginning of a page in which boxup's names itself.
const BEGINNING: u64 = 4096;

/// Whether the service can listen there, or does. Mirroring does not depend on it.
pub(crate) async fn check(config: &Config) -> Option<Check> {
    let listen = config.metrics.as_ref()?.listen;
    let error = match TcpListener::bind(listen).await {
        Ok(_) => {
            let found = match listen.port() {
                0 => format!("the service picks a free port of {}", listen.ip()),
                _ => format!("{listen} is free for the service"),
            };
            return Some(Check::ok(NAME, found));
        }
        Err(error) => error,
    };
    let is_taken = error.kind() == ErrorKind::AddrInUse;
    if is_taken && is_boxup(listen).await {
        let found = format!("a boxup tells its figures at http://{listen}/metrics");
        return Some(Check::ok(NAME, found));
    }
    let next = match error.kind() {
        ErrorKind::AddrInUse => {
            "Name another port in [metrics] listen; sudo ss -ltnp tells what listens there"
        }
        ErrorKind::AddrNotAvailable => {
            "Name an address of this machine in [metrics] listen; ip address lists them"
        }
        _ => "Name a port of 1024 or more in [metrics] listen",
    };
    let found = format!("{listen} cannot be listened on: {error}");
    Some(Check::warn(NAME, found, next))
}

async fn is_boxup(listen: SocketAddr) -> bool {
    let asked = tokio::time::timeout(PATIENCE, ask(listen)).await;
    let page = asked.unwrap_or_else(|_| Err(Error::from(ErrorKind::TimedOut)));
    page.is_ok_and(|page| String::from_utf8_lossy(&page).contains("boxup_build_info"))
}

async fn ask(mut listen: SocketAddr) -> Result<Vec<u8>> {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    let mut stream = TcpStream::connect(listen).await?;
    let question = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(question.as_bytes()).await?;
    let mut page = Vec::new();
    stream.take(BEGINNING).read_to_end(&mut page).await?;
    Ok(page)
}
