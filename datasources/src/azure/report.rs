//! Failures with their reasons, as Azure's hosts and portal show them.
//!
//! Source: "Troubleshooting Linux provisioning errors", aka.ms/linuxprovisioningerror.

use metadata::hyperv;
use model::Crawl;
use model::datasource::SourceError;
use model::effects::HttpError;

const DOCUMENTATION: &str = "https://aka.ms/linuxprovisioningerror";

/// A failure with its reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Report {
    pub reason: String,
    /// More about it, by name.
    pub data: Vec<(&'static str, String)>,
}

impl Report {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), data: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.data.push((name, value.to_string()));
        self
    }

    /// Why the metadata service could not be read.
    pub(super) fn of_imds(error: &HttpError, seconds: f64, url: &str) -> Self {
        let (reason, code) = match error {
            HttpError::Status { status, .. } => (format!("http error {status} querying IMDS"), Some(*status)),
            HttpError::TimedOut { .. } => ("read timeout querying IMDS".to_owned(), None),
            HttpError::Connection { .. } => ("connection error querying IMDS".to_owned(), None),
            _ => ("unexpected error querying IMDS".to_owned(), None),
        };
        let mut report = Self::new(reason);
        if let Some(code) = code {
            report = report.with("http_code", code);
        }
        report.with("duration", seconds).with("exception", error).with("url", url)
    }

    /// The line for the host: fields separated by `|`.
    pub(super) fn encoded(&self, crawl: &Crawl<'_>, vm_id: Option<&str>) -> String {
        let mut fields = vec![
            "result=error".to_owned(),
            format!("reason={}", self.reason),
            format!("agent=Cloud-Init/{}", crawl.version),
        ];
        fields.extend(self.data.iter().map(|(name, value)| format!("{name}={value}")));
        fields.push(format!("vm_id={}", vm_id.unwrap_or("None")));
        fields.push(format!("timestamp={}", hyperv::timestamp(crawl.system())));
        fields.push(format!("documentation_url={DOCUMENTATION}"));
        joined(&fields)
    }
}

/// The line for the host of a success.
pub(super) fn success(crawl: &Crawl<'_>, vm_id: &str) -> String {
    joined(&[
        "result=success".to_owned(),
        format!("agent=Cloud-Init/{}", crawl.version),
        format!("timestamp={}", hyperv::timestamp(crawl.system())),
        format!("vm_id={vm_id}"),
    ])
}

/// Fields in the format of a CSV file with `|` and, where necessary, single quotes.
fn joined(fields: &[String]) -> String {
    let quoted = |field: &String| {
        if field.contains(['|', '\'', '\r', '\n']) {
            format!("'{}'", field.replace('\'', "''"))
        } else {
            field.clone()
        }
    };
    fields.iter().map(quoted).collect::<Vec<_>>().join("|").trim_end().to_owned()
}

/// Why provisioning ended.
#[derive(Debug)]
pub(super) enum Failure {
    /// With a reason of its own for the host.
    Known(Report),
    /// With anything else.
    Other(SourceError),
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::Other(error)
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Self::Known(report)
    }
}

impl Failure {
    /// A failure without a reason of its own.
    pub(super) fn broken(place: &str, reason: impl Into<String>) -> Self {
        Self::Other(SourceError::Broken { place: place.to_owned(), reason: reason.into() })
    }

    pub(super) fn report(&self) -> Report {
        match self {
            Self::Known(report) => report.clone(),
            Self::Other(error) => Report::new("unhandled exception").with("exception", error),
        }
    }

    pub(super) fn into_error(self) -> SourceError {
        match self {
            Self::Known(Report { reason, .. }) => SourceError::Broken { place: "Azure".to_owned(), reason },
            Self::Other(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_separators_are_quoted() {
        let fields = ["a=b".to_owned(), "c=d|e".to_owned(), "f='g'\n".to_owned()];
        assert_eq!(joined(&fields), "a=b|'c=d|e'|'f=''g''\n'");
    }

    /// The original's `ReportableErrorImdsUrlError`.
    #[test]
    fn each_error_of_the_service_has_its_reason() {
        let url = || model::effects::Url::new("http://h/");
        let report = |error: HttpError| Report::of_imds(&error, 1.5, "http://h/");
        for (error, reason) in [
            (HttpError::Status { url: url(), status: 503, retry_after: None }, "http error 503 querying IMDS"),
            (HttpError::TimedOut { url: url(), limit: std::time::Duration::from_secs(30) }, "read timeout querying IMDS"),
            (HttpError::Connection { url: url(), reason: "refused".into() }, "connection error querying IMDS"),
            (HttpError::TooLong { url: url(), limit: 1 }, "unexpected error querying IMDS"),
        ] {
            assert_eq!(report(error).reason, reason);
        }
        let report = report(HttpError::Status { url: url(), status: 503, retry_after: None });
        assert_eq!(report.data[..2], [("http_code", "503".to_owned()), ("duration", "1.5".to_owned())]);
        let failure = Failure::broken("ovf-env.xml", "torn");
        assert_eq!(failure.report().reason, "unhandled exception");
        assert_eq!(failure.into_error().to_string(), "ovf-env.xml: torn");
    }
}
