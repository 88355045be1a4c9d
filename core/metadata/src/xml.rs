//! XML documents of platforms: OVF environments and the answers of services.

use model::datasource::SourceError;
use roxmltree::ParsingOptions;
pub use roxmltree::{Document, Node};

/// A small text could otherwise take much memory.
const MOST_NODES: u32 = 40_000;

/// Parses a document; `place` is for errors. Document type definitions, which could expand entities without end, are
/// not accepted.
pub fn parse<'t>(place: &str, text: &'t str) -> Result<Document<'t>, SourceError> {
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        let at = error.pos();
        let reason = match error {
            roxmltree::Error::NodesLimitReached => format!("more than {MOST_NODES} elements and texts"),
            _ => "not a well-formed XML document".to_owned(),
        };
        SourceError::Broken { place: format!("{place}:{}:{}", at.row, at.col), reason }
    })
}

/// The first child element of this name in any namespace.
pub fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// All child elements of this name in any namespace.
pub fn children<'a, 'i, 'n>(node: Node<'a, 'i>, name: &'n str) -> impl Iterator<Item = Node<'a, 'i>> + 'n
where
    'a: 'n,
    'i: 'n,
{
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_their_local_names() {
        let document = parse("t", r#"<a xmlns:x="u"><x:b>1</x:b><b>2</b><c/></a>"#).expect("well-formed");
        let root = document.root_element();
        let texts: Vec<_> = children(root, "b").filter_map(|node| node.text()).collect();
        assert_eq!(texts, ["1", "2"]);
        assert!(child(root, "d").is_none());
    }

    #[test]
    fn a_mistake_has_a_place() {
        let error = parse("ovf-env.xml", "<a>\n<b></a>").expect_err("not closed").to_string();
        assert!(error.starts_with("ovf-env.xml:2:"), "{error}");
        let many = format!("<a>{}</a>", "<b/>".repeat(40_000));
        let error = parse("ovf-env.xml", &many).expect_err("too many").to_string();
        assert!(error.contains("more than 40000 elements and texts"), "{error}");
        assert!(parse("t", "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>").is_err(), "no definitions");
    }
}
