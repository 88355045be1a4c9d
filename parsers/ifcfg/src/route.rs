//! `route-IF` and `route6-IF`: numbered assignments (`ADDRESS0=`), or arguments of `ip route`, one route per
//! line.

use std::collections::BTreeMap;

use nom::{
    IResult, Parser,
    bytes::complete::{take_while, take_while1},
    character::complete::digit1,
    combinator::{all_consuming, map_res},
    multi::many0,
    sequence::{pair, preceded},
};

use crate::{Document, Error, Quoting};

/// A static route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// The destination: an address, with `/prefix` in the `ip route` format, or `default`.
    pub destination: String,
    /// The netmask in the numbered format.
    pub netmask: Option<String>,
    /// The next hop.
    pub gateway: Option<String>,
    /// The priority.
    pub metric: Option<u32>,
    /// The interface.
    pub device: Option<String>,
    /// Further arguments of an `ip route` line, in order.
    pub options: Vec<String>,
}

/// Parses a route file in either format. It is the numbered one if there is any `ADDRESSn=`, like RHEL's
/// network scripts decide.
pub fn parse_routes(text: &[u8]) -> Result<Vec<Route>, Error> {
    let document = Document::parse(text);
    if let Err(error @ Error::TooLarge(_)) = document {
        return Err(error);
    }
    if let Ok(document) = &document
        && document.entries().any(|entry| index_of("ADDRESS", entry.name()).is_some())
    {
        return numbered(document);
    }
    let mut routes = Vec::new();
    for (index, line) in text.split(|b| *b == b'\n').enumerate() {
        let content = line.split(|b| *b == b'#').next().unwrap_or_default().trim_ascii();
        if !content.is_empty() {
            let column = line.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(0) + 1;
            routes.push(ip_line(content, index + 1, column)?);
        }
    }
    Ok(routes)
}

fn index_of(prefix: &str, name: &str) -> Option<u32> {
    let digits = name.strip_prefix(prefix)?;
    let number: IResult<&str, u32> = map_res(all_consuming(digit1), str::parse).parse(digits);
    number.ok().map(|(_, index)| index)
}

fn numbered(document: &Document) -> Result<Vec<Route>, Error> {
    let mut routes: BTreeMap<u32, Route> = BTreeMap::new();
    for entry in document.entries() {
        let value = entry.value();
        if let Some(index) = index_of("ADDRESS", entry.name()) {
            routes.entry(index).or_default().destination = value;
        } else if let Some(index) = index_of("NETMASK", entry.name()) {
            routes.entry(index).or_default().netmask = Some(value);
        } else if let Some(index) = index_of("GATEWAY", entry.name()) {
            routes.entry(index).or_default().gateway = Some(value);
        } else if let Some(index) = index_of("METRIC", entry.name()) {
            let metric = value.parse().map_err(|_| Error::Route {
                line: entry.line(),
                column: 1,
                why: format!("{} must be a number, not {value:?}", entry.name()),
            })?;
            routes.entry(index).or_default().metric = Some(metric);
        }
    }
    // A number without ADDRESS is not a route: the network scripts ignore it too.
    Ok(routes.into_values().filter(|route| !route.destination.is_empty()).collect())
}

fn ip_line(line: &[u8], number: usize, column: usize) -> Result<Route, Error> {
    let fail = |why: String| Error::Route { line: number, column, why };
    let text = std::str::from_utf8(line).map_err(|_| fail("a route must be ASCII".to_owned()))?;
    let (_, words) = words(text).map_err(|_| fail("a route must be words".to_owned()))?;
    let mut words = words.into_iter().peekable();
    let mut route = Route::default();
    if words.peek().is_some_and(|word| word.contains('=')) {
        return Err(fail(format!(
            "{text:?} is not a route: expected «DESTINATION via GATEWAY», or ADDRESS0= and so on"
        )));
    }
    while let Some(word) = words.next() {
        let mut argument =
            || words.next().map(str::to_owned).ok_or_else(|| fail(format!("{word:?} requires a value")));
        match word {
            "via" => route.gateway = Some(argument()?),
            "dev" => route.device = Some(argument()?),
            "metric" => {
                let metric = argument()?;
                let parsed =
                    metric.parse().map_err(|_| fail(format!("metric must be a number, not {metric:?}")))?;
                route.metric = Some(parsed);
            }
            _ if route.destination.is_empty() => word.clone_into(&mut route.destination),
            _ => route.options.push(word.to_owned()),
        }
    }
    if route.destination.is_empty() {
        return Err(fail(format!("{text:?} has no destination")));
    }
    Ok(route)
}

fn words(input: &str) -> IResult<&str, Vec<&str>> {
    let blank = |c: char| c.is_ascii_whitespace();
    all_consuming(pair(
        many0(preceded(take_while(blank), take_while1(move |c: char| !blank(c)))),
        take_while(blank),
    ))
    .map(|(words, _)| words)
    .parse(input)
}

/// The numbered format, starting at 0: `ADDRESS`, `GATEWAY`, `NETMASK`, `METRIC`, in this order for each
/// route.
pub fn indexed_routes(routes: &[Route]) -> Result<String, Error> {
    let mut out = String::new();
    for (index, route) in routes.iter().enumerate() {
        let metric = route.metric.map(|metric| metric.to_string());
        let fields = [
            ("ADDRESS", Some(&route.destination)),
            ("GATEWAY", route.gateway.as_ref()),
            ("NETMASK", route.netmask.as_ref()),
            ("METRIC", metric.as_ref()),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                let name = format!("{name}{index}");
                let value = Quoting::Ifcfg.apply(&name, value)?;
                out.push_str(&format!("{name}={value}\n"));
            }
        }
    }
    Ok(out)
}

/// The `ip route` format. The blank of a missing metric is kept: `… via GATEWAY  dev IF`.
pub fn ip_routes(routes: &[Route]) -> String {
    let mut out = String::new();
    for route in routes {
        out.push_str(&route.destination);
        if let Some(gateway) = &route.gateway {
            out.push_str(&format!(" via {gateway}"));
        }
        out.push(' ');
        if let Some(metric) = route.metric {
            out.push_str(&format!("metric {metric}"));
        }
        if let Some(device) = &route.device {
            out.push_str(&format!(" dev {device}"));
        }
        for option in &route.options {
            out.push_str(&format!(" {option}"));
        }
        out.push('\n');
    }
    out
}
