//! apt.conf(5): proxies and other settings.

use std::path::Path;

use model::Context;
use model::effects::{Attributes, FileError};

use super::Apt;

const PROXIES: &str = "/etc/apt/apt.conf.d/90cloud-init-aptproxy";
const OTHERS: &str = "/etc/apt/apt.conf.d/94cloud-init-config";

/// Writes both files, and removes what has no content.
pub(super) fn apply(context: &Context<'_>, apt: &Apt) -> Result<(), FileError> {
    let proxies = [
        ("http", &apt.proxy),
        ("http", &apt.http_proxy),
        ("ftp", &apt.ftp_proxy),
        ("https", &apt.https_proxy),
    ];
    let proxies: Vec<String> = proxies
        .iter()
        .filter_map(|(scheme, url)| Some((scheme, url.as_ref().filter(|url| !url.0.is_empty())?)))
        .map(|(scheme, url)| format!("Acquire::{scheme}::Proxy \"{}\";\n", url.0))
        .collect();
    write(context, PROXIES, &proxies.concat())?;
    write(context, OTHERS, apt.conf.as_ref().map_or("", |conf| conf.0.as_str()))
}

fn write(context: &Context<'_>, path: &str, text: &str) -> Result<(), FileError> {
    let (files, path) = (&context.system.files, Path::new(path));
    if !text.is_empty() {
        // User and password of a proxy; apt reads the file as an unprivileged user.
        let attributes = Attributes { secret: text.contains('@'), ..Attributes::mode(0o644) };
        return files.write(path, text.as_bytes(), &attributes);
    }
    if files.is_file(path) { files.remove(path) } else { Ok(()) }
}
