//! Which answer a request gets: the tree, and the session tokens of EC2.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::http::{Request, Response};
use crate::{Kind, Node, Tokens};

const TOKEN_PATH: &str = "/latest/api/token";
const TOKEN_FIELD: &str = "x-aws-ec2-metadata-token";
const TTL_FIELD: &str = "x-aws-ec2-metadata-token-ttl-seconds";
/// Six hours, the longest life of a token in seconds.
const LONGEST: u64 = 21_600;

/// A tree with the rule for tokens, if it has one. A token tells its own number, time and life, so that several
/// processes of `--stdio` accept each other's.
#[derive(Debug)]
pub(crate) struct Site {
    pub root: Node,
    pub tokens: Option<Tokens>,
    issued: AtomicU64,
    expired: AtomicU64,
}

impl Site {
    pub(crate) fn new(root: Node, tokens: Option<Tokens>) -> Self {
        Self { root, tokens, issued: AtomicU64::new(1), expired: AtomicU64::new(0) }
    }

    /// Answers, with the faults that concern tokens.
    pub(crate) fn answer(&self, request: &Request, faults: &[Kind]) -> Response {
        if faults.contains(&Kind::ExpireToken) {
            self.expired.store(self.issued.load(Ordering::SeqCst), Ordering::SeqCst);
        }
        if request.path == TOKEN_PATH && self.tokens.is_some() {
            return self.issue(request);
        }
        if !self.admits(request, faults.contains(&Kind::WrongToken)) {
            return Response::error(401);
        }
        // Services with tokens of their own (Akamai's) are asked for one by PUT.
        let known: &[&str] =
            if self.tokens.is_none() { &["GET", "HEAD", "POST", "PUT"] } else { &["GET", "HEAD", "POST"] };
        if !known.contains(&request.method.as_str()) {
            return Response::error(405);
        }
        match self.root.find(&request.path) {
            Some(node) => {
                let mut response = Response::new(200, node.body());
                let json = request.path.ends_with(".json");
                let kind = if json { "application/json" } else { "text/plain" };
                response.headers.push(("Content-Type", kind.to_owned()));
                response
            }
            None => Response::error(404),
        }
    }

    /// Tokens guard what EC2 serves, not an OpenStack tree beside it.
    fn admits(&self, request: &Request, refuse: bool) -> bool {
        let Some(tokens) = self.tokens.filter(|_| !request.path.starts_with("/openstack")) else {
            return true;
        };
        match request.header(TOKEN_FIELD) {
            Some(_) if refuse => false,
            Some(token) => self.is_valid(token),
            None => tokens != Tokens::Required,
        }
    }

    fn issue(&self, request: &Request) -> Response {
        match self.tokens {
            Some(Tokens::Absent) => return Response::error(404),
            Some(Tokens::Forbidden) => return Response::error(403),
            _ => {}
        }
        if request.method != "PUT" {
            return Response::error(405);
        }
        if request.header("x-forwarded-for").is_some() {
            return Response::error(403);
        }
        let ttl = request.header(TTL_FIELD).and_then(|ttl| ttl.parse::<u64>().ok());
        let Some(ttl) = ttl.filter(|ttl| (1..=LONGEST).contains(ttl)) else { return Response::error(400) };
        let number = self.issued.fetch_add(1, Ordering::SeqCst);
        let mut response = Response::new(200, format!("fake-{number}-{}-{ttl}", now()));
        response.headers.push(("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl.to_string()));
        response
    }

    fn is_valid(&self, token: &str) -> bool {
        let mut words = token.split('-');
        if words.next() != Some("fake") {
            return false;
        }
        let mut numbers = words.map_while(|word| word.parse::<u64>().ok());
        let (Some(number), Some(time), Some(ttl), None) =
            (numbers.next(), numbers.next(), numbers.next(), numbers.next())
        else {
            return false;
        };
        number >= self.expired.load(Ordering::SeqCst) && now() < time.saturating_add(ttl.saturating_mul(1000))
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ec2;

    fn site(tokens: Tokens) -> Site {
        let mut root = Node::directory();
        Ec2::example().add_to(&mut root);
        Site::new(root, Some(tokens))
    }

    fn request(method: &str, path: &str, header: Option<(&str, &str)>) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: header.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: Vec::new(),
            keep_alive: true,
        }
    }

    fn token(site: &Site, ttl: &str) -> Response {
        site.answer(&request("PUT", TOKEN_PATH, Some((TTL_FIELD, ttl))), &[])
    }

    #[test]
    fn a_token_opens_the_tree() {
        let site = site(Tokens::Required);
        let path = "/latest/meta-data/instance-id";
        assert_eq!(site.answer(&request("GET", path, None), &[]).status, 401);
        let token = String::from_utf8(token(&site, "60").body).expect("text");
        let with = request("GET", path, Some((TOKEN_FIELD, &token)));
        assert_eq!(site.answer(&with, &[]), {
            let mut expected = Response::new(200, "i-0a1b2c3d4e5f60718");
            expected.headers.push(("Content-Type", "text/plain".to_owned()));
            expected
        });
        assert_eq!(site.answer(&with, &[Kind::WrongToken]).status, 401);
        assert_eq!(site.answer(&with, &[]).status, 200);
        assert_eq!(site.answer(&with, &[Kind::ExpireToken]).status, 401);
        assert_eq!(site.answer(&with, &[]).status, 401);
    }

    #[test]
    fn stand_on_tokens() {
        for (tokens, put, bare) in [
            (Tokens::Required, 200, 401),
            (Tokens::Optional, 200, 200),
            (Tokens::Absent, 404, 200),
            (Tokens::Forbidden, 403, 200),
        ] {
            let site = site(tokens);
            assert_eq!(token(&site, "21600").status, put, "{tokens:?}");
            assert_eq!(
                site.answer(&request("GET", "/latest/meta-data/", None), &[]).status,
                bare,
                "{tokens:?}"
            );
        }
    }

    #[test]
    fn refuses_bad_lives_and_tokens() {
        let site = site(Tokens::Required);
        for ttl in ["0", "21601", "soon"] {
            assert_eq!(token(&site, ttl).status, 400, "{ttl}");
        }
        for bad in ["", "fake-1", "fake-1-0-60", "fake-1-2-3-4", "real-1-99999999999999-60"] {
            let answer = site.answer(&request("GET", "/latest/", Some((TOKEN_FIELD, bad))), &[]);
            assert_eq!(answer.status, 401, "{bad}");
        }
    }
}
