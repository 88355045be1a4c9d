//! Ends a command with everything that it has started, also in process groups of their own, as timeout(1) does. What
//! has made itself a daemon (a new session, and no living parent) is not part of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group, test_kill_process_group};

/// The polling interval while processes exit.
const POLL: Duration = Duration::from_millis(20);
/// How often processes that start others meanwhile are killed.
const ROUNDS: u32 = 50;

/// A line of proc_pid_stat(5).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    pid: i32,
    parent: i32,
    group: i32,
    /// Distinguishes it from a later process with the same ID.
    start: u64,
    /// Whether it only waits for its parent to notice.
    ended: bool,
}

impl Process {
    fn parse(pid: i32, stat: &str) -> Option<Self> {
        // The name may contain anything.
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
            ended: matches!(*fields.first()?, "Z" | "X"),
        })
    }
}

/// All processes; empty without procfs.
fn all() -> BTreeMap<i32, Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let found = numbers.filter_map(|pid| {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        Process::parse(pid, &String::from_utf8_lossy(&stat))
    });
    found.map(|process| (process.pid, process)).collect()
}

/// A command and its descendants.
pub(super) struct Family {
    leader: Pid,
    /// Whether the command leads a process group.
    group: bool,
    /// What has been found so far and still exists; nothing without procfs.
    members: Vec<Process>,
}

impl Family {
    /// The family of a command, which may have exited already.
    pub(super) fn of(leader: Pid, group: bool) -> Self {
        let mut family = Self { leader, group, members: Vec::new() };
        let all = all();
        let leader = all.get(&leader.as_raw_nonzero().get()).cloned();
        family.grow(&all, leader.into_iter().collect());
        family
    }

    /// Finds the members again: those that were known, those of the group, and the children of all of them.
    fn update(&mut self) {
        let all = all();
        let known = std::mem::take(&mut self.members);
        let known = known
            .into_iter()
            .filter_map(|old| all.get(&old.pid).filter(|now| now.start == old.start).cloned());
        let known = known.collect();
        self.grow(&all, known);
    }

    fn grow(&mut self, all: &BTreeMap<i32, Process>, known: Vec<Process>) {
        let mut children: BTreeMap<i32, Vec<&Process>> = BTreeMap::new();
        for process in all.values() {
            children.entry(process.parent).or_default().push(process);
        }
        let leader = self.leader.as_raw_nonzero().get();
        let of_group = all.values().filter(|process| self.group && process.group == leader).cloned();
        let mut members: BTreeMap<i32, Process> = BTreeMap::new();
        let mut waiting: Vec<Process> = known.into_iter().chain(of_group).collect();
        while let Some(process) = waiting.pop() {
            if process.pid == getpid().as_raw_nonzero().get() || members.contains_key(&process.pid) {
                continue;
            }
            waiting.extend(children.get(&process.pid).into_iter().flatten().map(|child| (*child).clone()));
            members.insert(process.pid, process);
        }
        self.members = members.into_values().collect();
    }

    /// Sends a signal to all of them. One that has exited meanwhile is fine.
    fn signal(&mut self, signal: Signal) {
        self.update();
        if self.group {
            // In one call: none of the group can start another one in between.
            let _ = kill_process_group(self.leader, signal);
        } else if self.members.is_empty() {
            let _ = kill_process(self.leader, signal);
        }
        let in_group = |process: &&Process| self.group && process.group == self.leader.as_raw_nonzero().get();
        for process in self.members.iter().filter(|process| !in_group(process)) {
            let _ = Pid::from_raw(process.pid).map(|pid| kill_process(pid, signal));
        }
    }

    fn is_running(&mut self) -> bool {
        self.update();
        let unknown = self.members.is_empty() && !Path::new("/proc/self/stat").exists();
        if unknown && self.group {
            return test_kill_process_group(self.leader).is_ok();
        }
        self.members.iter().any(|process| !process.ended)
    }
}

fn signal(families: &mut [Family], signal: Signal) {
    for family in families {
        family.signal(signal);
    }
}

/// Ends commands with their descendants: with SIGTERM, and after `grace` with SIGKILL.
pub(super) fn end(families: &mut [Family], grace: Duration) {
    if families.is_empty() {
        return;
    }
    let begun = Instant::now();
    if !grace.is_zero() {
        signal(families, Signal::TERM);
    }
    while begun.elapsed() < grace {
        if !families.iter_mut().any(Family::is_running) {
            return;
        }
        thread::sleep(POLL);
    }
    for _ in 0..ROUNDS {
        signal(families, Signal::KILL);
        if !families.iter_mut().any(Family::is_running) {
            return;
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    /// proc_pid_stat(5): fields 3 to 5 and 22, after a name that may contain blanks and parentheses.
    #[test]
    fn a_line_of_procfs_is_understood() {
        let stat = "42 (a) b (c) S 7 8 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 9876 1 2 3";
        let expected = Process { pid: 42, parent: 7, group: 8, start: 9876, ended: false };
        assert_eq!(Process::parse(42, stat), Some(expected));
        assert!(
            Process::parse(42, "42 (sh) Z 7 8 9 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9876")
                .is_some_and(|it| it.ended)
        );
        assert_eq!(Process::parse(42, "42 (sh) S 7"), None);
    }

    fn runs(pid: i32) -> bool {
        all().get(&pid).is_some_and(|process| !process.ended)
    }

    /// A child in a group of its own, one that ignores SIGTERM, and a daemon.
    #[test]
    fn descendants_end_and_daemons_do_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let script = "timeout 300 sh -c 'echo $PPID > own; sleep 300' &
                      sh -c 'trap \"\" TERM; echo $$ > stubborn; while :; do sleep 300; done' &
                      (setsid sleep 300 & echo $! > daemon.new; mv daemon.new daemon)
                      while [ ! -s stubborn ] || [ ! -s own ]; do sleep 0.05; done; echo > ready; wait; sleep 300";
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(directory.path()).process_group(0).stdout(Stdio::null());
        let mut child = command.spawn().expect("a shell");
        let begun = Instant::now();
        while !directory.path().join("ready").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it is not ready");
            thread::sleep(POLL);
        }
        let pid = |name: &str| -> i32 {
            let text = std::fs::read_to_string(directory.path().join(name)).expect(name);
            text.trim().parse().expect("a number")
        };
        let leader = i32::try_from(child.id()).expect("small");
        let group = |pid: i32| all().get(&pid).map(|process| process.group);
        assert_eq!(group(pid("own")), Some(pid("own")), "in a group of its own");
        let family = Family::of(Pid::from_raw(leader).expect("not 0"), true);
        end(&mut [family], Duration::from_millis(200));
        for pid in [leader, pid("own"), pid("stubborn")] {
            assert!(!runs(pid), "{pid}");
        }
        assert!(runs(pid("daemon")), "a daemon goes on");
        let _ = kill_process(Pid::from_raw(pid("daemon")).expect("not 0"), Signal::KILL);
        child.wait().expect("ended");
    }

    /// A command in a directory, which notes SIGTERM before it ends; once it is ready.
    fn polite(directory: &Path, group: bool) -> (std::process::Child, Pid) {
        let script = "trap 'echo >term; exit 3' TERM; (trap '' TERM; exec sleep 300) & echo $! >inner; echo >ready; wait; wait";
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(directory).stdout(Stdio::null());
        if group {
            command.process_group(0);
        }
        let child = command.spawn().expect("a shell");
        let begun = Instant::now();
        while !directory.join("ready").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it is not ready");
            thread::sleep(POLL);
        }
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("small")).expect("not 0");
        (child, pid)
    }

    /// timeout(1): SIGTERM first, and SIGKILL for what is left; without time only the latter.
    #[test]
    fn a_command_is_asked_to_end_if_there_is_time() {
        for (group, grace, code) in
            [(true, 300, Some(3)), (false, 300, Some(3)), (true, 0, None), (false, 0, None)]
        {
            let directory = tempfile::tempdir().expect("a directory");
            let (mut child, pid) = polite(directory.path(), group);
            let begun = Instant::now();
            end(&mut [], Duration::from_secs(60));
            end(&mut [Family::of(pid, group)], Duration::from_millis(grace));
            assert!(begun.elapsed() >= Duration::from_millis(grace), "the inner one ignores SIGTERM");
            assert!(begun.elapsed() < Duration::from_secs(30));
            let inner = std::fs::read_to_string(directory.path().join("inner")).expect("written");
            assert!(!runs(inner.trim().parse().expect("a number")), "{group} {grace}");
            assert_eq!(child.wait().expect("ended").code(), code, "{group} {grace}");
            assert_eq!(directory.path().join("term").exists(), grace > 0, "{group} {grace}");
        }
    }

    #[test]
    fn a_command_that_ends_soon_is_not_waited_for_longer() {
        let mut child = Command::new("sleep").arg("300").process_group(0).spawn().expect("sleep");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("small")).expect("not 0");
        let mut families = [Family::of(pid, true)];
        assert!(families[0].is_running());
        let begun = Instant::now();
        end(&mut families, Duration::from_secs(60));
        assert!(begun.elapsed() < Duration::from_secs(20));
        assert!(!families[0].is_running(), "it only waits for its parent");
        assert!(child.wait().is_ok_and(|status| !status.success()));
    }
}
