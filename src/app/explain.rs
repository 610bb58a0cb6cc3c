//! `explain` and `rules`: the rules' own words.

use std::fmt::Write as _;

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::examples::{Example, Shown, examples};
use super::output::print;
use crate::cli::RulesFormat;
use crate::error::GateError;
use crate::host;
use crate::model::{Level, Levels, RuleMeta, closest};
use crate::render::paint::{Color, Paint};
use crate::rules::{RULES, Rule, by_id};

/// More names than this are no suggestion.
const MOST: usize = 5;
/// Longer lines are hard to read.
const WIDEST: usize = 100;
/// The columns of running text where no terminal says more.
const USUAL: usize = 80;
/// A narrower column is no place for a sentence.
const NARROWEST: usize = 30;

/// Explains a rule, or lists the rules of a group.
pub(super) fn explain(id: &str, color: bool) -> Result<u8, GateError> {
    let (paint, width) = (Paint::new(color), host::output_width());
    let out = match (by_id(id), group_of(id.trim_end_matches('/'))) {
        (Some(rule), _) => rule_page(&rule.meta, paint, width.unwrap_or(USUAL).min(WIDEST)),
        (None, Some(rules)) => {
            let hint = paint.dim("`migration-gate explain RULE` says more about one of them");
            format!("{}\n{hint}\n", listed(rules, paint, width))
        }
        (None, None) => return Err(unknown(id)),
    };
    print(&out)?;
    Ok(0)
}

/// The rules by group: the part of their ids before the slash.
fn groups() -> impl Iterator<Item = (&'static str, &'static [&'static Rule])> {
    let name = |rule: &Rule| rule.meta.id.split('/').next().unwrap_or_default();
    RULES.chunk_by(move |a, b| name(a) == name(b)).map(move |rules| (name(rules[0]), rules))
}

fn group_of(name: &str) -> Option<&'static [&'static Rule]> {
    groups().find(|(known, _)| *known == name).map(|(_, rules)| rules)
}

fn unknown(id: &str) -> GateError {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.meta.id).collect();
    let close: Vec<&str> = ids.iter().copied().filter(|known| known.contains(id)).collect();
    let known: Vec<&str> = ids.into_iter().chain(groups().map(|(name, _)| name)).collect();
    let help = match (closest(id, &known), close.as_slice()) {
        (Some(close), _) => format!("did you mean {close}?"),
        (None, close @ [_, ..]) if close.len() <= MOST => {
            format!("did you mean {}?", close.join(" or "))
        }
        _ => "`migration-gate rules` lists every rule".to_owned(),
    };
    GateError::Usage(format!("there is no rule \"{id}\"\n  help: {help}"))
}

/// All about one rule.
fn rule_page(meta: &RuleMeta, paint: Paint, width: usize) -> String {
    let RuleMeta { id, summary, why, fix, levels } = meta;
    let text = |text: &str| wrapped(text, 2, 2, width);
    let mut out = format!(
        "{}\n\n{}\n\nlevel: {}\n",
        paint.bold(id),
        text(summary),
        weight(*levels, |level| colored(level, level.name(), paint))
    );
    for (heading, told) in [("why", why), ("fix", fix)] {
        out.push_str(&format!("\n{}\n{}\n", paint.bold(heading), text(told)));
    }
    for example in examples(id) {
        let color = if example.kind == "bad" { Color::Red } else { Color::Green };
        let heading = paint.color(color, &format!("{} example", example.kind));
        out.push_str(&format!("\n{heading}{}\n", setting(&example, "")));
        example.files.iter().for_each(|file| file_shown(file, paint, &mut out));
    }
    out
}

fn file_shown(file: &Shown, paint: Paint, out: &mut String) {
    out.push_str(&format!("\n  {}{}\n", paint.bold(&file.path), event(file)));
    for line in file.text.lines() {
        let line = match line.as_bytes().first() {
            Some(b'-') if file.language == "diff" => paint.color(Color::Red, line),
            Some(b'+') if file.language == "diff" => paint.color(Color::Green, line),
            _ => line.to_owned(),
        };
        out.push_str(format!("    {line}").trim_end());
        out.push('\n');
    }
}

/// Lists all rules.
pub(super) fn rules(format: RulesFormat, color: bool) -> Result<u8, GateError> {
    let width = host::output_width();
    let plain = || {
        let groups = groups().map(|(_, rules)| listed(rules, Paint::new(color), width));
        groups.collect::<Vec<_>>().join("\n")
    };
    print(&match format {
        RulesFormat::Plain => plain(),
        RulesFormat::Json => rules_json(),
        RulesFormat::Markdown => rules_markdown(),
    })?;
    Ok(0)
}

/// The rules of a group, with one line each where there is no `width`, for `grep` and its like.
fn listed(rules: &[&Rule], paint: Paint, width: Option<usize>) -> String {
    let longest = rules.iter().map(|rule| rule.meta.id.len()).max().unwrap_or_default();
    let width = width.map_or(usize::MAX, |width| width.min(WIDEST));
    let mut out = String::new();
    for rule in rules {
        let RuleMeta { id, summary, levels, .. } = rule.meta;
        let level = format!("{:7}", levels.recommended.name());
        let lead = format!(
            "{}{}  {}",
            paint.bold(id),
            " ".repeat(longest - id.len()),
            colored(levels.recommended, &level, paint)
        );
        let indent = longest + 2 + level.len() + 2;
        let text = match width.saturating_sub(indent) >= NARROWEST {
            true => wrapped(summary, 2, indent, width),
            false => format!("\n{}", wrapped(summary, 4, 4, width)),
        };
        out.push_str(&format!("{}{text}\n", lead.trim_end()));
    }
    out
}

fn rules_json() -> String {
    let rules: Vec<_> = RULES
        .iter()
        .map(|rule| {
            let RuleMeta { id, summary, why, fix, levels } = rule.meta;
            let (recommended, strict) = (levels.recommended.name(), levels.strict.name());
            let levels = json!({ "recommended": recommended, "strict": strict });
            json!({ "id": id, "summary": summary, "why": why, "fix": fix, "levels": levels })
        })
        .collect();
    // Strings always serialise.
    serde_json::to_string_pretty(&rules).unwrap_or_default() + "\n"
}

/// `docs/rules.md`, from the rules and their examples.
#[must_use]
pub fn rules_markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    for rule in RULES {
        let RuleMeta { id, summary, levels, .. } = rule.meta;
        let anchor = id.replace('/', "");
        out.push_str(&format!(
            "| [`{id}`](#{anchor}) | {} | {} | {summary} |\n",
            levels.recommended, levels.strict
        ));
    }
    for rule in RULES {
        let RuleMeta { id, summary, why, fix, levels } = rule.meta;
        out.push_str(&format!(
            "\n## {id}\n\n{}: *{summary}*.\n\n{why}\n\n**Fix.** {fix}\n",
            weight(levels, |level| format!("**{level}**"))
        ));
        for example in examples(id) {
            let kind = if example.kind == "bad" { "Bad" } else { "Good" };
            out.push_str(&format!("\n**{kind}**{}\n", setting(&example, "`")));
            for file in example.files {
                let event = event(&file);
                out.push_str(&format!(
                    "\n`{}`{event}\n\n```{}\n{}\n```\n",
                    file.path, file.language, file.text
                ));
            }
        }
    }
    out
}

const INTRODUCTION: &str = "\
# Rules

Generated by `migration-gate rules --markdown`; `migration-gate explain RULE` says the same about
one rule. The examples are small changes that the tests run: the bad one fires its rule and no
other, the good one fires none, or a note where the way that it shows is worth one. They are cut
down to the files that matter.

A finding blocks where it is an error. The two columns give each rule's usual level under the
presets `recommended` and `strict`; where a finding may weigh differently, the rule's text says
when. Windows, freezes and waivers of the examples are decided on Saturday, 21 November 2026, at
10:00 in UTC. `[policy.levels]` in `migration-gate.toml` sets the level of a rule for good, and is read
from the base, so that no change can excuse itself.

| rule | recommended | strict | what it finds |
|---|---|---|---|
";

/// The levels of a rule under both presets.
fn weight(levels: Levels, level: impl Fn(Level) -> String) -> String {
    let recommended = level(levels.recommended);
    if levels.recommended == levels.strict {
        recommended
    } else {
        format!("{recommended} ({} under `strict`)", level(levels.strict))
    }
}

/// What happened to a file, after its path.
fn event(file: &Shown) -> String {
    file.event.as_ref().map(|event| format!(" ({event})")).unwrap_or_default()
}

/// What an example stands on, after its heading.
fn setting(example: &Example, quote: &str) -> String {
    let merged: Vec<String> =
        example.merged.iter().map(|path| format!("{quote}{path}{quote}")).collect();
    if example.as_above {
        ", otherwise as above".to_owned()
    } else if example.same_ground || merged.is_empty() {
        String::new()
    } else {
        format!(", on top of {}", merged.join(" and "))
    }
}

fn colored(level: Level, text: &str, paint: Paint) -> String {
    paint.color(Color::of(level), text)
}

/// Text in lines of at most `width` columns. The first is led by `lead` spaces; the others are
/// indented to the column at which it stands.
fn wrapped(text: &str, lead: usize, indent: usize, width: usize) -> String {
    let mut out = " ".repeat(lead);
    let mut column = indent;
    for word in text.split_whitespace() {
        if column > indent && column + 1 + word.width() > width {
            let _ = write!(out, "\n{}", " ".repeat(indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.width();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Paint, groups, listed, rule_page, wrapped};
    use crate::rules::RULES;

    #[test]
    fn text_is_wrapped_at_words() {
        assert_eq!(wrapped("a bc d", 2, 4, 8), "  a bc\n    d");
        assert_eq!(wrapped("longer-than-that b", 2, 2, 8), "  longer-than-that\n  b");
    }

    /// Code is not wrapped: it is there to be copied.
    #[test]
    fn nothing_that_is_said_is_wider_than_the_terminal() {
        for width in [60, 80, 100] {
            for rule in RULES {
                let page = rule_page(&rule.meta, Paint::new(false), width);
                let told = page.split("\nbad example").next().unwrap();
                let urls = |line: &&str| !line.contains("https://");
                for line in told.lines().filter(urls) {
                    assert!(line.chars().count() <= width, "{width}: {line}");
                }
            }
            for (_, rules) in groups() {
                for line in listed(rules, Paint::new(false), Some(width)).lines() {
                    assert!(line.chars().count() <= width, "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_group_stands_in_one_place() {
        let mut names: Vec<&str> = groups().map(|(name, _)| name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(groups().map(|(_, rules)| rules.len()).sum::<usize>(), RULES.len());
    }
}
