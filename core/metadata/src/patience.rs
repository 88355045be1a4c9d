//! Time limits for querying a metadata service: `max_wait`, `timeout` and `retries` in a source's configuration.

use std::time::Duration;

use model::Node;

/// The time limits for a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// How long to wait for the service, in seconds; 0 or less queries it once.
    pub max_wait: i64,
    /// The time limit of each attempt.
    pub timeout: Duration,
    /// The number of retries.
    pub retries: u32,
}

impl Patience {
    /// Reads a source's configuration over its defaults, in seconds.
    pub fn read(config: &Node, max_wait: i64, timeout: u64, retries: u32) -> Self {
        let number = |key: &str| {
            let value = config.get(key)?;
            let read = value
                .as_int()
                .or_else(|| match value.value {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "a cast saturates, and values beyond i64 are rejected below"
                    )]
                    model::config::Value::Float(number) if number.is_finite() => Some(number as i128),
                    _ => value.as_str()?.trim().parse().ok(),
                })
                .and_then(|number| i64::try_from(number).ok());
            if read.is_none() {
                tracing::warn!("{}: {key} is not an integer, using the default", value.origin);
            }
            read
        };
        let timeout = number("timeout").map_or(timeout, |seconds| u64::try_from(seconds).unwrap_or(0));
        Self {
            max_wait: number("max_wait").unwrap_or(max_wait),
            // A timeout of zero would never get a response.
            timeout: Duration::from_secs(timeout.max(1)),
            retries: number("retries")
                .map_or(retries, |count| u32::try_from(count.clamp(0, 1000)).unwrap_or(retries)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_overrides_and_nonsense_does_not() {
        let read = |yaml: &str| {
            let node = Node::from_yaml("test", yaml.as_bytes()).expect("valid").unwrap_or_default();
            let params = Patience::read(&node, 120, 50, 5);
            (params.max_wait, params.timeout.as_secs(), params.retries)
        };
        assert_eq!(read(""), (120, 50, 5));
        assert_eq!(read("{max_wait: -1, timeout: '7', retries: 0}"), (-1, 7, 0));
        assert_eq!(read("{max_wait: soon, timeout: -3, retries: [1]}"), (120, 1, 5));
        assert_eq!(read("{max_wait: 1.9, timeout: 2.0, retries: -4}"), (1, 2, 0));
        assert_eq!(read("{max_wait: .inf, timeout: .nan, retries: 5000}"), (120, 50, 1000));
        assert_eq!(read("{max_wait: 1e30, timeout: ' 8 ', retries: '2.5'}"), (120, 8, 5));
        assert_eq!(read("{max_wait: true, timeout: 0, retries: null}").1, 1);
    }
}
