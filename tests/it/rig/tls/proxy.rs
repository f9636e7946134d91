//! A proxy that knows one way only, whatever the name at its end.

use super::serving::{Serving, listener};
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

/// How a proxy treats whoever comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Temper {
    /// CONNECT for everybody.
    Open,
    /// CONNECT for whoever brings this `Proxy-Authorization`.
    Guarded(&'static str),
    /// CONNECT for nobody: 403.
    Strict,
    /// SOCKS 5, for whoever brings this user and password.
    Socks(&'static str, &'static str),
}

/// A proxy. Everything goes to one port of this machine.
pub(crate) struct Proxy {
    serving: Serving,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts one before `port`.
    #[track_caller]
    pub(crate) fn start(temper: Temper, port: u16) -> Proxy {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let serving = Serving::start(listener(), move |client| {
            let log = Arc::clone(&log);
            async move {
                let note = |what: String| log.lock().expect("nobody panics").push(what);
                // Who hangs up early has its reasons.
                let _ = serve(client, temper, port, note).await;
            }
        });
        Proxy { serving, asked }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.serving.port()
    }

    /// Where it was asked to go, one entry a connection.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics").clone()
    }
}

async fn serve(
    mut client: TcpStream,
    temper: Temper,
    port: u16,
    note: impl Fn(String),
) -> io::Result<()> {
    let is_welcome = match temper {
        Temper::Socks(user, password) => socks(&mut client, user, password, note).await?,
        Temper::Open | Temper::Guarded(_) | Temper::Strict => {
            connect(&mut client, temper, note).await?
        }
    };
    if is_welcome {
        let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
        copy_bidirectional(&mut client, &mut server).await?;
    }
    Ok(())
}

/// Reads a CONNECT and answers it.
async fn connect(
    client: &mut TcpStream,
    temper: Temper,
    note: impl Fn(String),
) -> io::Result<bool> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.lines();
    let target = lines
        .next()
        .and_then(|line| line.strip_prefix("CONNECT "))
        .and_then(|rest| rest.split(' ').next());
    note(target.unwrap_or(&head).to_owned());
    let brought = lines.find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization")
            .then_some(value)
    });
    let answer = match temper {
        _ if target.is_none() => "400 Bad Request",
        Temper::Strict => "403 Forbidden",
        Temper::Guarded(wanted) if brought != Some(wanted) => {
            "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"proxy\""
        }
        _ => "200 Connection established",
    };
    client
        .write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes())
        .await?;
    Ok(answer.starts_with("200"))
}

/// Shakes hands as RFC 1928 and RFC 1929 say; names only.
async fn socks(
    client: &mut TcpStream,
    user: &str,
    password: &str,
    note: impl Fn(String),
) -> io::Result<bool> {
    const BY_PASSWORD: u8 = 2;
    client.read_u8().await?;
    let offered = text(client).await?;
    if !offered.as_bytes().contains(&BY_PASSWORD) {
        client.write_all(&[5, 0xff]).await?;
        return Ok(false);
    }
    client.write_all(&[5, BY_PASSWORD]).await?;
    client.read_u8().await?;
    let is_known = text(client).await? == user;
    let is_known = text(client).await? == password && is_known;
    client.write_all(&[1, u8::from(!is_known)]).await?;
    if !is_known {
        return Ok(false);
    }
    let mut head = [0; 4];
    client.read_exact(&mut head).await?;
    let is_name = head == [5, 1, 0, 3];
    if is_name {
        let name = text(client).await?;
        note(format!("{name}:{}", client.read_u16().await?));
    }
    let answer = [5, if is_name { 0 } else { 8 }, 0, 1, 0, 0, 0, 0, 0, 0];
    client.write_all(&answer).await?;
    Ok(is_name)
}

/// A text with its length before it.
async fn text(client: &mut TcpStream) -> io::Result<String> {
    let mut bytes = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
