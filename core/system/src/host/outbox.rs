//! Requests sent by a background thread.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use model::effects::{Http, Outbox, Request};

/// After this many consecutive failures, waiting for the rest ends; upstream's value.
const GIVE_UP: u32 = 3;

/// The queue, and the results so far.
#[derive(Default)]
struct State {
    waiting: VecDeque<Request>,
    /// Whether a thread is sending.
    sending: bool,
    /// Failures since the last success.
    failed: u32,
    /// Whether a caller waits for the end.
    flushing: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request; sending ends without one.
    fn next(&self) -> Option<Request> {
        let mut state = self.lock();
        if state.flushing && state.failed >= GIVE_UP && !state.waiting.is_empty() {
            tracing::warn!("discarding {} reports after {} failures", state.waiting.len(), state.failed);
            state.waiting.clear();
            state.failed = 0;
        }
        let next = state.waiting.pop_front();
        if next.is_none() {
            self.end(state);
        }
        next
    }

    fn end(&self, mut state: MutexGuard<'_, State>) {
        state.sending = false;
        drop(state);
        self.ended.notify_all();
    }
}

/// Ends sending even if a request panics: otherwise, flushing would wait forever.
struct Sending<'s>(&'s Shared);

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end(self.0.lock());
        }
    }
}

/// The queue of a machine. It has a thread only while the queue is not empty.
pub(crate) struct Queue {
    http: Arc<dyn Http>,
    shared: Arc<Shared>,
}

impl Queue {
    pub(crate) fn new(http: Arc<dyn Http>) -> Self {
        Self { http, shared: Arc::default() }
    }
}

fn send(http: &dyn Http, shared: &Shared) {
    let _sending = Sending(shared);
    while let Some(request) = shared.next() {
        let outcome = http.send(&request);
        let mut state = shared.lock();
        match outcome {
            Ok(_) => state.failed = 0,
            Err(error) => {
                state.failed += 1;
                drop(state);
                tracing::warn!("cannot send a report: {error}");
            }
        }
    }
}

impl Outbox for Queue {
    fn post(&self, request: Request) {
        let mut state = self.shared.lock();
        state.waiting.push_back(request);
        if state.sending {
            return;
        }
        state.sending = true;
        drop(state);
        let (http, shared) = (self.http.clone(), self.shared.clone());
        // The thread uses the caller's log.
        let log = tracing::dispatcher::get_default(Clone::clone);
        let work = move || tracing::dispatcher::with_default(&log, || send(http.as_ref(), &shared));
        if let Err(error) = std::thread::Builder::new().spawn(work) {
            tracing::warn!("cannot start a thread to send reports: {error}");
            let mut state = self.shared.lock();
            state.waiting.clear();
            self.shared.end(state);
        }
    }

    fn flush(&self) {
        let mut state = self.shared.lock();
        state.flushing = true;
        while state.sending {
            state = self.shared.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.flushing = false;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use model::effects::{HttpError, Response};

    use super::*;

    /// Answers when told to, and records requests.
    struct Slow {
        asked: Mutex<Vec<String>>,
        go: Mutex<Receiver<bool>>,
    }

    impl Http for Slow {
        fn send(&self, request: &Request) -> Result<Response, HttpError> {
            let answers = self.go.lock().expect("not poisoned").recv().expect("told");
            self.asked.lock().expect("not poisoned").push(request.url.clone());
            if answers {
                Ok(Response { status: 200, headers: Vec::new(), body: Vec::new() })
            } else {
                Err(HttpError::Connection { url: request.shown(), reason: "away".into() })
            }
        }
    }

    fn queue() -> (Queue, Arc<Slow>, Sender<bool>) {
        let (sender, go) = channel();
        let slow = Arc::new(Slow { asked: Mutex::default(), go: Mutex::new(go) });
        (Queue::new(slow.clone()), slow, sender)
    }

    #[test]
    fn who_posts_does_not_wait_and_who_flushes_does() {
        let (queue, slow, go) = queue();
        for number in 0..5 {
            queue.post(Request::get(format!("http://x/{number}")));
        }
        assert!(slow.asked.lock().expect("not poisoned").is_empty());
        (0..5).for_each(|_| go.send(true).expect("it listens"));
        queue.flush();
        let expected: Vec<String> = (0..5).map(|number| format!("http://x/{number}")).collect();
        assert_eq!(*slow.asked.lock().expect("not poisoned"), expected);
        queue.flush();
    }

    #[test]
    fn a_service_that_is_away_is_given_up() {
        let (queue, slow, go) = queue();
        for number in 0..20 {
            queue.post(Request::get(format!("http://x/{number}")));
        }
        let flushed = std::thread::scope(|scope| {
            let flushing = scope.spawn(|| queue.flush());
            while !queue.shared.lock().flushing {
                std::thread::yield_now();
            }
            (0..20).for_each(|_| go.send(false).expect("it listens"));
            flushing.join()
        });
        flushed.expect("it ended");
        assert_eq!(slow.asked.lock().expect("not poisoned").len(), 3);
        // The next one is tried again.
        queue.post(Request::get("http://x/again"));
        queue.flush();
        assert_eq!(slow.asked.lock().expect("not poisoned").len(), 4);
    }
}
