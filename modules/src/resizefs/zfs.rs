//! ZFS: a pool grows on each of its disks by `zpool online -e`.

use std::path::Path;

use model::Context;
use model::effects::{Command, CommandError, ReadFiles};

/// zpoolconcepts(7): groups of disks, which `zpool status` lists with a number behind them.
const GROUPS: &[&str] = &["mirror-", "raidz", "draid", "replacing-", "spare-", "indirect-"];
/// Disks of these do not contain the pool's data.
const SECTIONS: &[&str] = &["cache", "spares", "errors:"];

/// Whether the machine has pools; without /dev/zfs, zpool waits for ten seconds.
pub(crate) fn is_available(files: &dyn ReadFiles) -> bool {
    files.exists(Path::new("/dev/zfs"))
}

/// The online disks in the output of `zpool status` for one pool.
pub(super) fn disks<'a>(status: &'a str, pool: &str) -> Vec<&'a str> {
    let words = status.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows = words.take_while(|words| !words.first().is_some_and(|first| SECTIONS.contains(first)));
    let online = |words: Vec<&'a str>| match words.as_slice() {
        [name, "ONLINE", ..] if !name.ends_with(':') => Some(*name),
        _ => None,
    };
    let is_group = |name: &str| GROUPS.iter().any(|group| name.starts_with(group));
    rows.filter_map(online).filter(|name| *name != pool && !is_group(name)).collect()
}

/// The path of a disk that `zpool status` lists by its last part; zpool(8) looks it up in these directories.
pub(super) fn path_of(files: &dyn ReadFiles, name: &str) -> String {
    let directories = ["/dev/disk/by-id", "/dev/disk/by-partuuid", "/dev/disk/by-path", "/dev/mapper"];
    let mut found = directories.iter().map(|directory| format!("{directory}/{name}"));
    let known = name.starts_with('/') || files.exists(&Path::new("/dev").join(name));
    found.find(|path| !known && files.exists(Path::new(path))).unwrap_or_else(|| name.to_owned())
}

/// A disk of a pool, by its path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) pool: String,
    pub(crate) path: String,
}

impl Disk {
    /// The command that has the pool use the disk's complete size.
    pub(crate) fn expand(&self) -> Command {
        Command::line(["zpool", "online", "-e", &self.pool, &self.path])
    }
}

/// The disks of all pools.
pub(crate) fn all(context: &Context<'_>) -> Result<Vec<Disk>, CommandError> {
    if !is_available(context.system.files.as_ref()) {
        return Ok(Vec::new());
    }
    let status = context.system.commands.run(&Command::line(["zpool", "status", "-P"]))?.text();
    Ok(paths(&status))
}

fn paths(status: &str) -> Vec<Disk> {
    // What precedes the first pool has no pool's name.
    let pools = status.split("pool: ").skip(1);
    let disks = pools.flat_map(|part| {
        let pool = part.split_whitespace().next().unwrap_or_default();
        let disk = |path: &str| Disk { pool: pool.to_owned(), path: path.to_owned() };
        disks(part, pool).into_iter().map(disk).collect::<Vec<_>>()
    });
    disks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the form of zpool-status(8).
    const STATUS: &str = "  pool: data
 state: ONLINE
config:

\tNAME                STATE     READ WRITE CKSUM
\tdata                ONLINE       0     0     0
\t  mirror-0          ONLINE       0     0     0
\t    /dev/vdb1       ONLINE       0     0     0
\t    /dev/vdc1       OFFLINE      0     0     0
\tlogs
\t  /dev/vdd1         ONLINE       0     0     0
\tcache
\t  /dev/vde1         ONLINE       0     0     0

errors: No known data errors

  pool: root
 state: ONLINE
config:

\tNAME                STATE     READ WRITE CKSUM
\troot                ONLINE       0     0     0
\t  /dev/gpt/root     ONLINE       0     0     0

errors: No known data errors
";

    #[test]
    fn disks_of_pools() {
        let disk = |pool: &str, path: &str| Disk { pool: pool.into(), path: path.into() };
        let expected =
            [disk("data", "/dev/vdb1"), disk("data", "/dev/vdd1"), disk("root", "/dev/gpt/root")];
        assert_eq!(paths(STATUS), expected);
        assert_eq!(paths("no pools available\n"), []);
        assert_eq!(disks("", "data"), Vec::<&str>::new());
    }

    /// zpool(8) looks for a disk's name in these directories.
    #[test]
    fn paths_of_names() {
        for (name, files, expected) in [
            ("/dev/vdb1", &["/dev/disk/by-id//dev/vdb1"][..], "/dev/vdb1"),
            ("vdb1", &["/dev/vdb1", "/dev/disk/by-id/vdb1"], "vdb1"),
            ("ata-x", &["/dev/disk/by-id/ata-x", "/dev/mapper/ata-x"], "/dev/disk/by-id/ata-x"),
            ("pci-x", &["/dev/disk/by-path/pci-x"], "/dev/disk/by-path/pci-x"),
            ("crypt", &["/dev/mapper/crypt"], "/dev/mapper/crypt"),
            ("none", &["/dev/mapper/other"], "none"),
        ] {
            let root = files.iter().fold(system::Scratch::new(), |root, path| root.node(path));
            assert_eq!(path_of(root.system().0.files.as_ref(), name), expected, "{name}");
        }
    }
}
