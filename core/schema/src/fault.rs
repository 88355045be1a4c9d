//! Results of the validator, before they are turned into messages.

use serde_json::Value;

use crate::instance::{Instance, Step};
use crate::validate::Object;

/// An annotation of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// `deprecated`.
    Deprecated,
    /// `changed`.
    Changed,
}

/// Why a value does not match a schema.
#[derive(Clone)]
pub(crate) enum Cause<'s> {
    /// Its type is none of these.
    Type(Vec<&'s str>),
    /// It equals none of these.
    Enum(&'s [Value]),
    /// The pattern does not match.
    Pattern(&'s str),
    /// It does not have this format.
    Format(&'s str),
    /// This key is missing.
    Required(&'s str),
    /// It has an unknown key, which may be of any type.
    Unknown { entry: usize, name: String, is_text: bool },
    /// It has a key that is not a string, where upstream accepts strings only.
    KeyNoText { entry: usize, name: String },
    /// The list is too short.
    MinItems(usize),
    /// The list is too long.
    MaxItems(usize),
    /// Two items are equal.
    Twice { first: usize, second: usize },
    /// It has too few keys.
    MinProperties(usize),
    /// The number is too small.
    Minimum(&'s Value),
    /// The number is too large.
    Maximum(&'s Value),
    /// The text is too short.
    MinLength(usize),
    /// The text is too long.
    MaxLength(usize),
    /// It matches a schema that it must not match.
    Not(&'s Value),
    /// No value is allowed.
    Forbidden,
    /// Schema and document are nested too deeply.
    TooDeep,
    /// It matches no branch of `anyOf`; see the context.
    AnyOf,
    /// It matches several branches of `oneOf`.
    Several(Vec<&'s Value>),
    /// It matches no branch: a cause for each.
    Either(Vec<Cause<'s>>),
    /// An annotation of the schema.
    Note(Note),
}

/// A result of the validator.
#[derive(Clone)]
pub(crate) struct Fault<'s, 'd> {
    /// The path of the value.
    pub(crate) path: Vec<Step<'d>>,
    /// The cause.
    pub(crate) cause: Cause<'s>,
    /// The schema that does not match.
    pub(crate) schema: &'s Object,
    /// The value.
    pub(crate) instance: Instance<'d>,
    /// For `anyOf`, the results of each branch.
    pub(crate) context: Vec<Fault<'s, 'd>>,
}

impl Fault<'_, '_> {
    /// Whether it makes the document invalid.
    pub(crate) fn is_error(&self) -> bool {
        !matches!(self.cause, Cause::Note(_))
    }

    /// Whether the value's type matches the schema.
    pub(crate) fn matches_type(&self) -> bool {
        match self.schema.get("type") {
            Some(Value::String(name)) => self.instance.is(name),
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).any(|name| self.instance.is(name))
            }
            _ => false,
        }
    }

    /// How many keys of the value the schema knows, for a fault at this depth.
    fn known_keys(&self, here: usize) -> usize {
        let (Some(map), Some(Value::Object(known))) = (self.instance.as_map(), self.schema.get("properties"))
        else {
            return 0;
        };
        if self.path.len() > here { 0 } else { known.keys().filter(|name| map.get(name).is_some()).count() }
    }

    /// Combines the results of `oneOf` branches about the same value. Branches for other types are dropped if one is
    /// for the value's type. All reported places are kept.
    pub(crate) fn joined(branches: Vec<Vec<Self>>, here: usize) -> Vec<Self> {
        let of_type = |fault: &Self| fault.path.len() == here && matches!(fault.cause, Cause::Type(_));
        let mut branches: Vec<Vec<Self>> = branches.into_iter().filter(|branch| !branch.is_empty()).collect();
        if branches.iter().any(|branch| !branch.iter().any(of_type)) {
            branches.retain(|branch| !branch.iter().any(of_type));
        } else {
            for branch in &mut branches {
                branch.retain(of_type);
                branch.truncate(1);
            }
        }
        // Of several forms of a mapping, the one that knows most of its keys was intended.
        let known = |branch: &Vec<Self>| branch.iter().map(|fault| fault.known_keys(here)).max().unwrap_or(0);
        let most = branches.iter().map(known).max().unwrap_or(0);
        if most > 0 {
            branches
                .retain(|branch| known(branch) == most || branch.iter().any(|fault| fault.path.len() > here));
        }
        let same_place = branches
            .iter()
            .flatten()
            .all(|fault| fault.path == branches[0][0].path && fault.cause.is_expectation());
        if branches.len() < 2 || !same_place || branches.iter().any(|branch| branch.len() != 1) {
            return branches.into_iter().flatten().collect();
        }
        let mut all = branches.into_iter().flatten();
        let Some(mut first) = all.next() else { return Vec::new() };
        first.cause = all.fold(first.cause, |before, next| before.or(next.cause));
        vec![first]
    }
}

impl Cause<'_> {
    /// Whether it describes what would be valid instead.
    fn is_expectation(&self) -> bool {
        matches!(
            self,
            Self::Type(_)
                | Self::Enum(_)
                | Self::Pattern(_)
                | Self::Format(_)
                | Self::Required(_)
                | Self::MinItems(_)
                | Self::MaxItems(_)
                | Self::MinProperties(_)
                | Self::Minimum(_)
                | Self::Maximum(_)
                | Self::Either(_)
        )
    }

    /// Combines two causes: either would be valid.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Type(mut one), Self::Type(other)) => {
                for name in other {
                    if !one.contains(&name) {
                        one.push(name);
                    }
                }
                Self::Type(one)
            }
            (Self::Either(mut one), Self::Either(other)) => {
                one.extend(other);
                Self::Either(one)
            }
            (Self::Either(mut one), other) => {
                one.push(other);
                Self::Either(one)
            }
            (one, Self::Either(mut other)) => {
                other.insert(0, one);
                Self::Either(other)
            }
            (one, other) => Self::Either(vec![one, other]),
        }
    }
}
