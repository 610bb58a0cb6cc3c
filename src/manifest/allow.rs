//! What a script allows itself: `-- migration-gate: allow RULE reason="…"`.
//!
//! The line stands above the statement it is about, or among the comments at the top for the whole
//! script. Whether it counts is for the policy to say.

use super::header::directive;
use crate::document::problem;
use crate::model::{Problem, RepoPath, Sited, Span, quoted};

/// How many lines of one script are read.
const MOST: usize = 200;

/// One such line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The rule's id.
    pub rule: Sited<String>,
    /// Why the finding does no harm.
    pub reason: String,
    /// The line, from the mark on.
    pub span: Span,
}

/// Reads every allowance of a script, and what is wrong with those that are none.
#[must_use]
pub fn allowances(path: &RepoPath, text: &str) -> (Vec<Allowance>, Vec<Problem>) {
    let (mut allowances, mut problems) = (Vec::new(), Vec::new());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let content = line.trim();
        let Some(comment) = content.strip_prefix("--").map(str::trim_start) else { continue };
        let Some(rest) = directive(comment).and_then(allow) else { continue };
        // All of these are parts of the line, which is never moved by trimming its end.
        let offset = |part: &str| at + (part.as_ptr().addr() - line.as_ptr().addr());
        let whole = Span::new(offset(comment), offset(comment) + comment.len());
        if allowances.len() + problems.len() >= MOST {
            break;
        }
        match read(rest, offset(rest), whole) {
            Ok(allowance) => allowances.push(allowance),
            Err(message) => {
                let help = "write `-- migration-gate: allow RULE reason=\"…\"`";
                problems.push(problem(path, whole, message, help));
            }
        }
    }
    (allowances, problems)
}

/// What follows the word `allow`, where a directive begins with it.
pub(super) fn allow(settings: &str) -> Option<&str> {
    let rest = settings.trim_start().strip_prefix("allow")?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
}

fn read(rest: &str, at: usize, span: Span) -> Result<Allowance, String> {
    let (rule, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if rule.is_empty() || rule.contains('=') {
        return Err("\"allow\" names no rule".to_owned());
    }
    let reason = reason
        .trim()
        .strip_prefix("reason=\"")
        .and_then(|reason| reason.strip_suffix('"'))
        .map(str::trim)
        .filter(|reason| !reason.is_empty())
        .ok_or_else(|| format!("there is no reason why {} is allowed", quoted(rule)))?;
    let rule = Sited::new(rule.to_owned(), Span::new(at, at + rule.len()));
    Ok(Allowance { rule, reason: reason.to_owned(), span })
}

#[cfg(test)]
mod tests {
    use super::allowances;
    use crate::model::RepoPath;

    fn read(text: &str) -> (Vec<(String, String, String)>, Vec<String>) {
        let (found, problems) = allowances(&RepoPath::new("1.sql").unwrap(), text);
        let found = found.into_iter().map(|one| {
            assert_eq!(&text[one.rule.span.start..one.rule.span.end], one.rule.value);
            (one.rule.value, one.reason, text[one.span.start..one.span.end].to_owned())
        });
        (found.collect(), problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn an_allowance_names_its_rule_and_its_reason() {
        let line = "migration-gate: allow sql/ban-drop-column reason=\"nobody \"reads\" größe\"";
        let text = format!("SELECT 1;\r\n\t--  {line} \r\nSELECT 2;");
        let reason = "nobody \"reads\" größe".to_owned();
        let expected = ("sql/ban-drop-column".to_owned(), reason, line.to_owned());
        assert_eq!(read(&text), (vec![expected], vec![]));
        for nothing in
            ["-- migration-gate: class=online", "-- allow a/b", "-- migration-gate: allows"]
        {
            assert_eq!(read(nothing), (vec![], vec![]), "{nothing}");
        }
    }

    #[test]
    fn without_a_rule_or_a_reason_it_is_none() {
        for (text, message) in [
            ("-- migration-gate: allow", "\"allow\" names no rule"),
            ("-- migration-gate: allow reason=\"x\"", "\"allow\" names no rule"),
            ("-- migration-gate: allow a/b", "there is no reason why \"a/b\" is allowed"),
            (
                "-- migration-gate: allow a/b reason=\" \"",
                "there is no reason why \"a/b\" is allowed",
            ),
            ("-- migration-gate: allow a/b reason=x", "there is no reason why \"a/b\" is allowed"),
        ] {
            assert_eq!(read(text), (vec![], vec![message.to_owned()]), "{text}");
        }
        assert_eq!(read(&"-- migration-gate: allow\n".repeat(10_000)).1.len(), super::MOST);
    }
}
