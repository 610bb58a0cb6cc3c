//! A tool and the runner take turns on one database.

use super::{Here, Owned, everywhere, note, tool};
use crate::support::Ran;

/// A tool as a person uses it, and the files of a set of four migrations, each of which makes a
/// table `t1` to `t4`.
pub(crate) struct Tool {
    pub(crate) layout: &'static str,
    pub(crate) program: &'static str,
    /// Below `migrations`, in the order of the migrations.
    pub(crate) files: &'static [&'static [(&'static str, &'static str)]],
    pub(crate) up: &'static [&'static str],
    pub(crate) down: &'static [&'static str],
    /// Says by what is printed which of the migrations wait.
    pub(crate) status: &'static [&'static str],
    pub(crate) waiting: fn(&Ran) -> Vec<String>,
    /// What the tracker tells of each migration once it has run.
    pub(crate) told: [&'static str; 4],
}

/// A tool on a database.
struct Turns<'t> {
    tool: &'t Tool,
    program: std::path::PathBuf,
    here: Here,
}

impl Turns<'_> {
    /// Puts the first migrations into the folder, and gives the set of them.
    fn files(&self, count: usize) -> Owned {
        let files = self.tool.files[..count].concat();
        for (name, text) in &files {
            self.here.folder.write(&format!("migrations/{name}"), text);
        }
        Owned::new(self.tool.layout, &files)
    }

    fn ran(&self, arguments: &[&str]) -> Ran {
        let ran = self.here.run(&self.program, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    }

    fn up(&self) {
        self.ran(self.tool.up);
    }

    fn down(&self) {
        self.ran(self.tool.down);
    }

    fn waiting(&self) -> Vec<String> {
        (self.tool.waiting)(&self.ran(self.tool.status))
    }

    /// The tool runs two, the runner the third, the tool the fourth.
    fn the_tool_begins(&mut self) {
        let told = self.tool.told;
        self.files(2);
        self.up();
        let owned = self.files(3);
        let migrations = owned.in_order();
        let tracker = owned.tracker(self.here.engine, &migrations);
        assert_eq!(self.here.told(&*tracker), told[..2]);
        assert_eq!(self.waiting().len(), 1);
        assert_eq!(tracker.create(&mut self.here.database).unwrap(), Vec::<String>::new());
        self.here.apply(&*tracker, &note(&migrations, 2));
        assert_eq!(self.here.told(&*tracker), told[..3]);
        assert_eq!(self.waiting(), Vec::<String>::new());

        let owned = self.files(4);
        let migrations = owned.in_order();
        let tracker = owned.tracker(self.here.engine, &migrations);
        assert_eq!(self.waiting().len(), 1);
        self.up();
        assert_eq!(self.here.told(&*tracker), told);
        assert_eq!(self.here.tables(), [true; 4]);

        // The last one is the tool's own, the one before it the runner's.
        self.down();
        self.down();
        assert_eq!(self.here.tables(), [true, true, false, false]);
        assert_eq!(self.here.told(&*tracker), told[..2]);

        // The runner takes back what the tool did.
        self.here.undo(&*tracker, &note(&migrations, 1));
        assert_eq!(self.waiting().len(), 3);
        self.up();
        assert_eq!(self.here.told(&*tracker), told);
        assert_eq!(self.here.tables(), [true; 4]);
    }

    /// What the table looks like where the tool made it.
    fn shape_by_the_tool(&self, table: &str) -> Vec<String> {
        let alone = |here: &Here| here.engine == self.here.engine;
        let here = everywhere().into_iter().find(alone).unwrap();
        let mut other = Turns { tool: self.tool, program: self.program.clone(), here };
        other.files(1);
        other.up();
        other.here.shape(table)
    }

    /// The runner runs two on an empty database and takes one back; the tool goes on.
    fn the_runner_begins(&mut self) {
        let told = self.tool.told;
        let owned = self.files(4);
        let migrations = owned.in_order();
        let tracker = owned.tracker(self.here.engine, &migrations);
        assert_eq!(self.here.told(&*tracker), Vec::<String>::new());
        self.here.make(&*tracker);
        for at in [0, 1] {
            self.here.apply(&*tracker, &note(&migrations, at));
        }
        assert_eq!(self.waiting().len(), 2);
        self.here.undo(&*tracker, &note(&migrations, 1));
        assert_eq!(self.waiting().len(), 3);
        self.up();
        assert_eq!(self.waiting(), Vec::<String>::new());
        assert_eq!(self.here.told(&*tracker), told);
        assert_eq!(self.here.shape(tracker.table()), self.shape_by_the_tool(tracker.table()));
        for _ in 0..4 {
            self.down();
        }
        assert_eq!(self.here.tables(), [false; 4]);
        assert_eq!(self.here.told(&*tracker), Vec::<String>::new());
    }
}

/// Both orders on both engines. Nothing where the tool is not installed.
pub(super) fn take_turns(of: &Tool) {
    let Some(program) = tool(of.program) else { return };
    for begin in [Turns::the_tool_begins, Turns::the_runner_begins] {
        for here in everywhere() {
            begin(&mut Turns { tool: of, program: program.clone(), here });
        }
    }
}
