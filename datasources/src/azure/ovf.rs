//! ovf-env.xml, the document of the provisioning ISO: user, password, keys, custom data, and how to provision.
//!
//! Source: "Linux provisioning configuration set", Azure classic deployment documentation; DMTF DSP0243 for the
//! environment.

use metadata::{encoding, sha_crypt, xml};
use model::Order as _;
use model::System;
use serde_json::{Map, Value, json};

use super::report::{Failure, Report};

/// The name in messages and in the data directory.
pub(super) const FILE: &str = "ovf-env.xml";
/// In the place of the password once it has been used.
const REDACTED: &str = "REDACTED";
/// See "osProfile" in Azure's REST reference of virtual machines.
const MAX_PASSWORD: usize = 72;
const NAMESPACE: &str = "http://schemas.microsoft.com/windowsazure";

/// The environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Environment {
    pub hostname: Option<String>,
    pub username: Option<String>,
    pub password: Option<String>,
    pub custom_data: Vec<u8>,
    pub disable_password: Option<bool>,
    pub public_keys: Vec<PublicKey>,
    pub preprovisioned: bool,
    pub preprovisioned_type: Option<String>,
    pub proxy_agent: bool,
}

/// A key, given by its value or by the fingerprint of its certificate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PublicKey {
    pub fingerprint: Option<String>,
    pub path: Option<String>,
    pub value: String,
}

/// The only child of a name; one in Azure's namespace.
fn only<'a, 'i>(node: xml::Node<'a, 'i>, name: &str) -> Result<Option<xml::Node<'a, 'i>>, Report> {
    let own = |child: &xml::Node<'a, 'i>| child.tag_name().namespace() == Some(NAMESPACE);
    let found: Vec<_> = xml::children(node, name).filter(own).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        many => Err(invalid(&format!("multiple configuration matches for '{name}' ({})", many.len()))),
    }
}

fn required<'a, 'i>(node: xml::Node<'a, 'i>, name: &str) -> Result<xml::Node<'a, 'i>, Report> {
    only(node, name)?.ok_or_else(|| invalid(&format!("missing configuration for '{name}'")))
}

fn invalid(message: &str) -> Report {
    Report::new(format!("unexpected metadata parsing ovf-env.xml: {message}"))
}

/// The text of a child; `None` if it is missing or empty.
fn text(node: xml::Node<'_, '_>, name: &str) -> Result<Option<String>, Report> {
    Ok(only(node, name)?.and_then(|child| child.text()).filter(|text| !text.is_empty()).map(str::to_owned))
}

/// A flag; an empty one is false.
fn flag(node: xml::Node<'_, '_>, name: &str) -> Result<Option<bool>, Report> {
    let Some(child) = only(node, name)? else { return Ok(None) };
    let word = child.text().unwrap_or_default().trim().to_lowercase();
    Ok(Some(matches!(word.as_str(), "true" | "1" | "on" | "yes")))
}

/// Reads the document; `None` if it is not Azure's. Only text in UTF-8 is.
pub(super) fn parse(content: &[u8]) -> Result<Option<Environment>, Report> {
    let unreadable = |reason: &str| Report::new(format!("error parsing ovf-env.xml: {reason}"));
    let content = std::str::from_utf8(content).map_err(|_| unreadable("not valid UTF-8"))?;
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let document = xml::parse(FILE, content).map_err(|error| unreadable(&error.to_string()))?;
    let root = document.root_element();
    let Some(section) = xml::child(root, "ProvisioningSection").filter(|node| node.tag_name().namespace() == Some(NAMESPACE))
    else {
        return Ok(None);
    };
    let set = required(section, "LinuxProvisioningConfigurationSet")?;
    let custom_data: String = text(set, "CustomData")?.unwrap_or_default().split_whitespace().collect();
    let custom_data =
        encoding::base64_lenient(&custom_data).map_err(|error| invalid(&format!("CustomData: {error}")))?;
    let password = text(set, "UserPassword")?;
    if let Some(length) = password.as_ref().map(|password| password.chars().count()).filter(|length| *length > MAX_PASSWORD)
    {
        return Err(Report::new(format!("unsupported password length={length} max={MAX_PASSWORD}"))
            .with("length", length)
            .with("max_length", MAX_PASSWORD));
    }
    required(set, "HostName")?;
    let platform = required(required(root, "PlatformSettingsSection")?, "PlatformSettings")?;
    Ok(Some(Environment {
        hostname: text(set, "HostName")?,
        username: text(set, "UserName")?,
        password,
        custom_data,
        disable_password: flag(set, "DisableSshPasswordAuthentication")?,
        public_keys: public_keys(set)?,
        preprovisioned: flag(platform, "PreprovisionedVm")?.unwrap_or(false),
        preprovisioned_type: text(platform, "PreprovisionedVMType")?,
        proxy_agent: flag(platform, "ProvisionGuestProxyAgent")?.unwrap_or(false),
    }))
}

fn public_keys(set: xml::Node<'_, '_>) -> Result<Vec<PublicKey>, Report> {
    let Some(section) = only(set, "SSH")? else { return Ok(Vec::new()) };
    let Some(keys) = only(section, "PublicKeys")? else { return Ok(Vec::new()) };
    let read = |key| {
        Ok(PublicKey {
            fingerprint: text(key, "Fingerprint")?,
            path: text(key, "Path")?,
            value: text(key, "Value")?.unwrap_or_default(),
        })
    };
    xml::children(keys, "PublicKey").map(read).collect()
}

impl Environment {
    /// The configuration that it means.
    pub(super) fn config(&self, system: &System) -> Map<String, Value> {
        let mut config = Map::new();
        if !self.public_keys.is_empty() {
            let key = |key: &PublicKey| json!({"fingerprint": key.fingerprint, "path": key.path, "value": key.value});
            config.insert("_pubkeys".to_owned(), self.public_keys.iter().map(key).collect());
        }
        if let Some(disable) = self.disable_password {
            config.insert("ssh_pwauth".to_owned(), (!disable).into());
        } else if self.password.is_some() {
            config.insert("ssh_pwauth".to_owned(), true.into());
        }
        let mut user = Map::new();
        if let Some(name) = &self.username {
            user.insert("name".to_owned(), name.clone().into());
        }
        if let Some(password) = &self.password {
            user.insert("lock_passwd".to_owned(), false.into());
            if password != REDACTED {
                let mut salt = [0; 16];
                system.environment.random(&mut salt);
                user.insert("hashed_passwd".to_owned(), sha_crypt::sha512(password, &salt).into());
            }
        }
        if !user.is_empty() {
            config.insert("system_info".to_owned(), json!({"default_user": user}));
        }
        config.insert("PreprovisionedVm".to_owned(), self.preprovisioned.into());
        config.insert("PreprovisionedVMType".to_owned(), self.preprovisioned_type.clone().into());
        config.insert("ProvisionGuestProxyAgent".to_owned(), self.proxy_agent.into());
        config
    }
}

/// The document with its password replaced, for the data directory.
pub(super) fn without_password(content: &[u8]) -> Result<Vec<u8>, Failure> {
    let broken = |reason: String| Failure::broken(FILE, reason);
    let content = std::str::from_utf8(content).map_err(|error| broken(error.to_string()))?;
    // Positions are those of the text that is parsed.
    let text = content.strip_prefix('\u{feff}').unwrap_or(content);
    let document = xml::parse(FILE, text)?;
    let passwords = document.descendants().filter(|node| node.tag_name().name().contains("UserPassword"));
    let mut ranges: Vec<_> =
        passwords.flat_map(|node| node.children()).filter(xml::Node::is_text).map(|child| child.range()).collect();
    ranges.order_by_key(|range| range.start);
    let mut out = text.to_owned();
    for range in ranges.into_iter().rev() {
        out.replace_range(range, REDACTED);
    }
    Ok(out.into_bytes())
}

/// A document with what the metadata service says, for the data directory of a machine without an ISO.
pub(super) fn minimal(username: Option<&str>, hostname: Option<&str>, disable_password: Option<bool>) -> Vec<u8> {
    let element = |name: &str, value: Option<String>| {
        value.map_or_else(String::new, |value| format!("      <wa:{name}>{}</wa:{name}>\n", escaped(&value)))
    };
    let user = element("UserName", username.map(str::to_owned));
    let disable = element("DisableSshPasswordAuthentication", disable_password.map(|disable| disable.to_string()));
    let host = element("HostName", Some(hostname.unwrap_or_default().to_owned()));
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <Environment xmlns=\"http://schemas.dmtf.org/ovf/environment/1\" xmlns:wa=\"{NAMESPACE}\">\n  \
           <wa:ProvisioningSection>\n    <wa:Version>1.0</wa:Version>\n    <wa:LinuxProvisioningConfigurationSet>\n      \
             <wa:ConfigurationSetType>LinuxProvisioningConfiguration</wa:ConfigurationSetType>\n\
         {user}{disable}{host}    </wa:LinuxProvisioningConfigurationSet>\n  </wa:ProvisioningSection>\n  \
           <wa:PlatformSettingsSection>\n    <wa:Version>1.0</wa:Version>\n    <wa:PlatformSettings>\n      \
             <wa:ProvisionGuestAgent>true</wa:ProvisionGuestAgent>\n    </wa:PlatformSettings>\n  \
           </wa:PlatformSettingsSection>\n</Environment>\n"
    )
    .into_bytes()
}

/// Text for a document.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(set: &str, platform: &str) -> String {
        format!(
            "<Environment xmlns=\"http://schemas.dmtf.org/ovf/environment/1\" xmlns:wa=\"{NAMESPACE}\">\
             <wa:ProvisioningSection><wa:Version>1.0</wa:Version><LinuxProvisioningConfigurationSet xmlns=\"{NAMESPACE}\">\
             {set}</LinuxProvisioningConfigurationSet></wa:ProvisioningSection>\
             <wa:PlatformSettingsSection><PlatformSettings xmlns=\"{NAMESPACE}\">{platform}</PlatformSettings>\
             </wa:PlatformSettingsSection></Environment>"
        )
    }

    fn read(set: &str, platform: &str) -> Result<Environment, Report> {
        parse(document(set, platform).as_bytes()).map(|found| found.expect("Azure's"))
    }

    #[test]
    fn everything_is_read() {
        let set = "<HostName>web-1</HostName><UserName>bob</UserName><UserPassword>s&amp;cret</UserPassword>\
                   <DisableSshPasswordAuthentication>false</DisableSshPasswordAuthentication>\
                   <CustomData>I2Nsb3VkLWNv\n bmZpZw==</CustomData>\
                   <SSH><PublicKeys><PublicKey><Fingerprint>AB12</Fingerprint><Path>/home/bob/x</Path></PublicKey>\
                   <PublicKey><Value>ssh-rsa AAA</Value></PublicKey></PublicKeys></SSH>";
        let platform = "<PreprovisionedVm>true</PreprovisionedVm><PreprovisionedVMType>Savable</PreprovisionedVMType>\
                        <ProvisionGuestProxyAgent>false</ProvisionGuestProxyAgent>";
        let found = read(set, platform).expect("valid");
        assert_eq!(found.custom_data, b"#cloud-config");
        assert_eq!(found.password.as_deref(), Some("s&cret"));
        assert_eq!((found.preprovisioned, found.preprovisioned_type.as_deref()), (true, Some("Savable")));
        assert_eq!(found.public_keys.len(), 2);
        let (system, _) = system::Scratch::new().system();
        let config = found.config(&system);
        let user = &config["system_info"]["default_user"];
        assert_eq!((&user["name"], &user["lock_passwd"]), (&json!("bob"), &json!(false)));
        assert!(user["hashed_passwd"].as_str().expect("text").starts_with("$6$"));
        assert_eq!(config["ssh_pwauth"], json!(true));
        let kept = without_password(document(set, platform).as_bytes()).expect("valid");
        let kept = String::from_utf8(kept).expect("text");
        assert!(kept.contains("<UserPassword>REDACTED</UserPassword>") && !kept.contains("cret"), "{kept}");
        let again = parse(kept.as_bytes()).expect("valid").expect("Azure's").config(&system);
        assert!(again["system_info"]["default_user"].get("hashed_passwd").is_none());
    }

    #[test]
    fn what_is_wrong_is_reported() {
        let reason = |set: &str| read(set, "").expect_err("wrong").reason;
        assert!(reason("<UserName>x</UserName>").ends_with("missing configuration for 'HostName'"));
        assert!(
            reason("<HostName>a</HostName><HostName>b</HostName>")
                .ends_with("multiple configuration matches for 'HostName' (2)")
        );
        let long = format!("<HostName>a</HostName><UserPassword>{}</UserPassword>", "p".repeat(73));
        assert_eq!(reason(&long), "unsupported password length=73 max=72");
        assert!(parse(b"<a>").expect_err("torn").reason.starts_with("error parsing ovf-env.xml"));
        assert_eq!(parse(b"<Environment/>"), Ok(None));
        assert!(parse(b"\xff").is_err());
    }

    #[test]
    fn a_minimal_document_is_read_back() {
        let found = parse(&minimal(Some("b&b"), Some("h"), Some(true))).expect("valid").expect("Azure's");
        assert_eq!(found.username.as_deref(), Some("b&b"));
        assert_eq!((found.hostname.as_deref(), found.disable_password), (Some("h"), Some(true)));
        assert!(parse(&minimal(None, None, None)).expect("valid").is_some());
    }
}
