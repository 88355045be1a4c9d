//! Consumes the data of an instance: the user's first, so that it can disable the vendor's.

use model::handler::{DataKind, HandlerContext};
use model::instance::{Bytes, VendorData};
use model::{Frequency, Instance, Node, Paths, System};

use crate::config::Loader;
use crate::handlers;
use crate::report::Reporter;
use crate::userdata::{Included, Processor, UserDataError, filter_launch_index};

/// Passes the data of an instance to the handlers.
pub struct Consumer<'a> {
    /// Effects.
    pub system: &'a System,
    /// Where state is kept.
    pub paths: &'a Paths,
    /// Reads the configuration again after the user-data has changed it.
    pub loader: &'a Loader<'a>,
    /// The system configuration.
    pub base: &'a Node,
    /// The instance.
    pub instance: &'a Instance,
    /// Documents included so far.
    pub included: &'a Included,
    /// The frequency for this run.
    pub frequency: Frequency,
}

impl Consumer<'_> {
    fn context<'c>(&'c self, kind: DataKind, config: &'c Node) -> HandlerContext<'c> {
        HandlerContext {
            system: self.system,
            paths: self.paths,
            instance: self.instance,
            kind,
            config,
            frequency: self.frequency,
        }
    }

    fn processor(&self) -> Processor<'_> {
        Processor { system: self.system, paths: self.paths, included: self.included }
    }

    /// The user-data.
    pub fn user_data(&self, reporter: &Reporter) -> Result<(), UserDataError> {
        let step = reporter.start("consume-user-data", "reading and applying user-data");
        let raw = self.instance.user_data.as_ref().map(|bytes| bytes.0.as_slice()).unwrap_or_default();
        let processed = self.processor().process("user-data", &[raw])?;
        let processed = filter_launch_index(processed, self.instance.launch_index);
        handlers::consume(&self.context(DataKind::User, self.base), processed, &[]);
        step.finish(true, None);
        Ok(())
    }

    /// Both kinds of vendor-data, if the configuration enables them.
    pub fn vendor_data(&self, reporter: &Reporter) -> Result<(), UserDataError> {
        for (kind, name, data) in [
            (DataKind::Vendor, "vendor_data", &self.instance.vendor_data),
            (DataKind::Vendor2, "vendor_data2", &self.instance.vendor_data2),
        ] {
            let shown = name.replace('_', "-");
            let step = reporter.start(&format!("consume-{shown}"), &format!("reading and applying {shown}"));
            match data.as_ref().filter(|data| is_given(data)) {
                Some(data) => self.vendor(kind, name, &shown, data)?,
                None => tracing::debug!("no {name} from datasource"),
            }
            step.finish(true, None);
        }
        Ok(())
    }

    fn vendor(
        &self,
        kind: DataKind,
        name: &str,
        shown: &str,
        data: &VendorData,
    ) -> Result<(), UserDataError> {
        // The user-data already applies here: it can disable vendor-data.
        let config = self.loader.merged(self.base, self.paths, Some(self.instance), false);
        let Some(excluded) = vendor_choice(&config, name) else { return Ok(()) };
        let processed = self.processor().process(shown, &pieces(data))?;
        handlers::consume(&self.context(kind, &config), processed, &excluded);
        Ok(())
    }
}

/// The pieces of vendor-data.
pub(crate) fn pieces(data: &VendorData) -> Vec<&[u8]> {
    match data {
        VendorData::One(bytes) => vec![bytes.0.as_slice()],
        VendorData::Many(pieces) => pieces.iter().map(|Bytes(bytes)| bytes.as_slice()).collect(),
    }
}

/// Whether there is any, by Python's truth value of the text or list.
fn is_given(data: &VendorData) -> bool {
    match data {
        VendorData::One(bytes) => !bytes.0.is_empty(),
        VendorData::Many(pieces) => !pieces.is_empty(),
    }
}

/// The content types excluded from vendor-data; `None` if it is disabled.
fn vendor_choice(config: &Node, name: &str) -> Option<Vec<String>> {
    let Some(choice) = config.get(name) else {
        tracing::debug!("{name} consumption is disabled.");
        return None;
    };
    if choice.as_map().is_none() {
        tracing::warn!(
            "{}: invalid {name} setting, disabling it; expected {name}: {{enabled: true}}",
            choice.origin
        );
        return None;
    }
    if !choice.get("enabled").is_some_and(Node::lenient_bool) {
        tracing::debug!("{name} consumption is disabled.");
        return None;
    }
    let excluded = choice.get("disabled_handlers").and_then(Node::as_list).unwrap_or_default();
    Some(excluded.iter().filter_map(Node::scalar_text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendor_data_is_given_or_not() {
        let one = |text: &str| VendorData::One(Bytes(text.into()));
        let many =
            |texts: &[&str]| VendorData::Many(texts.iter().map(|text| Bytes((*text).into())).collect());
        assert!(is_given(&one("x")) && !is_given(&one("")));
        assert!(is_given(&many(&[""])) && !is_given(&many(&[])));
        assert_eq!(pieces(&one("x")), [b"x"]);
        assert_eq!(pieces(&many(&["x", "y"])), [b"x", b"y"]);
    }

    /// Upstream's `_consume_vendordata`: only a mapping with `enabled` enables it.
    #[test]
    fn vendor_data_must_be_enabled() {
        let chosen = |text: &str| {
            let config = Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
            vendor_choice(&config, "vendor_data")
        };
        let none: Vec<String> = Vec::new();
        for (text, expected) in [
            ("{}", None),
            ("vendor_data: true", None),
            ("vendor_data: {}", None),
            ("vendor_data: {enabled: false}", None),
            ("vendor_data: {enabled: 'no'}", None),
            ("vendor_data: {enabled: true}", Some(none.clone())),
            ("vendor_data: {enabled: 'on'}", Some(none)),
            (
                "vendor_data: {enabled: 1, disabled_handlers: [text/x, 7]}",
                Some(vec!["text/x".into(), "7".into()]),
            ),
            ("vendor_data2: {enabled: true}", None),
        ] {
            assert_eq!(chosen(text), expected, "{text}");
        }
    }
}
