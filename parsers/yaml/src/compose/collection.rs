//! Block and flow sequences and mappings.

use super::{Composer, Content, Context, Id, Read};
use crate::resolve::Tag;
use crate::token::TokenKind as Kind;
use crate::{Position, Span};

impl Composer<'_> {
    /// The node after an indicator, or an empty one if one of these tokens follows.
    fn node_unless(&mut self, absent: &[Kind], context: Context, at: Position) -> Read<Id> {
        if self.at(absent)? { self.empty(at) } else { self.node(context) }
    }

    /// Skips the token that starts a collection.
    fn opening(&mut self) -> Read<Span> {
        let token = self.scanner.next()?;
        Ok(Span { start: token.start, end: token.end })
    }

    pub(super) fn block_sequence(&mut self) -> Read<(Content, Position)> {
        let opening = self.opening()?.start;
        let mut items = Vec::new();
        while let Some(entry) = self.pass(&Kind::BlockEntry)? {
            let absent = [Kind::BlockEntry, Kind::BlockEnd];
            items.push(self.node_unless(&absent, Context::Block, entry.end)?);
        }
        match self.pass(&Kind::BlockEnd)? {
            Some(token) => Ok((Content::Seq(items), token.end)),
            None => Err(self.unexpected("'-' or the end of the sequence").within(opening)),
        }
    }

    /// A sequence with the indentation of its key.
    pub(super) fn indentless_sequence(&mut self) -> Read<(Content, Position)> {
        let mut items = Vec::new();
        while let Some(entry) = self.pass(&Kind::BlockEntry)? {
            let absent = [Kind::BlockEntry, Kind::Key, Kind::Value, Kind::BlockEnd];
            items.push(self.node_unless(&absent, Context::Block, entry.end)?);
        }
        Ok((Content::Seq(items), self.scanner.peek()?.start))
    }

    pub(super) fn block_mapping(&mut self) -> Read<(Content, Position)> {
        const ABSENT: &[Kind] = &[Kind::Key, Kind::Value, Kind::BlockEnd];
        let opening = self.opening()?.start;
        let mut entries = Vec::new();
        while let Some(key) = self.pass(&Kind::Key)? {
            let key = self.node_unless(ABSENT, Context::BlockOrIndentless, key.end)?;
            let value = match self.pass(&Kind::Value)? {
                Some(token) => self.node_unless(ABSENT, Context::BlockOrIndentless, token.end)?,
                None => {
                    let at = self.scanner.peek()?.start;
                    self.empty(at)?
                }
            };
            entries.push((key, value));
        }
        match self.pass(&Kind::BlockEnd)? {
            Some(token) => Ok((Content::Map(entries), token.end)),
            None => Err(self.unexpected("a key or the end of the mapping").within(opening)),
        }
    }

    pub(super) fn flow_sequence(&mut self) -> Read<(Content, Position)> {
        let opening = self.opening()?.start;
        let mut items = Vec::new();
        loop {
            if let Some(token) = self.pass(&Kind::FlowSequenceEnd)? {
                return Ok((Content::Seq(items), token.end));
            }
            if !items.is_empty() {
                if self.pass(&Kind::FlowEntry)?.is_none() {
                    return Err(self.unexpected("',' or ']'").within(opening));
                }
                if let Some(token) = self.pass(&Kind::FlowSequenceEnd)? {
                    return Ok((Content::Seq(items), token.end));
                }
            }
            let item = if self.at(&[Kind::Key])? { self.flow_pair()? } else { self.node(Context::Flow)? };
            items.push(item);
        }
    }

    /// A mapping with one entry, written without braces in a flow sequence.
    fn flow_pair(&mut self) -> Read<Id> {
        let token = self.opening()?;
        self.descend(token.start)?;
        let span = Span { start: token.start, end: token.start };
        let id = self.add(Tag::Map, Content::Map(Vec::new()), span)?;
        let absent = [Kind::Value, Kind::FlowEntry, Kind::FlowSequenceEnd];
        let key = self.node_unless(&absent, Context::Flow, token.end)?;
        let value = self.flow_value(&[Kind::FlowEntry, Kind::FlowSequenceEnd])?;
        self.nodes[id].content = Content::Map(vec![(key, value)]);
        self.nodes[id].span.end = self.scanner.peek()?.start;
        self.depth -= 1;
        Ok(id)
    }

    /// The value after a key in a flow collection; empty without a `:`, or with nothing after it.
    fn flow_value(&mut self, absent: &[Kind]) -> Read<Id> {
        match self.pass(&Kind::Value)? {
            Some(token) => self.node_unless(absent, Context::Flow, token.end),
            None => {
                let at = self.scanner.peek()?.start;
                self.empty(at)
            }
        }
    }

    pub(super) fn flow_mapping(&mut self) -> Read<(Content, Position)> {
        let opening = self.opening()?.start;
        let mut entries = Vec::new();
        loop {
            if let Some(token) = self.pass(&Kind::FlowMappingEnd)? {
                return Ok((Content::Map(entries), token.end));
            }
            if !entries.is_empty() {
                if self.pass(&Kind::FlowEntry)?.is_none() {
                    return Err(self.unexpected("',' or '}'").within(opening));
                }
                if let Some(token) = self.pass(&Kind::FlowMappingEnd)? {
                    return Ok((Content::Map(entries), token.end));
                }
            }
            let absent = [Kind::Value, Kind::FlowEntry, Kind::FlowMappingEnd];
            if let Some(token) = self.pass(&Kind::Key)? {
                let key = self.node_unless(&absent, Context::Flow, token.end)?;
                let value = self.flow_value(&absent[1..])?;
                entries.push((key, value));
            } else {
                let key = self.node(Context::Flow)?;
                let at = self.scanner.peek()?.start;
                entries.push((key, self.empty(at)?));
            }
        }
    }
}
