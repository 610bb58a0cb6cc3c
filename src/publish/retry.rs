//! When a request is sent again, and after how long.
//!
//! The waits are those of GitHub's documentation, "Best practices for using the REST API": what
//! `retry-after` says, else until `x-ratelimit-reset`, else at least a minute.

use std::time::Duration;

use crate::host;

/// How long and how often a client tries.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often one request is sent, at most.
    pub tries: u32,
    /// How long a second lasts; shorter in tests.
    pub second: Duration,
    /// How many seconds a client waits in all, at most.
    pub most: u32,
    /// How many seconds after its first request a client asks nothing more.
    pub whole: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 4, second: Duration::from_secs(1), most: 180, whole: 480 }
    }
}

/// How many seconds to wait after an answer was lost that many times.
pub(super) fn backoff(lost: u32) -> u32 {
    1 << lost.saturating_sub(1).min(10)
}

/// What an answer means for the same request sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It is the last word.
    No,
    /// The request was not carried out; it may be after so many seconds.
    Limited(u32),
    /// Whether it was carried out is not known.
    Lost,
}

/// Reads an answer's status and headers.
pub(super) fn again(status: u16, header: &dyn Fn(&str) -> Option<String>, body: &str) -> Again {
    let number = |name: &str| header(name)?.trim().parse::<u32>().ok();
    let limited = match status {
        429 => true,
        403 => {
            number("retry-after").is_some()
                || number("x-ratelimit-remaining") == Some(0)
                || body.contains("secondary rate limit")
        }
        _ => false,
    };
    if limited {
        let reset = || {
            let until = number("x-ratelimit-reset")
                .filter(|_| number("x-ratelimit-remaining") == Some(0))?;
            let left = i64::from(until) - host::wall_clock().as_second();
            Some(u32::try_from(left.max(1)).unwrap_or(u32::MAX))
        };
        Again::Limited(number("retry-after").or_else(reset).unwrap_or(60))
    } else if status >= 500 {
        Again::Lost
    } else {
        Again::No
    }
}

#[cfg(test)]
mod tests {
    use super::{Again, again};

    #[test]
    fn a_limit_says_how_long_and_a_refusal_is_final() {
        let with = |status, headers: &'static [(&str, &str)], body: &str| {
            let header = |name: &str| {
                let found = headers.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            again(status, &header, body)
        };
        assert_eq!(with(403, &[("retry-after", "7")], ""), Again::Limited(7));
        assert_eq!(with(429, &[], ""), Again::Limited(60));
        assert_eq!(with(403, &[], "You have exceeded a secondary rate limit"), Again::Limited(60));
        let past = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000")];
        assert_eq!(with(403, past, ""), Again::Limited(1));
        let far = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "4000000000")];
        assert!(matches!(with(403, far, ""), Again::Limited(wait) if wait > 1_000_000));
        assert_eq!(with(403, &[("x-ratelimit-remaining", "17")], "Resource"), Again::No);
        assert_eq!((with(502, &[], ""), with(422, &[], "")), (Again::Lost, Again::No));
    }
}
