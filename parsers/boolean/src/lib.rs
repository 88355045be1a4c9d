//! Boolean strings as cloud-init's configuration spells them.
//!
//! Several readings of the same few words, because several programs read them differently:
//!
//! - [`strict`]: `true`, `1`, `on`, `yes` and `off`, `0`, `no`, `false` in any case, with space
//!   around them; anything else is neither. This is what cloud-init's `util.is_true` and
//!   `util.is_false` test for.
//! - [`lenient`] and [`lenient_or`]: the same words, and an answer for everything else.
//! - [`netplan`]: the strict words, and the letters `y` and `n`, which netplan reads of its descriptions.
//! - [`pyyaml`]: the words that PyYAML makes booleans of in a document. It knows three casings
//!   of each and neither digits nor the letters `y` and `n`, although YAML 1.1 lists those.
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

/// Reads one of the eight words, in any case, white space around it ignored.
pub fn strict(text: &str) -> Option<bool> {
    whole(any_case, text.trim())
}

/// As [`strict`], where every other text is false.
pub fn lenient(text: &str) -> bool {
    lenient_or(text, false)
}

/// As [`strict`], where every other text is `default`.
pub fn lenient_or(text: &str, default: bool) -> bool {
    strict(text).unwrap_or(default)
}

/// As [`strict`], and the letters `y` and `n` in either case: netplan's parser takes them (`handle_generic_bool` of its
/// parse.c), and what a description says for it has to mean the same to every other network manager.
pub fn netplan(text: &str) -> Option<bool> {
    strict(text).or_else(|| whole(letter, text.trim()))
}

/// Reads a plain scalar as PyYAML's resolver does: `yes`, `no`, `on`, `off`, `true`, `false`, each
/// in lower case, in upper case, or with a capital first letter. Nothing around it is ignored.
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
