//! Lines on their way out. A thread of their own writes them, so that nobody who has
//! something to tell waits for whoever takes it.
//!
//! The spool is bounded. A reader that is slow holds its writers back for a moment, and no
//! more until it has caught up: then lines are counted instead of kept, and how many were
//! lost is said in their place when there is room again.

use crate::cli::logging::form::Line;
use crate::cli::logging::sink::Sink;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most that waits to be taken, in bytes.
const MOST: usize = 4 << 20;
/// Whoever holds others up for so long, all in all, is not waited for until it has caught up.
const PATIENCE: Duration = Duration::from_secs(1);

/// The words for so many lines that were lost.
type Lost = Box<dyn Fn(u64) -> Line + Send + Sync>;

/// Lines that wait to be written.
pub(crate) struct Spool {
    state: Mutex<State>,
    changed: Condvar,
    lost: Lost,
    most: usize,
    patience: Duration,
}

#[derive(Default)]
struct State {
    lines: VecDeque<Line>,
    /// Of all that is not written yet.
    bytes: usize,
    /// Lines that found no room, since the last one that did.
    refused: u64,
    /// For how long others were held up, since everything was written.
    held_up: Duration,
    /// So many were written, or could not be.
    handled: u64,
    /// Some are being written.
    is_busy: bool,
    /// Nobody takes anything.
    is_stuck: bool,
    is_to_reopen: bool,
}

impl Spool {
    /// Writes into `sink`; `lost` says how many lines were lost.
    pub(crate) fn new(sink: Box<dyn Sink>, lost: Lost) -> Arc<Self> {
        Self::holding(MOST, PATIENCE, sink, lost)
    }

    fn holding(most: usize, patience: Duration, sink: Box<dyn Sink>, lost: Lost) -> Arc<Self> {
        let spool = Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            lost,
            most,
            patience,
        });
        let writing = Arc::clone(&spool);
        let thread = std::thread::Builder::new().name("log".to_owned());
        if thread.spawn(move || writing.write_all(sink)).is_err() {
            // Without the thread nothing is ever taken.
            spool.state().is_stuck = true;
        }
        spool
    }

    /// Adds a line.
    pub(crate) fn push(&self, line: Line) {
        let mut state = self.state();
        while state.bytes > 0 && state.bytes + size(&line) > self.most {
            let left = self.patience.saturating_sub(state.held_up);
            if state.is_stuck || left.is_zero() {
                state.refused += 1;
                return;
            }
            let began = Instant::now();
            state = self.progress(state, left);
            state.held_up += began.elapsed();
        }
        if state.refused > 0 {
            let lost = (self.lost)(state.refused);
            state.refused = 0;
            state.add(lost);
        }
        state.add(line);
        self.changed.notify_all();
    }

    /// Waits until all that was added is written, or nothing of it was for so long.
    pub(crate) fn flush(&self, limit: Duration) {
        let mut state = self.state();
        while (!state.lines.is_empty() || state.is_busy) && !state.is_stuck {
            state = self.progress(state, limit);
        }
    }

    /// What is written from now on goes to what is at its place by now.
    pub(crate) fn reopen(&self) {
        self.state().is_to_reopen = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a line to be handled; nobody takes anything if none is within a limit that
    /// is long enough to tell.
    fn progress<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        limit: Duration,
    ) -> MutexGuard<'a, State> {
        let before = state.handled;
        let is_still = |state: &mut State| state.handled == before && !state.is_idle();
        let waited = self.changed.wait_timeout_while(state, limit, is_still);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_stuck |= waited.timed_out() && limit >= self.patience;
        state
    }

    fn write_all(&self, mut sink: Box<dyn Sink>) {
        let mut failed = 0;
        loop {
            let is_quiet = |state: &mut State| state.lines.is_empty() && !state.is_to_reopen;
            let waited = self.changed.wait_while(self.state(), is_quiet);
            let mut state = waited.unwrap_or_else(PoisonError::into_inner);
            let lines = std::mem::take(&mut state.lines);
            let is_to_reopen = std::mem::take(&mut state.is_to_reopen);
            state.is_busy = true;
            drop(state);
            sink.begin(is_to_reopen);
            for line in lines {
                self.write(&mut *sink, &line, &mut failed);
                let mut state = self.state();
                state.bytes -= size(&line);
                state.handled += 1;
                state.is_stuck = false;
                if state.bytes == 0 {
                    state.held_up = Duration::ZERO;
                }
                self.changed.notify_all();
            }
            self.state().is_busy = false;
            self.changed.notify_all();
        }
    }

    /// A line that cannot be written is counted, and told with the next one that can.
    fn write(&self, sink: &mut dyn Sink, line: &Line, failed: &mut u64) {
        if *failed > 0 && sink.write(&(self.lost)(*failed)).is_ok() {
            *failed = 0;
        }
        if *failed > 0 || sink.write(line).is_err() {
            *failed += 1;
        }
    }
}

impl State {
    fn add(&mut self, line: Line) {
        self.bytes += size(&line);
        self.lines.push_back(line);
    }

    fn is_idle(&self) -> bool {
        self.lines.is_empty() && !self.is_busy
    }
}

fn size(line: &Line) -> usize {
    line.bytes.len() + line.otherwise.len()
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, Spool};
    use crate::cli::logging::form::Line;
    use crate::cli::logging::sink::Sink;
    use std::io;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    /// Takes a line when it is told to, and says whether that works.
    struct Told {
        may: Receiver<bool>,
        taken: Arc<Mutex<Vec<String>>>,
    }

    impl Sink for Told {
        fn write(&mut self, line: &Line) -> io::Result<()> {
            match self.may.recv() {
                Ok(true) => {
                    let text = String::from_utf8_lossy(&line.bytes).into_owned();
                    self.taken.lock().unwrap().push(text);
                    Ok(())
                }
                _ => Err(io::ErrorKind::StorageFull.into()),
            }
        }
    }

    fn spool(most: usize) -> (Arc<Spool>, Sender<bool>, Arc<Mutex<Vec<String>>>) {
        let (may_in, may) = channel();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let sink = Told {
            may,
            taken: Arc::clone(&taken),
        };
        let lost = |lines| Line::from(format!("{lines} lost"));
        let spool = Spool::holding(most, PATIENCE, Box::new(sink), Box::new(lost));
        (spool, may_in, taken)
    }

    fn push(spool: &Spool, text: &str) {
        spool.push(Line::from(text.to_owned()));
    }

    #[test]
    fn all_is_written_in_order_before_the_end() {
        let (spool, may, taken) = spool(1 << 20);
        for number in 0..1_000 {
            push(&spool, &number.to_string());
            may.send(true).unwrap();
        }
        spool.flush(LONG);
        let expected: Vec<_> = (0..1_000).map(|number| number.to_string()).collect();
        assert_eq!(*taken.lock().unwrap(), expected);
    }

    #[test]
    fn who_takes_nothing_holds_nobody_up_and_is_told_what_was_lost() {
        let (spool, may, taken) = spool(10);
        // The first waits to be taken, the others for room; only one of them waits in vain.
        for number in 0..100 {
            push(&spool, &format!("line {number:02}"));
        }
        spool.flush(LONG);
        assert!(taken.lock().unwrap().is_empty());
        may.send(true).unwrap();
        spool.flush(LONG);
        let until = std::time::Instant::now() + LONG;
        while taken.lock().unwrap().is_empty() && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        (0..2).for_each(|_| may.send(true).unwrap());
        while spool.state().bytes > 0 && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        push(&spool, "again");
        spool.flush(LONG);
        assert_eq!(*taken.lock().unwrap(), ["line 00", "99 lost", "again"]);
    }

    /// Takes a line now and then, always before anybody has lost patience with it.
    struct Slow(Arc<Mutex<Vec<String>>>);

    impl Sink for Slow {
        fn write(&mut self, line: &Line) -> io::Result<()> {
            std::thread::park_timeout(Duration::from_millis(5));
            let text = String::from_utf8_lossy(&line.bytes).into_owned();
            self.0.lock().unwrap().push(text);
            Ok(())
        }
    }

    #[test]
    fn who_is_slow_holds_nobody_up_for_ever() {
        let taken = Arc::<Mutex<Vec<String>>>::default();
        let lost = |lines| Line::from(format!("{lines} lost"));
        let patience = Duration::from_millis(100);
        let slow = Box::new(Slow(Arc::clone(&taken)));
        let spool = Spool::holding(70, patience, slow, Box::new(lost));
        for number in 0..1_000 {
            push(&spool, &format!("line {number:03}"));
        }
        spool.flush(LONG);
        // It has caught up: what was lost is told.
        push(&spool, "again");
        spool.flush(LONG);
        let taken = taken.lock().unwrap();
        let lost = taken.iter().filter_map(|line| line.strip_suffix(" lost"));
        let lost: Vec<usize> = lost.map(|number| number.parse().unwrap()).collect();
        let kept = taken.len() - lost.len();
        assert_eq!(kept + lost.iter().sum::<usize>(), 1_001, "{taken:?}");
        assert!(!lost.is_empty(), "all were waited for");
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_told_once() {
        let (spool, may, taken) = spool(1 << 20);
        for is_room in [true, false, false, false] {
            may.send(is_room).unwrap();
            push(&spool, "x");
            spool.flush(LONG);
        }
        // First what was lost, and then the line.
        (0..2).for_each(|_| may.send(true).unwrap());
        push(&spool, "y");
        spool.flush(LONG);
        assert_eq!(*taken.lock().unwrap(), ["x", "3 lost", "y"]);
    }
}
