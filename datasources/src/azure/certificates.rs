//! Keys in certificates: the server encrypts them for a certificate that is made for this purpose. Programs do the
//! cryptography: openssl(1) and ssh-keygen(1).

use std::path::{Path, PathBuf};

use metadata::xml;
use model::System;
use model::datasource::SourceError;
use model::effects::{Command, CommandError};

use super::ovf::PublicKey;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

fn failed(what: &str) -> impl Fn(CommandError) -> SourceError {
    let place = format!("the certificates: {what}");
    move |error| SourceError::Broken { place: place.clone(), reason: error.to_string() }
}

/// A certificate and its private key, in files that are removed when it is dropped.
pub(super) struct Transport<'s> {
    system: &'s System,
    directory: PathBuf,
    certificate: String,
}

impl Drop for Transport<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.system.files.remove(&self.directory) {
            tracing::warn!("{error}");
        }
    }
}

impl<'s> Transport<'s> {
    /// Makes a certificate in a directory that only root can read.
    pub(super) fn create(system: &'s System, directory: &Path) -> Result<Self, SourceError> {
        system.files.remove(directory)?;
        system.files.create_dir(directory, Some(0o700))?;
        let mut made = Self { system, directory: directory.to_owned(), certificate: String::new() };
        let command = Command::line(["openssl", "req", "-x509", "-nodes", "-subj", "/CN=LinuxTransport", "-days", "32768"])
            .args(["-newkey", "rsa:3072", "-keyout"])
            .arg(made.path("TransportPrivate.pem"))
            .arg("-out")
            .arg(made.path("TransportCert.pem"));
        system.commands.run(&command).map_err(failed("openssl req"))?;
        let text = system.files.text(Path::new(&made.path("TransportCert.pem"))).unwrap_or_default();
        made.certificate =
            text.lines().filter(|line| !line.contains("CERTIFICATE")).map(str::trim_end).collect();
        Ok(made)
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    /// The certificate in base64, for the server.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The keys of the server's document that are wanted: other certificates are not the user's (CVE-2019-0816).
    pub(super) fn keys(&self, place: &str, document: &[u8], wanted: &[PublicKey]) -> Result<Vec<String>, SourceError> {
        let text = String::from_utf8_lossy(document);
        let document = xml::parse(place, text.trim_start_matches('\u{feff}'))?;
        let data = document.descendants().find(|node| node.tag_name().name() == "Data").and_then(|node| node.text());
        let data = data.ok_or_else(|| SourceError::Broken { place: place.to_owned(), reason: "no Data".to_owned() })?;
        let mut known = Vec::new();
        for certificate in blocks(&self.decrypted(data)?) {
            known.push((self.fingerprint(certificate)?, self.ssh_key(certificate)?));
        }
        Ok(chosen(wanted, &known))
    }

    /// The certificates and private keys, in PEM.
    fn decrypted(&self, data: &str) -> Result<String, SourceError> {
        let message = format!(
            "MIME-Version: 1.0\nContent-Disposition: attachment; filename=\"Certificates.p7m\"\n\
             Content-Type: application/x-pkcs7-mime; name=\"Certificates.p7m\"\n\
             Content-Transfer-Encoding: base64\n\n{data}"
        );
        let decrypt = Command::line(["openssl", "cms", "-decrypt", "-in", "/dev/stdin", "-inkey"])
            .arg(self.path("TransportPrivate.pem"))
            .arg("-recip")
            .arg(self.path("TransportCert.pem"))
            .stdin(message);
        let bundle = self.system.commands.run(&decrypt).map_err(failed("openssl cms"))?.stdout;
        let unpack = Command::line(["openssl", "pkcs12", "-nodes", "-password", "pass:"]).stdin(bundle);
        Ok(self.system.commands.run(&unpack).map_err(failed("openssl pkcs12"))?.text())
    }

    /// In the form of ovf-env.xml: hexadecimal digits only.
    fn fingerprint(&self, certificate: &str) -> Result<String, SourceError> {
        let command = Command::line(["openssl", "x509", "-noout", "-fingerprint"]).stdin(certificate);
        let text = self.system.commands.run(&command).map_err(failed("openssl x509"))?.text();
        Ok(text.rsplit('=').next().unwrap_or_default().trim().replace(':', ""))
    }

    fn ssh_key(&self, certificate: &str) -> Result<String, SourceError> {
        let command = Command::line(["openssl", "x509", "-noout", "-pubkey"]).stdin(certificate);
        let key = self.system.commands.run(&command).map_err(failed("openssl x509"))?.stdout;
        let convert = Command::line(["ssh-keygen", "-i", "-m", "PKCS8", "-f", "/dev/stdin"]).stdin(key);
        let text = self.system.commands.run(&convert).map_err(failed("ssh-keygen"))?.text();
        Ok(text.trim_end().to_owned())
    }
}

/// The certificates in a text that also has private keys.
fn blocks(text: &str) -> Vec<&str> {
    let starts = text.match_indices(BEGIN).map(|(at, _)| &text[at..]);
    starts.filter_map(|rest| Some(&rest[..rest.find(END)? + END.len()])).collect()
}

/// Keys by value, or by the fingerprint of a known certificate.
fn chosen(wanted: &[PublicKey], known: &[(String, String)]) -> Vec<String> {
    let mut keys = Vec::new();
    for key in wanted {
        match (&key.value, &key.fingerprint) {
            (value, _) if !value.is_empty() => keys.push(value.clone()),
            (_, Some(fingerprint)) => match known.iter().find(|(known, _)| known == fingerprint) {
                Some((_, key)) => keys.push(key.clone()),
                None => tracing::warn!(
                    "ovf-env.xml specified PublicKey fingerprint {fingerprint} not found in goalstate XML"
                ),
            },
            (_, None) => tracing::warn!("ovf-env.xml specified PublicKey with neither value nor fingerprint"),
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use system::{Scratch, TreeHttp};

    use super::*;

    #[test]
    fn only_wanted_certificates_give_keys() {
        let known = [("AA".to_owned(), "ssh-rsa ours".to_owned()), ("BB".to_owned(), "ssh-rsa other".to_owned())];
        let wanted = |fingerprint: Option<&str>, value: &str| PublicKey {
            fingerprint: fingerprint.map(str::to_owned),
            value: value.to_owned(),
            path: None,
        };
        let keys = [wanted(Some("AA"), ""), wanted(Some("CC"), ""), wanted(None, "ssh-rsa v"), wanted(None, "")];
        assert_eq!(chosen(&keys, &known), ["ssh-rsa ours", "ssh-rsa v"]);
    }

    #[test]
    #[ignore = "needs openssl, ssh-keygen"]
    fn a_key_comes_out_of_an_encrypted_certificate() {
        let http = Arc::new(TreeHttp::new(Arc::new(Scratch::new()), None));
        let system = system::Host::system(None, http);
        let directory = std::env::temp_dir().join(format!("azure-certificates-{}", std::process::id()));
        let transport = Transport::create(&system, &directory.join("transport")).expect("openssl works");
        let run = |command: Command| system.commands.run(&command).expect("openssl works").stdout;
        let line = |words: &str| Command::line(words.split(' '));
        let at = |name: &str| directory.join(name).display().to_string();
        let (key, pem, p12) = (at("user.key"), at("user.pem"), at("user.p12"));
        run(line(&format!("openssl req -x509 -nodes -subj /CN=user -newkey rsa:2048 -keyout {key} -out {pem}")));
        run(line(&format!("openssl pkcs12 -export -passout pass: -inkey {key} -in {pem} -out {p12}")));
        let encrypt = line(&format!("openssl cms -encrypt -binary -outform DER -des3 -in {p12}"));
        let encrypted = run(encrypt.arg(transport.path("TransportCert.pem")));
        let certificate = system.files.text(Path::new(&pem)).expect("there");
        let fingerprint = transport.fingerprint(&certificate).expect("openssl works");
        assert!(fingerprint.len() == 40 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()), "{fingerprint}");
        let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, encrypted);
        let lines: Vec<&str> = data.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        let document = format!(
            "<CertificateFile><Version>2012-11-30</Version><Data>{}</Data></CertificateFile>",
            lines.join("\n")
        );
        let wanted = [PublicKey { fingerprint: Some(fingerprint), ..PublicKey::default() }];
        let keys = transport.keys("t", document.as_bytes(), &wanted).expect("it decrypts");
        assert!(matches!(keys.as_slice(), [key] if key.starts_with("ssh-rsa AAAA")), "{keys:?}");
        assert!(!transport.certificate().contains('\n') && transport.certificate().len() > 500);
        drop(transport);
        assert!(!system.files.exists(&directory.join("transport")), "the private key is removed");
        system.files.remove(&directory).expect("removed");
    }

    #[test]
    fn certificates_are_found_between_other_blocks() {
        let text = format!("x\n{BEGIN}\nA\n{END}\n-----BEGIN PRIVATE KEY-----\nK\n{BEGIN}\nB\n{END}\n{BEGIN}\ntorn");
        let found = blocks(&text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("\nA\n") && found[1].contains("\nB\n"));
    }
}
