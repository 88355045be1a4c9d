//! Boolean strings as cloud-init's configuration spells them.
//!
//! Several interpretations of the same words, because programs differ:
//!
//! - [`strict`]: `true`, `1`, `on`, `yes` and `off`, `0`, `no`, `false` in any case, with surrounding white
//!   space; anything else is neither. These are the words of cloud-init's `util.is_true` and `util.is_false`.
//! - [`lenient`] and [`lenient_or`]: the same words, and a result for everything else.
//! - [`netplan`]: the strict words, and the letters `y` and `n`, which netplan accepts.
//! - [`pyyaml`]: the words that PyYAML converts to booleans in a document. It knows three casings of each,
//!   but neither digits nor the letters `y` and `n`, although YAML 1.1 lists those.
//!
//! ```
//! assert_eq!(boolean::strict("Yes"), Some(true));
//! assert_eq!(boolean::strict("maybe"), None);
//! assert!(!boolean::lenient("maybe"));
//! assert_eq!(boolean::netplan("y"), Some(true));
//! assert_eq!(boolean::pyyaml("y"), None);
//! ```
#![no_std]

use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case};
use nom::combinator::{all_consuming, value};
use nom::{IResult, Parser};

/// Parses one of the eight words, ignoring case and surrounding white space.
pub fn strict(text: &str) -> Option<bool> {
    whole(any_case, text.trim())
}

/// Like [`strict`], but all other texts are false.
pub fn lenient(text: &str) -> bool {
    lenient_or(text, false)
}

/// Like [`strict`], but all other texts are `default`.
pub fn lenient_or(text: &str, default: bool) -> bool {
    strict(text).unwrap_or(default)
}

/// Like [`strict`], but also accepts the letters `y` and `n` in either case, as netplan's parser does
/// (`handle_generic_bool` in its parse.c): a configuration must mean the same for every network manager.
pub fn netplan(text: &str) -> Option<bool> {
    strict(text).or_else(|| whole(letter, text.trim()))
}

/// Parses a plain scalar like PyYAML's resolver: `yes`, `no`, `on`, `off`, `true`, `false`, each in lower
/// case, in upper case, or capitalized. Surrounding white space is not ignored.
pub fn pyyaml(text: &str) -> Option<bool> {
    whole(pyyaml_word, text)
}

fn whole(word: impl Fn(&str) -> IResult<&str, bool>, text: &str) -> Option<bool> {
    all_consuming(word).parse(text).ok().map(|(_, found)| found)
}

fn any_case(input: &str) -> IResult<&str, bool> {
    alt((
        value(true, alt((tag_no_case("true"), tag("1"), tag_no_case("on"), tag_no_case("yes")))),
        value(false, alt((tag_no_case("off"), tag("0"), tag_no_case("no"), tag_no_case("false")))),
    ))
    .parse(input)
}

fn letter(input: &str) -> IResult<&str, bool> {
    alt((value(true, tag_no_case("y")), value(false, tag_no_case("n")))).parse(input)
}

fn pyyaml_word(input: &str) -> IResult<&str, bool> {
    alt((
        value(true, alt((tag("yes"), tag("Yes"), tag("YES")))),
        value(false, alt((tag("no"), tag("No"), tag("NO")))),
        value(true, alt((tag("true"), tag("True"), tag("TRUE")))),
        value(false, alt((tag("false"), tag("False"), tag("FALSE")))),
        value(true, alt((tag("on"), tag("On"), tag("ON")))),
        value(false, alt((tag("off"), tag("Off"), tag("OFF")))),
    ))
    .parse(input)
}
