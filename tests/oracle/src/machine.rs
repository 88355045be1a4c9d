//! A made-up machine: what detection may look at, as files of a root.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::{Error, file};

/// A machine. What is not given does not exist on it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Machine {
    /// Another machine of the table, of which it has everything that is not given here.
    pub like: Option<String>,
    /// The source that both have to find first; `none` where both must not enable anything.
    pub finds: Option<String>,
    /// Firmware: files of /sys/class/dmi/id and their lines. An empty map is firmware that tells nothing.
    pub dmi: Option<BTreeMap<String, String>>,
    /// The virtualization in systemd's words.
    pub virt: Option<String>,
    /// Whether systemd tells it in a variable (since version 251); otherwise systemd-detect-virt has to be asked.
    pub told: Option<bool>,
    /// The kernel's command line; that of the first process in a container.
    pub cmdline: Option<String>,
    /// Files by path. `null` removes one of `like`.
    pub files: BTreeMap<String, Option<String>>,
    /// How many seconds before now a file was changed.
    pub ages: BTreeMap<String, u64>,
    /// Sockets that somebody listens on.
    pub sockets: BTreeSet<String>,
    /// Disks by name. `null` removes one of `like`.
    pub disks: BTreeMap<String, Option<Disk>>,
    /// Variables of the environment.
    pub environment: BTreeMap<String, String>,
    /// Programs in /usr/bin: scripts of the shell.
    pub programs: BTreeMap<String, String>,
    /// Arguments.
    pub arguments: Vec<String>,
}

/// A disk and its file system.
#[derive(Clone, Debug, Default, Deserialize, Hash)]
#[serde(deny_unknown_fields, default)]
pub struct Disk {
    /// `iso9660`, `vfat` or `ext4`; nothing on it without.
    pub filesystem: Option<String>,
    /// Its label.
    pub label: Option<String>,
    /// Its UUID (vfat: `XXXX-XXXX`).
    pub uuid: Option<String>,
    /// What the kernel says of its size, in sectors of 512 bytes; by default that of the image.
    pub sectors: Option<u64>,
    /// The text of the file `ovf-env.xml` on it.
    pub text: Option<String>,
}

impl Machine {
    /// This machine over the one that it is like.
    pub fn over(self, base: &Self) -> Self {
        let mut whole = base.clone();
        whole.like = None;
        whole.finds = self.finds;
        if let Some(dmi) = self.dmi {
            whole.dmi.get_or_insert_default().extend(dmi);
        }
        whole.virt = self.virt.or(whole.virt);
        whole.told = self.told.or(whole.told);
        whole.cmdline = match (self.cmdline, whole.cmdline) {
            (Some(own), Some(other)) if own != other => Some(format!("{other} {own}")),
            (own, other) => own.or(other),
        };
        whole.files.extend(self.files);
        whole.ages.extend(self.ages);
        whole.sockets.extend(self.sockets);
        whole.disks.extend(self.disks);
        whole.environment.extend(self.environment);
        whole.programs.extend(self.programs);
        whole.arguments.extend(self.arguments);
        whole
    }

    /// Lays the machine into a directory. `images` keeps file systems that were made before.
    pub fn build(&self, root: &Path, images: &Path) -> Result<(), Error> {
        let put = |path: &str, text: &str| write(root, path, text.as_bytes());
        let contained = self.is_container();
        put("run/systemd/.keep", "")?;
        put("etc/cloud/cloud.cfg", "users: [default]\n")?;
        if let Some(dmi) = &self.dmi {
            fs::create_dir_all(root.join("sys/class/dmi/id")).map_err(file("dmi"))?;
            for (name, line) in dmi {
                put(&format!("sys/class/dmi/id/{name}"), &format!("{line}\n"))?;
            }
        }
        let line = self.cmdline.as_deref().unwrap_or("BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro");
        put("proc/1/environ", "container=none\0")?;
        put("proc/uptime", "4.20 3.10\n")?;
        put("proc/mounts", "/dev/vda1 / ext4 rw 0 0\n")?;
        put("proc/cmdline", "BOOT_IMAGE=/vmlinuz of=host\n")?;
        if contained {
            put("proc/1/cmdline", &format!("/sbin/init\0{}", line.replace(' ', "\0")))?;
            put("run/systemd/container", self.virt.as_deref().unwrap_or_default())?;
        } else {
            put("proc/cmdline", &format!("{line}\n"))?;
        }
        let virt = self.virt.as_deref().unwrap_or("none");
        let code = i32::from(virt == "none");
        script(root, "bin/systemd-detect-virt", &format!("echo {virt}\nexit {code}"))?;
        self.build_disks(root, images)?;
        for (name, text) in &self.programs {
            script(root, &format!("bin/{name}"), text)?;
        }
        for (path, text) in self.files.iter().filter_map(|(path, text)| Some((path, text.as_ref()?))) {
            put(path, text)?;
        }
        for (path, seconds) in &self.ages {
            let time = SystemTime::now() - Duration::from_secs(*seconds);
            let opened = fs::File::options().write(true).open(root.join(path)).map_err(file(path))?;
            opened.set_modified(time).map_err(file(path))?;
        }
        for path in &self.sockets {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap_or(root)).map_err(file("socket"))?;
            // The name stays when nobody listens any more, which nobody asks.
            drop(UnixListener::bind(&path).map_err(file(path.display().to_string()))?);
        }
        Ok(())
    }

    fn build_disks(&self, root: &Path, images: &Path) -> Result<(), Error> {
        let mut told = String::new();
        for (name, disk) in self.disks.iter().filter_map(|(name, disk)| Some((name, disk.as_ref()?))) {
            let image = disk.image(images)?;
            let device = root.join("dev").join(name);
            fs::create_dir_all(root.join("dev")).map_err(file("dev"))?;
            fs::copy(&image, &device).map_err(file(name))?;
            let size = fs::metadata(&image).map_err(file(name))?.len() / 512;
            write(
                root,
                &format!("sys/class/block/{name}/size"),
                format!("{}\n", disk.sectors.unwrap_or(size)).as_bytes(),
            )?;
            told += &printed_by_blkid(&image, name)?;
        }
        write(root, "etc/blkid.told", told.as_bytes())?;
        script(root, "sbin/blkid", "cat /etc/blkid.told")
    }

    /// Whether systemd calls it a container.
    pub fn is_container(&self) -> bool {
        self.virt.as_deref().is_some_and(|virt| CONTAINERS.contains(&virt))
    }

    /// The environment of the program that detects.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let mut variables = self.environment.clone();
        if self.told.unwrap_or(true) {
            let virt = self.virt.as_deref().unwrap_or("none");
            let kind = if CONTAINERS.contains(&virt) { "container" } else { "vm" };
            let told = if virt == "none" { virt.to_owned() } else { format!("{kind}:{virt}") };
            variables.insert("SYSTEMD_VIRTUALIZATION".to_owned(), told);
        }
        variables
    }
}

/// What systemd calls containers (systemd-detect-virt(1)).
const CONTAINERS: &[&str] =
    &["openvz", "lxc", "lxc-libvirt", "systemd-nspawn", "docker", "podman", "rkt", "wsl", "container-other"];

impl Disk {
    /// The image; made once for each description.
    fn image(&self, images: &Path) -> Result<std::path::PathBuf, Error> {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        let image = images.join(format!("{:016x}", hasher.finish()));
        if image.exists() {
            return Ok(image);
        }
        let label = self.label.as_deref().unwrap_or_default();
        match self.filesystem.as_deref() {
            Some("iso9660") => {
                let content = images.join("content");
                fs::create_dir_all(&content).map_err(file("content"))?;
                let text = self.text.as_deref().unwrap_or("nothing");
                fs::write(content.join("ovf-env.xml"), text).map_err(file("content"))?;
                let mut command = Command::new("genisoimage");
                command.args(["-quiet", "-r", "-V", label, "-o"]).arg(&image).arg(&content);
                oracle::root::run_command(&mut command)?;
            }
            Some("vfat") => {
                let mut command = Command::new("mkfs.vfat");
                if let Some(uuid) = &self.uuid {
                    command.args(["-i", &uuid.replace('-', "")]);
                }
                if !label.is_empty() {
                    command.args(["-n", label]);
                }
                oracle::root::run_command(command.arg("-C").arg(&image).arg("512"))?;
            }
            Some("ext4") => {
                fs::File::create(&image).and_then(|made| made.set_len(1 << 20)).map_err(file("image"))?;
                let mut command = Command::new("mkfs.ext4");
                command.args(["-q", "-F", "-L", label]).arg(&image);
                oracle::root::run_command(&mut command)?;
            }
            Some(other) => return Err(Error::Usage(format!("no file system {other} can be made"))),
            None => fs::File::create(&image).and_then(|made| made.set_len(1 << 20)).map_err(file("image"))?,
        }
        Ok(image)
    }
}

/// What blkid prints of a device with this image.
fn printed_by_blkid(image: &Path, name: &str) -> Result<String, Error> {
    let output = Command::new("blkid")
        .args(["-p", "-o", "export"])
        .arg(image)
        .output()
        .map_err(|source| Error::Command { command: "blkid".into(), output: source.to_string() })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rest: Vec<&str> = text.lines().filter(|line| !line.starts_with("DEVNAME=")).collect();
    if rest.is_empty() {
        return Ok(String::new());
    }
    Ok(format!("DEVNAME=/dev/{name}\n{}\n\n", rest.join("\n")))
}

fn write(root: &Path, path: &str, content: &[u8]) -> Result<(), Error> {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap_or(root)).map_err(file(path.display().to_string()))?;
    fs::write(&path, content).map_err(file(path.display().to_string()))
}

/// A program below /usr.
fn script(root: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = format!("usr/{name}");
    write(root, &path, format!("#!/bin/sh\n{text}\n").as_bytes())?;
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(root.join(&path), mode).map_err(file(path))
}
