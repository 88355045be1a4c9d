//! passwd, group, shadow, gshadow, subuid, according to their man pages.

use etc_files::{
    Error,
    accounts::{Group, GroupShadow, Groups, IdRange, Passwd, Record, Shadow, SubordinateIds, Table, User},
};
use proptest::prelude::*;

#[test]
fn passwd_with_lines_that_are_no_users() {
    let text = "root:x:0:0:root:/root:/bin/bash\n# note\n\nshort:x:1\nbad:x:one:1::/:/bin/sh\ndeploy:x:1000:1000:D\u{e9},,,:/home/deploy:\n+::::::\n";
    let mut passwd = Passwd::parse(text.as_bytes());
    assert_eq!(passwd.write(), text.as_bytes());
    let names: Vec<&str> = passwd.records().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["root", "deploy"]);
    let deploy = passwd.get("deploy").expect("present").clone();
    assert_eq!(
        (deploy.uid, deploy.gid, deploy.home.as_str(), deploy.shell.as_str()),
        (1000, 1000, "/home/deploy", "")
    );
    passwd.set(User { shell: "/bin/sh".into(), ..deploy.clone() }).expect("valid");
    passwd.add(User { name: "new".into(), uid: 1001, ..deploy.clone() }).expect("valid");
    let expected = text.replace("/home/deploy:\n", "/home/deploy:/bin/sh\n")
        + "new:x:1001:1000:D\u{e9},,,:/home/deploy:\n";
    assert_eq!(String::from_utf8(passwd.write()).expect("UTF-8"), expected);
    assert_eq!(passwd.remove("new"), 1);
    let refused = passwd.add(User { gecos: "a:b".into(), ..deploy });
    assert!(matches!(refused, Err(Error::Unwritable { .. })));
}

#[test]
fn latin_1_in_a_name_survives() {
    let text = b"a:x:1:1:Ren\xe9:/:/bin/sh\nb:x:2:2::/:/bin/sh";
    let mut passwd = Passwd::parse(text);
    assert_eq!(passwd.write(), text);
    let mut a = passwd.get("a").expect("present").clone();
    a.shell = "/bin/zsh".into();
    passwd.set(a).expect("valid");
    assert_eq!(passwd.write(), b"a:x:1:1:Ren\xe9:/:/bin/zsh\nb:x:2:2::/:/bin/sh");
}

#[test]
fn groups_shadows_and_ranges() {
    let mut groups = Groups::parse(b"adm:x:4:syslog,deploy\nempty:x:5:\n");
    assert_eq!(groups.get("adm").expect("present").members, ["syslog", "deploy"]);
    assert!(groups.get("empty").expect("present").members.is_empty());
    groups
        .set(Group { name: "empty".into(), password: "x".into(), gid: 5, members: vec!["a".into()] })
        .expect("valid");
    assert_eq!(groups.write(), b"adm:x:4:syslog,deploy\nempty:x:5:a\n");

    let text = b"root:*:19000:0:99999:7:::\nbroken:x\nu:$6$salt$hash:0::::30:20000:\n";
    let shadow = Shadow::parse(text);
    assert_eq!(shadow.write(), text);
    let user = shadow.get("u").expect("present");
    assert_eq!(
        (user.last_change, user.min_days, user.inactive_days, user.expires),
        (Some(0), None, Some(30), Some(20000))
    );
    assert!(!format!("{shadow:?}").replace("$6$salt$hash:0", "").is_empty());
    assert!(!format!("{user:?}").contains("hash"));

    let text = b"adm:!:root:syslog\n";
    let gshadow = GroupShadow::parse(text);
    assert_eq!(gshadow.get("adm").expect("present").administrators, ["root"]);
    assert_eq!(gshadow.write(), text);

    let text = b"u:100000:65536\nu:200000:10\n1001:300000:5\n";
    let ranges = SubordinateIds::parse(text);
    assert_eq!(
        ranges.all("u").iter().map(|range: &&IdRange| range.start).collect::<Vec<_>>(),
        [100_000, 200_000]
    );
    assert_eq!(ranges.write(), text);
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        ":",
        "\n",
        "\r\n",
        "root",
        "x",
        "0",
        "1000",
        "a,b",
        "#",
        "+",
        "root:x:0:0::/:/bin/sh\n",
        "\u{e9}",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(pieces).prop_map(|s: &str| s.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn keeps<R: Record>(bytes: &[u8]) -> bool {
    Table::<R>::parse(bytes).write() == bytes
}

proptest! {
    #[test]
    fn what_is_read_is_written_back(bytes in file()) {
        prop_assert!(keeps::<User>(&bytes) && keeps::<Group>(&bytes) && keeps::<IdRange>(&bytes));
        prop_assert_eq!(Shadow::parse(&bytes).write(), bytes.clone());
        prop_assert_eq!(GroupShadow::parse(&bytes).write(), bytes);
    }

    #[test]
    fn an_added_user_is_found(bytes in file(), gecos in "[^:\n\r\0]{0,10}") {
        let user = User {
            name: "unheard-of".into(), password: "x".into(), uid: 1, gid: 2, gecos, home: "/".into(), shell: String::new(),
        };
        let mut passwd = Passwd::parse(&bytes);
        passwd.set(user.clone()).expect("valid");
        let again = Passwd::parse(&passwd.write());
        prop_assert_eq!(again.get("unheard-of"), Some(&user));
    }
}
