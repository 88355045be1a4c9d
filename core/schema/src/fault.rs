//! What the validator finds, before it is put into words.

use serde_json::Value;

use crate::instance::{Instance, Step};
use crate::validate::Object;

/// What an annotation of a schema tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// `deprecated`.
    Deprecated,
    /// `changed`.
    Changed,
}

/// Why a value is not what a schema says.
#[derive(Clone)]
pub(crate) enum Cause<'s> {
    /// It is of none of these types.
    Type(Vec<&'s str>),
    /// It is none of these.
    Enum(&'s [Value]),
    /// The pattern does not occur in it.
    Pattern(&'s str),
    /// It has not this format.
    Format(&'s str),
    /// This key is missing.
    Required(&'s str),
    /// It has a key that is not known, which may be no text.
    Unknown { entry: usize, name: String, is_text: bool },
    /// It has a key that is no text, where the original can take text only.
    KeyNoText { entry: usize, name: String },
    /// It is too short a list.
    MinItems(usize),
    /// It is too long a list.
    MaxItems(usize),
    /// It has the same item twice.
    Twice { first: usize, second: usize },
    /// It has too few keys.
    MinProperties(usize),
    /// It is too small.
    Minimum(&'s Value),
    /// It is too large.
    Maximum(&'s Value),
    /// It is too short a text.
    MinLength(usize),
    /// It is too long a text.
    MaxLength(usize),
    /// It is what it must not be.
    Not(&'s Value),
    /// Nothing may stand here.
    Forbidden,
    /// Schema and document go too deep.
    TooDeep,
    /// It is none of several, of which the context tells.
    AnyOf,
    /// It is several things of which it may be one.
    Several(Vec<&'s Value>),
    /// It is none of several: a cause for each.
    Either(Vec<Cause<'s>>),
    /// An annotation of the schema.
    Note(Note),
}

/// One thing that the validator found.
#[derive(Clone)]
pub(crate) struct Fault<'s, 'd> {
    /// The way to the value.
    pub(crate) path: Vec<Step<'d>>,
    /// What is wrong.
    pub(crate) cause: Cause<'s>,
    /// The schema that says so.
    pub(crate) schema: &'s Object,
    /// The value.
    pub(crate) instance: Instance<'d>,
    /// For `anyOf`, what each branch found.
    pub(crate) context: Vec<Fault<'s, 'd>>,
}

impl<'s, 'd> Fault<'s, 'd> {
    /// Whether it makes a document invalid.
    pub(crate) fn is_error(&self) -> bool {
        !matches!(self.cause, Cause::Note(_))
    }

    /// Whether the value is of the type that the schema says.
    pub(crate) fn matches_type(&self) -> bool {
        match self.schema.get("type") {
            Some(Value::String(name)) => self.instance.is(name),
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).any(|name| self.instance.is(name))
            }
            _ => false,
        }
    }

    /// How many keys of the value are known to the schema that a fault at this depth is from.
    fn known_keys(&self, here: usize) -> usize {
        let (Some(map), Some(Value::Object(known))) = (self.instance.as_map(), self.schema.get("properties"))
        else {
            return 0;
        };
        if self.path.len() > here { 0 } else { known.keys().filter(|name| map.get(name).is_some()).count() }
    }

    /// Makes one of what the branches of `oneOf` say about the same place. A branch for a value of another type says
    /// nothing where there is one for values of this type. Every place that was told of stays told of.
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
        // Of several forms of a mapping the one that knows most of its keys was meant.
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

impl<'s> Cause<'s> {
    /// Whether it says what would do in the value's place.
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

    /// One or the other would do.
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
