//! `#part-handler`: Python code for custom part types, run by the machine's python3.
//!
//! One interpreter runs all handlers of a run, because they may share state; it is started for the first one.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Part;
use model::effects::{Attributes, Command, CommandError, Conversation};
use model::handler::HandlerContext;
use serde_json::{Value, json};

/// The Python program that imports and calls handlers.
const DRIVER: &str = include_str!("part_handlers.py");

/// Why a handler is not available.
#[derive(Debug, thiserror::Error)]
pub(super) enum PythonError {
    /// No interpreter.
    #[error("a part handler needs python3, which is not in PATH; install the package python3")]
    NoPython,
    /// The interpreter cannot be started.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A file of the handler cannot be written.
    #[error(transparent)]
    File(#[from] model::effects::FileError),
    /// The interpreter has exited or its answer is invalid.
    #[error("python3 no longer responds: {0}")]
    Gone(String),
    /// The handler raised an exception.
    #[error("{name}: {what}")]
    Raised {
        /// The handler.
        name: String,
        /// The exception's type and message.
        what: String,
    },
}

/// The part handlers of a run.
#[derive(Default)]
pub(super) struct PartHandlers {
    conversation: Option<Box<dyn Conversation>>,
    /// The handler of each type, by name, or the built-in one. In the order in which types were registered.
    takers: Vec<(String, Option<String>)>,
    count: usize,
    /// Only record handlers: this is a plan.
    noted: bool,
}

impl PartHandlers {
    /// Loads the image's handlers.
    pub(super) fn of_image(&mut self, context: &HandlerContext<'_>) {
        let directory = context.paths.cloud_dir.join("handlers");
        for file in context.system.files.list(&directory).unwrap_or_default() {
            let Some(name) = file.strip_suffix(".py").map(str::trim) else { continue };
            if name.is_empty() || name.contains('.') {
                continue;
            }
            if let Err(error) = self.load(context, &directory.join(&file), name, true) {
                tracing::warn!(
                    "Failed to register handler from {}: {error}",
                    directory.join(&file).display()
                );
            }
        }
    }

    /// Registers the built-in types that no handler of the image handles.
    pub(super) fn built_in(&mut self, types: &[&str]) {
        for kind in types {
            if !self.takers.iter().any(|(known, _)| known == kind) {
                self.takers.push(((*kind).to_owned(), None));
            }
        }
    }

    /// Stores the handler in a part, and loads it.
    pub(super) fn register(&mut self, context: &HandlerContext<'_>, part: &Part) -> Result<(), PythonError> {
        let name = format!("part-handler-{:03}", self.count);
        let directory = context.paths.instance_dir(&context.instance.instance_id).join("handlers");
        let path = directory.join(format!("{name}.py"));
        context.system.files.write(&path, &part.payload, &Attributes::secret())?;
        self.load(context, &path, &name, false)?;
        // A handler that fails is overwritten by the next one.
        self.count += 1;
        Ok(())
    }

    fn load(
        &mut self,
        context: &HandlerContext<'_>,
        path: &Path,
        name: &str,
        of_image: bool,
    ) -> Result<(), PythonError> {
        if self.conversation.is_none() {
            self.start(context, path)?;
        }
        if self.noted {
            return Ok(());
        }
        let needs: &[&str] = if of_image { &["list_types", "handle_part"] } else { &[] };
        let answer = self.ask(name, &json!({"do": "load", "name": name, "needs": needs}))?;
        if let Some(warning) = answer["warning"].as_str() {
            tracing::warn!("part handler {name}: {warning}");
        }
        let types: Vec<String> = answer["types"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|kind| kind.as_str().map(str::to_owned))
            .collect();
        tracing::debug!("Added part handler {name} [{}] from {}", types.join(", "), path.display());
        for kind in types {
            match self.takers.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, taker)) => *taker = Some(name.to_owned()),
                None => self.takers.push((kind, Some(name.to_owned()))),
            }
        }
        Ok(())
    }

    fn start(&mut self, context: &HandlerContext<'_>, handler: &Path) -> Result<(), PythonError> {
        let system = context.system;
        let driver = context.paths.run("part-handlers.py");
        let python = system.commands.which("python3");
        let command = Command::line(["python3".to_owned(), driver.display().to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .of_user();
        if python.is_none() {
            return Err(PythonError::NoPython);
        }
        system.files.write(&driver, DRIVER.as_bytes(), &Attributes::secret())?;
        let Some(conversation) = system.commands.converse(&command)? else {
            tracing::debug!("would run {}", handler.display());
            self.noted = true;
            return Ok(());
        };
        self.conversation = Some(conversation);
        let (paths, instance) = (context.paths, context.instance);
        let own = paths.instance_dir(&instance.instance_id);
        let user_data = instance.user_data.as_ref().map(|bytes| STANDARD.encode(&bytes.0));
        self.ask(
            "python3",
            &json!({
                "do": "hello",
                "frequency": context.frequency.to_string(),
                "directories": [paths.cloud_dir.join("handlers"), own.join("handlers")],
                "cloud_dir": paths.cloud_dir, "run_dir": paths.run_dir, "docs_dir": paths.docs_dir,
                "templates_dir": paths.templates_dir, "instance_dir": own,
                "instance_id": instance.instance_id.as_str(), "source": instance.source,
                "metadata": if instance.metadata.is_object() { instance.metadata.clone() } else { json!({}) },
                "public_keys": instance.public_keys, "user_data": user_data.unwrap_or_default(),
                "config": context.config.to_json(),
            }),
        )
        .map(drop)
    }

    fn ask(&mut self, name: &str, request: &Value) -> Result<Value, PythonError> {
        let gone = |why: String| PythonError::Gone(why);
        let conversation = self.conversation.as_mut().ok_or_else(|| gone("it has exited".into()))?;
        let answer = conversation.ask(&request.to_string()).and_then(|line| Ok(serde_json::from_str(&line)?));
        let answer: Value = match answer {
            Ok(answer) => answer,
            Err(error) => {
                // All loaded handlers are gone with it.
                self.conversation = None;
                self.takers.clear();
                return Err(gone(error.to_string()));
            }
        };
        match answer["error"].as_str() {
            Some(what) => Err(PythonError::Raised { name: name.to_owned(), what: what.to_owned() }),
            None => Ok(answer),
        }
    }

    /// Passes a part to the part handler for its type; `None` if there is none.
    pub(super) fn part(&mut self, part: &Part) -> Option<Result<(), PythonError>> {
        let (_, taker) = self.takers.iter().find(|(kind, _)| *kind == part.content_type)?;
        let name = taker.clone()?;
        tracing::debug!("Calling part handler {name} ({}, {})", part.content_type, part.filename);
        let request = json!({
            "do": "part", "name": name, "type": part.content_type, "filename": part.filename,
            "payload": STANDARD.encode(&part.payload), "text": part.content_type.starts_with("text/"),
            "headers": part.headers,
        });
        Some(self.ask(&name, &request).map(drop))
    }

    /// Whether unknown types may belong to a handler that is only recorded.
    pub(super) fn may_take(&self) -> bool {
        self.noted
    }

    /// Tells handlers that there are no more parts: those with types registered before the built-in ones, or the
    /// others. Like upstream, skips a handler whose types were all taken over by another.
    pub(super) fn end(&mut self, before: bool) {
        let built_in = self.takers.iter().position(|(_, taker)| taker.is_none()).unwrap_or(0);
        let (first, rest) = self.takers.split_at(built_in);
        let first = names(first);
        let names = if before {
            first
        } else {
            names(rest).into_iter().filter(|name| !first.contains(name)).collect()
        };
        for name in names {
            if let Err(error) = self.ask(&name, &json!({"do": "end", "name": name})) {
                tracing::warn!("Failed to finalize part handler {error}");
            }
        }
    }
}

/// The handlers without duplicates.
fn names(takers: &[(String, Option<String>)]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in takers.iter().filter_map(|(_, taker)| taker.as_ref()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use model::Origin;

    use super::*;

    /// An interpreter whose handler `bad` raises, and that is gone after `gone`.
    struct Driver(Arc<Mutex<Vec<String>>>);

    impl Conversation for Driver {
        fn ask(&mut self, line: &str) -> Result<String, std::io::Error> {
            let request: Value = serde_json::from_str(line)?;
            let words = [&request["do"], &request["name"], &request["type"], &request["text"]];
            let words: Vec<String> =
                words.iter().filter(|word| !word.is_null()).map(ToString::to_string).collect();
            self.0.lock().expect("nothing panics while it is held").push(words.join(" ").replace('"', ""));
            match request["name"].as_str() {
                Some("bad") => Ok(json!({"error": "ValueError: no"}).to_string()),
                Some("gone") => Err(std::io::ErrorKind::UnexpectedEof.into()),
                _ => Ok("{}".to_owned()),
            }
        }
    }

    fn handlers(takers: &[(&str, &str)]) -> (PartHandlers, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let takers =
            takers.iter().map(|(kind, name)| ((*kind).to_owned(), Some((*name).to_owned()))).collect();
        let conversation: Option<Box<dyn Conversation>> = Some(Box::new(Driver(asked.clone())));
        (PartHandlers { conversation, takers, ..PartHandlers::default() }, asked)
    }

    fn part(kind: &str) -> Part {
        Part {
            content_type: kind.to_owned(),
            filename: "part-001".to_owned(),
            payload: b"x".to_vec(),
            headers: std::collections::BTreeMap::new(),
            origin: Origin::whole("user-data"),
        }
    }

    /// A type that a handler of the image handles has no built-in one.
    #[test]
    fn a_part_is_its_handlers() {
        let (mut handlers, asked) =
            handlers(&[("text/x-own", "own"), ("text/cloud-config", "mine"), ("image/png", "bad")]);
        handlers.built_in(&["text/cloud-config", "text/x-shellscript"]);
        assert_eq!(handlers.takers.len(), 4, "one type has a handler of the image");
        let mut outcome =
            |kind: &str| handlers.part(&part(kind)).map(|done| done.map_err(|error| error.to_string()));
        assert_eq!(outcome("text/x-own"), Some(Ok(())));
        assert_eq!(outcome("text/cloud-config"), Some(Ok(())));
        assert_eq!(outcome("image/png"), Some(Err("bad: ValueError: no".to_owned())));
        assert_eq!(outcome("text/x-shellscript"), None, "it is built in");
        assert_eq!(outcome("text/x-unknown"), None);
        let asked = asked.lock().expect("nothing panics while it is held").clone();
        assert_eq!(
            asked,
            ["part own text/x-own true", "part mine text/cloud-config true", "part bad image/png false"]
        );
        assert!(!handlers.may_take());
    }

    /// Upstream's `call_end`: once for each handler, in the order of its types.
    #[test]
    fn each_handler_is_told_of_the_end_once() {
        let (mut handlers, asked) = handlers(&[("text/a", "one"), ("text/b", "one"), ("text/c", "two")]);
        handlers.built_in(&["text/cloud-config"]);
        for (kind, name) in [("text/d", "two"), ("text/e", "late")] {
            handlers.takers.push((kind.to_owned(), Some(name.to_owned())));
        }
        handlers.end(true);
        handlers.end(false);
        let asked = asked.lock().expect("nothing panics while it is held").clone();
        assert_eq!(asked, ["end one", "end two", "end late"]);
    }

    #[test]
    fn nothing_is_handled_once_the_interpreter_is_gone() {
        let (mut handlers, asked) = handlers(&[("text/a", "gone"), ("text/b", "other")]);
        let error = handlers.part(&part("text/a")).expect("its own").expect_err("gone").to_string();
        assert!(error.starts_with("python3 no longer responds: "), "{error}");
        assert!(handlers.part(&part("text/b")).is_none());
        handlers.end(true);
        handlers.end(false);
        assert_eq!(asked.lock().expect("nothing panics while it is held").len(), 1);
    }
}
