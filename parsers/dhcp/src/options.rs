//! Options, and the values of complex ones.

use std::net::Ipv4Addr;

use crate::Error;

const PAD: u8 = 0;
pub(crate) const END: u8 = 255;
/// The maximum length of a name in bytes (RFC 1035, 2.3.4), which also bounds compression.
const LONGEST_NAME: usize = 255;

/// Options by code, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(Vec<(u8, Vec<u8>)>);

impl Options {
    /// Reads options up to the end marker; parts of the same code are joined (RFC 3396).
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut rest = bytes;
        while let Some((&code, after)) = rest.split_first() {
            rest = after;
            match code {
                PAD => continue,
                END => break,
                _ => {}
            }
            let (&length, after) = rest.split_first().ok_or(Error::Option { code, length: 0 })?;
            if after.len() < usize::from(length) {
                return Err(Error::Option { code, length });
            }
            let (value, after) = after.split_at(usize::from(length));
            rest = after;
            match self.0.iter_mut().find(|(known, _)| *known == code) {
                Some((_, known)) => known.extend(value),
                None => self.0.push((code, value.to_vec())),
            }
        }
        Ok(())
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for (code, value) in &self.0 {
            let mut parts = value.chunks(255).peekable();
            if parts.peek().is_none() {
                out.extend([*code, 0]);
            }
            #[expect(clippy::cast_possible_truncation, reason = "a part has 255 bytes at most")]
            for part in parts {
                out.extend([*code, part.len() as u8]);
                out.extend(part);
            }
        }
    }

    /// An option's bytes.
    pub fn get(&self, code: u8) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == code).map(|(_, value)| value.as_slice())
    }

    /// Sets an option.
    pub fn set(&mut self, code: u8, value: &[u8]) {
        match self.0.iter_mut().find(|(known, _)| *known == code) {
            Some((_, known)) => *known = value.to_vec(),
            None => self.0.push((code, value.to_vec())),
        }
    }

    /// Every option, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.0.iter().map(|(code, value)| (*code, value.as_slice()))
    }

    /// The addresses of an option; empty if it is missing or its length is invalid.
    pub fn addresses(&self, code: u8) -> Vec<Ipv4Addr> {
        let value = self.get(code).filter(|value| value.len() % 4 == 0).unwrap_or_default();
        value.chunks_exact(4).map(|part| Ipv4Addr::new(part[0], part[1], part[2], part[3])).collect()
    }

    /// The first address of an option.
    pub fn address(&self, code: u8) -> Option<Ipv4Addr> {
        self.addresses(code).first().copied()
    }

    /// A 32-bit number, such as a time in seconds.
    pub fn number(&self, code: u8) -> Option<u32> {
        Some(u32::from_be_bytes(self.get(code)?.try_into().ok()?))
    }

    /// A 16-bit number, such as an MTU.
    pub fn short(&self, code: u8) -> Option<u16> {
        Some(u16::from_be_bytes(self.get(code)?.try_into().ok()?))
    }

    /// Text without a trailing zero byte.
    pub fn text(&self, code: u8) -> Option<String> {
        Some(String::from_utf8_lossy(self.get(code)?).trim_end_matches('\0').to_owned())
    }
}

/// A network, its prefix length, and the gateway.
pub type ClasslessRoute = (Ipv4Addr, u8, Ipv4Addr);

/// Classless routes (RFC 3442): networks with prefix lengths, and gateways, where 0.0.0.0 means on-link.
/// `None` if the data is invalid.
pub fn classless_routes(value: &[u8]) -> Option<Vec<ClasslessRoute>> {
    let mut rest = value;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (route, after) = classless_route(rest)?;
        found.push(route);
        rest = after;
    }
    Some(found)
}

/// The first classless route, and the remaining bytes; `None` if it is truncated.
pub fn classless_route(value: &[u8]) -> Option<(ClasslessRoute, &[u8])> {
    let (&prefix, after) = value.split_first()?;
    // The network has as many bytes as its prefix needs.
    let significant = usize::from(prefix).div_ceil(8);
    if prefix > 32 || after.len() < significant + 4 {
        return None;
    }
    let mut network = [0_u8; 4];
    network[..significant].copy_from_slice(&after[..significant]);
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
    let gateway = &after[significant..significant + 4];
    let route = (
        Ipv4Addr::from(u32::from_be_bytes(network) & mask),
        prefix,
        Ipv4Addr::new(gateway[0], gateway[1], gateway[2], gateway[3]),
    );
    Some((route, &after[significant + 4..]))
}

/// The domains of option 119 (RFC 3397), whose names are compressed like in DNS. `None` if the data is
/// invalid.
pub fn domains(value: &[u8]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < value.len() {
        let (name, next) = domain(value, at)?;
        found.push(name);
        at = next;
    }
    Some(found)
}

/// A name, and the position of the next one.
fn domain(value: &[u8], start: usize) -> Option<(String, usize)> {
    let (mut name, mut at, mut next) = (String::new(), start, None);
    loop {
        match *value.get(at)? {
            0 => return Some((name, next.unwrap_or(at + 1))),
            high if high & 0xc0 == 0xc0 => {
                let target = usize::from(high & 0x3f) << 8 | usize::from(*value.get(at + 1)?);
                next = next.or(Some(at + 2));
                // Pointers must go backwards, so that parsing terminates.
                if target >= at {
                    return None;
                }
                at = target;
            }
            length if length < 64 => {
                let label = value.get(at + 1..at + 1 + usize::from(length))?;
                if !label.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'.') {
                    return None;
                }
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(&String::from_utf8_lossy(label));
                if name.len() > LONGEST_NAME {
                    return None;
                }
                at += 1 + usize::from(length);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_3442() {
        // Its table of descriptors: 0, 10/8, 10.0.0/24, 10.17/16, 10.27.129/24, 10.229.0.128/25, 10.198.122.47/32.
        let gateway = [192, 0, 2, 1];
        let mut bytes = Vec::new();
        for descriptor in [
            &[0_u8][..],
            &[8, 10],
            &[24, 10, 0, 0],
            &[16, 10, 17],
            &[25, 10, 229, 0, 128],
            &[32, 10, 198, 122, 47],
        ] {
            bytes.extend(descriptor);
            bytes.extend(gateway);
        }
        let routes = classless_routes(&bytes).expect("whole");
        let shown: Vec<String> =
            routes.iter().map(|(network, prefix, _)| format!("{network}/{prefix}")).collect();
        assert_eq!(
            shown,
            ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/24", "10.17.0.0/16", "10.229.0.128/25", "10.198.122.47/32"]
        );
        assert_eq!(classless_routes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(classless_routes(&[33, 1, 1, 1, 1, 1, 1, 1, 1]), None);
    }

    #[test]
    fn the_example_of_rfc_3397() {
        // Its section 3: eng.apple.com., marketing.apple.com. with the second compressed.
        let mut bytes = b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04".to_vec();
        assert_eq!(domains(&bytes).expect("whole"), ["eng.apple.com", "marketing.apple.com"]);
        // A name that points to itself.
        bytes.extend([0xc0, 27]);
        assert_eq!(domains(&bytes), None);
    }
}
