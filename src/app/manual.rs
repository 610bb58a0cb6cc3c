//! `completions`, `man` and `schema`: what the program tells shells, readers and editors of itself.

use clap::CommandFactory as _;

use super::output::print;
use crate::cli::{Cli, Completions, Man, SchemaOf};
use crate::error::GateError;
use crate::model::printable;
use crate::{config, contract, layout, manifest, report};

/// The program's own name.
const NAME: &str = "migration-gate";

pub(super) fn completions(args: &Completions) -> Result<u8, GateError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut visible(), NAME, &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

pub(super) fn man(args: &Man) -> Result<u8, GateError> {
    let Some(folder) = &args.output else {
        let mut page = Vec::new();
        clap_mangen::Man::new(visible()).render(&mut page).map_err(GateError::Output)?;
        print(&String::from_utf8_lossy(&page))?;
        return Ok(0);
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(visible(), folder))
        .map_err(|source| {
            let file = printable(&folder.display().to_string()).into_owned();
            GateError::Write { file, source }
        })?;
    Ok(0)
}

pub(super) fn schema(of: SchemaOf) -> Result<u8, GateError> {
    print(&match of {
        SchemaOf::Config => config::json_schema(),
        SchemaOf::Manifest => manifest::json_schema(),
        SchemaOf::Contract => contract::json_schema(),
        SchemaOf::ConfigMigration => layout::config_migration_schema(),
        SchemaOf::Report => report::v1::json_schema(),
    })?;
    Ok(0)
}

/// The command line without its hidden commands, which completions would offer.
fn visible() -> clap::Command {
    let whole = Cli::command();
    let text = |text: Option<&clap::builder::StyledStr>| text.cloned().unwrap_or_default();
    clap::Command::new(NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .about(text(whole.get_about()))
        .after_help(text(whole.get_after_help()))
        .args(whole.get_arguments().cloned())
        .subcommands(whole.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned())
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn every_command_is_told_except_the_hidden_one() {
        let names: Vec<String> =
            visible().get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        assert!(names.contains(&"check".to_owned()) && names.contains(&"hook".to_owned()));
        assert!(!names.contains(&"evaluate-jq".to_owned()), "{names:?}");
        visible().debug_assert();
    }
}
