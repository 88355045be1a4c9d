//! Integers of any length, as decimal text.

use std::fmt;

/// An integer beyond [`i128`], kept as its shortest decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BigInt {
    text: String,
}

impl BigInt {
    /// The number in decimal: a minus sign if negative, then digits without leading zeros.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The maximum number of decimal digits, like in Python 3.11 and later.
pub(crate) const MAX_DIGITS: usize = 4300;

const LIMB: u64 = 1_000_000_000;
const LIMB_DIGITS: usize = 9;

/// A non-negative number during parsing: limbs of nine decimal digits, lowest first.
#[derive(Debug, Default)]
pub(crate) struct Accumulator {
    limbs: Vec<u32>,
}

/// The number has more digits than [`MAX_DIGITS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Accumulator {
    /// Replaces `n` by `n * factor + add`.
    pub(crate) fn push(&mut self, factor: u32, add: u32) -> Result<(), TooLong> {
        let mut carry = u64::from(add);
        for limb in &mut self.limbs {
            let next = u64::from(*limb) * u64::from(factor) + carry;
            // A remainder of LIMB, below 2^30, always fits.
            *limb = (next % LIMB) as u32;
            carry = next / LIMB;
        }
        while carry > 0 {
            self.limbs.push((carry % LIMB) as u32);
            carry /= LIMB;
        }
        if self.limbs.len() > MAX_DIGITS / LIMB_DIGITS + 1 { Err(TooLong) } else { Ok(()) }
    }

    /// The number, negated if requested, as the narrowest kind of value.
    pub(crate) fn finish(&self, negative: bool) -> Result<crate::Value, TooLong> {
        let mut text = String::from(if negative { "-" } else { "" });
        match self.limbs.split_last() {
            None => return Ok(crate::Value::Int(0)),
            Some((top, rest)) => {
                text.push_str(&top.to_string());
                for limb in rest.iter().rev() {
                    text.push_str(&format!("{limb:09}"));
                }
            }
        }
        if text.len() - usize::from(negative) > MAX_DIGITS {
            return Err(TooLong);
        }
        Ok(text.parse().map_or_else(|_| crate::Value::BigInt(BigInt { text }), crate::Value::Int))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    fn decimal(digits: &str, negative: bool) -> Result<Value, TooLong> {
        let mut number = Accumulator::default();
        for digit in digits.bytes() {
            number.push(10, u32::from(digit - b'0'))?;
        }
        number.finish(negative)
    }

    #[test]
    fn narrow_when_it_fits_and_text_when_it_does_not() {
        assert_eq!(decimal("0", false), Ok(Value::Int(0)));
        assert_eq!(decimal("170141183460469231731687303715884105728", true), Ok(Value::Int(i128::MIN)));
        match decimal("170141183460469231731687303715884105728", false) {
            Ok(Value::BigInt(n)) => assert_eq!(n.as_str(), "170141183460469231731687303715884105728"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_length_is_bounded() {
        let longest = "9".repeat(MAX_DIGITS);
        match decimal(&longest, false) {
            Ok(Value::BigInt(number)) => assert_eq!(number.as_str(), longest),
            other => panic!("{other:?}"),
        }
        assert_eq!(decimal(&"9".repeat(MAX_DIGITS + 1), false), Err(TooLong));
    }
}
