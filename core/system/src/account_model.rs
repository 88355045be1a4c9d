//! Models the effects of account commands on passwd, group and shadow, so that later steps of a plan see them.
//!
//! It covers the options that cloud-init uses, as documented in useradd(8), groupadd(8), usermod(8), passwd(1),
//! chpasswd(8) and Busybox's adduser and addgroup. It is no replacement for these programs: it only runs on an overlay.

use std::collections::BTreeSet;

use memchr::memmem;

/// The three files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) passwd: String,
    pub(crate) group: String,
    pub(crate) shadow: String,
    /// The IDs that are taken: looking for a free one in the files would take as long as they are.
    uids: BTreeSet<u32>,
    gids: BTreeSet<u32>,
}

/// The arguments of useradd.
#[derive(Debug, Default)]
struct NewUser<'a> {
    name: &'a str,
    uid: Option<u32>,
    group: Option<&'a str>,
    groups: Vec<&'a str>,
    comment: &'a str,
    home: Option<&'a str>,
    shell: Option<&'a str>,
    password: Option<&'a str>,
    create_home: bool,
    user_group: bool,
    system: bool,
}

/// A home directory that useradd creates.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) path: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

fn field(line: &str, index: usize) -> &str {
    line.split(':').nth(index).unwrap_or_default()
}

/// Where the line of a name starts. A search for bytes: each of many accounts is looked up in a file of all of them.
fn start_of(file: &str, name: &str) -> Option<usize> {
    let head = format!("\n{name}:");
    if name.contains(':') {
        None
    } else if file.starts_with(&head[1..]) {
        Some(0)
    } else {
        memmem::find(file.as_bytes(), head.as_bytes()).map(|at| at + 1)
    }
}

fn find<'a>(file: &'a str, name: &str) -> Option<&'a str> {
    file[start_of(file, name)?..].lines().next()
}

fn ids(file: &str) -> BTreeSet<u32> {
    file.lines().filter_map(|line| field(line, 2).parse().ok()).collect()
}

fn free_id(taken: &BTreeSet<u32>, system: bool) -> u32 {
    let (from, to) = if system { (100, 999) } else { (1000, 60000) };
    taken.range(from..=to).next_back().map_or(from, |id| id + 1)
}

fn push(file: &mut String, line: &str) {
    if !file.is_empty() && !file.ends_with('\n') {
        file.push('\n');
    }
    file.push_str(line);
    file.push('\n');
}

/// Removes the line of a name; whether there was one.
fn remove(file: &mut String, name: &str) -> bool {
    let Some(start) = start_of(file, name) else { return false };
    let end = file[start..].find('\n').map_or(file.len(), |length| start + length + 1);
    file.replace_range(start..end, "");
    true
}

/// Replaces a field in the line of a name.
fn set_field(file: &mut String, name: &str, index: usize, value: &str) -> bool {
    let Some(start) = start_of(file, name) else { return false };
    let end = file[start..].find('\n').map_or(file.len(), |length| start + length);
    let mut at = start;
    for _ in 0..index {
        match file[at..end].find(':') {
            Some(length) => at += length + 1,
            None => return true,
        }
    }
    let stop = file[at..end].find(':').map_or(end, |length| at + length);
    file.replace_range(at..stop, value);
    true
}

/// The modelled programs.
const PROGRAMS: &[&str] = &[
    "addgroup", "adduser", "chage", "chpasswd", "delgroup", "deluser", "gpasswd", "groupadd", "groupdel",
    "passwd", "pw", "useradd", "userdel", "usermod",
];

/// Whether [`Accounts::run`] may model a program.
pub(crate) fn is_modelled(program: &str) -> bool {
    PROGRAMS.contains(&program)
}

impl Accounts {
    pub(crate) fn new(passwd: String, group: String, shadow: String) -> Self {
        let (uids, gids) = (ids(&passwd), ids(&group));
        Self { passwd, group, shadow, uids, gids }
    }

    /// Runs a command; `None` if it is not modelled, else its exit code and a home directory to create.
    pub(crate) fn run(&mut self, words: &[String], stdin: &[u8]) -> Option<(i32, Option<Home>)> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (program, args) = words.split_first()?;
        let program = program.rsplit('/').next().unwrap_or(program);
        let plain = |code| Some((code, None));
        match program {
            "useradd" => Some(self.useradd(args)),
            "pw" => self.pw(args),
            "groupadd" => plain(self.groupadd(args)),
            "userdel" | "deluser" => plain(self.userdel(args)),
            "groupdel" | "delgroup" => plain(self.groupdel(args)),
            "adduser" => Some(self.adduser(args)),
            "addgroup" => match args {
                [user, group] if !user.starts_with('-') => plain(self.add_members(group, user)),
                _ => plain(self.groupadd(args)),
            },
            "usermod" => plain(self.usermod(args)),
            "gpasswd" => match args {
                ["-a" | "-M", user, group] => plain(self.add_members(group, user)),
                _ => plain(0),
            },
            "passwd" => {
                let (user, lock) = (args.last()?, args.contains(&"-l") || args.contains(&"--lock"));
                let expire = args.contains(&"--expire") || args.contains(&"-e");
                if expire {
                    return plain(i32::from(!set_field(&mut self.shadow, user, 2, "0")));
                }
                plain(self.lock(user, lock))
            }
            "chage" => {
                let user = args.last()?;
                if args.contains(&"-d") || args.contains(&"--lastday") {
                    set_field(&mut self.shadow, user, 2, "0");
                }
                plain(i32::from(find(&self.passwd, user).is_none()))
            }
            "chpasswd" => {
                let hashed = args.contains(&"-e") || args.contains(&"--encrypted");
                plain(self.chpasswd(&String::from_utf8_lossy(stdin), hashed))
            }
            _ => None,
        }
    }

    /// pw(8) of FreeBSD, whose options for new accounts are those of useradd.
    fn pw(&mut self, args: &[&str]) -> Option<(i32, Option<Home>)> {
        match args {
            ["useradd", "-n", name, options @ ..] => Some(self.useradd(&[options, &[*name]].concat())),
            ["group", "add", name] => Some((self.groupadd(&[name]), None)),
            ["userdel", "-n", name] => Some((self.userdel(&[name]), None)),
            ["groupdel", name] => Some((self.groupdel(&[name]), None)),
            ["groupmod", group, "-m", member] => Some((self.add_members(group, member), None)),
            ["usermod", name, ..] => Some((if find(&self.passwd, name).is_some() { 0 } else { 67 }, None)),
            _ => None,
        }
    }

    fn useradd(&mut self, args: &[&str]) -> (i32, Option<Home>) {
        let user = NewUser::parse(args);
        if user.name.is_empty() {
            return (2, None);
        }
        if find(&self.passwd, user.name).is_some() {
            return (9, None);
        }
        let uid = user.uid.unwrap_or_else(|| free_id(&self.uids, user.system));
        let gid = match user.group {
            Some(group) => match find(&self.group, group).and_then(|line| field(line, 2).parse().ok()) {
                Some(gid) => gid,
                None => match group.parse() {
                    Ok(gid) => gid,
                    Err(_) => return (6, None),
                },
            },
            None if user.user_group => {
                let gid = if self.gids.contains(&uid) { free_id(&self.gids, user.system) } else { uid };
                push(&mut self.group, &format!("{}:x:{gid}:", user.name));
                self.gids.insert(gid);
                gid
            }
            None => 100,
        };
        for group in &user.groups {
            if self.add_members(group, user.name) != 0 {
                return (6, None);
            }
        }
        let home = user.home.map_or_else(|| format!("/home/{}", user.name), str::to_owned);
        let shell = user.shell.unwrap_or("/bin/sh");
        push(&mut self.passwd, &format!("{}:x:{uid}:{gid}:{}:{home}:{shell}", user.name, user.comment));
        self.uids.insert(uid);
        push(&mut self.shadow, &format!("{}:{}:19675:0:99999:7:::", user.name, user.password.unwrap_or("!")));
        (0, user.create_home.then_some(Home { path: home, uid, gid }))
    }

    /// Removes an account, its own group, and its memberships.
    fn userdel(&mut self, args: &[&str]) -> i32 {
        let Some(name) = args.iter().find(|arg| !arg.starts_with('-')) else { return 2 };
        if !remove(&mut self.passwd, name) {
            return 6;
        }
        remove(&mut self.shadow, name);
        let is_empty = find(&self.group, name).is_some_and(|line| field(line, 3).is_empty());
        if is_empty {
            remove(&mut self.group, name);
        }
        let without = |line: &str| {
            let (head, members) = line.rsplit_once(':').unwrap_or((line, ""));
            let kept: Vec<&str> = members.split(',').filter(|member| member != name).collect();
            format!("{head}:{}\n", kept.join(","))
        };
        self.group = self.group.lines().map(without).collect();
        self.count();
        0
    }

    fn groupdel(&mut self, args: &[&str]) -> i32 {
        let Some(name) = args.iter().find(|arg| !arg.starts_with('-')) else { return 2 };
        let code = if remove(&mut self.group, name) { 0 } else { 6 };
        self.count();
        code
    }

    /// Takes the IDs from the files.
    fn count(&mut self) {
        (self.uids, self.gids) = (ids(&self.passwd), ids(&self.group));
    }

    /// Busybox's adduser, in the terms of useradd.
    fn adduser(&mut self, args: &[&str]) -> (i32, Option<Home>) {
        let mut words = vec!["-m"];
        let mut rest = args.iter().copied();
        while let Some(argument) = rest.next() {
            match argument {
                "-D" => {}
                "-S" => words.push("-r"),
                "-H" => words.push("-M"),
                "-g" => words.extend(["-c", rest.next().unwrap_or_default()]),
                "-h" => words.extend(["-d", rest.next().unwrap_or_default()]),
                "-G" => words.extend(["-g", rest.next().unwrap_or_default()]),
                other => words.push(other),
            }
        }
        self.useradd(&words)
    }

    fn groupadd(&mut self, args: &[&str]) -> i32 {
        // `--extrausers` may stand behind it.
        let Some(name) = args.iter().rev().find(|arg| !arg.starts_with('-')) else { return 2 };
        if find(&self.group, name).is_some() {
            return 9;
        }
        let system = args.contains(&"-r") || args.contains(&"--system");
        let wanted = args
            .iter()
            .position(|arg| matches!(*arg, "-g" | "--gid"))
            .and_then(|at| args.get(at + 1)?.parse().ok());
        let gid = wanted.unwrap_or_else(|| free_id(&self.gids, system));
        push(&mut self.group, &format!("{name}:x:{gid}:"));
        self.gids.insert(gid);
        0
    }

    fn usermod(&mut self, args: &[&str]) -> i32 {
        let Some(user) = args.last().copied() else { return 2 };
        if find(&self.passwd, user).is_none() {
            return 6;
        }
        let mut rest = args.iter();
        while let Some(option) = rest.next() {
            match *option {
                "-L" | "--lock" => return self.lock(user, true),
                "-U" | "--unlock" => return self.lock(user, false),
                "-p" | "--password" => {
                    if let Some(hash) = rest.next() {
                        set_field(&mut self.shadow, user, 1, hash);
                    }
                }
                "-G" | "--groups" | "-aG" => {
                    for group in rest.next().unwrap_or(&"").split(',').filter(|group| !group.is_empty()) {
                        if self.add_members(group, user) != 0 {
                            return 6;
                        }
                    }
                }
                _ => {}
            }
        }
        0
    }

    fn add_members(&mut self, group: &str, users: &str) -> i32 {
        let Some(line) = find(&self.group, group) else { return 6 };
        let old = field(line, 3);
        let mut new = old.to_owned();
        for user in users.split(',') {
            // The members of a group may be all accounts.
            let is_member = memmem::find_iter(new.as_bytes(), user.as_bytes()).any(|at| {
                let is_end = |byte: Option<&u8>| byte.is_none_or(|byte| *byte == b',');
                is_end(at.checked_sub(1).and_then(|at| new.as_bytes().get(at)))
                    && is_end(new.as_bytes().get(at + user.len()))
            });
            if !is_member {
                if !new.is_empty() {
                    new.push(',');
                }
                new.push_str(user);
            }
        }
        if new != old {
            set_field(&mut self.group, group, 3, &new);
        }
        0
    }

    fn lock(&mut self, user: &str, lock: bool) -> i32 {
        let Some(line) = find(&self.shadow, user) else { return 1 };
        let hash = field(line, 1).to_owned();
        let wanted = if lock && !hash.starts_with('!') {
            format!("!{hash}")
        } else if lock {
            hash
        } else {
            hash.trim_start_matches('!').to_owned()
        };
        i32::from(!set_field(&mut self.shadow, user, 1, &wanted))
    }

    fn chpasswd(&mut self, input: &str, hashed: bool) -> i32 {
        let mut code = 0;
        for (user, password) in input.lines().filter_map(|line| line.split_once(':')) {
            // Plans do not hash plain passwords: readers only need to know that one is set.
            let value = if hashed { password } else { "$planned$" };
            if !set_field(&mut self.shadow, user, 1, value) {
                code = 1;
            }
        }
        code
    }
}

impl<'a> NewUser<'a> {
    fn parse(args: &[&'a str]) -> Self {
        let mut user = Self { user_group: true, ..Self::default() };
        let mut rest = args.iter();
        while let Some(argument) = rest.next() {
            let (option, inline) = match argument.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value)),
                _ => (*argument, None),
            };
            let mut value = || inline.or_else(|| rest.next().copied()).unwrap_or_default();
            match option {
                "-c" | "--comment" => user.comment = value(),
                "-d" | "--home" | "--home-dir" => user.home = Some(value()),
                "-e" | "--expiredate" | "-f" | "--inactive" | "-Z" | "--selinux-user" => {
                    let _ = value();
                }
                "-g" | "--gid" => user.group = Some(value()),
                "-G" | "--groups" => {
                    user.groups = value().split(',').filter(|group| !group.is_empty()).collect();
                }
                "-p" | "--password" => user.password = Some(value()),
                "-s" | "--shell" => user.shell = Some(value()),
                "-u" | "--uid" => user.uid = value().parse().ok(),
                "-m" | "--create-home" => user.create_home = true,
                "-M" | "--no-create-home" => user.create_home = false,
                "-N" | "--no-user-group" => user.user_group = false,
                "-U" | "--user-group" => user.user_group = true,
                "-r" | "--system" => user.system = true,
                name if !name.starts_with('-') => user.name = name,
                _ => {}
            }
        }
        user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(accounts: &mut Accounts, line: &str, stdin: &str) -> (i32, Option<Home>) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        accounts.run(&words, stdin.as_bytes()).expect("a modelled command")
    }

    #[test]
    fn a_removed_account_leaves_nothing() {
        let before = (
            "root:x:0:0:root:/root:/bin/bash\n",
            "root:x:0:\nadm:x:4:syslog\n",
            "root:*:19675:0:99999:7:::\n",
        );
        for (add, remove) in [
            ("useradd bob --groups adm -m", "userdel bob"),
            ("adduser -D bob", "deluser bob"),
            ("pw useradd -n bob -m", "pw userdel -n bob"),
            ("groupadd bob", "groupdel bob"),
            ("groupadd --extrausers bob", "groupdel bob --extrausers"),
            ("addgroup bob", "delgroup bob"),
            ("pw group add bob", "pw groupdel bob"),
        ] {
            let mut accounts = Accounts::new(before.0.into(), before.1.into(), before.2.into());
            assert_eq!(run(&mut accounts, add, "").0, 0, "{add}");
            assert_eq!(run(&mut accounts, remove, "").0, 0, "{remove}");
            assert_eq!((&*accounts.passwd, &*accounts.group, &*accounts.shadow), before, "{remove}");
            assert_eq!(run(&mut accounts, remove, "").0, 6, "{remove}");
            assert_eq!(run(&mut accounts, add, "").0, 0, "{add}");
        }
        let mut shared =
            Accounts::new("bob:x:1:1:::\n".into(), "bob:x:1:ann\nadm:x:4:ann,bob\n".into(), String::new());
        assert_eq!(run(&mut shared, "userdel bob", "").0, 0);
        assert_eq!(shared.group, "bob:x:1:ann\nadm:x:4:ann\n", "a group with others stays");
    }

    #[test]
    fn an_account_from_first_to_last() {
        let mut accounts = Accounts::new(
            "root:x:0:0:root:/root:/bin/bash\n".into(),
            "root:x:0:\nadm:x:4:syslog\n".into(),
            "root:*:19675:0:99999:7:::\n".into(),
        );
        assert_eq!(run(&mut accounts, "groupadd staff2", "").0, 0);
        let (code, home) =
            run(&mut accounts, "useradd bob --comment Bob --groups adm,staff2 --shell /bin/bash -m", "");
        assert_eq!(code, 0);
        assert_eq!(home, Some(Home { path: "/home/bob".into(), uid: 1000, gid: 1001 }));
        assert!(
            accounts.passwd.ends_with("bob:x:1000:1001:Bob:/home/bob:/bin/bash\n"),
            "{}",
            accounts.passwd
        );
        assert!(accounts.group.contains("adm:x:4:syslog,bob\n"), "{}", accounts.group);
        assert_eq!(run(&mut accounts, "useradd bob", "").0, 9);
        assert_eq!(run(&mut accounts, "chpasswd -e", "bob:$6$x$y\n").0, 0);
        assert_eq!(run(&mut accounts, "passwd -l bob", "").0, 0);
        assert!(accounts.shadow.ends_with("bob:!$6$x$y:19675:0:99999:7:::\n"), "{}", accounts.shadow);
        assert_eq!(run(&mut accounts, "usermod --unlock bob", "").0, 0);
        assert!(accounts.shadow.contains("bob:$6$x$y:"), "{}", accounts.shadow);
    }

    /// `busybox adduser --help`, `busybox addgroup --help`.
    #[test]
    fn busybox_has_the_same_accounts_with_other_options() {
        let mut accounts = Accounts::new(String::new(), "users:x:100:\n".into(), String::new());
        let (code, home) = run(&mut accounts, "adduser -D -g Bob -h /srv/bob -G users -s /bin/ash bob", "");
        assert_eq!(code, 0);
        assert_eq!(home, Some(Home { path: "/srv/bob".into(), uid: 1000, gid: 100 }));
        assert_eq!(accounts.passwd, "bob:x:1000:100:Bob:/srv/bob:/bin/ash\n");
        assert_eq!(run(&mut accounts, "addgroup staff", "").0, 0);
        assert_eq!(run(&mut accounts, "addgroup bob staff", "").0, 0);
        assert!(accounts.group.contains("staff:x:1000:bob\n"), "{}", accounts.group);
    }

    #[test]
    fn members_are_added_once_and_by_their_whole_names() {
        let mut accounts = Accounts::new(String::new(), "adm:x:4:anna,bo\n".into(), String::new());
        for user in ["ann", "bo", "na", "ann,carl", "anna"] {
            assert_eq!(accounts.add_members("adm", user), 0);
        }
        assert_eq!(accounts.group, "adm:x:4:anna,bo,ann,na,carl\n");
    }

    /// useradd(8): the next ID is one more than the highest of its range.
    #[test]
    fn ids_follow_the_highest() {
        let mut accounts =
            Accounts::new("x:x:1007:1007::/:/bin/sh\n".into(), "y:x:1008:\n".into(), String::new());
        for line in ["useradd a", "useradd b", "useradd -r c", "groupadd d", "groupadd -r e"] {
            assert_eq!(run(&mut accounts, line, "").0, 0, "{line}");
        }
        let ids =
            |file: &str| file.lines().map(|line| field(line, 2).to_owned()).collect::<Vec<_>>().join(" ");
        assert_eq!(ids(&accounts.passwd), "1007 1008 1009 100");
        assert_eq!(ids(&accounts.group), "1008 1009 1010 100 1011 101");
    }

    #[test]
    fn a_group_that_is_not_there_is_the_real_exit_code() {
        let mut accounts = Accounts::default();
        assert_eq!(run(&mut accounts, "useradd x --groups none -M", ""), (6, None));
    }

    /// Commands with their standard input, their exit codes, and the lines that are others afterwards; a new account's line of
    /// /etc/shadow goes without saying where it has no password.
    type Row = (&'static str, &'static str, i32, &'static [&'static str]);
    const COMMANDS: &[Row] = &[
        ("useradd bob", "", 0, &["bob:x:1001:1001::/home/bob:/bin/sh", "bob:x:1001:"]),
        ("useradd -N bob", "", 0, &["bob:x:1001:100::/home/bob:/bin/sh"]),
        ("useradd --no-user-group -U bob", "", 0, &["bob:x:1001:1001::/home/bob:/bin/sh", "bob:x:1001:"]),
        ("useradd -g adm bob", "", 0, &["bob:x:1001:4::/home/bob:/bin/sh"]),
        ("useradd --gid=100 bob", "", 0, &["bob:x:1001:100::/home/bob:/bin/sh"]),
        ("useradd -g 777 bob", "", 0, &["bob:x:1001:777::/home/bob:/bin/sh"]),
        ("useradd -g none bob", "", 6, &[]),
        (
            "useradd -N -G adm,users bob",
            "",
            0,
            &["bob:x:1001:100::/home/bob:/bin/sh", "adm:x:4:syslog,bob", "users:x:100:bob"],
        ),
        (
            "useradd -N -c Bob -d /srv/bob -s /bin/zsh -u 1234 bob",
            "",
            0,
            &["bob:x:1234:100:Bob:/srv/bob:/bin/zsh"],
        ),
        (
            "useradd -N --comment=Bob --home-dir /srv/b --shell=/bin/ash --uid=2000 bob",
            "",
            0,
            &["bob:x:2000:100:Bob:/srv/b:/bin/ash"],
        ),
        ("useradd -N --home /srv/c bob", "", 0, &["bob:x:1001:100::/srv/c:/bin/sh"]),
        ("useradd -N -p $x bob", "", 0, &["bob:x:1001:100::/home/bob:/bin/sh", "bob:$x:19675:0:99999:7:::"]),
        ("useradd -N -e 2030-01-01 -f 3 -Z staff_u bob", "", 0, &["bob:x:1001:100::/home/bob:/bin/sh"]),
        ("useradd -N -r bob", "", 0, &["bob:x:100:100::/home/bob:/bin/sh"]),
        ("useradd -N --system bob", "", 0, &["bob:x:100:100::/home/bob:/bin/sh"]),
        ("useradd", "", 2, &[]),
        ("useradd ann", "", 9, &[]),
        ("/usr/sbin/useradd ann", "", 9, &[]),
        ("groupadd ann", "", 9, &[]),
        ("groupadd", "", 2, &[]),
        ("groupadd -g 55 new", "", 0, &["new:x:55:"]),
        ("groupadd --gid 56 new", "", 0, &["new:x:56:"]),
        ("groupadd --system new", "", 0, &["new:x:101:"]),
        ("usermod -L ann", "", 0, &["ann:!$6$a$b:19675:0:99999:7:::"]),
        ("usermod --lock nobody", "", 6, &[]),
        ("usermod -U ann", "", 0, &[]),
        ("usermod -p $new ann", "", 0, &["ann:$new:19675:0:99999:7:::"]),
        ("usermod --password $new ann", "", 0, &["ann:$new:19675:0:99999:7:::"]),
        ("usermod -aG adm,users ann", "", 0, &["adm:x:4:syslog,ann", "users:x:100:ann"]),
        ("usermod -G none ann", "", 6, &[]),
        ("usermod --groups adm ann", "", 0, &["adm:x:4:syslog,ann"]),
        ("gpasswd -a ann adm", "", 0, &["adm:x:4:syslog,ann"]),
        ("gpasswd -M ann,root adm", "", 0, &["adm:x:4:syslog,ann,root"]),
        ("gpasswd -a ann none", "", 6, &[]),
        ("gpasswd -r adm", "", 0, &[]),
        ("passwd -l ann", "", 0, &["ann:!$6$a$b:19675:0:99999:7:::"]),
        ("passwd --lock nobody", "", 1, &[]),
        ("passwd -e ann", "", 0, &["ann:$6$a$b:0:0:99999:7:::"]),
        ("passwd --expire nobody", "", 1, &[]),
        ("chage -d 0 ann", "", 0, &["ann:$6$a$b:0:0:99999:7:::"]),
        ("chage --lastday 0 ann", "", 0, &["ann:$6$a$b:0:0:99999:7:::"]),
        ("chage -l ann", "", 0, &[]),
        ("chage -d 0 nobody", "", 1, &[]),
        ("chpasswd", "ann:plain\nnothing\n", 0, &["ann:$planned$:19675:0:99999:7:::"]),
        ("chpasswd --encrypted", "nobody:$x\nann:$y\n", 1, &["ann:$y:19675:0:99999:7:::"]),
        ("pw groupmod adm -m ann", "", 0, &["adm:x:4:syslog,ann"]),
        ("pw usermod ann -w no", "", 0, &[]),
        ("pw usermod nobody -w no", "", 67, &[]),
        ("adduser -S -H bob", "", 0, &["bob:x:100:101::/home/bob:/bin/sh", "bob:x:101:"]),
        ("userdel -r", "", 2, &[]),
        ("groupdel", "", 2, &[]),
    ];

    /// useradd(8), usermod(8), groupadd(8), gpasswd(1), passwd(1), chage(1), chpasswd(8), pw(8).
    #[test]
    fn each_command_and_what_it_changes() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000:Ann:/home/ann:/bin/sh\n";
        let group = "root:x:0:\nadm:x:4:syslog\nann:x:1000:\nusers:x:100:\n";
        let shadow = "root:*:19675:0:99999:7:::\nann:$6$a$b:19675:0:99999:7:::\n";
        for (line, stdin, code, changed) in COMMANDS {
            let mut accounts = Accounts::new(passwd.into(), group.into(), shadow.into());
            assert_eq!(run(&mut accounts, line, stdin).0, *code, "{line}");
            let before: Vec<&str> = [passwd, group, shadow].iter().flat_map(|file| file.lines()).collect();
            let after = [&*accounts.passwd, &*accounts.group, &*accounts.shadow];
            let mut found: Vec<&str> =
                after.iter().flat_map(|file| file.lines()).filter(|line| !before.contains(line)).collect();
            let mut wanted = changed.to_vec();
            let is_new = changed.iter().any(|line| line.starts_with("bob:x:") && line.contains(":/"));
            if is_new && !changed.iter().any(|line| line.starts_with("bob:$")) {
                wanted.push("bob:!:19675:0:99999:7:::");
            }
            found.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{line}");
        }
    }

    #[test]
    fn other_commands_are_not_modelled_and_homes_are_created_as_asked() {
        let mut accounts = Accounts::default();
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(accounts.run(&words("pw groupshow x"), b""), None);
        assert_eq!(accounts.run(&words("systemctl start x"), b""), None);
        for (line, home) in [
            ("useradd -m a", true),
            ("useradd -m -M b", false),
            ("useradd c", false),
            ("adduser d", true),
            ("adduser -H e", false),
        ] {
            assert_eq!(run(&mut accounts, line, "").1.is_some(), home, "{line}");
        }
    }
}
