//! Fingerprints of public keys, as `ssh-keygen -l` prints them.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use model::System;
use model::effects::{Command, CommandError};
use sha2::{Digest as _, Sha256};

/// The smallest RSA key that ssh-keygen reads, in bits.
const SMALLEST_RSA: usize = 1024;

/// The lines of `ssh-keygen -l` for the file of a public key with this content. The program is only run for what is not a
/// single key of a usual type.
pub fn listed(system: &System, path: &Path, content: &str) -> Result<String, CommandError> {
    if let Some(line) = of_key(content) {
        return Ok(line);
    }
    let command = Command::line(["ssh-keygen", "-l", "-f", &path.to_string_lossy()]);
    Ok(system.commands.run(&command)?.text().trim_end().to_owned())
}

/// Size, fingerprint, comment and type; `None` for anything but one key of a usual type.
fn of_key(content: &str) -> Option<String> {
    let line = content.trim_end();
    // What is not printed as it is.
    if !line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return None;
    }
    let (kind, rest) = line.split_once(' ')?;
    let (base64, comment) = rest.split_once(' ').unwrap_or((rest, ""));
    let blob = STANDARD.decode(base64).ok()?;
    let (bits, name) = measured(kind, &blob)?;
    let comment = Some(comment.trim()).filter(|comment| !comment.is_empty() && !comment.starts_with('#'));
    let print = STANDARD_NO_PAD.encode(Sha256::digest(&blob));
    Some(format!("{bits} SHA256:{print} {} ({name})", comment.unwrap_or("no comment")))
}

/// The size in bits and the name of a key's type (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4).
fn measured(kind: &str, blob: &[u8]) -> Option<(usize, &'static str)> {
    let mut fields = Fields(blob);
    if fields.next()? != kind.as_bytes() {
        return None;
    }
    let measured = match kind {
        "ssh-rsa" => {
            let (_exponent, modulus) = (fields.next()?, fields.next()?);
            let modulus = &modulus[modulus.iter().position(|byte| *byte != 0)?..];
            let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
            (bits >= SMALLEST_RSA).then_some((bits, "RSA"))?
        }
        "ssh-ed25519" => (fields.next()?.len() == 32).then_some((256, "ED25519"))?,
        _ => {
            let curve = kind.strip_prefix("ecdsa-sha2-")?;
            let bits: usize = match curve {
                "nistp256" => 256,
                "nistp384" => 384,
                "nistp521" => 521,
                _ => return None,
            };
            let (named, point) = (fields.next()?, fields.next()?);
            let is_whole = point.first() == Some(&4) && point.len() == 1 + 2 * bits.div_ceil(8);
            (named == curve.as_bytes() && is_whole).then_some((bits, "ECDSA"))?
        }
    };
    fields.0.is_empty().then_some(measured)
}

/// Strings with their lengths (RFC 4251 section 5).
struct Fields<'b>(&'b [u8]);

impl<'b> Iterator for Fields<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (field, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.0 = rest;
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of `ssh-keygen -t TYPE`, and what `ssh-keygen -l` of OpenSSH 9.2 printed for them.
    const KEYS: &[(&str, &str)] = &[
        (
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBD2KY9SLNGrTlhr0p+Q9u5JJ6ywnAy+VPXR7letRBJheIfTlkdUCDC5wAgie6pkU8omnYkM23aKvH5RvhXgtGzg= root@host\n",
            "256 SHA256:I8L8JipXj2NhLx/cVAOtMUEBGKzo+bEmmBRWyf22jg8 root@host (ECDSA)",
        ),
        (
            "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBNlImbHeW2Wb3KPUBWR+NMLH0+MdFCG4eV3KTxBBggSzpgrd5eSVVW7n1P9jvCL0ICCvKcPTWuO48MsUxN8CCPfdXjVRDbqUTWFfUR4f+rrZVoSSPVWF206J15vrzBozOw== a comment  with spaces\n",
            "384 SHA256:zce7l+pY6bFk4UWyuyewIoh/MFE/vm+dhwrW9prndfY a comment  with spaces (ECDSA)",
        ),
        (
            "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAG59HDo8xP4t8J4Vz8nc2aCO+n+Y1Y79tPPlGnCdodgbVXDuAcmLw3/kcx+Hz8akDgHMvxkS96z3RQ2I5GaCtDwZwE/OcBHNJqFRO4PBvWzcquoRfbHKGQRYqI8txTdpA5FDvN4rg2jiCIwgipPIzeTVa2tGaRPt6OPAbJTgfu7Wx8tng== # x\n",
            "521 SHA256:80CUKQJ+p27PTOX62Evj0qfeFKRX7FGnQ0SYKIaPHvs no comment (ECDSA)",
        ),
        (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAI58/o/uLfZtW3p9cC0nVp8Y6bLxXcvvMxTrjF1YEgK root@host\n",
            "256 SHA256:EM5wVBZd8IeZ71uCUPb13HkhNzivdTXS8wMUw0UXFcw root@host (ED25519)",
        ),
        (
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDCw0TUpAdhZx7wOg93ltu7fBaDmjkV4Q9Fnu1R6d3JQkd1/cnrP4DFF4KJgW61cLMoFBa3tFnDlhl3ssYLFDb/7FuAo4ZfTgTLkFZNGLiGsT3nI6ykvs7mxh1jp5ikjDKi1eg0TQqG6JlA24OOHYrOMV5DKOr6Xfr/H06WR5Jt7Q== \n",
            "1024 SHA256:030V3lfBo9D6ALNggN4ZFwch/6lYRUHwEsAy1WYsFDI no comment (RSA)",
        ),
    ];

    #[test]
    fn keys_are_listed_like_ssh_keygen_lists_them() {
        for (key, expected) in KEYS {
            assert_eq!(of_key(key).as_deref(), Some(*expected));
        }
    }

    #[test]
    #[ignore = "needs ssh-keygen"]
    fn the_installed_ssh_keygen_agrees() {
        let directory = tempfile::tempdir().expect("a directory");
        let machine = system::Host::system(None, std::sync::Arc::new(system::NoHttp));
        let keygen = |words: &[&str]| {
            let command = Command::new("ssh-keygen");
            let command = words.iter().fold(command, |command, word| command.arg(*word));
            machine.commands.run(&command).expect("it runs").text()
        };
        for (number, (kind, bits)) in
            [("rsa", "3072"), ("rsa", "2049"), ("ecdsa", "256"), ("ecdsa", "521"), ("ed25519", "256")]
                .into_iter()
                .enumerate()
        {
            let file = directory.path().join(number.to_string()).display().to_string();
            keygen(&["-q", "-t", kind, "-b", bits, "-N", "", "-C", "root@a b", "-f", &file]);
            let public = format!("{file}.pub");
            let content = machine.files.text(Path::new(&public)).expect("written");
            assert_eq!(of_key(&content).as_deref(), Some(keygen(&["-l", "-f", &public]).trim_end()));
        }
    }

    /// RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4; ssh-keygen refuses RSA keys of less than 1024 bits.
    #[test]
    fn fields_of_a_key_fit_its_type() {
        let blob = |fields: &[&[u8]]| {
            let field =
                |field: &&[u8]| [&u32::try_from(field.len()).expect("short").to_be_bytes(), *field].concat();
            fields.iter().flat_map(field).collect::<Vec<u8>>()
        };
        let point = |first: u8, length: usize| [vec![first], vec![7; length]].concat();
        let (kind, curve) = ("ecdsa-sha2-nistp256", "nistp256");
        let ecdsa =
            |named: &str, point: &[u8]| measured(kind, &blob(&[kind.as_bytes(), named.as_bytes(), point]));
        assert_eq!(ecdsa(curve, &point(4, 64)), Some((256, "ECDSA")));
        assert_eq!(ecdsa("nistp384", &point(4, 64)), None);
        assert_eq!(ecdsa(curve, &point(3, 64)), None);
        assert_eq!(ecdsa(curve, &point(4, 63)), None);
        assert_eq!(ecdsa(curve, &point(4, 96)), None);
        let rsa = |modulus: &[u8]| measured("ssh-rsa", &blob(&[b"ssh-rsa", &[1, 0, 1], modulus]));
        assert_eq!(rsa(&[vec![0, 0x80], vec![0; 127]].concat()), Some((1024, "RSA")));
        assert_eq!(rsa(&[vec![0, 0x7f], vec![0; 127]].concat()), None, "1023 bits");
        assert_eq!(rsa(&[vec![1], vec![0; 128]].concat()), Some((1025, "RSA")));
        assert_eq!(rsa(&[0; 200]), None);
        let ed25519 = |key: &[u8]| measured("ssh-ed25519", &blob(&[b"ssh-ed25519", key]));
        assert_eq!(ed25519(&[7; 32]), Some((256, "ED25519")));
        assert_eq!(ed25519(&[7; 33]), None);
        let more = blob(&[b"ssh-ed25519", &[7; 32], b"more"]);
        assert_eq!(measured("ssh-ed25519", &more), None);
        assert_eq!(measured("ssh-ed25519", &blob(&[b"ssh-rsa", &[7; 32]])), None);
    }

    #[test]
    fn what_is_no_single_key_is_for_ssh_keygen() {
        let (key, _) = KEYS[3];
        for content in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 AAAA\n",
            &format!("{key}{key}"),
            &format!("# comment\n{key}"),
            &format!("host {key}"),
            &key.replace("ssh-ed25519 ", "ssh-rsa "),
            &key.replace("root@host", "r\u{f6}\u{f6}t"),
            &key.replace(" root", "\troot"),
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAA/////8=",
        ] {
            assert_eq!(of_key(content), None, "{content}");
        }
        let (system, recording) = system::Scratch::new().program("/usr/bin/ssh-keygen").system();
        listed(&system, Path::new("/etc/ssh/x.pub"), key).expect("its own");
        assert!(recording.commands().is_empty());
        listed(&system, Path::new("/etc/ssh/x.pub"), "odd").expect("it runs");
        assert_eq!(recording.commands(), ["ssh-keygen -l -f /etc/ssh/x.pub"]);
    }
}
