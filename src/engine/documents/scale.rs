//! Numbers multiplied exactly, or not at all.

use num_bigint::BigInt;
use num_rational::BigRational;
use serde_json::Number;

use crate::model::Ratio;

/// The longest number that is read, in bytes.
const LONGEST: usize = 400;
/// The largest power of ten in a number: a little more than a double reaches.
const LARGEST: i64 = 400;

/// What a number is worth.
pub(super) fn exact(number: &Number) -> Option<BigRational> {
    decimal(&number.to_string())
}

/// A decimal as JSON writes it.
fn decimal(text: &str) -> Option<BigRational> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    if unsigned.is_empty() || !is_digits(unsigned) || !is_digits(part) {
        return None;
    }
    let power = exponent.checked_sub(i64::try_from(part.len()).ok()?)?;
    if text.len() > LONGEST || power.abs() > LARGEST {
        return None;
    }
    let digits: BigInt = format!("{whole}{part}").parse().ok()?;
    let ten = BigInt::from(10).pow(u32::try_from(power.unsigned_abs()).ok()?);
    Some(if power < 0 {
        BigRational::new(digits, ten)
    } else {
        BigRational::from_integer(digits * ten)
    })
}

/// A number times a factor.
///
/// # Errors
/// Why the product is no number that a document can hold, as half a sentence.
pub(super) fn scaled(number: &Number, by: Ratio) -> Result<Number, String> {
    let by = BigRational::new(by.numerator().into(), by.denominator().into());
    let exact = exact(number).ok_or("it is too large")? * by;
    let text = written(&exact).ok_or("the product has no exact decimal")?;
    // What is written with a point stays so: to TOML and many readers that is another type.
    let text = if number.is_f64() && exact.is_integer() { format!("{text}.0") } else { text };
    let product: Option<Number> = text.parse().ok();
    product
        .filter(|product| self::exact(product).as_ref() == Some(&exact))
        .ok_or_else(|| "the product has more digits than a number here can hold".into())
}

/// The decimal that a fraction is, where it is one.
fn written(exact: &BigRational) -> Option<String> {
    let mut rest = exact.denom().clone();
    let (mut twos, mut fives) = (0u32, 0u32);
    for (prime, count) in [(2u32, &mut twos), (5, &mut fives)] {
        while (&rest % prime) == BigInt::ZERO {
            rest /= prime;
            *count += 1;
        }
    }
    if rest != BigInt::from(1) {
        return None;
    }
    let places = twos.max(fives);
    let shifted = exact * BigRational::from_integer(BigInt::from(10).pow(places));
    let text = shifted.to_integer().to_string();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    let places = usize::try_from(places).ok()?;
    if places == 0 {
        return Some(format!("{sign}{digits}"));
    }
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    Some(format!("{sign}{whole}.{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(number: &str, by: &str) -> Result<String, String> {
        let number: Number = number.parse().unwrap();
        scaled(&number, Ratio::parse(by).unwrap()).map(|number| number.to_string())
    }

    #[test]
    fn products_are_exact_or_refused() {
        for (number, by, product) in [
            ("30", "1000", "30000"),
            ("30000", "0.001", "30"),
            ("90", "1/60", "1.5"),
            ("1.5", "60", "90.0"),
            ("0.1", "3", "0.3"),
            ("-5", "0.5", "-2.5"),
            ("0", "1/3", "0"),
            ("18446744073709551615", "1", "18446744073709551615"),
            ("9007199254740993", "2", "18014398509481986"),
            ("1e-7", "10", "1e-6"),
        ] {
            assert_eq!(times(number, by).as_deref(), Ok(product), "{number} × {by}");
        }
        for (number, by) in [
            ("100", "1/3"),
            ("9007199254740993", "0.5"),
            ("18446744073709551615", "3"),
            ("1e308", "10"),
            ("1e-320", "1/1024"),
        ] {
            let refused = times(number, by).unwrap_err();
            assert!(refused.contains("the product"), "{number} × {by}: {refused}");
        }
    }
}
