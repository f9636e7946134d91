//! Somebody in the middle, between the program and the emulated Box: cuts, answers
//! himself, changes what Box says, or says nothing.

use super::Rig;
use super::tls::listener;
use super::tls::serving::Serving;
use serde_json::Value;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Box gets so much of it, and then the connection is reset.
    CutRequest(Cut),
    /// Box gets it, so much of the answer comes back, and then the connection is reset.
    CutAnswer(Cut),
    /// Nobody reads it.
    Deaf,
    /// It is read byte by byte, with this pause after each.
    Doze(Duration),
    /// Box gets it, and no answer comes back.
    Mute,
    /// Box does not get it; these bytes are the answer.
    Say(Vec<u8>),
    /// Box does not get it; the answer is these bytes, and then others without an end.
    SayForEver(Vec<u8>, Vec<u8>),
    /// Box gets it; the JSON of the answer is changed.
    Change(fn(&mut Value)),
    /// Box gets it; the bytes of the answer's body are changed.
    Spoil(fn(Vec<u8>) -> Vec<u8>),
}

/// How much comes through.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// So many bytes.
    At(usize),
    /// Half of them.
    Half,
    /// All but the last.
    Last,
}

impl Cut {
    fn of(self, total: usize) -> usize {
        match self {
            Self::At(bytes) => bytes.min(total),
            Self::Half => total / 2,
            Self::Last => total.saturating_sub(1),
        }
    }
}

/// What he does, and to which requests: `POST /api/2.0/files/content` is part of the
/// first line of those meant.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    to: &'static str,
    act: Act,
    times: usize,
}

impl Plot {
    /// The first such request.
    pub(crate) fn once(to: &'static str, act: Act) -> Plot {
        let times = 1;
        Plot { to, act, times }
    }

    /// Every such request, from the first to the last.
    pub(crate) fn always(to: &'static str, act: Act) -> Plot {
        let times = usize::MAX;
        Plot { to, act, times }
    }
}

/// Stands there until dropped; at first he lets everything through.
pub(crate) struct Middle {
    _serving: Serving,
    scheme: Arc<Scheme>,
}

#[derive(Default)]
struct Scheme {
    plot: Mutex<Option<Plot>>,
    struck: AtomicUsize,
}

impl Middle {
    /// From now on he does this.
    pub(crate) fn plot(&self, plot: Plot) -> &Middle {
        *self.scheme.plot() = Some(plot);
        self
    }

    /// From now on he lets everything through again.
    pub(crate) fn relent(&self) {
        *self.scheme.plot() = None;
    }

    /// How often he has acted.
    pub(crate) fn struck(&self) -> usize {
        self.scheme.struck.load(Ordering::Relaxed)
    }
}

impl Scheme {
    fn plot(&self) -> MutexGuard<'_, Option<Plot>> {
        self.plot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of the request that begins so.
    fn act(&self, line: &str) -> Option<Act> {
        let mut plot = self.plot();
        let plot = plot.as_mut()?;
        if plot.times == 0 || !line.contains(plot.to) {
            return None;
        }
        plot.times -= 1;
        self.struck.fetch_add(1, Ordering::Relaxed);
        Some(plot.act.clone())
    }
}

impl Rig {
    /// A rig whose whole traffic goes through somebody.
    pub(crate) fn behind() -> (Rig, Middle) {
        let listener = listener();
        let port = listener.local_addr().expect("it is bound").port();
        let base = format!("http://127.0.0.1:{port}");
        let rig = Rig::with(|builder| builder.upload_base(format!("{base}/api/2.0")));
        let to = rig.cloud.port();
        let plain = rig.cloud.base_url();
        let rig = rig.configured(|config| config.replace(&plain, &base));
        let scheme = Arc::new(Scheme::default());
        let shared = Arc::clone(&scheme);
        let serving = Serving::start(listener, move |client| {
            let scheme = Arc::clone(&shared);
            async move {
                // Whoever hangs up early has its reasons.
                let _ = serve(client, to, &scheme).await;
            }
        });
        let middle = Middle {
            _serving: serving,
            scheme,
        };
        (rig, middle)
    }
}

async fn serve(mut client: TcpStream, to: u16, scheme: &Scheme) -> io::Result<()> {
    let head = head(&mut client).await?;
    let Some(act) = scheme.act(head.lines().next().unwrap_or_default()) else {
        let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
        server.write_all(head.as_bytes()).await?;
        copy_bidirectional(&mut client, &mut server).await?;
        return Ok(());
    };
    match &act {
        Act::CutRequest(cut) => cut_request(client, to, &head, *cut).await,
        Act::Deaf => until_it_hangs_up(client).await,
        Act::Doze(pause) => doze(client, *pause).await,
        Act::Say(answer) => {
            let _ = take_in(&mut client, &head).await?;
            client.write_all(answer).await?;
            client.shutdown().await
        }
        Act::SayForEver(begin, more) => {
            let _ = take_in(&mut client, &head).await?;
            client.write_all(begin).await?;
            loop {
                client.write_all(more).await?;
            }
        }
        Act::CutAnswer(_) | Act::Mute | Act::Change(_) | Act::Spoil(_) => {
            let request = take_in(&mut client, &head).await?;
            let answer = ask(to, &request).await?;
            give_back(client, &act, answer).await
        }
    }
}

/// A head, with the wish that the connection ends with the answer.
async fn head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    Ok(head.replacen("\r\n", "\r\nConnection: close\r\n", 1))
}

fn length(head: &str) -> usize {
    let mut lines = head.lines();
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// The whole request.
async fn take_in(client: &mut TcpStream, head: &str) -> io::Result<Vec<u8>> {
    let mut body = vec![0; length(head)];
    client.read_exact(&mut body).await?;
    Ok([head.as_bytes(), &body].concat())
}

async fn cut_request(mut client: TcpStream, to: u16, head: &str, cut: Cut) -> io::Result<()> {
    let passes = cut.of(head.len() + length(head));
    let mut request = head.as_bytes()[..passes.min(head.len())].to_vec();
    let mut body = vec![0; passes - request.len()];
    client.read_exact(&mut body).await?;
    request.append(&mut body);
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    server.write_all(&request).await?;
    server.set_zero_linger()?;
    client.set_zero_linger()
}

/// Box's whole answer.
async fn ask(to: u16, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    server.write_all(request).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}

async fn give_back(mut client: TcpStream, act: &Act, answer: Vec<u8>) -> io::Result<()> {
    let answer = match act {
        Act::Mute => return until_it_hangs_up(client).await,
        Act::CutAnswer(cut) => {
            client.write_all(&answer[..cut.of(answer.len())]).await?;
            return client.set_zero_linger();
        }
        Act::Change(change) => with_body(&answer, |body| {
            // What is no JSON stays as it is.
            let Ok(mut json) = serde_json::from_slice(&body) else {
                return body;
            };
            change(&mut json);
            json.to_string().into_bytes()
        }),
        Act::Spoil(spoil) => with_body(&answer, spoil),
        Act::CutRequest(_) | Act::Deaf | Act::Doze(_) | Act::Say(_) | Act::SayForEver(..) => answer,
    };
    client.write_all(&answer).await?;
    client.shutdown().await
}

async fn doze(mut client: TcpStream, pause: Duration) -> io::Result<()> {
    while client.read_u8().await.is_ok() {
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// Waits without a word, and reads nothing that would make room for more.
async fn until_it_hangs_up(client: TcpStream) -> io::Result<()> {
    let error = client.ready(tokio::io::Interest::ERROR).await?;
    drop((client, error));
    Ok(())
}

/// The answer with another body, and the length of that.
fn with_body(answer: &[u8], change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else {
        return answer.to_vec();
    };
    let body = change(answer[end + 4..].to_vec());
    let head = String::from_utf8_lossy(&answer[..end]);
    let kept = head
        .lines()
        .filter(|line| !line.to_lowercase().starts_with("content-length"));
    let mut changed = kept.collect::<Vec<_>>().join("\r\n").into_bytes();
    changed.extend(format!("\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes());
    changed.extend(body);
    changed
}
