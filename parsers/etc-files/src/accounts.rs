//! passwd(5), group(5), shadow(5), gshadow(5), subuid(5) and subgid(5): records of fields separated by
//! colons.
//!
//! Lines that are not such records (comments, NIS entries `+::::::`, lines with missing fields) are kept but
//! ignored, as in shadow-utils. A number is kept as text if its field is empty.

use crate::Error;
use crate::document::Document;

/// A type of record.
pub trait Record: Sized {
    /// Parses the fields; `None` if they are not such a record.
    fn from_fields(fields: &[&str]) -> Option<Self>;
    /// The fields, in the order of the file.
    fn fields(&self) -> Vec<String>;
    /// The name of the record.
    fn name(&self) -> &str;
}

/// A file of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<R>(Document<R>);

/// `/etc/passwd`.
pub type Passwd = Table<User>;
/// `/etc/group`.
pub type Groups = Table<Group>;
/// `/etc/shadow`.
pub type Shadow = Table<ShadowUser>;
/// `/etc/gshadow`.
pub type GroupShadow = Table<ShadowGroup>;
/// `/etc/subuid` or `/etc/subgid`.
pub type SubordinateIds = Table<IdRange>;

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self(Document::default())
    }
}

impl<R: Record> Table<R> {
    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Self {
        Self(Document::parse(bytes, |line| {
            if line.starts_with(['#', '+', '-']) {
                return None;
            }
            R::from_fields(&line.split(':').collect::<Vec<_>>())
        }))
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        self.0.write()
    }

    /// The records in order.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &R> {
        self.0.records()
    }

    /// The first record with that name, which is the one in effect.
    pub fn get(&self, name: &str) -> Option<&R> {
        self.records().find(|record| record.name() == name)
    }

    /// All records with that name.
    pub fn all(&self, name: &str) -> Vec<&R> {
        self.records().filter(|record| record.name() == name).collect()
    }

    /// Adds a record at the end.
    pub fn add(&mut self, record: R) -> Result<(), Error> {
        self.0.push(&line(&record)?, Some(record));
        Ok(())
    }

    /// Replaces the first record with its name, or appends it.
    pub fn set(&mut self, record: R) -> Result<(), Error> {
        let text = line(&record)?;
        let same = |known: &R| known.name() == record.name();
        match self.0.lines.iter_mut().find(|line| line.record.as_ref().is_some_and(same)) {
            Some(line) => line.replace(&text, record),
            None => self.0.push(&text, Some(record)),
        }
        Ok(())
    }

    /// Removes all records with that name; returns their number.
    pub fn remove(&mut self, name: &str) -> usize {
        self.0.remove(|record| record.name() == name)
    }
}

fn line<R: Record>(record: &R) -> Result<String, Error> {
    let fields = record.fields();
    let refuse =
        |value: &str, what| Err(Error::Unwritable { field: "a field", value: value.to_owned(), what });
    for field in &fields {
        if field.contains([':', '\n', '\r', '\0']) {
            return refuse(field, "a colon, a line end or a NUL");
        }
    }
    if record.name().is_empty() || record.name().starts_with(['#', '+', '-']) {
        return refuse(record.name(), "no name");
    }
    Ok(fields.join(":"))
}

/// A user of passwd(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The login name.
    pub name: String,
    /// The password field; `x` if it is in shadow.
    pub password: String,
    /// The numeric user id.
    pub uid: u32,
    /// The numeric id of the primary group.
    pub gid: u32,
    /// The full name and such.
    pub gecos: String,
    /// The home directory.
    pub home: String,
    /// The shell; empty means `/bin/sh`.
    pub shell: String,
}

impl Record for User {
    fn from_fields(fields: &[&str]) -> Option<Self> {
        let [name, password, uid, gid, gecos, home, shell] = fields else { return None };
        Some(Self {
            name: named(name)?,
            password: (*password).to_owned(),
            uid: number(uid)?,
            gid: number(gid)?,
            gecos: (*gecos).to_owned(),
            home: (*home).to_owned(),
            shell: (*shell).to_owned(),
        })
    }

    fn fields(&self) -> Vec<String> {
        let (uid, gid) = (self.uid.to_string(), self.gid.to_string());
        [&self.name, &self.password, &uid, &gid, &self.gecos, &self.home, &self.shell]
            .map(Clone::clone)
            .to_vec()
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// A group of group(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The password's place.
    pub password: String,
    /// The numeric group id.
    pub gid: u32,
    /// The members by name.
    pub members: Vec<String>,
}

impl Record for Group {
    fn from_fields(fields: &[&str]) -> Option<Self> {
        let [name, password, gid, members] = fields else { return None };
        let (name, password) = (named(name)?, (*password).to_owned());
        Some(Self { name, password, gid: number(gid)?, members: list(members) })
    }

    fn fields(&self) -> Vec<String> {
        vec![self.name.clone(), self.password.clone(), self.gid.to_string(), self.members.join(",")]
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// A user of shadow(5). Days count from 1 January 1970; `None` means an empty field.
#[derive(Clone, PartialEq, Eq)]
pub struct ShadowUser {
    /// The login name.
    pub name: String,
    /// The password hash; locked if it starts with `!` or `*`.
    pub password: String,
    /// The day of the last change; 0 requires a change at the next login.
    pub last_change: Option<i64>,
    /// The minimum number of days between changes.
    pub min_days: Option<i64>,
    /// The number of days after which it must be changed.
    pub max_days: Option<i64>,
    /// The number of days of warning before that.
    pub warn_days: Option<i64>,
    /// The number of days after that during which it is still accepted.
    pub inactive_days: Option<i64>,
    /// The day on which the account expires.
    pub expires: Option<i64>,
    /// The reserved field.
    pub reserved: String,
}

impl std::fmt::Debug for ShadowUser {
    /// Omits the hash, which must not be logged.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShadowUser").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Record for ShadowUser {
    fn from_fields(fields: &[&str]) -> Option<Self> {
        let [name, password, last, min, max, warn, inactive, expires, reserved] = fields else { return None };
        Some(Self {
            name: named(name)?,
            password: (*password).to_owned(),
            last_change: optional(last)?,
            min_days: optional(min)?,
            max_days: optional(max)?,
            warn_days: optional(warn)?,
            inactive_days: optional(inactive)?,
            expires: optional(expires)?,
            reserved: (*reserved).to_owned(),
        })
    }

    fn fields(&self) -> Vec<String> {
        let days = [
            self.last_change,
            self.min_days,
            self.max_days,
            self.warn_days,
            self.inactive_days,
            self.expires,
        ];
        let mut fields = vec![self.name.clone(), self.password.clone()];
        fields.extend(days.map(|day| day.map(|day| day.to_string()).unwrap_or_default()));
        fields.push(self.reserved.clone());
        fields
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// A group of gshadow(5).
#[derive(Clone, PartialEq, Eq)]
pub struct ShadowGroup {
    /// The name.
    pub name: String,
    /// The hashed password.
    pub password: String,
    /// The administrators of the group.
    pub administrators: Vec<String>,
    /// The members.
    pub members: Vec<String>,
}

impl std::fmt::Debug for ShadowGroup {
    /// Omits the hash, which must not be logged.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShadowGroup").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Record for ShadowGroup {
    fn from_fields(fields: &[&str]) -> Option<Self> {
        let [name, password, administrators, members] = fields else { return None };
        let (name, password) = (named(name)?, (*password).to_owned());
        Some(Self { name, password, administrators: list(administrators), members: list(members) })
    }

    fn fields(&self) -> Vec<String> {
        vec![self.name.clone(), self.password.clone(), self.administrators.join(","), self.members.join(",")]
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// A range of subuid(5) or subgid(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdRange {
    /// The owner: a login name, or a numeric user ID.
    pub owner: String,
    /// The first subordinate id.
    pub start: u32,
    /// The number of IDs.
    pub count: u32,
}

impl Record for IdRange {
    fn from_fields(fields: &[&str]) -> Option<Self> {
        let [owner, start, count] = fields else { return None };
        Some(Self { owner: named(owner)?, start: number(start)?, count: number(count)? })
    }

    fn fields(&self) -> Vec<String> {
        vec![self.owner.clone(), self.start.to_string(), self.count.to_string()]
    }

    fn name(&self) -> &str {
        &self.owner
    }
}

fn named(field: &str) -> Option<String> {
    (!field.is_empty()).then(|| field.to_owned())
}

fn number(field: &str) -> Option<u32> {
    field.parse().ok()
}

/// An empty field, or a number; the outer `None` means anything else.
#[allow(clippy::option_option)] // three cases that only the caller's `?` tells apart
fn optional(field: &str) -> Option<Option<i64>> {
    if field.is_empty() { Some(None) } else { field.parse().ok().map(Some) }
}

fn list(field: &str) -> Vec<String> {
    field.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
