//! The order of the program's functions in its file: those that a boot calls are side by side, so that few pages of the
//! file are in memory. Traced from boots, and kept by name for `packaging/order/cc.sh`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::calls::Functions;
use crate::common::Common;
use crate::inside::{self, Machine, Work, second};
use crate::workload::STAGES;
use crate::{Error, Options, file};

/// Cases of tests/oracle that measure the order, which is therefore not made from them.
const MEASURED: [&str; 5] = ["users-files-commands", "network", "gzip-base64", "modules-ubuntu", "empty"];
/// Examples of modules that end a machine or wait for another one.
const LEFT_OUT: [&str; 3] = ["power_state_change", "phone_home", "ssh_import_id"];
/// Network configurations of the machines, in turns.
const NETWORKS: [&str; 3] = [
    "version: 2\nethernets: {any: {match: {name: 'en*'}, dhcp4: true}}\n",
    "version: 1\nconfig:\n- {type: physical, name: eth7, mac_address: '52:54:00:00:00:07', subnets: [{type: static, \
     address: 192.0.2.7/24, gateway: 192.0.2.1, dns_nameservers: [192.0.2.2]}]}\n- {type: nameserver, address: [192.0.2.3]}\n",
    "version: 2\nethernets: {eth8: {addresses: [192.0.2.8/24, '2001:db8::8/64'], nameservers: {addresses: [192.0.2.2]}, \
     routes: [{to: default, via: 192.0.2.1}]}}\nvlans: {v9: {id: 9, link: eth8, dhcp6: true}}\n",
];

/// How the calls of a function are spread over the commands.
#[derive(Debug, Clone, Default, PartialEq)]
struct Use {
    /// The numbers of the boots in which each command called it.
    boots: BTreeMap<String, BTreeSet<usize>>,
    /// Where it came first among the functions of a command.
    first: usize,
}

/// Boots a machine for each seed, and one on EC2, and writes the order.
pub fn order(options: &Options, out: &Path) -> Result<String, Error> {
    let functions = Functions::read(&options.ours)?;
    let common = Common::write(&options.root, &options.ours, &options.cache)?;
    let table = options.cache.join("functions.json");
    functions.keep(&table)?;
    let mut used: HashMap<u64, Use> = HashMap::new();
    let seeds = seeds(&options.cache)?;
    let seeds: Vec<Option<&PathBuf>> = seeds.iter().map(Some).chain([None]).collect();
    for (boot, seed) in seeds.iter().enumerate() {
        eprintln!("{}", seed.map_or("EC2".to_owned(), |seed| seed.display().to_string()));
        let told = inside::run(&Machine {
            root: options.root.clone(),
            scratch: options.cache.join(format!("machine-{}", std::process::id())),
            ours: Some(options.ours.clone()),
            modules: common.file.clone(),
            work: Work::Calls(table.clone(), seed.cloned()),
        })?;
        for (command, called) in told.called {
            eprintln!("  {command}: {} functions", called.len());
            for (place, address) in called.into_iter().enumerate() {
                let entry = used.entry(address).or_insert(Use { first: place, ..Use::default() });
                entry.boots.entry(command.clone()).or_default().insert(boot);
                entry.first = entry.first.min(place);
            }
        }
    }
    let mut all: Vec<(u64, Use)> = used.into_iter().collect();
    all.sort_by_key(|(address, function)| (key(function, seeds.len()), *address));
    let mut text = String::new();
    for (address, _) in &all {
        for name in &functions.names[address] {
            let _ = writeln!(text, "{name}");
        }
    }
    fs::write(out, text).map_err(file(out.display().to_string()))?;
    Ok(format!("{} functions in {}\n", all.len(), out.display()))
}

/// The seeds of the comparison with upstream without those that measurements use, one for each module's example, and those
/// of this crate, plain and packed.
fn seeds(cache: &Path) -> Result<Vec<PathBuf>, Error> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seeds = Vec::new();
    for case in entries(&source.join("tests/oracle/cases"))? {
        let measured = case.file_name().is_some_and(|name| MEASURED.iter().any(|measured| name == *measured));
        if !measured && case.join("seed/user-data").exists() {
            seeds.push(case.join("seed"));
        }
    }
    for folder in ["modules/examples", "tests/bench/seeds"] {
        for example in entries(&source.join(folder))? {
            let Some(name) = example.file_stem().filter(|name| LEFT_OUT.iter().all(|left| *name != *left))
            else {
                continue;
            };
            let text = fs::read(&example).map_err(file(example.display().to_string()))?;
            seeds.push(seed(&cache.join("seeds").join(name), seeds.len(), &text)?);
            if folder == "tests/bench/seeds" {
                let packed = gzip(&example)?;
                let name = format!("{}-packed", name.display());
                seeds.push(seed(&cache.join("seeds").join(name), seeds.len(), &packed)?);
            }
        }
    }
    Ok(seeds)
}

/// Writes a seed with this user-data.
fn seed(directory: &Path, number: usize, user_data: &[u8]) -> Result<PathBuf, Error> {
    let named = || file(directory.display().to_string());
    fs::create_dir_all(directory).map_err(named())?;
    fs::write(directory.join("meta-data"), format!("instance-id: boot-{number}\n")).map_err(named())?;
    fs::write(directory.join("network-config"), NETWORKS[number % NETWORKS.len()]).map_err(named())?;
    fs::write(directory.join("user-data"), user_data).map_err(named())?;
    Ok(directory.to_owned())
}

fn gzip(path: &Path) -> Result<Vec<u8>, Error> {
    let output = Command::new("gzip").arg("-nc").arg(path).output().map_err(file("gzip"))?;
    Ok(output.stdout)
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let named = || file(directory.display().to_string());
    let entries = fs::read_dir(directory).map_err(named())?.collect::<Result<Vec<_>, _>>().map_err(named())?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    Ok(paths)
}

/// First what every stage calls, then what each does that calls the same, and last what only some boots do, by those.
fn key(function: &Use, boots: usize) -> impl Ord + use<> {
    let usual = |stage: &str| {
        let count = |command: &str| function.boots.get(command).map_or(0, BTreeSet::len);
        count(stage).max(count(&second(stage))) * 2 > boots
    };
    let stages: Vec<&str> = STAGES.iter().map(|(stage, _)| *stage).filter(|stage| usual(stage)).collect();
    if !stages.is_empty() {
        return (false, usize::MAX - stages.len(), stages, Vec::new(), function.first);
    }
    let called =
        |stage: &&str| function.boots.contains_key(*stage) || function.boots.contains_key(&second(stage));
    let stages = STAGES.iter().map(|(stage, _)| *stage).filter(called).collect();
    let who: BTreeSet<usize> = function.boots.values().flatten().copied().collect();
    (
        true,
        usize::from(who.len() * 4 > boots),
        stages,
        who.into_iter().collect::<Vec<usize>>(),
        function.first,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_command_calls_is_first() {
        let used = |boots: &[(&str, usize)]| Use {
            boots: boots
                .iter()
                .map(|(command, count)| ((*command).to_owned(), (0..*count).collect()))
                .collect(),
            first: 0,
        };
        let once = used(&[("init", 1)]);
        let usual = used(&[("init", 4), ("status", 4)]);
        let everywhere = used(&[("init", 4), ("init --local, second boot", 3)]);
        let mut all = [once.clone(), usual.clone(), everywhere.clone()];
        all.sort_by_key(|function| key(function, 4));
        assert_eq!(all, [everywhere, usual, once]);
    }
}
