//! The state machine as a page of the documentation.

use super::{Event, State};

/// docs/lifecycle.md: every state and what each event leads to, from the code.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(
        "# The lifecycle of a migration\n\n\
         <!-- Written from src/lifecycle; the tests compare it. -->\n\n\
         The dry run walks every migration of a change through these states on a throwaway engine,\n\
         and `apply` and `rollback` walk it through the same ones on a real target. There the state\n\
         is written to the state file before what it names begins, so that a process that starts\n\
         again knows where the last one ended.\n\n\
         ```mermaid\nstateDiagram-v2\n    [*] --> idle\n",
    );
    for (from, event, to) in transitions() {
        page.push_str(&format!("    {from} --> {to}: {}\n", event.name()));
    }
    page.push_str("```\n\n| state |");
    for event in Event::ALL {
        page.push_str(&format!(" {} |", event.name()));
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(Event::ALL.len()));
    for state in State::ALL {
        page.push_str(&format!("\n| `{state}` |"));
        for event in Event::ALL {
            let next = state.next(event).map_or_else(|_| "–".to_owned(), |to| format!("`{to}`"));
            page.push_str(&format!(" {next} |"));
        }
    }
    page.push_str(
        "\n\nAn event that a state does not know is a bug of the program, never a way through.\n\n\
         | event | what happens |\n|---|---|\n\
         | start | A walk begins. |\n\
         | succeed | The phase did its work. |\n\
         | fail | The phase did not. |\n\
         | restart | A process starts and finds this state in the state file. |\n\
         | retry | A person asks for another try: `migration-gate apply --retry`. |\n\
         | resolve | A person says what is true: `migration-gate resolve`. |\n",
    );
    page
}

fn transitions() -> impl Iterator<Item = (State, Event, State)> {
    let all = State::ALL.into_iter().flat_map(|state| Event::ALL.map(|event| (state, event)));
    all.filter_map(|(state, event)| Some((state, event, state.next(event).ok()?)))
}
