//! The commands of a set with the layout `command`.

use toml::Spanned;

use super::raw::RawCommand;
use super::read::span;
use super::resolve::Resolver;
use super::{CommandConfig, SetConfig};
use crate::model::{RepoPath, Sited, Span, quoted};

/// The layout that has commands.
const LAYOUT: &str = "command";

impl Resolver<'_> {
    /// Reports sets of that layout without any.
    pub(super) fn without_commands(&mut self, sets: &[SetConfig]) {
        for layout in sets.iter().filter(|set| set.command.is_none()).flat_map(|set| &set.layout) {
            if layout.value == LAYOUT {
                let help = "add a table such as `command = { ending = \".py\", up = [\"…\"] }`";
                self.report(layout.span, "this layout needs `command`", help);
            }
        }
    }

    /// The commands of a set, which only one of that layout may have.
    pub(super) fn command(
        &mut self,
        set: Span,
        layout: Option<&Sited<String>>,
        raw: Option<Spanned<RawCommand>>,
    ) -> Option<CommandConfig> {
        let raw = raw?;
        let at = span(raw.span());
        if layout.is_none_or(|layout| layout.value != LAYOUT) {
            let help = "write `layout = \"command\"`, or take `command` out";
            self.report(set, "`command` belongs to a set with the layout \"command\"", help);
        }
        let raw = raw.into_inner();
        let words = |words: Vec<Spanned<String>>| -> Vec<String> {
            words.into_iter().map(Spanned::into_inner).collect()
        };
        let workdir = match &raw.workdir {
            Some(path) => self.path(path).map(|path| path.value).unwrap_or_default(),
            None => RepoPath::root(),
        };
        let command = CommandConfig {
            ending: self.text("the ending", raw.ending).value,
            up: words(raw.up),
            down: words(raw.down),
            list: words(raw.list),
            workdir,
            environment: raw
                .environment
                .into_iter()
                .map(|(name, value)| (name.into_inner(), value.into_inner()))
                .collect(),
        };
        let (up, other) = (&command.up, [&command.down, &command.list]);
        let program = |words: &[String]| words.first().is_some_and(|word| !word.trim().is_empty());
        if !program(up) || other.iter().any(|words| !words.is_empty() && !program(words)) {
            self.report(at, "a command has no program", "write the program as its first word");
        }
        let named = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if let Some(name) = command.environment.keys().find(|name| !named(name)) {
            let message = format!("{} is no name of an environment variable", quoted(name));
            self.report(at, message, "use letters, digits and `_`");
        }
        Some(command)
    }
}
