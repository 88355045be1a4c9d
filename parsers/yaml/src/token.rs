//! The tokens of a text.

use crate::Position;

/// A token and its place.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: Position,
    pub(crate) end: Position,
}

/// The kinds of token. Those of block collections are derived from indentation and have no characters.
#[derive(Debug, PartialEq)]
pub(crate) enum TokenKind {
    StreamEnd,
    Directive(Directive),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag { handle: Option<String>, suffix: String },
    Scalar { text: String, plain: bool },
}

/// The content of a `%` line.
#[derive(Debug, PartialEq)]
pub(crate) enum Directive {
    /// `%YAML 1.x`; whether the major version is 1.
    Yaml { supported: bool },
    /// `%TAG handle prefix`.
    Tag { handle: String, prefix: String },
    /// Any other, which YAML says to ignore.
    Reserved,
}

impl TokenKind {
    /// The token's name in messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            TokenKind::StreamEnd => "the end of the file",
            TokenKind::Directive(_) => "a directive",
            TokenKind::DocumentStart => "'---'",
            TokenKind::DocumentEnd => "'...'",
            TokenKind::BlockSequenceStart => "the start of a sequence",
            TokenKind::BlockMappingStart => "the start of a mapping",
            TokenKind::BlockEnd => "a smaller indentation",
            TokenKind::FlowSequenceStart => "'['",
            TokenKind::FlowSequenceEnd => "']'",
            TokenKind::FlowMappingStart => "'{'",
            TokenKind::FlowMappingEnd => "'}'",
            TokenKind::BlockEntry => "'-'",
            TokenKind::FlowEntry => "','",
            TokenKind::Key => "a key",
            TokenKind::Value => "':'",
            TokenKind::Alias(_) => "an alias",
            TokenKind::Anchor(_) => "an anchor",
            TokenKind::Tag { .. } => "a tag",
            TokenKind::Scalar { .. } => "a value",
        }
    }
}
