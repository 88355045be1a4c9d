//! Header fields in order, with case-insensitive names.

use crate::Error;

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The name as written.
    pub name: String,
    /// The value as written: without white space after the colon, including the line ends of its folding.
    pub value: Vec<u8>,
}

/// The headers of a message, in order, including duplicates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// The first value of that name, as bytes.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.as_slice())
    }

    /// The first value with that name as text; invalid UTF-8 becomes U+FFFD.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Whether a header of that name exists.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All headers in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// Appends a header, even if one with that name exists.
    pub fn push(&mut self, name: &str, value: &str) -> Result<(), Error> {
        self.0.push(checked(name, value)?);
        Ok(())
    }

    /// Replaces all headers with that name, moving it to the end, like `del msg[k]; msg[k] = v`.
    pub fn replace(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let header = checked(name, value)?;
        self.remove(name);
        self.0.push(header);
        Ok(())
    }

    /// Removes all headers with that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|h| !h.name.eq_ignore_ascii_case(name));
    }

    pub(crate) fn push_raw(&mut self, name: &[u8], value: Vec<u8>) {
        self.0.push(Header { name: String::from_utf8_lossy(name).into_owned(), value });
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// RFC 5322, 3.6.8: a field name is printable ASCII without the colon.
pub(crate) fn is_field_name_byte(byte: u8) -> bool {
    matches!(byte, 33..=57 | 59..=126)
}

fn checked(name: &str, value: &str) -> Result<Header, Error> {
    let refuse = |why| Err(Error::UnwritableHeader { name: name.to_owned(), why });
    if name.is_empty() || !name.bytes().all(is_field_name_byte) {
        return refuse("a name must be printable ASCII without white space and colons");
    }
    let mut rest = value;
    while let Some(at) = rest.find(['\r', '\n']) {
        let after = rest[at..].strip_prefix("\r\n").unwrap_or(&rest[at + 1..]);
        if !after.starts_with([' ', '\t']) {
            return refuse("a line end inside a value must be followed by white space");
        }
        rest = after;
    }
    Ok(Header { name: name.to_owned(), value: value.as_bytes().to_vec() })
}
