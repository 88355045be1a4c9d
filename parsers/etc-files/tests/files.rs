//! hosts, resolv.conf, hostname, fstab, sudoers and leases, according to their man pages and upstream's
//! documented edits.

use etc_files::{
    Error,
    fstab::{self, Fstab},
    hostname::Hostname,
    hosts::Hosts,
    lease::{classless_routes, parse_leases},
    resolv::ResolvConf,
    sudoers::{included_directories, includes_directory},
};
use proptest::prelude::*;

fn shown(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn hosts_by_the_man_page() {
    let text = "127.0.0.1       localhost\n\n# 127.0.1.1 no\n192.168.1.10    foo.example.org foo # why\n209.237.226.90  www.opensource.org\n";
    let mut hosts = Hosts::parse(text.as_bytes());
    assert_eq!(shown(hosts.write()), text);
    assert_eq!(hosts.get("192.168.1.10"), [["foo.example.org", "foo"]]);
    assert_eq!(hosts.entries().count(), 3);
    assert_eq!(hosts.remove("209.237.226.90"), 1);
    hosts.add("127.0.1.1", &["me.example.org", "me"]).expect("valid");
    let expected = "127.0.0.1       localhost\n\n# 127.0.1.1 no\n192.168.1.10    foo.example.org foo # why\n127.0.1.1\tme.example.org\tme\n";
    assert_eq!(shown(hosts.write()), expected);
    assert!(matches!(hosts.add("1.1.1.1", &["a b"]), Err(Error::Unwritable { .. })));
}

#[test]
fn resolv_conf_by_the_man_page() {
    let text = "; old\n# older\ndomain example.org\nsearch a.org b.org ; why\nnameserver 10.0.0.1\n\noptions ndots:2 rotate\nsortlist 130.155.160.0/255.255.240.0\nunknown thing\n";
    let mut conf = ResolvConf::parse(text.as_bytes());
    assert_eq!(shown(conf.write()), text);
    assert_eq!(conf.nameservers(), ["10.0.0.1"]);
    assert_eq!(conf.search_domains(), ["a.org", "b.org"]);
    assert_eq!(conf.domain(), Some("example.org"));
    assert_eq!(conf.options(), ["ndots:2", "rotate"]);
    assert_eq!(conf.sortlist(), ["130.155.160.0/255.255.240.0"]);
    assert_eq!(conf.add_nameserver("10.0.0.1"), Ok(false));
    assert_eq!(conf.add_nameserver("10.0.0.2"), Ok(true));
    assert_eq!(conf.add_search_domain("c.org"), Ok(true));
    conf.set_domain("new.org").expect("valid");
    let expected = "; old\n# older\n\noptions ndots:2 rotate\nsortlist 130.155.160.0/255.255.240.0\nunknown thing\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nsearch a.org b.org c.org\ndomain new.org\n";
    assert_eq!(shown(conf.write()), expected);
}

#[test]
fn resolv_conf_keeps_its_limits() {
    let mut conf = ResolvConf::parse(b"search a b c d e f\n");
    assert_eq!(conf.add_search_domain("g"), Err(Error::TooManySearchDomains("g".into())));
    assert_eq!(conf.add_search_domain("f"), Ok(false));
    let mut conf = ResolvConf::parse(format!("search {}\n", "a".repeat(200)).as_bytes());
    let long = "b".repeat(56);
    assert_eq!(conf.add_search_domain(&long), Err(Error::SearchListTooLong(long.clone())));
    assert_eq!(conf.add_search_domain(&long[1..]), Ok(true));
}

#[test]
fn hostname_keeps_its_comments() {
    let set = |text: &str| {
        let mut file = Hostname::parse(text.as_bytes()).expect("one name");
        assert_eq!(shown(file.write()), text);
        file.set("new").expect("valid");
        assert_eq!(file.get(), Some("new"));
        shown(file.write())
    };
    assert_eq!(set("old\n"), "new\n");
    assert_eq!(set("# about\n\nold # why\n"), "# about\n\nnew # why\n");
    assert_eq!(set("# about"), "# about\nnew\n");
    assert_eq!(set(""), "new\n");
    let two = Hostname::parse(b"one\n# x\n  two\n");
    assert_eq!(two, Err(Error::SecondHostname { line: 3, column: 3, name: "two".into() }));
    assert_eq!(Hostname::parse(b"one\none\n").expect("the same twice").get(), Some("one"));
}

#[test]
fn fstab_by_the_man_page() {
    let text = "# <file system> <mount point>\nLABEL=t-home2   /home      ext4    defaults,auto_da_alloc      0  2\n/dev/sr0 /media/my\\040disk iso9660 ro\n\n/dev/sdb1\t/mnt\tauto\tdefaults,comment=cloudconfig\t0\t2\n";
    let mut table = Fstab::parse(text.as_bytes());
    assert_eq!(shown(table.write()), text);
    let entries: Vec<_> = table.entries().collect();
    assert_eq!((entries[0].spec.as_str(), entries[0].passno.as_str()), ("LABEL=t-home2", "2"));
    assert_eq!((entries[1].file.as_str(), entries[1].freq.as_str()), ("/media/my disk", "0"));
    let ours = table.remove_containing(&["comment=cloudconfig"]);
    assert_eq!(ours, ["/dev/sdb1\t/mnt\tauto\tdefaults,comment=cloudconfig\t0\t2"]);
    let entry = fstab::Entry {
        spec: "//host/a share".into(),
        file: "/mnt/x\ty\\z".into(),
        kind: "cifs".into(),
        options: "ro".into(),
        freq: "0".into(),
        passno: "0".into(),
    };
    table.add(entry.clone()).expect("valid");
    assert!(shown(table.write()).ends_with("\n//host/a\\040share\t/mnt/x\\011y\\134z\tcifs\tro\t0\t0\n"));
    assert_eq!(Fstab::parse(&table.write()).entries().last(), Some(&entry));
    table.remove_blank_lines();
    assert_eq!(shown(table.write()).lines().count(), 4);
    assert_eq!(fstab::unescape("a\\134040b"), "a\\040b");
    assert!(table.add(fstab::Entry { options: String::new(), ..entry }).is_err());
}

#[test]
fn sudoers_includes_are_found() {
    let text = b"Defaults env_reset\n#includedir /etc/sudoers.d\n  @includedir   /etc//x/../y/ \n#includedirx /z\n# includedir /w\n#includedir\n";
    let found: Vec<(String, usize)> =
        included_directories(text).into_iter().map(|i| (i.directory, i.line)).collect();
    assert_eq!(found, [("/etc/sudoers.d".to_owned(), 2), ("/etc/y".to_owned(), 3)]);
    assert!(includes_directory(text, "/etc/sudoers.d/"));
    assert!(!includes_directory(text, "/w"));
}

#[test]
fn leases_of_dhclient() {
    let text = r#"default-duid "\000\001";
lease {
  interface "eth0";
  fixed-address 10.0.0.5;
  option subnet-mask 255.255.255.0;
  option domain-name "a;b } c";
  option unknown-245 a8:3f:81:10;
}
lease6 { interface "x"; ia-na 1 { starts 1; } }
# a comment with lease {
lease {
  interface "eth0"; fixed-address 10.0.0.9;
  option rfc3442-classless-static-routes 0,10,0,0,1;
  renew 4 2026/01/01 00:00:00;
}
"#;
    let leases = parse_leases(text.as_bytes()).expect("well formed");
    assert_eq!(leases.len(), 2);
    assert_eq!(leases[0].get("interface"), Some("eth0"));
    assert_eq!(leases[0].get("subnet-mask"), Some("255.255.255.0"));
    assert_eq!(leases[0].get("domain-name"), Some("a;b } c"));
    assert_eq!(leases[0].get("unknown-245"), Some("a8:3f:81:10"));
    assert_eq!(leases[1].get("fixed-address"), Some("10.0.0.9"));
    assert_eq!(leases[1].get("renew"), Some("4 2026/01/01 00:00:00"));
    let broken = parse_leases(b"\n  lease {\n interface \"x\";\n");
    assert!(matches!(broken, Err(Error::Lease { line: 2, column: 9, .. })), "{broken:?}");
    let broken = parse_leases(b"lease { a \"x\n");
    assert!(matches!(broken, Err(Error::Lease { line: 1, column: 11, .. })), "{broken:?}");
}

/// The formats that upstream documents for dhclient, dhcpcd and the unnamed option 121.
#[test]
fn classless_routes_in_every_spelling() {
    let check = |value: &str, expected: &[(&str, &str)]| {
        let (routes, error) = classless_routes(value);
        let routes: Vec<(&str, &str)> =
            routes.iter().map(|r| (r.destination.as_str(), r.gateway.as_str())).collect();
        assert_eq!((routes.as_slice(), error), (expected, None), "{value}");
    };
    check(
        "32,169,254,169,254,130,56,248,255,0,130,56,240,1",
        &[("169.254.169.254/32", "130.56.248.255"), ("0.0.0.0/0", "130.56.240.1")],
    );
    check(
        "24.191.168.128 192.168.128.1,0 192.168.128.1;",
        &[("191.168.128.0/24", "192.168.128.1"), ("0.0.0.0/0", "192.168.128.1")],
    );
    check(
        "0:a:0:0:1:20:a8:3f:81:10:a:0:0:1:20:a9:fe:a9:fe:a:0:0:1",
        &[("0.0.0.0/0", "10.0.0.1"), ("168.63.129.16/32", "10.0.0.1"), ("169.254.169.254/32", "10.0.0.1")],
    );
    check("16,10,1,10,0,0,1", &[("10.1.0.0/16", "10.0.0.1")]);
    check("", &[]);
    let (routes, error) = classless_routes("0,10,0,0,1,24,10,0");
    assert_eq!(routes.len(), 1);
    assert!(matches!(error, Some(Error::Routes { at: 5, .. })), "{error:?}");
    assert!(matches!(classless_routes("33,1,2,3,4,5,6,7,8").1, Some(Error::Routes { at: 0, .. })));
    assert!(matches!(classless_routes("x").1, Some(Error::Routes { at: 0, .. })));
}

fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "\n",
        "\r\n",
        " ",
        "\t",
        "#",
        ";",
        "nameserver",
        "search",
        "1.2.3.4",
        "name",
        "\\040",
        "lease",
        "{",
        "}",
        "\"",
        "option",
        "/dev/sda1 / ext4 defaults 0 1\n",
        "a",
        "\u{10ffff}",
        "\u{85}",
        "\\",
    ];
    let piece = prop_oneof![
        6 => prop::sample::select(pieces).prop_map(|s: &str| s.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_read_is_written_back(file in any_file()) {
        prop_assert_eq!(Hosts::parse(&file).write(), file.clone());
        prop_assert_eq!(ResolvConf::parse(&file).write(), file.clone());
        prop_assert_eq!(Fstab::parse(&file).write(), file.clone());
        if let Ok(hostname) = Hostname::parse(&file) {
            prop_assert_eq!(hostname.write(), file.clone());
        }
        let _ = (parse_leases(&file), included_directories(&file), classless_routes(&String::from_utf8_lossy(&file)));
        prop_assert_eq!(etc_files::bytes::encode(&etc_files::bytes::decode(&file)), file);
    }

    #[test]
    fn edits_are_read_back(file in any_file()) {
        let mut hosts = Hosts::parse(&file);
        hosts.add("192.0.2.9", &["new.example"]).expect("valid");
        let again = Hosts::parse(&hosts.write());
        prop_assert_eq!(again.entries().last(), hosts.entries().last());
        let mut conf = ResolvConf::parse(&file);
        conf.add_nameserver("192.0.2.9").expect("valid");
        prop_assert!(ResolvConf::parse(&conf.write()).nameservers().contains(&"192.0.2.9"));
        if let Ok(mut hostname) = Hostname::parse(&file) {
            hostname.set("new").expect("valid");
            let again = Hostname::parse(&hostname.write()).expect("one name");
            prop_assert_eq!(again.get(), Some("new"));
        }
    }

    #[test]
    fn fstab_fields_survive(spec in "[^#\r\0][^\r\0]{0,12}", file in "[^\r\0]{1,12}") {
        let entry = fstab::Entry { spec, file, kind: "auto".into(), options: "ro".into(), freq: "0".into(), passno: "0".into() };
        let mut table = Fstab::default();
        table.add(entry.clone()).expect("valid");
        let table = Fstab::parse(&table.write());
        prop_assert_eq!(table.entries().next(), Some(&entry));
    }
}
