//! btrfs: a file system may span several devices, and `max` alone resizes only device 1.

use std::path::{Path, PathBuf};

use model::Order as _;
use model::effects::{Command, ReadFiles};
use model::{Context, ModuleError};

use crate::block::{Mount, canonical};

/// What the kernel knows of the file systems, a directory per UUID.
const SYSFS: &str = "/sys/fs/btrfs";

/// The commands that grow a mounted file system on each of its devices.
pub(super) fn commands(
    context: &Context<'_>,
    mount: &Mount,
    what: &str,
    device: &str,
) -> Result<Vec<Command>, ModuleError> {
    let files = context.system.files.as_ref();
    let queues = queues(context)?;
    let sizes = sizes(files, &canonical(files, Path::new(device)));
    Ok(sizes.iter().map(|size| resize(context, mount, what, queues, size)).collect())
}

/// The command that grows a mounted file system on one of its devices. The kernel refuses `max` for others that are
/// still smaller than 256 MiB.
pub(crate) fn on_device(
    context: &Context<'_>,
    mount: &Mount,
    device: &Path,
) -> Result<Command, ModuleError> {
    let files = context.system.files.as_ref();
    let queues = queues(context)?;
    let size = match sizes(files, device).as_slice() {
        [only] => only.clone(),
        _ => {
            let shown = Command::line(["btrfs", "filesystem", "show", &mount.point]);
            let shown = context.system.commands.run(&shown)?.text();
            let id = shown.lines().filter_map(shown_device).find(|(_, path)| canonical(files, path) == device);
            let missing =
                || ModuleError::Failed(format!("btrfs does not list {} in {}", device.display(), mount.point));
            format!("{}:max", id.ok_or_else(missing)?.0)
        }
    };
    Ok(resize(context, mount, &mount.point, queues, &size))
}

/// A line of `btrfs filesystem show`: `devid 1 size 1.00GiB used 126.38MiB path /dev/vdb1`.
fn shown_device(line: &str) -> Option<(&str, &Path)> {
    let (id, rest) = line.trim().strip_prefix("devid")?.trim().split_once(' ')?;
    Some((id, Path::new(rest.split_once(" path ")?.1.trim())))
}

fn resize(context: &Context<'_>, mount: &Mount, what: &str, queues: bool, size: &str) -> Command {
    // A read-only root refuses; a writable subvolume of it does not, and snapper has one.
    let snapshots = format!("{}/.snapshots", what.trim_end_matches('/'));
    let writable = mount.options.split(',').next() == Some("rw");
    let inside = !writable && context.system.files.is_dir(Path::new(&snapshots));
    // Upstream doubles the slash of the root.
    let inside_path = format!("{what}/.snapshots");
    let mut words = vec!["btrfs", "filesystem", "resize"];
    words.extend(queues.then_some("--enqueue"));
    words.extend([size, if inside { &inside_path } else { what }]);
    Command::line(words)
}

/// Since btrfs-progs 5.10, resizing waits for a balance instead of failing.
fn queues(context: &Context<'_>) -> Result<bool, ModuleError> {
    let version = context.system.commands.run(&Command::line(["btrfs", "--version"]))?.text();
    let number = version.lines().next().and_then(|line| line.rsplit('v').next()).unwrap_or_default().trim();
    let mut numbers = number.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    Ok((numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (5, 10))
}

/// `max` where device 1 is the only one, otherwise `ID:max` for each device.
fn sizes(files: &dyn ReadFiles, device: &Path) -> Vec<String> {
    let listed = directory(files, device).and_then(|found| files.list(&found.join("devinfo")).ok());
    let mut ids: Vec<u64> = listed.iter().flatten().filter_map(|name| name.parse().ok()).collect();
    ids.order();
    match ids.as_slice() {
        [] | [1] => vec!["max".to_owned()],
        ids => ids.iter().map(|id| format!("{id}:max")).collect(),
    }
}

/// Whether both devices belong to the same mounted file system.
pub(crate) fn is_shared(files: &dyn ReadFiles, one: &Path, other: &Path) -> bool {
    directory(files, one).is_some_and(|found| Some(found) == directory(files, other))
}

/// The kernel's directory of the mounted file system that contains a device.
fn directory(files: &dyn ReadFiles, device: &Path) -> Option<PathBuf> {
    let name = device.file_name()?.to_str()?;
    let has_device = |found: &PathBuf| {
        files.list(&found.join("devices")).is_ok_and(|devices| devices.iter().any(|device| device == name))
    };
    let all = files.list(Path::new(SYSFS)).ok()?;
    all.iter().map(|uuid| Path::new(SYSFS).join(uuid)).find(has_device)
}
