//! Parses strategies: `list(append)+dict(recurse_list)`, or lists of names with settings.

use model::{Node, Value};

use super::{DictMethod, Kind, ListMethod, MergeError, Merger, Recurse, Strategy};

/// The settings of a merger. Upstream uses Python's `in`: items of a list, keys of a mapping, substrings of a text.
enum Settings<'a> {
    Words(Vec<&'a str>),
    Text(&'a str),
}

impl Settings<'_> {
    fn has(&self, wanted: &str) -> bool {
        match self {
            Self::Words(words) => words.contains(&wanted),
            Self::Text(text) => text.contains(wanted),
        }
    }

    fn any(&self, wanted: &[&str]) -> bool {
        wanted.iter().any(|word| self.has(word))
    }
}

impl Strategy {
    /// Parses `name(options)+…`. An empty text is no strategy.
    pub fn parse(text: &str) -> Result<Self, MergeError> {
        let words = text.split('+').map(|word| word.trim().to_ascii_lowercase().replace('-', "_"));
        let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
        let mut read = Vec::new();
        for word in &words {
            let inside = word.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)));
            let inside = inside.filter(|(name, rest)| is_name(name) && !rest.contains('\n'));
            read.push(inside.ok_or_else(|| MergeError::Form(word.clone()))?);
        }
        // Like upstream, looks names up once all have the right form.
        let one = |(name, options): (&str, &str)| {
            let options = options.split(',').map(str::trim).filter(|option| !option.is_empty()).collect();
            merger(name, &Settings::Words(options))
        };
        Ok(Self { mergers: read.into_iter().map(one).collect::<Result<_, _>>()? })
    }

    /// Removes `merge_how`, or else `merge_type`, from a cloud-config.
    pub fn take_from(config: &mut Node) -> Result<Option<Self>, MergeError> {
        let Some(map) = config.as_map_mut() else { return Ok(None) };
        // Like upstream, keeps merge_type if merge_how is set.
        let found = map.shift_remove("merge_how").filter(|node| !node.is_null());
        let Some(found) = found.or_else(|| map.shift_remove("merge_type").filter(|node| !node.is_null()))
        else {
            return Ok(None);
        };
        if let Some(text) = found.as_str() {
            return Self::parse(text).map(Some);
        }
        let shape = |node: &Node| MergeError::Shape(node.origin.clone());
        let mut mergers = Vec::new();
        for item in found.as_list().ok_or_else(|| shape(&found))? {
            let (name, settings) = match (item.as_list(), item.as_map()) {
                (Some([name, settings @ ..]), _) => {
                    let name = name.as_str().ok_or_else(|| shape(name))?;
                    (name.to_owned(), Settings::Words(settings.iter().filter_map(Node::as_str).collect()))
                }
                (None, Some(map)) => {
                    let name = map.get("name").and_then(Node::as_str).ok_or_else(|| shape(item))?;
                    let name = name.replace('-', "_").trim().to_owned();
                    let given = map.get("settings").ok_or_else(|| shape(item))?;
                    // Those of an empty name are never looked at.
                    if name.is_empty() {
                        continue;
                    }
                    let settings =
                        settings(given).ok_or_else(|| MergeError::Settings(given.origin.clone()))?;
                    (name, settings)
                }
                _ => return Err(shape(item)),
            };
            if !name.is_empty() {
                mergers.push(merger(&name, &settings)?);
            }
        }
        Ok(Some(Self { mergers }))
    }
}

fn settings(node: &Node) -> Option<Settings<'_>> {
    match &node.value {
        Value::List(items) => Some(Settings::Words(items.iter().filter_map(Node::as_str).collect())),
        Value::Map(map) => Some(Settings::Words(map.keys().filter_map(model::Key::as_str).collect())),
        Value::Str(text) => Some(Settings::Text(text)),
        _ => None,
    }
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn merger(name: &str, options: &Settings<'_>) -> Result<Merger, MergeError> {
    let recurse = Recurse {
        dict: options.has("recurse_dict"),
        list: options.any(&["recurse_array", "recurse_list"]),
        text: options.has("recurse_str"),
    };
    let kind = match name.strip_prefix("m_").unwrap_or(name) {
        "dict" => Kind::Dict {
            method: if options.has("replace") { DictMethod::Replace } else { DictMethod::NoReplace },
            // Mappings are always merged recursively: upstream keeps that for compatibility.
            recurse: Recurse { dict: true, ..recurse },
            allow_delete: options.has("allow_delete"),
        },
        "list" => Kind::List {
            method: if options.has("append") {
                ListMethod::Append
            } else if options.has("prepend") {
                ListMethod::Prepend
            } else if options.has("no_replace") && !options.has("replace") {
                ListMethod::NoReplace
            } else {
                ListMethod::Replace
            },
            recurse,
        },
        "str" => Kind::Text { append: options.has("append") },
        other => return Err(MergeError::Unknown(other.to_owned())),
    };
    Ok(Merger { kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there")
    }

    fn parsed(text: &str) -> String {
        match Strategy::parse(text) {
            Ok(strategy) => format!("{:?}", strategy.mergers),
            Err(error) => error.to_string(),
        }
    }

    /// Upstream's `dict_extract_mergers` and `string_extract_mergers` (cloudinit/mergers/__init__.py): the pattern is
    /// `(^[a-zA-Z_][A-Za-z0-9_]*)\\((.*?)\\)$`.
    #[test]
    fn the_form_of_a_text() {
        for text in
            ["list(append)", "  LIST( append ) ", "list(append)+dict()", "m_list(append)", "+list(append)+"]
        {
            assert!(parsed(text).starts_with('['), "{text}: {}", parsed(text));
        }
        for text in
            ["list", "list(append", "2list(append)", "li.st(append)", "(append)", "list(append)x", "li st()"]
        {
            assert!(matches!(Strategy::parse(text), Err(MergeError::Form(_))), "{text}: {}", parsed(text));
        }
        for text in ["_list(append)", "li_st()", "l1st()"] {
            assert!(matches!(Strategy::parse(text), Err(MergeError::Unknown(_))), "{text}: {}", parsed(text));
        }
        assert_eq!(parsed(""), "[]");
    }

    #[test]
    fn options_of_each_type() {
        let same = |one: &str, other: &str| assert_eq!(parsed(one), parsed(other), "{one}");
        let other = |one: &str, other: &str| assert_ne!(parsed(one), parsed(other), "{one}");
        // The first of append, prepend, no_replace, replace counts; replace is the default.
        same("list()", "list(replace)");
        same("list(no_replace,replace)", "list(replace)");
        same("list(append,prepend)", "list(append)");
        same("list(prepend,no_replace)", "list(prepend)");
        other("list(append)", "list(prepend)");
        other("list(prepend)", "list(no_replace)");
        other("list(no_replace)", "list()");
        same("list(recurse_array)", "list(recurse_list)");
        for option in ["recurse_array", "recurse_dict", "recurse_str"] {
            other(&format!("list({option})"), "list()");
        }
        same("dict(recurse_dict)", "dict()");
        same("dict(no_replace)", "dict()");
        for option in ["replace", "recurse_list", "recurse_str", "allow_delete"] {
            other(&format!("dict({option})"), "dict()");
        }
        other("str(append)", "str()");
        same("str(replace)", "str()");
    }

    #[test]
    fn lists_of_mergers() {
        for (text, same) in [
            ("merge_how: list(append)", "list(append)"),
            ("merge_type: list(append)", "list(append)"),
            ("merge_how: list(append)\nmerge_type: dict(replace)", "list(append)"),
            ("merge_how: null\nmerge_type: str(append)", "str(append)"),
            ("merge_how: [[list, append], [dict, replace]]", "list(append)+dict(replace)"),
            ("merge_how: [{name: list, settings: [append]}]", "list(append)"),
            ("merge_how: [{name: ' m-list ', settings: {append: 1}}]", "list(append)"),
            // Python's `in` finds a part of a text.
            ("merge_how: [{name: list, settings: xappendx}]", "list(append)"),
            ("merge_how: [{name: '', settings: 7}]", ""),
            ("merge_how: [['', append]]", ""),
        ] {
            let mut config = node(text);
            let found = Strategy::take_from(&mut config).expect(text).expect(text);
            assert_eq!(format!("{:?}", found.mergers), parsed(same), "{text}");
            assert!(config.get("merge_how").is_none(), "{text}");
        }
        let mut both = node("merge_how: list(append)\nmerge_type: dict(replace)");
        let _ = Strategy::take_from(&mut both);
        assert!(both.get("merge_type").is_some(), "like upstream");
        for text in ["x: 1", "merge_how: null", "[1]"] {
            assert!(Strategy::take_from(&mut node(text)).expect(text).is_none(), "{text}");
        }
        for text in [
            "merge_how: 7",
            "merge_how: [7]",
            "merge_how: [[7, append]]",
            "merge_how: [{settings: [append]}]",
            "merge_how: [{name: list}]",
        ] {
            assert!(matches!(Strategy::take_from(&mut node(text)), Err(MergeError::Shape(_))), "{text}");
        }
        let wrong = Strategy::take_from(&mut node("merge_how: [{name: list, settings: 7}]"));
        assert!(matches!(wrong, Err(MergeError::Settings(_))));
    }
}
