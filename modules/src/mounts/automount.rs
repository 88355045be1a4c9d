//! Mount points of devices that may appear later in this boot: systemd mounts them when they are used.

use model::Context;
use model::distro::ServiceAction;
use model::module::Report;

const OPTION: &str = "x-systemd.automount";

/// Starts the units of entries with the option that are not mounted. systemd itself starts them at the next boot only.
pub(super) fn start(
    context: &Context<'_>,
    lines: &[Vec<String>],
    is_mounted: impl Fn(&str) -> bool,
    report: &mut Report,
) {
    let services = context.distro.services();
    if !services.uses_systemd() {
        return;
    }
    let wanted = |line: &&Vec<String>| line[3].split(',').any(|option| option == OPTION);
    let points = lines.iter().filter(wanted).map(|line| line[1].as_str());
    for point in points.filter(|point| point.starts_with('/') && !is_mounted(point)) {
        if let Err(error) = services.manage(ServiceAction::Start, &unit(point)) {
            report.warn(None, format!("{point} is not mounted when it is used: {error}"));
        }
    }
}

/// The unit of a mount point, by the escaping of paths in systemd.unit(5).
fn unit(point: &str) -> String {
    let parts: Vec<&str> = point.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let mut name = String::new();
    for (at, byte) in parts.join("/").bytes().enumerate() {
        match byte {
            b'/' => name.push('-'),
            b'.' if at == 0 => name.push_str("\\x2e"),
            byte if byte.is_ascii_alphanumeric() || b":_.".contains(&byte) => name.push(byte.into()),
            byte => name.push_str(&format!("\\x{byte:02x}")),
        }
    }
    if name.is_empty() {
        name.push('-');
    }
    name + ".automount"
}

#[cfg(test)]
mod tests {
    use super::unit;

    /// systemd-escape(1) with `--path --suffix=automount`.
    #[test]
    fn units_of_mount_points() {
        assert_eq!(unit("/srv/data"), "srv-data.automount");
        assert_eq!(unit("/srv//my-data/"), "srv-my\\x2ddata.automount");
        assert_eq!(unit("/.snapshots"), "\\x2esnapshots.automount");
        assert_eq!(unit("/srv/.ä b"), "srv-.\\xc3\\xa4\\x20b.automount");
        assert_eq!(unit("/"), "-.automount");
    }
}
