//! XML documents of platforms: OVF environments and the answers of services.

use model::datasource::SourceError;
pub use roxmltree::{Document, Node};

/// Parses a document; `place` is for errors. Document type definitions, which could expand entities without end, are
/// not accepted.
pub fn parse<'t>(place: &str, text: &'t str) -> Result<Document<'t>, SourceError> {
    Document::parse(text).map_err(|error| {
        let at = error.pos();
        SourceError::Broken {
            place: format!("{place}:{}:{}", at.row, at.col),
            reason: "not a well-formed XML document".to_owned(),
        }
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
        assert!(parse("t", "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>").is_err(), "no definitions");
    }
}
