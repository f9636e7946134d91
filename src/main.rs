//! The boxup program: signals in, exit code out.

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
        tokio::spawn(listen(SignalKind::terminate(), stop_in.clone()));
        tokio::spawn(listen(SignalKind::interrupt(), stop_in));
        boxup::run(std::env::args_os(), std::env::vars_os(), stop).await
    });
    // A thread that hashes a large file cannot be called back.
    runtime.shutdown_timeout(Duration::from_millis(500));
    ExitCode::from(code)
}

async fn listen(kind: SignalKind, stop: mpsc::Sender<()>) {
    let Ok(mut signals) = signal(kind) else {
        return;
    };
    while signals.recv().await.is_some() && stop.send(()).await.is_ok() {}
}
