//! A hang-up: it has a service read its configuration again, and everything else end as
//! for SIGTERM.

use tokio::sync::mpsc;

/// Who listens to `stop` hears a hang-up as well. A terminal that goes away sends several,
/// and a second signal would cut off what is being finished: a hang-up hurries nobody.
pub(super) fn ends_too(
    mut stop: mpsc::Receiver<()>,
    mut hangups: mpsc::Receiver<()>,
) -> mpsc::Receiver<()> {
    let (both_in, both) = mpsc::channel(4);
    tokio::spawn(async move {
        let mut is_told = false;
        loop {
            tokio::select! {
                Some(()) = stop.recv() => {}
                Some(()) = hangups.recv(), if !is_told => {}
                else => return,
            }
            is_told = true;
            if both_in.send(()).await.is_err() {
                return;
            }
        }
    });
    both
}

/// Whether whoever started it wants it to outlast a hang-up, as `nohup` does. Where the
/// system does not tell, nobody does.
pub(super) fn is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignores(&status)
}

/// The first bit is the first signal, SIGHUP.
fn ignores(status: &str) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::{ends_too, ignores};
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn a_hang_up_stops_once_and_hurries_nobody() {
        let (stop_in, stop) = mpsc::channel(4);
        let (hangups_in, hangups) = mpsc::channel(4);
        let mut both = ends_too(stop, hangups);
        for _ in 0..3 {
            hangups_in.send(()).await.unwrap();
        }
        assert_eq!(both.recv().await, Some(()));
        stop_in.send(()).await.unwrap();
        assert_eq!(both.recv().await, Some(()));
        drop(stop_in);
        assert_eq!(both.recv().await, None);
    }

    #[test]
    fn what_the_system_tells_is_read() {
        let status = |mask: &str| format!("Name:\tboxup\nSigBlk:\t{mask}\nSigIgn:\t{mask}\n");
        for (text, expected) in [
            (status("0000000000000001"), true),
            (status("0000000000001001"), true),
            (status("0000000000001000"), false),
            (status("x"), false),
            ("SigBlk:\t0000000000000001\n".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(ignores(&text), expected, "{text}");
        }
    }
}
