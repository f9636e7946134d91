//! The boxup program: signals in, exit code out.

use boxup::Signals;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

fn main() -> ExitCode {
    boxup::end_on_panic();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(_) => return ExitCode::from(71),
    };
    let code = runtime.block_on(async {
        let (stop_in, stop) = mpsc::channel(4);
        listen(SignalKind::terminate(), stop_in.clone());
        listen(SignalKind::interrupt(), stop_in);
        let signals = Signals {
            stop,
            hangups: Box::new(hangups),
        };
        boxup::run(std::env::args_os(), std::env::vars_os(), signals).await
    });
    // A thread that hashes a large file cannot be called back.
    runtime.shutdown_timeout(Duration::from_millis(500));
    ExitCode::from(code)
}

/// From now on a hang-up does not end the program.
fn hangups() -> mpsc::Receiver<()> {
    let (hangups_in, hangups) = mpsc::channel(1);
    listen(SignalKind::hangup(), hangups_in);
    hangups
}

/// A signal counts from now on, not from when somebody first waits for it.
fn listen(kind: SignalKind, into: mpsc::Sender<()>) {
    let Ok(mut signals) = signal(kind) else {
        return;
    };
    tokio::spawn(
        async move { while signals.recv().await.is_some() && into.send(()).await.is_ok() {} },
    );
}
