//! Faults on demand.

use crate::Error;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The connection is closed without an answer.
    Drop,
    /// The answer is this status.
    Status(u16),
    /// The answer does not come before the client gives up or the service stops.
    Stall,
    /// The answer promises its whole length, and the connection is closed after half of the body.
    Truncate,
    /// The head comes a byte at a time, with a pause after each.
    SlowHead,
    /// The body comes so.
    SlowBody,
    /// The body does not end.
    Huge,
    /// Every path is a directory of two more.
    Endless,
    /// The answer is 429 with a second to wait.
    TooMany,
    /// The answer leads back to itself.
    RedirectLoop,
    /// The answer leads to another host, which nobody has.
    RedirectAway,
    /// The answer is a page of HTML, as of a portal that wants a login.
    Portal,
    /// Every answer has another last line than the one before.
    Changing,
    /// The session token of the request is refused with 401 although it is right.
    WrongToken,
    /// All session tokens given out before this request are refused from now on.
    ExpireToken,
}

/// When it goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// At this request, counted from 1 over all connections.
    Request(u64),
    /// At this request and every later one.
    From(u64),
    /// At every request whose path begins so.
    Path(String),
}

/// A fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// When.
    pub moment: Moment,
}

/// The kinds by their names.
const KINDS: &[(&str, Kind)] = &[
    ("drop", Kind::Drop),
    ("stall", Kind::Stall),
    ("truncate", Kind::Truncate),
    ("slow-head", Kind::SlowHead),
    ("slow-body", Kind::SlowBody),
    ("huge", Kind::Huge),
    ("endless", Kind::Endless),
    ("too-many", Kind::TooMany),
    ("redirect-loop", Kind::RedirectLoop),
    ("redirect-away", Kind::RedirectAway),
    ("portal", Kind::Portal),
    ("changing", Kind::Changing),
    ("wrong-token", Kind::WrongToken),
    ("expire-token", Kind::ExpireToken),
];

const EXPECTED: &str = "give KIND@N, KIND@N+ or KIND@/PATH with KIND one of drop, stall, truncate, slow-head, slow-body, \
    huge, endless, too-many, redirect-loop, redirect-away, portal, changing, wrong-token, expire-token or a status such as 500";

impl Fault {
    /// Reads the value of `--fault`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or_else(|| Error::Option {
            option: "--fault",
            value: text.to_owned(),
            expected: EXPECTED,
        })
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, moment) = text.split_once('@')?;
        let kind = match KINDS.iter().find(|(name, _)| *name == kind) {
            Some((_, known)) => *known,
            None => Kind::Status(kind.parse().ok().filter(|status| (400..600).contains(status))?),
        };
        let count = |text: &str| text.parse().ok().filter(|count| *count > 0);
        let moment = if moment.starts_with('/') {
            Moment::Path(moment.to_owned())
        } else if let Some(first) = moment.strip_suffix('+') {
            Moment::From(count(first)?)
        } else {
            Moment::Request(count(moment)?)
        };
        Some(Self { kind, moment })
    }

    /// Whether it strikes this request.
    pub fn strikes(&self, number: u64, path: &str) -> bool {
        match &self.moment {
            Moment::Request(count) => number == *count,
            Moment::From(first) => number >= *first,
            Moment::Path(prefix) => path.starts_with(prefix.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_documents() {
        let cases = [
            ("drop@3", Some((Kind::Drop, Moment::Request(3)))),
            ("500@1+", Some((Kind::Status(500), Moment::From(1)))),
            ("404@/latest/user-data", Some((Kind::Status(404), Moment::Path("/latest/user-data".into())))),
            ("expire-token@9", Some((Kind::ExpireToken, Moment::Request(9)))),
            ("drop@0", None),
            ("drop", None),
            ("200@1", None),
            ("melt@1", None),
        ];
        for (text, expected) in cases {
            let fault = Fault::parse(text).ok().map(|fault| (fault.kind, fault.moment));
            assert_eq!(fault, expected, "{text}");
        }
    }

    #[test]
    fn strikes_when_told() {
        let fault = |text| Fault::parse(text).expect("a fault");
        assert_eq!([1, 2, 3].map(|n| fault("drop@2").strikes(n, "/")), [false, true, false]);
        assert_eq!([1, 2, 3].map(|n| fault("drop@2+").strikes(n, "/")), [false, true, true]);
        assert!(fault("drop@/a").strikes(7, "/a/b"));
        assert!(!fault("drop@/a").strikes(7, "/b"));
    }
}
