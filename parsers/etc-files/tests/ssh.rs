//! sshd_config and authorized_keys, by their man pages, by the original's edits, and by sshd.
#![allow(clippy::disallowed_methods, reason = "sshd is the oracle")]

use std::process::Command;

use etc_files::{
    authorized_keys::{AuthorizedKeys, KeyLine},
    sshd::SshdConfig,
};
use proptest::prelude::*;

const CONFIG: &str = "# a comment\nInclude /etc/ssh/sshd_config.d/*.conf \"/etc/my ssh/x\"\n\nPort 22\n  PasswordAuthentication=no # why\npermitrootlogin\tprohibit-password\nPermitRootLogin yes\nX11Forwarding = yes\nSubsystem sftp /usr/lib/sftp-server\nMatch User a,b Address \"10.0.0.0/8\"\n\tPasswordAuthentication yes\nMatch all\n  X11Forwarding no\n";

#[test]
fn sshd_config_is_understood() {
    let config = SshdConfig::parse(CONFIG.as_bytes());
    assert_eq!(config.write(), CONFIG.as_bytes());
    assert_eq!(config.includes(), ["/etc/ssh/sshd_config.d/*.conf", "/etc/my ssh/x"]);
    let effective = |keyword| config.effective(keyword).map(|words| words.join(" "));
    assert_eq!(effective("passwordauthentication").as_deref(), Some("no"));
    assert_eq!(effective("PERMITROOTLOGIN").as_deref(), Some("prohibit-password"));
    assert_eq!(effective("x11forwarding").as_deref(), Some("yes"));
    assert_eq!(effective("subsystem").as_deref(), Some("sftp /usr/lib/sftp-server"));
    assert_eq!(effective("banner"), None);
    assert_eq!(config.get("PasswordAuthentication"), Some("no # why"));
    let blocks = config.matches();
    assert_eq!(blocks[0].criteria, ["User", "a,b", "Address", "10.0.0.0/8"]);
    assert_eq!(blocks[0].directives[0].value, "yes");
    assert_eq!(blocks.len(), 2);
}

fn updated(text: &str, updates: &[(&str, &str)]) -> (String, Vec<String>) {
    let mut config = SshdConfig::parse(text.as_bytes());
    let changed = config.update(updates).expect("valid");
    (String::from_utf8(config.write()).expect("UTF-8"), changed)
}

#[test]
fn sshd_config_is_edited_outside_match() {
    let (text, changed) = updated(
        CONFIG,
        &[("PasswordAuthentication", "yes"), ("PermitRootLogin", "no"), ("Banner", "none"), ("Port", "22")],
    );
    let expected = CONFIG
        .replace("  PasswordAuthentication=no # why\n", "  PasswordAuthentication yes\n")
        .replace(
            "permitrootlogin\tprohibit-password\nPermitRootLogin yes\n",
            "permitrootlogin no\nPermitRootLogin no\n",
        )
        .replace("Match User", "Banner none\nMatch User");
    assert_eq!(text, expected);
    assert_eq!(changed, ["PasswordAuthentication", "PermitRootLogin", "Banner"]);
    // Files without Match are written like upstream's, except for a missing final line end.
    for (text, expected) in [
        ("", "PasswordAuthentication yes\n"),
        ("#comment\nPasswordAuthentication no\nPort 22", "#comment\nPasswordAuthentication yes\nPort 22"),
        ("passwordauthentication yes\n", "passwordauthentication yes\n"),
        ("UsePAM yes", "UsePAM yes\nPasswordAuthentication yes\n"),
    ] {
        assert_eq!(updated(text, &[("PasswordAuthentication", "yes")]).0, expected, "{text}");
    }
    assert!(SshdConfig::default().update(&[("A", "b\nPermitRootLogin yes")]).is_err());
    assert!(SshdConfig::default().update(&[("A b", "c")]).is_err());
}

#[test]
#[ignore = "needs sshd, ssh-keygen"]
fn sshd_agrees() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let (key, file) = (scratch.path().join("key"), scratch.path().join("config"));
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.expect("ssh-keygen runs").success());
    for text in [
        "Port 2222\nPasswordAuthentication=no # why\npermitrootlogin no\nPermitRootLogin yes\n",
        "X11Forwarding = yes\nAuthorizedKeysFile \".ssh/my keys\" .ssh/b\nMatch User nobody\n PasswordAuthentication yes\n",
        "  banner\t/etc/issue\nPASSWORDAUTHENTICATION yes\nMaxAuthTries 3\n",
    ] {
        let mut config = SshdConfig::parse(text.as_bytes());
        config.update(&[("LoginGraceTime", "77"), ("PasswordAuthentication", "no")]).expect("valid");
        std::fs::write(&file, config.write()).expect("written");
        let ran = Command::new("/usr/sbin/sshd").arg("-T").arg("-h").arg(&key).arg("-f").arg(&file).output();
        let output = ran.expect("sshd runs");
        // «Missing privilege separation directory»: sshd's unit creates /run/sshd, which is missing in a container.
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        let seen = String::from_utf8_lossy(&output.stdout).into_owned();
        for keyword in [
            "port",
            "passwordauthentication",
            "permitrootlogin",
            "x11forwarding",
            "banner",
            "maxauthtries",
            "logingracetime",
        ] {
            let Some(ours) = config.effective(keyword) else { continue };
            let line = format!("{keyword} {}", ours.join(" "));
            assert!(seen.lines().any(|known| known == line), "{text}\nsshd does not say {line:?}:\n{seen}");
        }
    }
}

fn fields(line: &str, options: &str) -> Option<(String, String, String, String)> {
    KeyLine::parse(line, options).key.map(|key| (key.options, key.kind, key.base64, key.comment))
}

fn four(a: &str, b: &str, c: &str, d: &str) -> Option<(String, String, String, String)> {
    Some((a.into(), b.into(), c.into(), d.into()))
}

#[test]
fn key_lines_by_the_man_page() {
    assert_eq!(fields("ssh-rsa AAAA user@host\n", ""), four("", "ssh-rsa", "AAAA", "user@host"));
    assert_eq!(
        fields("  ssh-ed25519\tAAAA   two words  \r\n", ""),
        four("", "ssh-ed25519", "AAAA", "two words")
    );
    assert_eq!(fields("ssh-rsa AAAA", ""), four("", "ssh-rsa", "AAAA", ""));
    let forced = "command=\"echo \\\"a b\\\"\",no-pty ssh-rsa AAAA c";
    assert_eq!(fields(forced, ""), four("command=\"echo \\\"a b\\\"\",no-pty", "ssh-rsa", "AAAA", "c"));
    assert_eq!(fields(forced, "no-pty"), four("no-pty", "ssh-rsa", "AAAA", "c"));
    assert_eq!(fields("ssh-rsa AAAA c", "no-pty"), four("no-pty", "ssh-rsa", "AAAA", "c"));
    for no_key in ["", "# ssh-rsa AAAA", "ssh-rsa", "ssh-dss AAAA c", "command=\"open ssh-rsa AAAA", "a b c"]
    {
        assert_eq!(fields(no_key, ""), None, "{no_key}");
        assert_eq!(KeyLine::parse(no_key, "no-pty").write(), no_key);
    }
    assert_eq!(KeyLine::parse("no-pty  ssh-rsa\tAAAA  c d\n", "").write(), "no-pty ssh-rsa AAAA c d");
    let key = KeyLine::parse("from=\"10.0.0.0/8,*.org\",no-pty,command=\"a=\\\"b, c\\\"\" ssh-rsa A", "")
        .key
        .expect("a key");
    let expected = [("from", Some("10.0.0.0/8,*.org")), ("no-pty", None), ("command", Some("a=\"b, c\""))];
    let expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), v.map(str::to_owned))).collect();
    assert_eq!(key.option_list(), expected);
}

#[test]
fn keys_are_merged_as_the_original_merges_them() {
    let merged = |old: &str, keys: &[&str]| {
        let mut file = AuthorizedKeys::parse(old.as_bytes());
        assert_eq!(file.write(), old.as_bytes());
        file.update(&keys.iter().map(|key| KeyLine::parse(key, "")).collect::<Vec<_>>());
        String::from_utf8(file.write()).expect("UTF-8")
    };
    assert_eq!(merged("", &[]), "");
    assert_eq!(merged("", &["ssh-rsa A one"]), "ssh-rsa A one\n");
    assert_eq!(
        merged("# mine\n\nssh-rsa A  old\nbroken line", &["ssh-rsa B new"]),
        "# mine\n\nssh-rsa A old\nbroken line\nssh-rsa B new\n"
    );
    assert_eq!(
        merged("ssh-rsa A old\nssh-rsa B b\n", &["no-pty ssh-rsa A new", "junk"]),
        "no-pty ssh-rsa A new\nssh-rsa B b\n"
    );
    assert_eq!(
        merged("ssh-rsa A old\nssh-rsa A older\n", &["ssh-rsa A new"]),
        "ssh-rsa A new\nssh-rsa A new\n"
    );
    assert_eq!(merged("", &["ssh-rsa A one", "ssh-rsa A one"]), "ssh-rsa A one\nssh-rsa A one\n");
    assert_eq!(merged("ssh-rsa A x\r\n# c\r\n", &[]), "ssh-rsa A x\n# c\n");
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "\n",
        "\r\n",
        " ",
        "\t",
        "=",
        "#",
        "\"",
        "\\\"",
        ",",
        "Match User a\n",
        "Include x\n",
        "Port 22\n",
        "ssh-rsa",
        "AAAA",
        "no-pty",
        "command=\"",
        "PasswordAuthentication",
        "yes",
        "\u{e9}",
        "\u{2028}",
        "\x1c",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(pieces).prop_map(|s: &str| s.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_read_is_written_back(bytes in file()) {
        let config = SshdConfig::parse(&bytes);
        prop_assert_eq!(config.write(), bytes.clone());
        for directive in config.directives() {
            let _ = directive.arguments();
        }
        let keys = AuthorizedKeys::parse(&bytes);
        for key in keys.keys() {
            let _ = key.option_list();
        }
        prop_assert_eq!(keys.write(), bytes);
    }

    #[test]
    fn edits_take_effect_and_change_nothing_twice(bytes in file()) {
        let mut config = SshdConfig::parse(&bytes);
        config.update(&[("PasswordAuthentication", "no")]).expect("valid");
        let mut again = SshdConfig::parse(&config.write());
        prop_assert_eq!(again.get("passwordauthentication"), Some("no"));
        prop_assert!(again.update(&[("PasswordAuthentication", "no")]).expect("valid").is_empty());

        let new = [KeyLine::parse("ssh-ed25519 BBBB x", "")];
        let mut keys = AuthorizedKeys::parse(&bytes);
        keys.update(&new);
        let once = keys.write();
        prop_assert!(AuthorizedKeys::parse(&once).keys().any(|key| key.base64 == "BBBB"));
        keys.update(&new);
        prop_assert_eq!(keys.write(), once);
    }
}
