#!/usr/bin/env bash
# Counts the doors: adds a made-up member of each family to a copy of the tree as CONTRIBUTING.md says, builds it, and shows
# that the program, its plans, its reference pages and its schema know it. Prints the files and lines that each took.
set -euo pipefail
cd "$(dirname "$0")/.."
copy=target/doors
rm -rf "$copy/tree"
mkdir -p "$copy/tree"
git ls-files -z | xargs -0 cp --parents -t "$copy/tree" 2> /dev/null || true
export CARGO_TARGET_DIR="$PWD/$copy/target"
# What others wrote is built already where the tests were.
if [ ! -d "$CARGO_TARGET_DIR/debug" ] && [ -d target/debug/deps ]; then
    mkdir -p "$CARGO_TARGET_DIR/debug"
    cp -a target/debug/deps target/debug/build target/debug/.fingerprint "$CARGO_TARGET_DIR/debug/"
fi
cd "$copy/tree"
git init -q
git add -A
count() { git -c user.name=doors -c user.email=doors@example.org commit -q --allow-empty -m "$1"; }
count tree

# took WHAT MOST: prints what was touched since the last count, and fails where more than MOST existing files were.
took() {
    git add -A
    local new changed lines
    new=$(git diff --cached --name-only --diff-filter=A | wc -l)
    changed=$(git diff --cached --name-only --diff-filter=M | wc -l)
    lines=$(git diff --cached --numstat --diff-filter=M | awk '{ lines += $1 + $2 } END { print lines + 0 }')
    printf '%-16s %s new files, %s changed with %s lines: %s\n' "$1" "$new" "$changed" "$lines" \
        "$(git diff --cached --name-only --diff-filter=M | xargs)"
    [ "$changed" -le "$2" ] || { echo "doors: $1 takes more than $2 changed files" >&2; exit 1; }
    count "$1"
}

# after FILE PATTERN LINE: puts a line behind the first that matches.
after() {
    grep -q -- "$2" "$1" || { echo "doors: $1 has no line like $2" >&2; exit 1; }
    sed -i "0,\\~$2~s~~&\\n$3~" "$1"
}

# A data source: its file, its row, and cargo's features.
cat > datasources/src/doors.rs << 'EOF'
//! Doors: a data source that a test makes up.

use metadata::standard;
use model::datasource::{Evidence, Medium, SourceError};
use model::{About, Crawl, DataSource, Identified, Instance, InstanceId, Platform};
use serde_json::Map;

const ABOUT: About = About {
    local: Some("DataSourceDoors"),
    evidence: Evidence { dmi: &[], medium: Medium::Seed("doors"), tree: &[] },
    ..About::named("Doors")
};

/// The source.
pub(crate) struct Doors;

impl DataSource for Doors {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        if platform.system.files.exists(std::path::Path::new("/var/lib/cloud/seed/doors/meta")) { Identified::Found } else { Identified::No }
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        Ok(Some(Instance {
            instance_id: InstanceId::new("i-doors"),
            ..standard::instance(&ABOUT, crawl.stage, Map::new())
        }))
    }

    fn still_same(&self, _platform: &Platform<'_>, cached: &Instance) -> bool {
        cached.instance_id.as_str() == "i-doors"
    }
}
EOF
after datasources/src/lib.rs '^sources! {' '    "doors" doors Doors;'
after datasources/Cargo.toml '^nocloud = .*' 'doors = []'
after Cargo.toml '^source-nocloud = .*' 'source-doors = ["datasources/doors"]'
sed -i 's/^all-sources = \[/&"source-doors", /' Cargo.toml
took 'data source' 3

# A module: its file, its example, its row, and cargo's features.
cat > modules/src/doorbell.rs << 'EOF'
//! `doorbell`: a module that a test makes up.

use std::path::Path;

use model::effects::Attributes;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

/// Writes down who rang.
pub struct Doorbell;

/// The keys of `doorbell`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Who rang.
    pub doorbell: Option<String>,
}

impl Described for Doorbell {
    const NAME: &'static str = "doorbell";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["doorbell"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Doorbell";
    const SUMMARY: &'static str = "Writes down who rang.";
    type Config = Config;
}

impl Module for Doorbell {
    fn run(&self, context: &Context<'_>, config: Config, _report: &mut Report) -> Result<(), ModuleError> {
        let name = config.doorbell.unwrap_or_default();
        context.system.files.write(Path::new("/etc/doorbell"), name.as_bytes(), &Attributes::mode(0o644))?;
        Ok(())
    }
}
EOF
printf '#cloud-config\ndoorbell: postman\n' > modules/examples/doorbell.yaml
after modules/src/lib.rs '^    timezone::Timezone.*' '    doorbell::Doorbell by "doorbell",'
after modules/Cargo.toml '^timezone = .*' 'doorbell = []'
after Cargo.toml '^module-timezone = .*' 'module-doorbell = ["modules/doorbell"]'
after Cargo.toml '^    "module-timezone",' '    "module-doorbell",'
took module 3

# A derivative of Debian: one row.
python3 - << 'EOF'
path = "distros/debian/src/facts.rs"
text = open(path).read()
text = text.replace("    DEBIAN,\n", '    DEBIAN,\n    Facts { name: "doorian", ..DEBIAN },\n', 1)
open(path, "w").write(text)
EOF
took derivative 1

# A renderer: its file, its row, and cargo's feature.
cat > distros/network-managers/src/doornet.rs << 'EOF'
//! doornet: a network manager that a test makes up.

use crate::RenderedFile;
use crate::manager::{Manager, Writer};

/// The network manager.
pub(crate) const MANAGER: Manager = Manager {
    name: "doornet",
    available: |_, _| false,
    writer: Some(Writer::plain(|state, _, _| {
        let names: Vec<&str> = state.interfaces.values().map(|link| link.name.as_str()).collect();
        Ok(vec![RenderedFile::new("/etc/doornet", names.join("\n") + "\n", 0o644)])
    })),
    activator: None,
};
EOF
after distros/network-managers/src/manager.rs '^managers! {' '    "doornet" "doornet" crate::doornet::MANAGER;'
after distros/network-managers/src/lib.rs '^mod convert;\|^pub mod convert;' '#[cfg(feature = "doornet")]\nmod doornet;'
after distros/network-managers/Cargo.toml '^networkd = .*' 'doornet = []'
sed -i 's/^default = \[/&"doornet", /' distros/network-managers/Cargo.toml
after Cargo.toml '^    "network_managers/networkd",' '    "network_managers/doornet",'
took 'network manager' 4

cargo build --quiet --offline 2> /dev/null || cargo build --quiet
program=$CARGO_TARGET_DIR/debug/cloud-init
# has WHAT TEXT COMMAND…: a command's output holds a text.
has() {
    local what=$1 text=$2
    shift 2
    # A plan with advice ends with 2.
    local output
    output=$("$@" 2>&1) || [ $? = 2 ] || output="failed: ${output//"$text"/}"
    if [[ $output == *"$text"* ]]; then echo "ok: $what"; else
        printf '%s\n' "$output" | tail -n 20 >&2
        echo "doors: $what lacks '$text'" >&2
        exit 1
    fi
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#cloud-config\ndoorbell: postman\n' > "$work/user-data"
printf '#cloud-config\ndoorbell: [postman]\n' > "$work/wrong"
printf 'version: 2\nethernets: {eth0: {dhcp4: true}}\n' > "$work/network-config"
mkdir "$work/tree"
touch "$work/tree/meta"
has 'features: data source' 'data-source Doors' "$program" features --all
has 'features: module' 'module doorbell' "$program" features --all
has 'features: derivative' 'distribution doorian' "$program" features --all
has 'features: network manager' 'renderer doornet' "$program" features --all
has 'plan: module' '/etc/doorbell' "$program" plan --distro debian --user-data "$work/user-data"
has 'plan: data source' 'data source DataSourceDoors' "$program" plan --distro debian --metadata-tree "$work/tree" \
    --data-source Doors
has 'plan: its instance' 'instances/i-doors' "$program" plan --distro debian --metadata-tree "$work/tree" \
    --data-source Doors --format json
has 'cloud.cfg: module' 'doorbell' "$program" generate cloud-cfg debian
has 'cloud.cfg: derivative' 'distro: doorian' "$program" generate cloud-cfg doorian
has 'net render: network manager' '/etc/doornet' "$program" net render "$work/network-config" -r doornet -D debian
"$program" generate reference "$work/reference" > /dev/null
has 'reference: module' 'Writes down who rang' cat "$work/reference/doorbell.md"
CLOUD_INIT_WRITE_DERIVED=1 cargo test --quiet --package cloud-init-modules --test schema > /dev/null 2>&1 || true
has 'schema: module' '"doorbell"' cat modules/schema/cloud-config.json
