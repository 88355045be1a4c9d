//! Machines: a root with little more than the program and its configuration, and a boot in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Error, file};

/// A cloud whose service is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// 51 requests for the example.
    Ec2,
    /// 8 requests for the example.
    OpenStack,
}

impl Cloud {
    /// Its name in `datasource_list`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "Ec2",
            Self::OpenStack => "OpenStack",
        }
    }

    /// What the firmware says, below /sys/class/dmi/id.
    fn firmware(self) -> &'static [(&'static str, &'static str)] {
        const UUID: &str = "ec2f1c42-97a1-4d9c-8ee4-000000000001";
        match self {
            Self::Ec2 => &[("product_uuid", UUID), ("product_serial", UUID)],
            Self::OpenStack => &[("product_name", "OpenStack Nova")],
        }
    }
}

/// The roots of a fleet; they are removed when this is dropped.
pub struct Roots(tempfile::TempDir);

impl Roots {
    /// Makes them: each has the program by a hard link.
    pub fn new(program: &Path, cloud: Cloud, count: usize) -> Result<Self, Error> {
        let roots = Self(tempfile::tempdir().map_err(file("a temporary directory"))?);
        let copy = roots.0.path().join("cloud-init");
        fs::copy(program, &copy).map_err(file(program.display().to_string()))?;
        // What is measured is how machines ask: a stage without modules.
        let config = format!(
            "datasource_list: [{}]\nnetwork: {{config: disabled}}\n\
             cloud_init_modules: []\nsystem_info: {{distro: debian}}\n",
            cloud.name()
        );
        for number in 0..count {
            let root = roots.of(number);
            let firmware = root.join("sys/class/dmi/id");
            fs::create_dir_all(&firmware).map_err(file("the firmware"))?;
            for (name, value) in cloud.firmware() {
                fs::write(firmware.join(name), format!("{value}\n")).map_err(file(*name))?;
            }
            for directory in ["etc/cloud", "run", "tmp", "var/lib", "dev"] {
                fs::create_dir_all(root.join(directory)).map_err(file(directory))?;
            }
            fs::hard_link(&copy, root.join("cloud-init")).map_err(file("a link to the program"))?;
            fs::write(root.join("etc/cloud/cloud.cfg"), &config).map_err(file("cloud.cfg"))?;
            fs::write(root.join("etc/os-release"), "ID=debian\nVERSION_ID=13\n")
                .map_err(file("os-release"))?;
            fs::write(root.join("etc/hostname"), format!("machine{number}\n")).map_err(file("hostname"))?;
        }
        Ok(roots)
    }

    /// The root of a machine.
    pub fn of(&self, number: usize) -> PathBuf {
        self.0.path().join(number.to_string())
    }
}

/// How a boot went.
#[derive(Debug, Clone, Copy)]
pub struct Boot {
    /// Whether it found its instance.
    pub found: bool,
    /// From the start of the process to its end.
    pub took: Duration,
}

impl Boot {
    /// Runs the network stage of a machine.
    pub fn run(root: &Path) -> Result<Self, Error> {
        let start = Instant::now();
        Command::new("chroot")
            .arg(root)
            .args(["/cloud-init", "init"])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(file("chroot (Debian: coreutils)"))?;
        let took = start.elapsed();
        let id = fs::read_to_string(root.join("var/lib/cloud/data/instance-id")).unwrap_or_default();
        // Without a source, it is that of DataSourceNone.
        Ok(Self { found: !id.is_empty() && id != "iid-datasource-none", took })
    }
}
