//! Composes tokens to a graph of tagged nodes.
//!
//! The grammar is YAML 1.1's, parsed by recursive descent; [`Limits`] bounds the recursion. Aliases stay
//! references here, so that the graph is never larger than the text.

use crate::error::{ErrorKind, Fault, excerpt};
use crate::resolve::{Tag, resolve};
use crate::scan::Scanner;
use crate::token::{Directive, Token, TokenKind};
use crate::{Limits, Position, Span};
use std::collections::HashMap;

mod collection;

/// A node of the graph, by its index.
pub(crate) type Id = usize;

/// The content of a node before its tag is applied.
#[derive(Debug)]
pub(crate) enum Content {
    Scalar(String),
    Seq(Vec<Id>),
    Map(Vec<(Id, Id)>),
}

/// A node of the graph.
#[derive(Debug)]
pub(crate) struct RawNode {
    pub(crate) tag: Tag,
    pub(crate) content: Content,
    pub(crate) span: Span,
}

/// A document before construction.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<RawNode>,
    pub(crate) root: Id,
}

/// An anchor: its node, and whether that node is still being read.
struct Anchored {
    id: Id,
    open: bool,
}

/// The properties before a node: its tag as written and its anchor.
#[derive(Default)]
struct Properties {
    anchor: Option<String>,
    tag: Option<WrittenTag>,
    /// Their start and end.
    span: Option<Span>,
}

/// A tag before a node.
enum WrittenTag {
    /// A lone `!`: the tag of a plain scalar with the same text.
    Unspecific,
    /// Any other tag, with its handle resolved.
    Named(String),
}

/// Whether block collections may start, and with `-` at the indentation of the parent key.
#[derive(Clone, Copy, PartialEq)]
enum Context {
    Flow,
    Block,
    BlockOrIndentless,
}

/// Reads the single document of a text; `None` if there is not even an empty one.
pub(crate) fn compose(text: &str, limits: &Limits) -> Result<Option<Graph>, Fault> {
    let mut composer = Composer {
        scanner: Scanner::new(text),
        limits: Limits { max_depth: limits.max_depth.min(Limits::DEEPEST), ..*limits },
        nodes: Vec::new(),
        anchors: HashMap::new(),
        handles: HashMap::new(),
        depth: 0,
    };
    let Some(root) = composer.document()? else { return Ok(None) };
    Ok(Some(Graph { nodes: composer.nodes, root }))
}

struct Composer<'a> {
    scanner: Scanner<'a>,
    limits: Limits,
    nodes: Vec<RawNode>,
    anchors: HashMap<String, Anchored>,
    handles: HashMap<String, String>,
    depth: usize,
}

type Read<T> = Result<T, Fault>;

impl Composer<'_> {
    fn at(&mut self, wanted: &[TokenKind]) -> Read<bool> {
        let next = &self.scanner.peek()?.kind;
        Ok(wanted.iter().any(|kind| std::mem::discriminant(kind) == std::mem::discriminant(next)))
    }

    /// Takes the next token if it is of this kind.
    fn take(&mut self, wanted: &TokenKind) -> Read<Option<Token>> {
        if std::mem::discriminant(&self.scanner.peek()?.kind) == std::mem::discriminant(wanted) {
            Ok(Some(self.scanner.next()?))
        } else {
            Ok(None)
        }
    }

    /// Takes the next token if it is of this kind, and returns its start and end.
    fn pass(&mut self, wanted: &TokenKind) -> Read<Option<Span>> {
        Ok(self.take(wanted)?.map(|Token { start, end, .. }| Span { start, end }))
    }

    fn unexpected(&mut self, what: &str) -> Fault {
        match self.scanner.peek() {
            Ok(token) => Fault::syntax(token.start, format!("expected {what}, found {}", token.kind.name())),
            Err(fault) => fault,
        }
    }

    fn document(&mut self) -> Read<Option<Id>> {
        self.handles = [("!", "!"), ("!!", "tag:yaml.org,2002:")]
            .map(|(handle, prefix)| (handle.to_owned(), prefix.to_owned()))
            .into();
        let root = match self.scanner.peek()?.kind {
            TokenKind::StreamEnd => return Ok(None),
            TokenKind::Directive(_) | TokenKind::DocumentStart => {
                self.document_start()?;
                match self.scanner.peek()? {
                    Token {
                        kind:
                            TokenKind::Directive(_)
                            | TokenKind::DocumentStart
                            | TokenKind::DocumentEnd
                            | TokenKind::StreamEnd,
                        start,
                        ..
                    } => {
                        let start = *start;
                        self.empty(start)?
                    }
                    _ => self.node(Context::Block)?,
                }
            }
            _ => self.node(Context::Block)?,
        };
        while self.take(&TokenKind::DocumentEnd)?.is_some() {}
        if self.scanner.peek()?.kind != TokenKind::StreamEnd {
            let at = self.scanner.peek()?.start;
            self.document_start()?;
            let fault = Fault::at(at, ErrorKind::SecondDocument);
            return Err(fault.within(self.nodes[root].span.start));
        }
        Ok(Some(root))
    }

    /// Reads directives and the `---` after them.
    fn document_start(&mut self) -> Read<()> {
        let mut versioned = false;
        let mut own: HashMap<String, String> = HashMap::new();
        while matches!(self.scanner.peek()?.kind, TokenKind::Directive(_)) {
            let token = self.scanner.next()?;
            match token.kind {
                TokenKind::Directive(Directive::Yaml { .. }) if versioned => {
                    return Err(Fault::syntax(token.start, "duplicate %YAML directive"));
                }
                TokenKind::Directive(Directive::Yaml { supported }) => {
                    if !supported {
                        return Err(Fault::syntax(token.start, "only YAML 1 is supported"));
                    }
                    versioned = true;
                }
                TokenKind::Directive(Directive::Tag { handle, prefix }) => {
                    if own.contains_key(&handle) {
                        let what = format!("duplicate %TAG directive for '{}'", excerpt(&handle));
                        return Err(Fault::syntax(token.start, what));
                    }
                    own.insert(handle, prefix);
                }
                _ => {}
            }
        }
        self.handles.extend(own);
        match self.take(&TokenKind::DocumentStart)? {
            Some(_) => Ok(()),
            None => Err(self.unexpected("'---' at the start of a document")),
        }
    }

    fn add(&mut self, tag: Tag, content: Content, span: Span) -> Read<Id> {
        if self.nodes.len() >= self.limits.max_nodes {
            let kind = ErrorKind::Limit { what: "too many values", limit: self.limits.max_nodes };
            return Err(Fault::at(span.start, kind));
        }
        self.nodes.push(RawNode { tag, content, span });
        Ok(self.nodes.len() - 1)
    }

    /// An empty node.
    fn empty(&mut self, at: Position) -> Read<Id> {
        self.add(Tag::Null, Content::Scalar(String::new()), Span { start: at, end: at })
    }

    fn alias(&mut self, name: String, at: Position) -> Read<Id> {
        match self.anchors.get(&name) {
            None => Err(Fault::at(at, ErrorKind::UndefinedAlias(excerpt(&name)))),
            Some(Anchored { open: true, id }) => {
                let context = self.nodes[*id].span.start;
                Err(Fault::at(at, ErrorKind::RecursiveAlias(excerpt(&name))).within(context))
            }
            Some(Anchored { id, .. }) => Ok(*id),
        }
    }

    /// Reads the tag and the anchor of a node, in either order.
    fn properties(&mut self) -> Read<Properties> {
        let mut found = Properties::default();
        let mut written = None;
        for _ in 0..2 {
            match self.scanner.peek()?.kind {
                TokenKind::Anchor(_) if found.anchor.is_none() => {}
                TokenKind::Tag { .. } if written.is_none() => {}
                _ => break,
            }
            let token = self.scanner.next()?;
            let start = found.span.map_or(token.start, |span| span.start);
            found.span = Some(Span { start, end: token.end });
            match token.kind {
                TokenKind::Anchor(name) => found.anchor = Some(name),
                TokenKind::Tag { handle, suffix } => written = Some((handle, suffix, token.start)),
                _ => {}
            }
        }
        if let Some((handle, suffix, at)) = written {
            let uri = match handle {
                None => suffix,
                Some(handle) => match self.handles.get(&handle) {
                    Some(prefix) => format!("{prefix}{suffix}"),
                    None => {
                        let what = format!("the tag handle '{}' is not declared by a %TAG", excerpt(&handle));
                        let start = found.span.map_or(at, |span| span.start);
                        return Err(Fault::syntax(at, what).within(start));
                    }
                },
            };
            found.tag = Some(if uri == "!" { WrittenTag::Unspecific } else { WrittenTag::Named(uri) });
        }
        Ok(found)
    }

    fn node(&mut self, context: Context) -> Read<Id> {
        match self.leaf(context)? {
            Ok(id) => Ok(id),
            Err(properties) => self.collection(*properties),
        }
    }

    /// An alias or a scalar; without either, the properties of a collection that follows.
    fn leaf(&mut self, context: Context) -> Read<Result<Id, Box<Properties>>> {
        if let Some(Token { kind: TokenKind::Alias(name), start, .. }) =
            self.take(&TokenKind::Alias(String::new()))?
        {
            return self.alias(name, start).map(Ok);
        }
        let properties = self.properties()?;
        let collection = match self.scanner.peek()?.kind {
            TokenKind::BlockEntry => context == Context::BlockOrIndentless,
            TokenKind::FlowSequenceStart | TokenKind::FlowMappingStart => true,
            TokenKind::BlockSequenceStart | TokenKind::BlockMappingStart => context != Context::Flow,
            _ => false,
        };
        if collection { Ok(Err(Box::new(properties))) } else { self.scalar(properties).map(Ok) }
    }

    /// Registers a node's anchor.
    fn define(&mut self, anchor: Option<String>, id: Id, open: bool) -> Read<()> {
        let Some(name) = anchor else { return Ok(()) };
        if let Some(first) = self.anchors.get(&name) {
            let context = self.nodes[first.id].span.start;
            let kind = ErrorKind::DuplicateAnchor(excerpt(&name));
            return Err(Fault::at(self.nodes[id].span.start, kind).within(context));
        }
        self.anchors.insert(name, Anchored { id, open });
        Ok(())
    }

    fn scalar(&mut self, properties: Properties) -> Read<Id> {
        let Properties { anchor, tag, span } = properties;
        let scalar = self.take(&TokenKind::Scalar { text: String::new(), plain: true })?;
        let id = match (scalar, span) {
            (Some(Token { kind: TokenKind::Scalar { text, plain }, start, end }), _) => {
                let tag = match tag {
                    None if !plain => Tag::Str,
                    None | Some(WrittenTag::Unspecific) => resolve(&text),
                    Some(WrittenTag::Named(uri)) => Tag::from_uri(uri),
                };
                let start = span.map_or(start, |span| span.start);
                self.add(tag, Content::Scalar(text), Span { start, end })?
            }
            (_, Some(span)) => {
                let tag = match tag {
                    Some(WrittenTag::Named(uri)) => Tag::from_uri(uri),
                    _ => Tag::Null,
                };
                self.add(tag, Content::Scalar(String::new()), span)?
            }
            _ => {
                let start = self.scanner.peek()?.start;
                return Err(self.unexpected("a value").within(start));
            }
        };
        self.define(anchor, id, false)?;
        Ok(id)
    }

    fn collection(&mut self, properties: Properties) -> Read<Id> {
        let (id, anchor) = self.open_collection(properties)?;
        let (content, end) = match self.scanner.peek()?.kind {
            TokenKind::FlowSequenceStart => self.flow_sequence(),
            TokenKind::FlowMappingStart => self.flow_mapping(),
            TokenKind::BlockSequenceStart => self.block_sequence(),
            TokenKind::BlockMappingStart => self.block_mapping(),
            _ => self.indentless_sequence(),
        }?;
        self.nodes[id].content = content;
        self.nodes[id].span.end = end;
        if let Some(anchored) = anchor.and_then(|name| self.anchors.get_mut(&name)) {
            anchored.open = false;
        }
        self.depth -= 1;
        Ok(id)
    }

    /// A collection without content yet, and its ID for closing it.
    fn open_collection(&mut self, properties: Properties) -> Read<(Id, Option<String>)> {
        let Properties { anchor, tag, span } = properties;
        let first = self.scanner.peek()?.start;
        let start = span.map_or(first, |span| span.start);
        self.descend(first)?;
        let is_map = self.at(&[TokenKind::FlowMappingStart, TokenKind::BlockMappingStart])?;
        let tag = match tag {
            Some(WrittenTag::Named(uri)) => Tag::from_uri(uri),
            _ if is_map => Tag::Map,
            _ => Tag::Seq,
        };
        let id = self.add(tag, Content::Seq(Vec::new()), Span { start, end: start })?;
        self.define(anchor.clone(), id, true)?;
        Ok((id, anchor))
    }

    fn descend(&mut self, at: Position) -> Read<()> {
        self.depth += 1;
        if self.depth > self.limits.max_depth {
            let what = "collections are nested too deeply";
            return Err(Fault::at(at, ErrorKind::Limit { what, limit: self.limits.max_depth }));
        }
        Ok(())
    }
}
