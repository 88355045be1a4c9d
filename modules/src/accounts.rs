//! `users`, `user` and `groups` in all their forms, normalized: which users to create, and which one is the default
//! user.

mod tree;
pub(crate) mod valid;

use indexmap::IndexMap;
use model::Order as _;
use model::module::Report;
use model::user::UserSpec;
use model::{Context, Map, ModuleError, Node, Origin, Value, config};

use tree::{merged, preferring_underscores, text_node, unique_words, with_underscores};

/// A configured user. There is no `Debug`: the value may be a password.
#[cfg_attr(not(feature = "users_groups"), allow(dead_code, reason = "only that module makes what is read"))]
pub(crate) struct User {
    /// The requested account.
    pub(crate) spec: UserSpec,
    /// The place where it was written.
    pub(crate) origin: Origin,
    /// Whether this is the entry `default` of `users`.
    pub(crate) default: bool,
    /// The keys that were set, including null ones.
    pub(crate) written: Map,
}

/// All configured users and groups.
#[cfg_attr(not(feature = "users_groups"), allow(dead_code, reason = "only that module makes what is read"))]
pub(crate) struct Accounts {
    /// In the order of their creation: the default user comes last.
    pub(crate) users: Vec<User>,
    /// Groups and their members, sorted.
    pub(crate) groups: Vec<(String, Vec<String>)>,
}

impl Accounts {
    /// Reads them from the complete configuration; anomalies are added to the report.
    pub(crate) fn read(context: &Context<'_>, report: &mut Report) -> Result<Self, ModuleError> {
        let config = context.config;
        let groups = config.get("groups").map(groups).transpose()?.unwrap_or_default();
        let old_user = old_user(config, report).map(|user| preferring_underscores(&user));
        let distro = preferring_underscores(&distro_default(context));
        let mut default = merged(&[&old_user.clone().unwrap_or_default(), &distro]);
        if !old_user.as_ref().is_some_and(|user| user.contains_key("doas")) {
            rename_rules(&mut default, &distro);
        }
        let (mut users, mut origins) = (IndexMap::new(), IndexMap::new());
        collect(config.get("users"), old_user.is_some(), report, &mut users, &mut origins)?;
        let mut users: IndexMap<String, Map> =
            users.into_iter().map(|(name, map): (String, Map)| (name, with_underscores(&map))).collect();
        let default_name = match users.shift_remove("default") {
            Some(asked) if !default.is_empty() => {
                let origin = origins.get("default").cloned().unwrap_or_else(Origin::built_in);
                Some(add_default(&mut users, &asked, &mut default, &origin)?)
            }
            _ => None,
        };
        let users = users
            .into_iter()
            .map(|(name, map)| {
                let default = Some(&name) == default_name.as_ref();
                let origin = origins.get(if default { "default" } else { &name }).cloned();
                typed(name, map, origin.unwrap_or_else(Origin::built_in), default, report)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { users, groups })
    }

    /// The default user's name.
    pub(crate) fn default_name(&self) -> Option<&str> {
        self.users.iter().find(|user| user.default).map(|user| user.spec.name.as_str())
    }
}

fn invalid(node: &Node, message: impl Into<String>) -> ModuleError {
    ModuleError::Invalid { origin: node.origin.clone(), message: message.into() }
}

/// `groups`: a comma-separated string, a mapping of groups to members, or a list of names and mappings.
fn groups(node: &Node) -> Result<Vec<(String, Vec<String>)>, ModuleError> {
    let mut found: IndexMap<String, Vec<&Node>> = IndexMap::new();
    let mut names = Vec::new();
    match &node.value {
        Value::Str(text) => {
            names.extend(text.trim().split(',').filter(|name| !name.is_empty()).map(str::to_owned));
        }
        Value::Map(map) => found.extend(map.iter().map(|(name, members)| (name.to_string(), vec![members]))),
        Value::List(items) => {
            for item in items {
                match &item.value {
                    Value::Str(name) => _ = found.entry(name.clone()).or_default(),
                    Value::Map(map) => {
                        for (name, members) in map {
                            if !matches!(members.value, Value::List(_) | Value::Str(_)) {
                                let kind = members.value.kind();
                                return Err(invalid(
                                    members,
                                    format!("group members must be a list of names, found {kind}"),
                                ));
                            }
                            found.entry(name.to_string()).or_default().push(members);
                        }
                    }
                    other => {
                        return Err(invalid(
                            item,
                            format!("a group must be a name or a mapping, found {}", other.kind()),
                        ));
                    }
                }
            }
        }
        other => {
            return Err(invalid(
                node,
                format!("groups must be a list, a mapping or a string, found {}", other.kind()),
            ));
        }
    }
    found.extend(names.into_iter().map(|name| (name, Vec::new())));
    Ok(found
        .into_iter()
        .map(|(name, members)| {
            let mut members = unique_words(&members);
            members.order();
            (name, members)
        })
        .collect())
}

/// `user`, the deprecated way to describe the default user.
fn old_user(config: &Node, report: &mut Report) -> Option<Map> {
    let node = config.get("user").filter(|node| node.is_truthy())?;
    match &node.value {
        Value::Str(name) => {
            report.deprecate(
                Some(&node.origin),
                "'user' of type string is deprecated since 22.2: use 'users' instead",
            );
            Some(Map::from([("name".into(), text_node(name, &node.origin))]))
        }
        Value::Map(map) => Some(map.clone()),
        other => {
            report.warn(
                Some(&node.origin),
                format!("ignoring 'user': expected a name or a mapping, found {}", other.kind()),
            );
            None
        }
    }
}

/// The distribution's description of its default user.
fn distro_default(context: &Context<'_>) -> Map {
    if let Some(map) = context.config.at(&["system_info", "default_user"]).and_then(Node::as_map) {
        return map.clone();
    }
    let Some(spec) = &context.distro.info().default_user else { return Map::new() };
    let origin = Origin::built_in();
    let mut map = Map::from([("name".into(), text_node(&spec.name, &origin))]);
    for (key, value) in [
        ("gecos", &spec.gecos),
        ("shell", &spec.shell),
        ("homedir", &spec.homedir),
        ("primary_group", &spec.primary_group),
    ] {
        if let Some(text) = value {
            map.insert(key.into(), text_node(text, &origin));
        }
    }
    for (key, value) in [("groups", &spec.groups), ("sudo", &spec.sudo), ("uid", &spec.uid)] {
        if let Some(node) = value {
            map.insert(key.into(), node.clone());
        }
    }
    if let Some(rules) = &spec.doas {
        let rules = rules.iter().map(|rule| text_node(rule, &origin)).collect();
        map.insert("doas".into(), Node::new(Value::List(rules), origin.clone()));
    }
    if let Some(lock) = spec.lock_passwd {
        map.insert("lock_passwd".into(), Node::new(Value::Bool(lock), origin));
    }
    map
}

/// The distribution's rules of doas contain the name of its default user, which user-data may change.
fn rename_rules(default: &mut Map, distro: &Map) {
    let name = |map: &Map| map.get("name").and_then(Node::scalar_text);
    let (Some(old), Some(new)) = (name(distro), name(default)) else { return };
    let Some(Value::List(rules)) = default.get_mut("doas").map(|node| &mut node.value) else { return };
    for rule in rules {
        if let Value::Str(text) = &mut rule.value {
            let words = text.split(' ').map(|word| if word == old { new.as_str() } else { word });
            *text = words.collect::<Vec<_>>().join(" ");
        }
    }
}

type Users = IndexMap<String, Map>;

/// The entries of `users`, by name; several for one name are merged, and the first takes precedence.
fn collect(
    node: Option<&Node>,
    with_default: bool,
    report: &mut Report,
    users: &mut Users,
    origins: &mut IndexMap<String, Origin>,
) -> Result<(), ModuleError> {
    let nobody = Node::new(Value::List(Vec::new()), Origin::built_in());
    let node = node.unwrap_or(&nobody);
    let mut add = |name: String, map: &Map, origin: &Origin| {
        let known = users.entry(name.clone()).or_default();
        *known = merged(&[known, map]);
        origins.entry(name).or_insert_with(|| origin.clone());
    };
    let old_form = |report: &mut Report, kind: &str| {
        let message = format!("'users' of type {kind} is deprecated since 22.2: use a list");
        report.deprecate(Some(&node.origin), message);
    };
    match &node.value {
        Value::Str(_) => {
            old_form(report, "string");
            let mut names = unique_words(&[node]);
            names.order();
            for name in names {
                add(name, &Map::new(), &node.origin);
            }
        }
        Value::Map(map) => {
            old_form(report, "mapping");
            for (name, item) in map {
                match &item.value {
                    Value::Map(keys) => add(name.to_string(), keys, &item.origin),
                    Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => {
                        let text = item.scalar_text().unwrap_or_default();
                        if boolean::lenient(&text) {
                            add(name.to_string(), &Map::new(), &item.origin);
                        }
                    }
                    other => {
                        return Err(invalid(
                            item,
                            format!("user {name} must be a mapping or a boolean, found {}", other.kind()),
                        ));
                    }
                }
            }
        }
        Value::List(items) => {
            for item in items {
                match &item.value {
                    Value::Str(_) | Value::List(_) => {
                        for name in unique_words(&[item]).into_iter().filter(|name| !name.is_empty()) {
                            add(name, &Map::new(), &item.origin);
                        }
                    }
                    Value::Map(keys) => {
                        let mut keys = keys.clone();
                        let name = keys.shift_remove("name").and_then(|name| name.scalar_text());
                        add(name.unwrap_or_else(|| "default".to_owned()), &keys, &item.origin);
                    }
                    other => {
                        return Err(invalid(
                            item,
                            format!("a user must be a name or a mapping, found {}", other.kind()),
                        ));
                    }
                }
            }
        }
        other => {
            let message =
                format!("ignoring 'users': expected a list, a mapping or a string, found {}", other.kind());
            report.warn(Some(&node.origin), message);
        }
    }
    if with_default {
        add("default".to_owned(), &Map::new(), &node.origin);
    }
    Ok(())
}

/// Moves the default user to the end, under its real name. The entry with that name takes precedence over `default`,
/// which takes precedence over the distribution's.
fn add_default(
    users: &mut Users,
    asked: &Map,
    default: &mut Map,
    origin: &Origin,
) -> Result<String, ModuleError> {
    let name = default.shift_remove("name").and_then(|name| name.scalar_text()).ok_or_else(|| {
        ModuleError::Invalid {
            origin: origin.clone(),
            message: "the default user has no name: set system_info.default_user.name".into(),
        }
    })?;
    let mut named = users.shift_remove(&name).unwrap_or_default();
    let groups = [named.get("groups").cloned(), default.shift_remove("groups")];
    let mut groups = unique_words(&groups.iter().flatten().collect::<Vec<_>>());
    groups.order();
    named.insert("groups".into(), text_node(groups.join(","), origin));
    users.insert(name.clone(), merged(&[&named, asked, default]));
    Ok(name)
}

/// Keys whose value is tested for truth, as in Python.
const FLAGS: &[&str] =
    &["create_groups", "known", "no_create_home", "no_user_group", "no_log_init", "system", "lock_passwd"];
/// Keys for which null means an empty password.
const PASSWORDS: &[&str] = &["passwd", "hashed_passwd", "plain_text_passwd"];
/// Keys whose scalar values are converted to text.
const TEXTS: &[&str] =
    &["gecos", "primary_group", "homedir", "shell", "expiredate", "selinux_user", "snapuser"];

fn typed(
    name: String,
    map: Map,
    origin: Origin,
    default: bool,
    report: &mut Report,
) -> Result<User, ModuleError> {
    let written = map.clone();
    let mut map = map;
    for (key, node) in &mut map {
        let key = key.as_str().unwrap_or_default();
        if FLAGS.contains(&key) {
            node.value = Value::Bool(node.is_truthy());
        } else if PASSWORDS.contains(&key) && node.is_null() {
            node.value = Value::Str(String::new());
        } else if (PASSWORDS.contains(&key) || TEXTS.contains(&key)) && !node.is_null() {
            let kind = node.value.kind();
            let text = node
                .scalar_text()
                .ok_or_else(|| invalid(node, format!("{key} of user {name} must be text, found {kind}")))?;
            node.value = Value::Str(text);
        } else if key == "doas" && matches!(node.value, Value::Str(_)) {
            node.value = Value::List(vec![node.clone()]);
        }
    }
    map.insert("name".into(), text_node(name, &origin));
    let (spec, unknown): (UserSpec, _) =
        config::from_node_noting(&Node::new(Value::Map(map), origin.clone()))?;
    for key in unknown {
        report.warn(Some(&key.origin), format!("user {}: {key}", spec.name));
    }
    Ok(User { spec, origin, default, written })
}
