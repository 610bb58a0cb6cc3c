//! Exact factors.

use std::fmt;

/// A factor in lowest terms, which no floating point has touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: i64,
    denominator: i64,
}

impl Ratio {
    /// The factor that changes nothing.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// Reads a whole number, a decimal (`0.001`) or a fraction (`1/60`), each with a sign or none.
    /// `None` where it is none of them, has an exponent, divides by zero or has more than 18
    /// digits on a side.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let negative = text.starts_with('-');
        let text = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (numerator, denominator) = match (text.split_once('/'), text.split_once('.')) {
            (Some((above, below)), _) => (digits(above)?, digits(below)?),
            (None, Some((whole, rest))) => {
                let power = u32::try_from(rest.len()).ok()?;
                (
                    digits(whole)
                        .and(digits(rest))
                        .and_then(|_| digits(&[whole, rest].concat()))?,
                    { 10_i64.checked_pow(power)? },
                )
            }
            (None, None) => (digits(text)?, 1),
        };
        if denominator == 0 {
            return None;
        }
        let by = divisor(numerator, denominator);
        let sign = if negative { -1 } else { 1 };
        Some(Self { numerator: sign * (numerator / by), denominator: denominator / by })
    }

    /// What is above the line, with the sign.
    #[must_use]
    pub fn numerator(self) -> i64 {
        self.numerator
    }

    /// What is below the line; more than zero.
    #[must_use]
    pub fn denominator(self) -> i64 {
        self.denominator
    }

    /// The factor that takes this one back; `None` of zero.
    #[must_use]
    pub fn reciprocal(self) -> Option<Self> {
        let sign = self.numerator.signum();
        (sign != 0)
            .then(|| Self { numerator: sign * self.denominator, denominator: self.numerator.abs() })
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            below => write!(f, "{}/{below}", self.numerator),
        }
    }
}

/// Up to 18 digits, which an `i64` holds with either sign.
fn digits(text: &str) -> Option<i64> {
    let fits = (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// The greatest common divisor of two numbers of which one is not zero.
fn divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::Ratio;

    #[test]
    fn factors_are_exact_and_in_lowest_terms() {
        for (text, lowest, back) in [
            ("1000", "1000", "1/1000"),
            ("0.001", "1/1000", "1000"),
            ("2.50", "5/2", "2/5"),
            ("-4/6", "-2/3", "-3/2"),
            ("+7", "7", "1/7"),
            ("999999999999999999", "999999999999999999", "1/999999999999999999"),
            ("0.00000000000000001", "1/100000000000000000", "100000000000000000"),
        ] {
            let ratio = Ratio::parse(text).unwrap();
            assert_eq!(ratio.to_string(), lowest);
            let reciprocal = ratio.reciprocal().unwrap();
            assert_eq!(reciprocal.to_string(), back);
            assert_eq!(reciprocal.reciprocal(), Some(ratio));
            assert_eq!(Ratio::parse(back), Some(reciprocal));
        }
        for zero in ["0", "0.0", "-0", "0/5"] {
            assert_eq!(Ratio::parse(zero).unwrap().reciprocal(), None);
        }
    }

    #[test]
    fn what_is_no_factor_is_none() {
        for text in [
            "",
            "-",
            "a",
            ".5",
            "5.",
            "1e3",
            "1/0",
            "1/",
            "/2",
            "1/2/3",
            "0.5/2",
            "--1",
            "1/-2",
            " 1",
            "1_000",
            "NaN",
            "٣",
            "1000000000000000000",
        ] {
            assert_eq!(Ratio::parse(text), None, "{text}");
        }
    }
}
