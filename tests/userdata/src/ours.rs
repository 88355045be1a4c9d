//! What this program makes of the same cases, on machines in memory.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use engine::config::Loader;
use engine::consume::Consumer;
use engine::merge::{Strategy, layers as merge_layers};
use engine::report::Reporter;
use engine::template;
use engine::userdata::{Included, Processor, filter_launch_index};
use model::instance::{Bytes, VendorData};
use model::{Frequency, Instance, InstanceId, Node, Origin, Paths, System};
use serde_json::Value;
use system::Scratch;

use crate::generate::message::Input;
use crate::warnings;

/// What came of a user-data.
#[derive(Debug, Clone, Default)]
pub struct Processed {
    /// Content type, file name, payload in base64, launch indices and strategy of each part.
    pub parts: Vec<(String, String, String, Vec<String>, String)>,
    /// The processed message.
    pub message: Vec<u8>,
    /// Modes and contents of what was written.
    pub files: BTreeMap<String, (u32, Vec<u8>)>,
    /// Its warnings.
    pub warnings: Vec<String>,
}

/// The instance's directory.
pub const INSTANCE: &str = "/var/lib/cloud/instances/i-1";

/// The configuration beside the instance's.
const CONFIG: &str =
    "system_info: {distro: ubuntu}\nvendor_data: {enabled: true}\nvendor_data2: {enabled: true}\n";

/// Processes and consumes on a machine in memory.
///
/// # Errors
///
/// Why the data cannot be processed.
pub fn process(input: &Input, instance_data: &Value) -> Result<Processed, String> {
    let mut root = Scratch::new()
        .link("/var/lib/cloud/instance", INSTANCE)
        .directory(INSTANCE)
        .file("/run/cloud-init/instance-data-sensitive.json", instance_data.to_string());
    for (path, content) in &input.files {
        root = root.file(path, content);
    }
    let (system, _recording) = root.system();
    process_on(&system, &Paths::default(), input)
}

/// The same on any machine.
///
/// # Errors
///
/// Why the data cannot be processed.
pub fn process_on(system: &System, paths: &Paths, input: &Input) -> Result<Processed, String> {
    let (processed, warnings) = warnings::caught(|| consumed(system, paths, input));
    processed.map(|processed| Processed { warnings, ..processed })
}

fn consumed(system: &System, paths: &Paths, input: &Input) -> Result<Processed, String> {
    let instance = Instance {
        instance_id: InstanceId::new("i-1".to_owned()),
        user_data: Some(Bytes(input.user.clone())),
        vendor_data: many(&input.vendor),
        vendor_data2: many(&input.vendor2),
        launch_index: input.launch_index,
        metadata: serde_json::json!({"instance-id": "i-1"}),
        ..Instance::default()
    };
    let failed = |error: engine::userdata::UserDataError| error.to_string();
    let included = Included::default();
    let processor = Processor { system, paths, included: &included };
    let whole = processor.process("user-data", &[&input.user]).map_err(failed)?;
    let mut out = Processed { message: whole.write(), ..Processed::default() };
    if let Some(boundary) = whole.boundary() {
        let text = String::from_utf8_lossy(&out.message).replace(&boundary, "BOUNDARY");
        out.message = text.into_bytes();
    }
    for part in whole.walk().filter(|part| part.maintype() != "multipart") {
        let bytes = part.decoded().map(|decoded| decoded.bytes).unwrap_or_default();
        let indices = part
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case("Launch-Index"))
            .map(|header| String::from_utf8_lossy(&header.value).into_owned())
            .collect();
        out.parts.push((
            part.content_type(),
            part.filename().unwrap_or_default(),
            base64::engine::general_purpose::STANDARD.encode(bytes),
            indices,
            part.headers.text("Merge-Type").unwrap_or_default(),
        ));
    }
    // Once more, as a boot does.
    let _ = filter_launch_index(whole, input.launch_index);
    let base = Node::from_yaml("cloud.cfg", CONFIG.as_bytes()).ok().flatten().unwrap_or_default();
    let loader = Loader::new(system, Vec::new());
    let consumer = Consumer {
        system,
        paths,
        loader: &loader,
        base: &base,
        instance: &instance,
        included: &Included::default(),
        frequency: Frequency::Instance,
    };
    let reporter = Reporter::new(system, "init");
    consumer.user_data(&reporter).map_err(failed)?;
    consumer.vendor_data(&reporter).map_err(failed)?;
    let instance_dir = paths.cloud_dir.join("instances/i-1");
    for name in [
        "scripts",
        "boothooks",
        "handlers",
        "cloud-config.txt",
        "vendor-cloud-config.txt",
        "vendor2-cloud-config.txt",
        "data/urlcache",
    ] {
        collect(system, &instance_dir.join(name), &mut out.files);
    }
    collect(system, &paths.cloud_dir.join("scripts"), &mut out.files);
    Ok(out)
}

fn many(pieces: &[Vec<u8>]) -> Option<VendorData> {
    (!pieces.is_empty()).then(|| VendorData::Many(pieces.iter().cloned().map(Bytes).collect()))
}

fn collect(system: &System, path: &Path, files: &mut BTreeMap<String, (u32, Vec<u8>)>) {
    if system.files.is_dir(path) {
        for name in system.files.list(path).unwrap_or_default() {
            collect(system, &path.join(name), files);
        }
    } else if let (Ok(bytes), Ok(Some(found))) = (system.files.read(path), system.files.stat(path)) {
        files.insert(path.display().to_string(), (found.mode & 0o7777, bytes));
    }
}

/// Runs part handlers on this machine, with directories of their own; and what they told.
///
/// # Errors
///
/// Why the data cannot be processed, or the directories cannot be made.
pub fn handlers(input: &Input) -> Result<(Processed, Vec<String>), String> {
    let failed = |error: std::io::Error| error.to_string();
    let top = tempfile::tempdir().map_err(failed)?;
    let here = top.path().display().to_string();
    let paths =
        Paths { cloud_dir: top.path().join("cloud"), run_dir: top.path().join("run"), ..Paths::default() };
    for name in ["cloud/instances/i-1", "run", "out"] {
        std::fs::create_dir_all(top.path().join(name)).map_err(failed)?;
    }
    std::os::unix::fs::symlink(top.path().join("cloud/instances/i-1"), paths.instance_link())
        .map_err(failed)?;
    let user = String::from_utf8_lossy(&input.user).replace("'/out/", &format!("'{here}/out/"));
    let input = Input { user: user.into_bytes(), ..input.clone() };
    let system = system::Host::system(None, std::sync::Arc::new(system::NoHttp));
    let mut processed = process_on(&system, &paths, &input)?;
    let theirs = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace(&here, "").into_bytes();
    processed.files = std::mem::take(&mut processed.files)
        .into_iter()
        .map(|(path, (mode, bytes))| {
            let path = path.replace(&format!("{here}/cloud"), "/var/lib/cloud");
            (path, (mode, theirs(bytes)))
        })
        .collect();
    let told = std::fs::read_to_string(top.path().join("out/log")).unwrap_or_default();
    Ok((processed, told.lines().map(|line| line.replace(&here, "")).collect()))
}

/// Merges two values.
///
/// # Errors
///
/// The strategy is wrong.
pub fn pair(case: &Value) -> Result<String, String> {
    let how = case["how"].as_str().unwrap_or_default();
    let strategy = Strategy::parse(how).map_err(|error| error.to_string())?;
    let tree = |value: &Value| Node::from_json(value.clone(), &Origin::whole("case"));
    let merged = strategy.merge(tree(&case["old"]), tree(&case["new"])).map_err(|error| error.to_string())?;
    Ok(merged.to_json().to_string())
}

/// Merges layers.
pub fn layers(case: &Value) -> Result<String, String> {
    let layers = case["layers"].as_array().into_iter().flatten();
    let layers = layers.map(|layer| Node::from_json(layer.clone(), &Origin::whole("case"))).collect();
    Ok(merge_layers(layers).to_json().to_string())
}

/// Renders a shipped template.
///
/// # Errors
///
/// It cannot be rendered.
pub fn shipped(case: &Value) -> Result<String, String> {
    let name = case["name"].as_str().unwrap_or_default();
    let text = modules::TEMPLATES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    template::render(name, text.ok_or("not carried")?, &case["variables"]).map_err(|error| error.to_string())
}

/// Renders a template.
///
/// # Errors
///
/// It cannot be rendered.
pub fn jinja(text: &str, instance_data: &Value) -> Result<String, String> {
    template::render("case", text, &template::variables(instance_data)).map_err(|error| error.to_string())
}
