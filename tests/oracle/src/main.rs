//! Runs the packaged original and ours over the same inputs and counts, per area, what agrees.
//!
//! Both go through the four stages in a chroot over an overlay of one root, in mount, network and process namespaces of
//! their own. What they then left below `/etc`, `/home`, `/var/lib/cloud`, `/run/cloud-init` and what their commands
//! print is compared after [normalisation](normal). Without ours the original is compared with itself, which has to
//! agree wholly: that proves the normalisation.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

mod agreement;
mod normal;
mod run;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agreement::Agreement;
use oracle::{Error, file};
use run::Program;

const HELP: &str = "\
Runs the packaged original and ours over the same inputs and counts what agrees. Needs root.

Usage: oracle COMMAND [OPTIONS] [CASE...]

  compare              run both over the cases and print the agreement per area
  show                 run the original over the cases and print what it left

  --ours FILE          our static binary; without it the original is compared with itself
  --suite NAME         Debian's suite with the original: sid (default) or trixie
  --root DIR           a root with the original in it, instead of building one
  --cache DIR          where the root is kept (default: target/oracle)
  --cases DIR          where the cases are (default: tests/oracle/cases of this source tree)
  --baseline FILE      agreement that may not fall (default: tests/oracle/agreement.json of this source tree)
  --update             write the agreement to the baseline
  --differences        print every difference
";

struct Options {
    ours: Option<PathBuf>,
    suite: String,
    root: Option<PathBuf>,
    cache: PathBuf,
    cases: PathBuf,
    baseline: PathBuf,
    update: bool,
    differences: bool,
    names: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match start(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("oracle: {error}");
            ExitCode::from(2)
        }
    }
}

fn start(arguments: &[String]) -> Result<bool, Error> {
    let Some((command, rest)) = arguments.split_first().filter(|(command, _)| *command != "--help") else {
        print!("{HELP}");
        return Ok(true);
    };
    let options = parse(rest)?;
    match command.as_str() {
        "compare" => compare(&options),
        "show" => show(&options).map(|()| true),
        other => Err(Error::Usage(format!("{other} is not a command"))),
    }
}

fn parse(arguments: &[String]) -> Result<Options, Error> {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options {
        ours: None,
        suite: "sid".into(),
        root: None,
        cache: PathBuf::from("target/oracle"),
        cases: source.join("cases"),
        baseline: source.join("agreement.json"),
        update: false,
        differences: false,
        names: Vec::new(),
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| Error::Usage(format!("{argument} needs a value")));
        let whole = |path: &String| std::fs::canonicalize(path).map_err(file(path.clone()));
        match argument.as_str() {
            "--ours" => options.ours = Some(whole(value()?)?),
            "--suite" => match value()?.as_str() {
                suite @ ("sid" | "trixie") => suite.clone_into(&mut options.suite),
                other => return Err(Error::Usage(format!("{other} is not sid or trixie"))),
            },
            "--root" => options.root = Some(whole(value()?)?),
            "--cache" => options.cache = PathBuf::from(value()?),
            "--cases" => options.cases = PathBuf::from(value()?),
            "--baseline" => options.baseline = PathBuf::from(value()?),
            "--update" => options.update = true,
            "--differences" => options.differences = true,
            option if option.starts_with('-') => {
                return Err(Error::Usage(format!("{option} is not an option")));
            }
            name => options.names.push(name.to_owned()),
        }
    }
    std::fs::create_dir_all(&options.cache).map_err(file(options.cache.display().to_string()))?;
    options.cache = std::fs::canonicalize(&options.cache).map_err(file("cache"))?;
    Ok(options)
}

fn cases(options: &Options) -> Result<Vec<PathBuf>, Error> {
    let failed = || options.cases.display().to_string();
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(&options.cases).map_err(file(failed()))? {
        cases.push(entry.map_err(file(failed()))?.path());
    }
    cases.sort();
    if let Some(name) =
        options.names.iter().find(|name| !cases.iter().any(|case| case.ends_with(name.as_str())))
    {
        return Err(Error::Usage(format!("{name} is not a case")));
    }
    cases.retain(|case| options.names.is_empty() || options.names.contains(&case_name(case)));
    Ok(cases)
}

fn case_name(case: &Path) -> String {
    case.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn root(options: &Options) -> Result<PathBuf, Error> {
    match &options.root {
        Some(root) => Ok(root.clone()),
        None => oracle::root::prepare(&options.cache, &options.suite),
    }
}

fn compare(options: &Options) -> Result<bool, Error> {
    let root = root(options)?;
    let other = options.ours.clone().map_or(Program::Original, Program::Ours);
    let mut agreement = Agreement::default();
    for case in cases(options)? {
        let name = case_name(&case);
        let (original, ours) = std::thread::scope(|scope| {
            let original = scope.spawn(|| run::run(&options.cache, "one", &root, &case, &Program::Original));
            let ours = run::run(&options.cache, "other", &root, &case, &other);
            (original.join(), ours)
        });
        let original = original.map_err(|_| Error::Usage(format!("the run of {name} panicked")))??;
        let ours = ours?;
        println!("{name}: original {:.1} s, other {:.1} s", original.seconds, ours.seconds);
        agreement.add(&name, &original.outcome, &ours.outcome);
    }
    if options.differences || other == Program::Original {
        agreement.print_differences();
    }
    agreement.print();
    if other == Program::Original {
        println!(
            "the original compared with itself: {}",
            if agreement.is_whole() { "agrees" } else { "DISAGREES" }
        );
        return Ok(agreement.is_whole());
    }
    if options.update {
        return agreement.write(&options.baseline).map(|()| true);
    }
    // A part of the cases says nothing about the whole.
    if !options.names.is_empty() {
        return Ok(true);
    }
    let fallen = agreement.fallen(&Agreement::read_baseline(&options.baseline)?);
    for line in &fallen {
        println!("{line}");
    }
    Ok(fallen.is_empty())
}

fn show(options: &Options) -> Result<(), Error> {
    let root = root(options)?;
    for case in cases(options)? {
        let result = run::run(&options.cache, "one", &root, &case, &Program::Original)?;
        println!("### {} ({:.1} s)", case_name(&case), result.seconds);
        for (name, state) in &result.outcome {
            println!("{name}: {}", state.head);
            for line in state.content.lines() {
                println!("    {line}");
            }
        }
    }
    Ok(())
}
