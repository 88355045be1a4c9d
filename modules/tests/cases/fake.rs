//! A distribution that only notes what it is asked, as commands named `distro:` in the recording.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use etc_files::accounts::{Groups, Passwd};
use model::distro::{
    DescribedNetwork, Distro, DistroError, DistroInfo, Hostname, Init, Locale, Network, PackageSpec,
    Packages, Password, PowerState, ServiceAction, Services, Ssh, Time, Users,
};
use model::distro::{
    Keyboard, KeyboardLayout, Optional, Repositories, Repository, TimeClient, TimeSync, TrustStore,
};
use model::effects::{Body, Command, FileError, Http, HttpError, Owner, Request, Response};
use model::module::{Semaphores, TemplateError, Templates};
use model::network::NetworkConfig;
use model::user::{Account, UserSpec};
use model::{Frequency, Node, System};

pub struct FakeDistro {
    system: System,
    info: DistroInfo,
    optional: Optional,
}

/// Notes what it is asked, as a command.
struct Noting(System);

impl Noting {
    fn note(&self, words: &[&str]) {
        let words = ["distro:"].iter().chain(words).copied();
        let _ = self.0.commands.run(&Command::line(words));
    }
}

impl Keyboard for Noting {
    fn apply(&self, keyboard: &KeyboardLayout) -> Done {
        let KeyboardLayout { layout, model, variant, options } = keyboard;
        self.note(&["keyboard", layout, model, variant, options]);
        Ok(())
    }
}

impl TrustStore for Noting {
    fn add(&self, certificates: &[String]) -> Result<Vec<PathBuf>, DistroError> {
        self.note(&["trust", &certificates.join("|")]);
        Ok(Vec::new())
    }
    fn remove_defaults(&self) -> Done {
        self.note(&["distrust the defaults"]);
        Ok(())
    }
    fn update(&self) -> Done {
        self.note(&["update trust"]);
        Ok(())
    }
}

impl Repositories for Noting {
    fn add(&self, directory: Option<&Path>, repository: &Repository) -> Result<bool, DistroError> {
        let settings: Vec<String> =
            repository.settings.iter().map(|(key, values)| format!("{key}={}", values.join("|"))).collect();
        let directory = directory.map_or("-".into(), Path::to_string_lossy);
        self.note(&["repository", &directory, &repository.id, &settings.join(" ")]);
        Ok(repository.id != "existing")
    }
}

const CLIENTS: &[TimeClient] = &[
    TimeClient {
        name: "chrony",
        program: "chronyd",
        file: "/etc/chrony/chrony.conf",
        service: "chrony",
        packages: &["chrony"],
        template: "chrony.conf.{distro}",
    },
    TimeClient {
        name: "ntp",
        program: "ntpd",
        file: "/etc/ntp.conf",
        service: "ntp",
        packages: &["ntpsec"],
        template: "ntp.conf.{distro}",
    },
];

impl TimeSync for Noting {
    fn clients(&self) -> &[TimeClient] {
        CLIENTS
    }
    fn choose(&self, name: Option<&str>) -> Result<TimeClient, DistroError> {
        let installed = |client: &&TimeClient| self.0.commands.which(client.program).is_some();
        let named = |client: &&TimeClient| Some(client.name) == name;
        Ok(*CLIENTS.iter().find(named).or_else(|| CLIENTS.iter().find(installed)).unwrap_or(&CLIENTS[0]))
    }
}

impl FakeDistro {
    pub fn new(system: &System, redhat: bool, name: Option<&str>) -> Self {
        let (family, service) = if redhat { ("redhat", "sshd") } else { ("debian", "ssh") };
        let info = DistroInfo {
            own_network: false,
            name: name.unwrap_or(family).into(),
            hosts_template: family,
            ssh_service: service.into(),
            default_user: Some(UserSpec {
                name: "cloud".into(),
                gecos: Some("Cloud".into()),
                shell: Some("/bin/bash".into()),
                lock_passwd: Some(true),
                ..UserSpec::default()
            }),
        };
        let optional = Optional {
            repositories: Some(Box::new(Noting(system.clone()))),
            trust_store: Some(Box::new(Noting(system.clone()))),
            time_sync: Some(Box::new(Noting(system.clone()))),
            keyboard: Some(Box::new(Noting(system.clone()))),
        };
        Self { system: system.clone(), info, optional }
    }

    /// Commands are recorded before they are looked up, which is all that is wanted here.
    fn note(&self, words: &[&str]) {
        let words = ["distro:"].iter().chain(words).copied();
        let _ = self.system.commands.run(&Command::line(words));
    }

    fn text(&self, path: &str) -> String {
        self.system.files.text(Path::new(path)).unwrap_or_default()
    }
}

type Done = Result<(), DistroError>;

impl Distro for FakeDistro {
    fn info(&self) -> &DistroInfo {
        &self.info
    }
    fn hostname(&self) -> &dyn Hostname {
        self
    }
    fn users(&self) -> &dyn Users {
        self
    }
    fn packages(&self) -> &dyn Packages {
        self
    }
    fn services(&self) -> &dyn Services {
        self
    }
    fn network(&self) -> &dyn Network {
        self
    }
    fn locale(&self) -> &dyn Locale {
        self
    }
    fn time(&self) -> &dyn Time {
        self
    }
    fn ssh(&self) -> &dyn Ssh {
        self
    }
    fn optional(&self) -> Option<&Optional> {
        Some(&self.optional)
    }
}

impl Hostname for FakeDistro {
    fn choose(&self, hostname: &str, fqdn: &str, prefer_fqdn: Option<bool>) -> String {
        if prefer_fqdn.unwrap_or(self.info.hosts_template == "redhat") {
            fqdn.to_owned()
        } else {
            hostname.to_owned()
        }
    }
    fn persisted(&self) -> Result<Option<String>, DistroError> {
        Ok(self.system.files.text(Path::new("/etc/hostname")).map(|text| text.trim().to_owned()))
    }
    fn file(&self) -> PathBuf {
        "/etc/hostname".into()
    }
    fn persist(&self, name: &str) -> Done {
        self.note(&["hostname in file", name]);
        Ok(())
    }
    fn apply(&self, name: &str) -> Done {
        self.note(&["hostname", name]);
        Ok(())
    }
    fn apply_transient(&self, name: &str) -> Done {
        self.note(&["hostname in kernel", name]);
        Ok(())
    }
}

fn shown(node: &Node) -> String {
    match node.as_list() {
        Some(items) => items.iter().map(shown).collect::<Vec<_>>().join(";"),
        None => node.scalar_text().unwrap_or_else(|| "mapping".into()),
    }
}

impl Users for FakeDistro {
    fn find(&self, name: &str) -> Result<Option<Account>, DistroError> {
        let passwd = Passwd::parse(self.text("/etc/passwd").as_bytes());
        Ok(passwd.get(name).map(|user| Account {
            name: user.name.clone(),
            uid: user.uid,
            gid: user.gid,
            home: user.home.clone().into(),
            shell: user.shell.clone(),
        }))
    }
    fn find_group(&self, name: &str) -> Result<Option<u32>, DistroError> {
        Ok(Groups::parse(self.text("/etc/group").as_bytes()).get(name).map(|group| group.gid))
    }
    fn add_group(&self, name: &str, members: &[String]) -> Done {
        self.note(&["group", name, &members.join(",")]);
        Ok(())
    }
    fn add_user(&self, spec: &UserSpec) -> Result<bool, DistroError> {
        let mut words = vec![format!("user {}", spec.name)];
        let mut say =
            |name: &str, value: Option<String>| words.extend(value.map(|value| format!("{name}={value}")));
        say("gecos", spec.gecos.clone());
        say("groups", spec.groups.as_ref().map(shown));
        say("primary_group", spec.primary_group.clone());
        say("shell", spec.shell.clone());
        say("uid", spec.uid.as_ref().map(shown));
        say("expiredate", spec.expiredate.clone());
        say("lock", spec.lock_passwd.map(|lock| lock.to_string()));
        say("passwd", spec.passwd.as_ref().map(|secret| secret.expose().clone()));
        say("hashed", spec.hashed_passwd.as_ref().map(|secret| secret.expose().clone()));
        say("plain", spec.plain_text_passwd.as_ref().map(|secret| secret.expose().clone()));
        say("sudo", spec.sudo.as_ref().map(shown));
        say("doas", spec.doas.as_ref().map(|rules| rules.join(";")));
        say("snapuser", spec.snapuser.clone());
        say("system", spec.system.then(|| "true".into()));
        self.note(&words.iter().map(String::as_str).collect::<Vec<_>>());
        if spec.snapuser.is_none() && self.find(&spec.name)?.is_none() {
            self.system.commands.run(&Command::line(["useradd", &spec.name, "-m"]))?;
        }
        Ok(true)
    }
    fn discard(&self, users: &[String], groups: &[String]) -> Done {
        self.note(&["discard", &users.join(","), &groups.join(",")]);
        Ok(())
    }
    fn lock_password(&self, name: &str) -> Done {
        self.note(&["lock", name]);
        Ok(())
    }
    fn expire_password(&self, name: &str) -> Done {
        self.note(&["expire", name]);
        Ok(())
    }
    fn set_passwords(&self, passwords: &[Password]) -> Done {
        for password in passwords {
            let kind = if password.hashed { "hash" } else { "clear" };
            self.note(&["password", &password.user, kind, password.value.expose()]);
        }
        Ok(())
    }
    fn owner(&self, text: &str) -> Result<Owner, DistroError> {
        let (user, group) = text.split_once(':').unwrap_or((text, ""));
        let unknown = |kind, name: &str| DistroError::NoOwner { kind, name: name.into(), owner: text.into() };
        let uid = match user {
            "" => None,
            user => Some(self.find(user)?.ok_or_else(|| unknown("user or UID", user))?.uid),
        };
        let gid = match group {
            "" => None,
            group => Some(self.find_group(group)?.ok_or_else(|| unknown("group or GID", group))?),
        };
        Ok(Owner { uid, gid })
    }
}

impl Packages for FakeDistro {
    fn refresh(&self, force: bool) -> Done {
        self.note(&["refresh packages", if force { "always" } else { "once" }]);
        Ok(())
    }
    fn upgrade(&self) -> Done {
        self.note(&["upgrade packages"]);
        Ok(())
    }
    fn install(&self, packages: &[PackageSpec]) -> Done {
        for package in packages {
            let (manager, version) = (package.manager.as_deref(), package.version.as_deref());
            self.note(&["install", manager.unwrap_or("-"), &package.name, version.unwrap_or("-")]);
        }
        match packages.iter().find(|package| package.name == "missing") {
            Some(package) => Err(DistroError::NotInstalled { packages: package.name.clone() }),
            None => Ok(()),
        }
    }
    fn reboot_markers(&self) -> Vec<PathBuf> {
        vec!["/var/run/reboot-required".into(), "/run/reboot-needed".into()]
    }
}

impl Services for FakeDistro {
    fn manage(&self, action: ServiceAction, service: &str) -> Done {
        self.note(&[&format!("{action:?}"), service]);
        Ok(())
    }
    fn init(&self) -> Init {
        Init::of(self.system.files.as_ref())
    }
    fn is_active(&self, service: &str) -> Result<bool, DistroError> {
        let show = ["systemctl", "show", "--property", "ActiveState", "--value", service];
        Ok(self.system.commands.run(&Command::line(show))?.text().trim() == "active")
    }
    fn restart_unordered(&self, service: &str) -> Done {
        self.note(&["restart without order", service]);
        Ok(())
    }
    fn reload_configuration(&self) -> Done {
        self.note(&["reload the init system's configuration"]);
        Ok(())
    }
    fn shutdown_command(&self, to: PowerState, minutes: Option<i64>, message: &str) -> Vec<String> {
        let mode = format!("{to:?}").to_lowercase();
        let delay = minutes.map_or_else(|| "now".to_owned(), |minutes| format!("+{minutes}"));
        vec!["shutdown".to_owned(), mode, delay, message.to_owned()]
    }
}

impl Network for FakeDistro {
    fn read(&self, _config: &NetworkConfig) -> Result<Box<dyn DescribedNetwork + '_>, DistroError> {
        let what = "network: modules do not configure it".into();
        Err(DistroError::Unsupported { distro: "fake".into(), what })
    }
    fn bring_up_link(&self, name: &str) -> Done {
        panic!("no module brings up {name}")
    }
    fn wait_online(&self) -> Done {
        panic!("no module waits for the network")
    }
}

impl Locale for FakeDistro {
    fn apply(&self, locale: &str, file: Option<&Path>) -> Done {
        self.note(&["locale", locale, &file.unwrap_or(Path::new("-")).to_string_lossy()]);
        Ok(())
    }
    fn current(&self) -> Result<String, DistroError> {
        Ok("C.UTF-8".into())
    }
}

impl Time for FakeDistro {
    fn set_timezone(&self, name: &str) -> Done {
        self.note(&["timezone", name]);
        Ok(())
    }
}

impl Ssh for FakeDistro {
    fn directory(&self) -> PathBuf {
        "/etc/ssh".into()
    }
    fn restore_context(&self, path: &Path) -> Done {
        self.note(&["restore the label of", &path.to_string_lossy()]);
        Ok(())
    }
    fn key_types(&self) -> &'static [&'static str] {
        &["rsa", "ecdsa", "ed25519"]
    }
    fn private_key_owner(&self) -> Result<(Owner, u32), DistroError> {
        Ok(if self.info.hosts_template == "redhat" {
            (Owner { uid: None, gid: Some(98) }, 0o640)
        } else {
            (Owner::ROOT, 0o600)
        })
    }
}

/// Renders `{{name}}`, `$name` and lines of `{% if name %}` only: how templates are rendered is the engine's business.
pub struct FakeTemplates;

/// The lines whose condition holds; `None` for anything but plain conditions.
fn chosen(text: &str, variables: &serde_json::Value) -> Option<String> {
    let (mut lines, mut holds) = (String::new(), true);
    for line in text.split_inclusive('\n') {
        match line.trim_end().strip_prefix("{% if ").and_then(|rest| rest.strip_suffix(" %}")) {
            Some(name) => {
                let value = variables.get(name)?;
                holds = !matches!(value, serde_json::Value::Null | serde_json::Value::Bool(false));
            }
            None if line.trim_end() == "{% endif %}" => holds = true,
            None if line.contains("{%") => return None,
            None if holds => lines.push_str(line),
            None => {}
        }
    }
    Some(lines)
}

impl Templates for FakeTemplates {
    fn render(&self, name: &str, text: &str, variables: &serde_json::Value) -> Result<String, TemplateError> {
        let broken = || TemplateError { name: name.to_owned(), line: 1, reason: "a broken template".into() };
        let text = chosen(text, variables).ok_or_else(broken)?;
        let text = ["## template:jinja\n", "## template: jinja\n"]
            .iter()
            .find_map(|head| text.strip_prefix(head))
            .unwrap_or(&text);
        let variables = variables.as_object().expect("variables are a mapping");
        Ok(variables.iter().fold(text.to_owned(), |text, (name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.replace(&format!("{{{{{name}}}}}"), &value).replace(&format!("${name}"), &value)
        }))
    }
    fn shipped(&self, name: &str) -> Option<String> {
        modules::TEMPLATES.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
    }
}

#[derive(Default)]
pub struct FakeSemaphores(Mutex<BTreeSet<String>>);

impl Semaphores for FakeSemaphores {
    fn has_run(&self, name: &str, _frequency: Frequency) -> bool {
        self.0.lock().expect("no panic holds it").contains(name)
    }
    fn mark(&self, name: &str, _frequency: Frequency) -> Result<(), FileError> {
        self.0.lock().expect("no panic holds it").insert(name.to_owned());
        Ok(())
    }
    fn clear(&self, name: &str, _frequency: Frequency) -> Result<(), FileError> {
        self.0.lock().expect("no panic holds it").remove(name);
        Ok(())
    }
}

/// Answers every request with `fetched`, and keeps the bodies that were sent.
pub struct FakeHttp {
    /// Bodies of answers, by the beginning of the URL.
    answers: Vec<(String, String)>,
    statuses: Mutex<Vec<u16>>,
    bodies: Mutex<Vec<String>>,
}

impl FakeHttp {
    pub fn new(statuses: &[u16], answers: &[(String, String)]) -> Self {
        Self { answers: answers.to_vec(), statuses: Mutex::new(statuses.to_vec()), bodies: Mutex::default() }
    }

    pub fn bodies(&self) -> Vec<String> {
        self.bodies.lock().expect("no panic holds it").clone()
    }
}

impl Http for FakeHttp {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        if let Body::Bytes(bytes, kind) = &request.body {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.bodies
                .lock()
                .expect("no panic holds it")
                .push(format!("{kind} retries={} {text}", request.retries));
        }
        let mut statuses = self.statuses.lock().expect("no panic holds it");
        let status = if statuses.is_empty() { 200 } else { statuses.remove(0) };
        if status == 0 {
            return Err(HttpError::NotAsked { url: request.shown() });
        }
        if status == 200 {
            let known = self.answers.iter().find(|(start, _)| request.url.starts_with(start));
            let body = known.map_or("fetched", |(_, body)| body).as_bytes().to_vec();
            Ok(Response { status, headers: Vec::new(), body })
        } else {
            Err(HttpError::Status { url: request.shown(), status, retry_after: None })
        }
    }
}
