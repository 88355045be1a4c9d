use super::*;
use serde_json::json;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("a mapping").clone()
}

#[test]
fn what_is_there_stays() {
    // The example in upstream's documentation of merging dictionaries.
    let mut above = object(json!({"a": 1, "b": 2, "c": [1, 2, 3], "d": {"a": 1, "b": 2}}));
    complete(&mut above, object(json!({"a": 10, "c": [4], "d": {"a": 3, "f": 10}, "e": 20})));
    let expected = json!({"a": 1, "b": 2, "c": [1, 2, 3], "d": {"a": 1, "b": 2, "f": 10}, "e": 20});
    assert_eq!(Value::Object(above), expected);
}

/// A machine with a seed's directory and a server, and its evidence.
fn with_platform<R>(root: system::Scratch, web: system::Scratch, act: impl FnOnce(&Platform<'_>) -> R) -> R {
    let http = system::TreeHttp::new(std::sync::Arc::new(web), Some("/".into()));
    let (system, _) = root.system_with(std::sync::Arc::new(http));
    let (paths, config) = (model::Paths::default(), Node::default());
    act(&Platform::new(&system, &paths, &config))
}

fn text(bytes: Option<&Vec<u8>>) -> Option<&str> {
    bytes.map(|bytes| std::str::from_utf8(bytes).expect("text"))
}

/// Upstream's DataSourceNoCloud: schemes of the network, and paths.
#[test]
fn addresses_are_remote_or_local() {
    for (address, remote, local) in [
        ("http://x/", true, false),
        ("https://x/", true, false),
        ("ftp://x/", true, false),
        ("ftps://x/", true, false),
        ("/seed", false, true),
        ("file:///seed", false, true),
        ("seed", false, false),
        ("tftp://x/", false, false),
    ] {
        assert_eq!((is_remote(address), is_local(address)), (remote, local), "{address}");
    }
}

#[test]
fn a_directory_needs_user_data_and_meta_data() {
    let of = |names: &[&str]| {
        let root = names.iter().fold(system::Scratch::new(), |root, name| {
            root.file(&format!("/seed/{name}"), format!("of {name}"))
        });
        let found = with_platform(root, system::Scratch::new(), |platform| {
            Documents::of_directory(platform, Path::new("/seed")).expect("readable")
        })?;
        let all = [&found.meta_data, &found.user_data, &found.vendor_data, &found.network_config];
        Some(all.map(|bytes| text(bytes.as_ref()).map(str::to_owned)))
    };
    let some = |name: &str| Some(format!("of {name}"));
    assert_eq!(of(&["meta-data"]), None);
    assert_eq!(of(&["user-data", "vendor-data"]), None);
    assert_eq!(of(&["meta-data", "user-data"]), Some([some("meta-data"), some("user-data"), None, None]));
    assert_eq!(
        of(&["meta-data", "user-data", "vendor-data", "network-config"]),
        Some(["meta-data", "user-data", "vendor-data", "network-config"].map(some))
    );
}

/// A device's tree.
struct Files(&'static [&'static str]);

impl Tree for Files {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, model::effects::DeviceError> {
        Ok(self.0.contains(&path).then(|| path.as_bytes().to_vec()))
    }

    fn list(&self, _path: &str) -> Result<Vec<String>, model::effects::DeviceError> {
        Ok(Vec::new())
    }
}

#[test]
fn a_device_needs_both_and_other_places_one_of_them() {
    let device = |names| Documents::of_device(&Files(names)).expect("readable").is_some();
    let any = |names| Documents::of_any(|name| Ok(Files(names).read(name)?)).expect("readable").is_some();
    for (names, of_device, of_any) in [
        (&["meta-data", "user-data"][..], true, true),
        (&["meta-data"], false, true),
        (&["user-data"], false, true),
        (&["vendor-data", "network-config"], false, false),
    ] {
        assert_eq!((device(names), any(names)), (of_device, of_any), "{names:?}");
    }
    let found = Documents::of_any(|name| Ok(Some(name.into()))).expect("readable").expect("all");
    assert_eq!(text(found.network_config.as_ref()), Some("network-config"));
    assert_eq!(text(found.vendor_data.as_ref()), Some("vendor-data"));
    let failed =
        Documents::of_any(|_| Err(SourceError::Broken { place: "here".into(), reason: "no".into() }));
    assert!(failed.is_err());
}

#[test]
fn documents_have_a_limit_together() {
    let limit = usize::try_from(Reading::DOCUMENTS).expect("small");
    assert!(bounded([("a", limit / 2), ("b", limit - limit / 2)]).is_ok());
    let error = bounded([("a", limit / 2), ("b", limit - limit / 2), ("c", 1)]).expect_err("too many");
    assert!(matches!(&error, SourceError::Broken { place, .. } if place == "b"), "{error}");
    assert!(error.to_string().contains("MiB"), "{error}");
}

fn documents(meta_data: &str, user_data: &str, vendor_data: &str, network: &str) -> Documents {
    let some = |text: &str| Some(text.as_bytes().to_vec());
    Documents {
        meta_data: some(meta_data),
        user_data: some(user_data),
        vendor_data: some(vendor_data),
        network_config: some(network),
    }
}

#[test]
fn a_later_place_adds_metadata_and_replaces_the_rest() {
    let mut seed = Seed::default();
    seed.add("/one/", documents("a: 1\nd: {x: 1}", "first", "vendor", "version: 1"));
    seed.add("/two", documents("a: 2\nb: 3\nd: {x: 2, y: 2}", "second", "", ""));
    assert_eq!(Value::Object(seed.metadata.clone()), json!({"a": 1, "b": 3, "d": {"x": 1, "y": 2}}));
    assert_eq!((seed.user_data.as_slice(), seed.vendor_data.as_slice()), (&b"second"[..], &b""[..]));
    assert_eq!(seed.network.as_ref().and_then(NetworkConfig::version), Some(1), "an empty one is none");
    seed.add("/three", Documents::default());
    assert_eq!((seed.user_data.as_slice(), seed.metadata.len()), (&b"second"[..], 3));
    seed.add("/four", documents("[no, mapping]", "x", "y", "version: 2"));
    assert_eq!(seed.metadata.len(), 3);
    assert_eq!(seed.network.and_then(|network| network.version()), Some(2));
}

#[test]
fn documents_may_be_in_the_configuration() {
    let config = |text: &str| Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
    let mut seed = Seed::default();
    seed.add_config(&config("{meta-data: 'a: 1', user-data: '#!/bin/sh', network-config: {version: 2}}"));
    assert_eq!(Value::Object(seed.metadata.clone()), json!({"a": 1}));
    assert_eq!(seed.user_data, b"#!/bin/sh");
    assert_eq!(seed.network.as_ref().and_then(NetworkConfig::version), Some(2));
    seed.add_config(&config("{meta-data: {a: 2, b: 2}, vendor-data: v, network-config: 'version: 1'}"));
    assert_eq!(Value::Object(seed.metadata.clone()), json!({"a": 1, "b": 2}));
    assert_eq!((seed.user_data.as_slice(), seed.vendor_data.as_slice()), (&b"#!/bin/sh"[..], &b"v"[..]));
    assert_eq!(seed.network.as_ref().and_then(NetworkConfig::version), Some(1));
    seed.add_config(&config("{meta-data: {}, network-config: ''}"));
    assert_eq!(seed.network.and_then(|network| network.version()), Some(1));
}

fn web() -> system::Scratch {
    [("meta-data", "b: 2\n"), ("user-data", "u"), ("network-config", "version: 2\n")]
        .into_iter()
        .fold(system::Scratch::new(), |web, (name, text)| web.file(&format!("/host/seed/{name}"), text))
}

/// Upstream's NoCloud documentation: a directory, with or without its slash, or a template in which `%s` is the name.
#[test]
fn a_seeds_address_leads_to_its_documents() {
    for address in [
        "http://host/seed/",
        "http://host/seed",
        "http://host/seed/%s?a=b",
        "/files/seed",
        "file:///files/seed/",
    ] {
        let root = [("meta-data", "b: 2\n"), ("user-data", "u"), ("network-config", "version: 2\n")]
            .into_iter()
            .fold(system::Scratch::new(), |root, (name, text)| {
                root.file(&format!("/files/seed/{name}"), text)
            });
        let mut seed = Seed::default();
        seed.add("/", documents("a: 1\nb: 1", "old", "old", "version: 1"));
        with_platform(root, web(), |platform| seed.add_from(platform, address)).expect(address);
        assert_eq!(Value::Object(seed.metadata), json!({"a": 1, "b": 1}), "{address}");
        assert_eq!(
            (seed.user_data.as_slice(), seed.vendor_data.as_slice()),
            (&b"u"[..], &b""[..]),
            "{address}"
        );
        assert_eq!(seed.network.and_then(|network| network.version()), Some(2), "{address}");
    }
    // What has a query ends with the name, and no slash is added.
    let web = system::Scratch::new().file("/host/x", "c: 3").file("/host/x?name=user-data", "");
    let mut seed = Seed::default();
    with_platform(system::Scratch::new(), web, |platform| seed.add_from(platform, "http://host/x?name="))
        .expect("the same for each");
    assert_eq!((Value::Object(seed.metadata), seed.user_data), (json!({"c": 3}), b"c: 3".to_vec()));
}

#[test]
fn a_seed_without_user_data_or_meta_data_is_an_error() {
    for missing in ["meta-data", "user-data"] {
        let web = ["meta-data", "user-data", "vendor-data"]
            .into_iter()
            .filter(|name| *name != missing)
            .fold(system::Scratch::new(), |web, name| web.file(&format!("/host/{name}"), "a: 1"));
        let error = with_platform(system::Scratch::new(), web, |platform| {
            Seed::default().add_from(platform, "http://host").expect_err(missing)
        });
        assert!(
            matches!(&error, SourceError::Broken { place, .. } if place == &format!("http://host/{missing}")),
            "{error}"
        );
    }
}

/// Upstream's NoCloud documentation: `__dmi.chassis-serial-number__` in a seed's address.
#[test]
fn an_address_may_name_fields_of_dmi() {
    let root = system::Scratch::new()
        .file("/sys/class/dmi/id/chassis_serial", "C-1\n")
        .file("/sys/class/dmi/id/product_uuid", "u-2\n");
    with_platform(root, system::Scratch::new(), |platform| {
        for (address, expected) in [
            ("http://x/__dmi.chassis-serial-number__/", "http://x/C-1/"),
            ("http://x/__dmi.system-uuid__/__dmi.chassis-serial-number__", "http://x/u-2/C-1"),
            ("http://x/__dmi.system-version__/y", "http://x//y"),
            ("http://x/__dmi.colour__/y", "http://x/__dmi.colour__/y"),
            ("http://x/dmi/", "http://x/dmi/"),
            ("http://x/a_b/__dmi.system_uuid__", "http://x/a_b/__dmi.system_uuid__"),
        ] {
            assert_eq!(with_dmi(platform, address), expected, "{address}");
        }
    });
}
