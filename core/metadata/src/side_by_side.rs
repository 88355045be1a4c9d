//! Parallel work that can add more work, with a bounded number of workers.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::Order as _;
use model::System;

/// The maximum number of parallel requests: metadata services reject more.
const WORKERS: usize = 8;

/// The state shared by workers.
struct Queue<T, R> {
    waiting: Vec<T>,
    running: usize,
    done: Vec<R>,
}

/// Decrements the running count, even if the work panicked: the others must not wait for it.
struct Running<'q, T, R>(&'q Mutex<Queue<T, R>>, &'q Condvar);

impl<T, R> Drop for Running<'_, T, R> {
    fn drop(&mut self) {
        lock(self.0).running -= 1;
        self.1.notify_all();
    }
}

fn lock<T, R>(queue: &Mutex<Queue<T, R>>) -> MutexGuard<'_, Queue<T, R>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn worker<T, R>(queue: &Mutex<Queue<T, R>>, changed: &Condvar, work: &(impl Fn(T) -> (R, Vec<T>) + Sync)) {
    loop {
        let mut state = lock(queue);
        let item = loop {
            if let Some(item) = state.waiting.pop() {
                break item;
            }
            if state.running == 0 {
                return;
            }
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        state.running += 1;
        drop(state);
        let running = Running(queue, changed);
        let (result, mut more) = work(item);
        let mut state = lock(queue);
        state.done.push(result);
        // The first of a list is taken first.
        more.reverse();
        state.waiting.append(&mut more);
        drop(state);
        drop(running);
    }
}

/// Does one piece of work beside another, whose result is `None` if it has no thread or panics.
pub fn beside<T: Send, R>(other: impl FnOnce() -> T + Send, own: impl FnOnce() -> R) -> (R, Option<T>) {
    std::thread::scope(|scope| {
        let other = std::thread::Builder::new().spawn_scoped(scope, other);
        let own = own();
        (own, other.ok().and_then(|other| other.join().ok()))
    })
}

/// Processes all items and those added by the work; results are unordered.
pub fn grow<T: Send, R: Send>(
    workers: usize,
    mut items: Vec<T>,
    work: impl Fn(T) -> (R, Vec<T>) + Sync,
) -> Vec<R> {
    items.reverse();
    let queue = Mutex::new(Queue { waiting: items, running: 0, done: Vec::new() });
    let changed = Condvar::new();
    std::thread::scope(|scope| {
        for _ in 1..workers {
            // If a thread cannot be started, the others do its work.
            let spawned = std::thread::Builder::new().spawn_scoped(scope, || worker(&queue, &changed, &work));
            if spawned.is_err() {
                break;
            }
        }
        worker(&queue, &changed, &work);
    });
    queue.into_inner().unwrap_or_else(PoisonError::into_inner).done
}

/// Processes all items; results are in the items' order.
pub fn map<T: Send, R: Send>(workers: usize, items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let numbered = items.into_iter().enumerate().collect();
    let mut results = grow(workers, numbered, |(number, item)| ((number, work(item)), Vec::new()));
    results.order_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The number of workers for a service with a certain response time. One if time does not pass (in a plan): requests
/// are then always in the same order.
pub fn workers(answered_within: Duration) -> usize {
    if answered_within.is_zero() { 1 } else { WORKERS }
}

/// The number of workers for a service that has not been asked yet; see [`workers`].
pub fn workers_at_first(system: &System) -> usize {
    workers(timed(system, || ()).1)
}

/// Whether time passes on this machine, determined by watching the clock during some work.
pub fn timed<R>(system: &System, work: impl FnOnce() -> R) -> (R, Duration) {
    let start = system.clock.monotonic();
    let result = work();
    (result, system.clock.monotonic().saturating_sub(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_grows_is_done() {
        for workers in [1, 3, 8] {
            // Each number below 100 adds its tenfold and the next: all decimal numbers of up to three digits.
            let mut done = grow(workers, (1_u32..10).collect(), |number| {
                let more = if number < 100 {
                    (0..10).map(|digit| number * 10 + digit).collect()
                } else {
                    Vec::new()
                };
                (number, more)
            });
            done.sort_unstable();
            assert_eq!(done, (1..1000).collect::<Vec<_>>(), "{workers} workers");
        }
    }

    #[test]
    fn results_keep_the_order_of_their_items() {
        assert_eq!(
            map(4, (0..50).collect(), |number: i32| number * 2),
            (0..50).map(|n| n * 2).collect::<Vec<_>>()
        );
    }
}
