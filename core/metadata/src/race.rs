//! A service with several addresses: each is queried shortly after the previous one, and the first response is used
//! (like connections in RFC 8305).

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use model::System;
use model::effects::{HttpError, Request, Response, Url};

/// The head start of an address before the next one.
const STAGGER: Duration = Duration::from_millis(150);

/// Sends each request in its own thread, one after the other, until one is answered. Returns the response with the
/// request's number, or the last error.
///
/// Other requests run until their own time limit: a stalled address does not block the caller.
pub fn first_answer(system: &System, requests: &[Request]) -> Result<(usize, Response), Option<HttpError>> {
    let (sender, answers) = channel();
    let (mut last, mut open) = (None, 0_usize);
    let mut waiting = requests.iter().cloned().enumerate();
    loop {
        match waiting.next() {
            Some((number, request)) => {
                let (http, sender) = (system.http.clone(), sender.clone());
                let ask = move || {
                    // Nobody is listening if another address has won.
                    sender.send((number, http.send(&request))).ok();
                };
                match std::thread::Builder::new().spawn(ask) {
                    Ok(_) => open += 1,
                    Err(error) => tracing::warn!("cannot start a thread for address {number}: {error}"),
                }
            }
            None if open == 0 => return Err(last),
            None => {}
        }
        let more = waiting.len() > 0;
        let outcome = if more {
            answers.recv_timeout(STAGGER)
        } else {
            answers.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        match outcome {
            Ok((number, Ok(response))) if response.ok() && !response.body.is_empty() => {
                return Ok((number, response));
            }
            Ok((number, outcome)) => {
                open -= 1;
                let error = match outcome {
                    Err(error) => error,
                    Ok(response) if response.ok() => HttpError::Connection {
                        url: Url::new(&requests[number].url),
                        reason: format!("empty response [{}]", response.status),
                    },
                    Ok(response) => HttpError::status(Url::new(&requests[number].url), &response),
                };
                // A service's response is more informative than a connection error.
                if !matches!(
                    (&last, &error),
                    (
                        Some(HttpError::Status { .. }),
                        HttpError::Connection { .. } | HttpError::TimedOut { .. }
                    )
                ) {
                    last = Some(error);
                }
            }
            Err(_) => {}
        }
    }
}

/// The pause before the next attempt after an error, as [`HttpError::pause`] says.
pub fn pause(system: &System, usual: Duration, error: Option<&HttpError>) -> Duration {
    let mut draw = [0; 4];
    system.environment.random(&mut draw);
    error.map_or(usual, |error| error.pause(usual, u32::from_ne_bytes(draw)))
}

/// How long an overloaded service is waited for unless configured: a fleet that starts at once is served in its turn.
pub(crate) const OVERLOAD: Duration = Duration::from_secs(120);

/// Whether retrying is useless.
pub type IsFinal = fn(&HttpError) -> bool;

/// Queries repeatedly until a service responds or the time is over: seconds since the start; 0 or less queries once.
/// The delay between rounds is one second, plus one after every five, or as [`HttpError::pause`] says.
pub fn wait_for(
    system: &System,
    mut requests: Vec<Request>,
    max_wait: i64,
    is_final: IsFinal,
) -> Result<(usize, Response), Option<HttpError>> {
    repeat(system, max_wait, is_final, |left| {
        if let Some(left) = left {
            for request in &mut requests {
                request.timeout = request.timeout.min(left);
            }
        }
        first_answer(system, &requests)
    })
}

/// The same for requests that are made anew for each round; `ask` receives the time that is left, from the second round
/// on.
pub fn repeat<T>(
    system: &System,
    max_wait: i64,
    is_final: IsFinal,
    mut ask: impl FnMut(Option<Duration>) -> Result<T, Option<HttpError>>,
) -> Result<T, Option<HttpError>> {
    let clock = &system.clock;
    let limit = Duration::from_secs(u64::try_from(max_wait).unwrap_or(0));
    let start = clock.monotonic();
    let (mut round, mut left) = (0, None);
    loop {
        let error = match ask(left) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let elapsed = clock.monotonic().saturating_sub(start);
        if let Some(error) = &error {
            tracing::warn!(
                "Calling the metadata service failed [{}/{max_wait}s]: {error}",
                elapsed.as_secs()
            );
        }
        // A service that is overloaded is there.
        let is_overload = error.as_ref().is_some_and(HttpError::is_overload);
        let limit = if is_overload && limit.is_zero() { OVERLOAD } else { limit };
        // A request that cannot be sent never will.
        let hopeless = error.as_ref().is_none_or(|error| {
            matches!(error, HttpError::Refused { .. } | HttpError::NotAsked { .. }) || is_final(error)
        });
        let pause = pause(system, Duration::from_secs(round / 5 + 1), error.as_ref());
        if hopeless || elapsed + pause > limit {
            return Err(error);
        }
        round += 1;
        clock.sleep(pause);
        let remaining = limit.saturating_sub(clock.monotonic().saturating_sub(start));
        if remaining.is_zero() {
            return Err(error);
        }
        left = Some(remaining);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> HttpError {
        HttpError::Connection { url: Url::new("http://x/"), reason: "refused".to_owned() }
    }

    fn status(status: u16) -> HttpError {
        HttpError::Status { url: Url::new("http://x/"), status, retry_after: None }
    }

    /// When a service is asked that fails like this, in seconds, and how much time is left then.
    fn asked(
        max_wait: i64,
        is_final: IsFinal,
        error: impl Fn() -> Option<HttpError>,
    ) -> Vec<(u64, Option<u64>)> {
        let (system, _) = system::scratch();
        let (begun, mut rounds) = (system.clock.monotonic(), Vec::new());
        let outcome: Result<(), _> = repeat(&system, max_wait, is_final, |left| {
            let now = system.clock.monotonic().saturating_sub(begun);
            rounds.push((now.as_secs(), left.map(|left| left.as_secs())));
            Err(error())
        });
        assert_eq!(
            outcome.expect_err("it never answers").map(|error| error.to_string()),
            error().map(|error| error.to_string())
        );
        rounds
    }

    /// Upstream's `url_helper._default_sleep_time`: `int(loop_number / 5) + 1` seconds.
    #[test]
    fn rounds_are_a_second_apart_and_one_more_after_every_five() {
        let times = |max_wait| asked(max_wait, |_| false, || Some(connection()));
        let starts: Vec<u64> = times(30).iter().map(|(start, _)| *start).collect();
        assert_eq!(starts, [0, 1, 2, 3, 4, 5, 7, 9, 11, 13, 15, 18, 21, 24, 27]);
        assert_eq!(times(3), [(0, None), (1, Some(2)), (2, Some(1))]);
        for once in [0, -1] {
            assert_eq!(times(once), [(0, None)], "{once}");
        }
    }

    #[test]
    fn what_is_useless_is_not_repeated() {
        let is_forbidden = |error: &HttpError| matches!(error, HttpError::Status { status: 403, .. });
        let refused =
            || HttpError::Refused { url: Url::new("tftp://x/"), reason: "an unknown scheme".to_owned() };
        assert_eq!(asked(9, |_| false, || Some(refused())).len(), 1);
        assert_eq!(asked(9, is_forbidden, || Some(status(403))).len(), 1);
        assert_eq!(asked(9, |_| false, || None).len(), 1, "nothing was asked");
        assert!(asked(9, is_forbidden, || Some(status(404))).len() > 1);
    }

    /// RFC 6585, 4, and RFC 9110, 15.6.4.
    #[test]
    fn an_overloaded_service_is_waited_for_even_if_an_absent_one_is_not() {
        let last = |rounds: Vec<(u64, Option<u64>)>| rounds.last().map_or(0, |(start, _)| *start);
        assert!(last(asked(0, |_| false, || Some(status(429)))) > 60);
        assert_eq!(last(asked(0, |_| false, || Some(status(404)))), 0);
        assert!(last(asked(5, |_| false, || Some(status(429)))) < 5, "the configured time counts");
    }

    #[test]
    fn an_answer_ends_the_rounds() {
        let (system, _) = system::scratch();
        let mut rounds = 0;
        let answer = repeat(
            &system,
            9,
            |_| false,
            |_| {
                rounds += 1;
                if rounds == 3 { Ok("answer") } else { Err(Some(connection())) }
            },
        );
        assert_eq!(answer.expect("the third"), "answer");
    }
}
