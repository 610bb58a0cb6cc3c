//! What the rules about SQLite say of more than their two examples: each case is what a change
//! adds to a small merged set, and every finding it must have.

use crate::support::{Answer, Tree, check};

/// Books with a trigger, two indexes and constraints, and loans that cascade from them.
const MERGED: &str = "CREATE TABLE books (
    id INTEGER PRIMARY KEY,
    isbn TEXT NOT NULL,
    title TEXT NOT NULL DEFAULT '',
    pages INTEGER CHECK (pages > 0)
);
CREATE UNIQUE INDEX books_isbn ON books (isbn);
CREATE INDEX books_title ON books (title);
CREATE TABLE loans (
    id INTEGER PRIMARY KEY,
    book INTEGER REFERENCES books (id) ON DELETE CASCADE
);
CREATE TABLE shelves (book INTEGER REFERENCES books (id));";

/// The columns of `books`, for the table that takes its place.
const COLUMNS: &str = "id INTEGER PRIMARY KEY, isbn TEXT NOT NULL, title TEXT NOT NULL DEFAULT '',
    pages INTEGER CHECK (pages > 0)";
const COPY: &str = "INSERT INTO new_books SELECT * FROM books;";
const INDEXES: &str = "CREATE UNIQUE INDEX books_isbn ON books (isbn);
    CREATE INDEX books_title ON books (title);";

fn rebuild(columns: &str, copy: &str, after: &str) -> String {
    format!(
        "CREATE TABLE new_books ({columns}); {copy} DROP TABLE books;
         ALTER TABLE new_books RENAME TO books; {after}"
    )
}

fn goose(up: &str) -> String {
    format!("-- migration-gate: class=online\n-- +goose Up\n{up}\n-- +goose Down\nSELECT 1;\n")
}

/// Only what the rules of this group say; that there is no way back is another matter.
fn told(answer: &Answer) -> Vec<String> {
    let of_group = |finding: &String| finding.contains(" sql/sqlite-");
    answer.findings().into_iter().filter(of_group).map(|f| f.replace("sql/sqlite-", "")).collect()
}

/// What the run over rows shows stands for what these rules say of it; here it is silent.
const POLICY: &str = "version = 1\n[policy.levels]\n\"dryrun/fails-on-data\" = \"off\"\n";

/// Demands these findings of the ups that a change adds.
#[track_caller]
fn expect(what: &str, ups: &[&str], findings: &[&str]) {
    let base = Tree::default()
        .with("migration-gate.toml", POLICY)
        .with("migrations/00001_books.sql", &goose(MERGED));
    let mut head = base.clone();
    for (number, up) in ups.iter().enumerate() {
        head = head.with(&format!("migrations/0000{}_more.sql", number + 2), &goose(up));
    }
    let answer = check(&base, &head);
    assert_eq!(told(&answer), findings, "{what}: {:#}", answer.report["findings"]);
    assert_eq!(answer.report["inconclusive"].as_array().map(Vec::len), Some(0), "{what}");
}

/// The same with sqlx, which enforces foreign keys.
#[track_caller]
fn expect_sqlx(what: &str, up: &str, findings: &[&str]) {
    let head = |name: &str, sql: &str, base: Tree| {
        base.with("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")
            .with(&format!("migrations/{name}.up.sql"), sql)
            .with(&format!("migrations/{name}.down.sql"), "SELECT 1;")
    };
    let policy = Tree::default().with("migration-gate.toml", POLICY);
    let base = head("1_books", MERGED, policy);
    let answer = check(&base, &head("2_more", up, base.clone()));
    assert_eq!(told(&answer), findings, "{what}: {:#}", answer.report["findings"]);
}

#[test]
fn what_a_rebuild_loses_weighs_as_it_hurts() {
    let unique = "CREATE UNIQUE INDEX books_isbn ON books (isbn);";
    let title = "CREATE INDEX books_title ON books (title);";
    let more = format!("{COLUMNS}, shelf TEXT");
    let copy = "INSERT INTO new_books (id, isbn, title, pages) SELECT * FROM books;";
    let nullable = more.replace("TEXT NOT NULL,", "TEXT,");
    let only = COLUMNS.replace("TEXT NOT NULL,", "TEXT,");
    let checked = more.replace("pages > 0", "pages > 1");
    let moved =
        format!("{}, shelf TEXT, CHECK (pages > 0)", COLUMNS.replace(" CHECK (pages > 0)", ""));
    let in_table = COLUMNS.replace("isbn TEXT NOT NULL", "isbn TEXT NOT NULL UNIQUE");
    let by_name = format!("DROP INDEX books_title; {}", rebuild(COLUMNS, COPY, unique));
    let other_name = format!("{unique} CREATE INDEX titles ON books (title, isbn);");
    for (what, up, findings) in [
        ("everything is there again", rebuild(COLUMNS, COPY, INDEXES), &[][..]),
        ("an index", rebuild(COLUMNS, COPY, unique), &["warning rebuild-loses"]),
        ("a unique index", rebuild(COLUMNS, COPY, title), &["error rebuild-loses"]),
        ("an index that is dropped by name", by_name, &[]),
        ("an index under another name", rebuild(COLUMNS, COPY, &other_name), &[]),
        ("a unique index that becomes a constraint", rebuild(&in_table, COPY, title), &[]),
        ("a constraint that is the point", rebuild(&only, COPY, INDEXES), &[]),
        ("a constraint besides", rebuild(&nullable, copy, INDEXES), &["warning rebuild-loses"]),
        ("a constraint that changes", rebuild(&checked, copy, INDEXES), &[]),
        ("a constraint that moves", rebuild(&moved, copy, INDEXES), &[]),
        (
            "constraints that CREATE TABLE AS does not know",
            format!("{} {INDEXES}", rebuild("", "", "").replace("()", " AS SELECT * FROM books")),
            // Without the primary key the references of others do not hold either.
            &["error foreign-key-check", "error rebuild-loses"],
        ),
        (
            "an index of a column that goes",
            rebuild(
                "id INTEGER PRIMARY KEY, isbn TEXT NOT NULL, pages INTEGER CHECK (pages > 0)",
                "INSERT INTO new_books SELECT id, isbn, pages FROM books;",
                unique,
            ),
            &[],
        ),
    ] {
        expect(what, &[&up], findings);
    }
}

#[test]
fn rows_that_a_rebuild_leaves_behind_weigh_as_certain_as_they_are() {
    let frame = |copy: &str| rebuild(COLUMNS, copy, INDEXES);
    let listed = "INSERT INTO new_books (id, isbn, title) SELECT id, isbn, title FROM books;";
    let anew = format!("DROP TABLE books; CREATE TABLE books ({COLUMNS}); {INDEXES}");
    for (what, up, findings) in [
        ("no copy", frame(""), &["error rebuild-loses-rows"][..]),
        ("a column left out", frame(listed), &["error rebuild-loses-rows"]),
        ("a column filled later", frame(&format!("{listed} UPDATE new_books SET pages = 1;")), &[]),
        (
            "a condition",
            frame("INSERT INTO new_books SELECT * FROM books WHERE pages > 0;"),
            &["error rebuild-loses-rows"],
        ),
        (
            "a condition that holds",
            frame("INSERT INTO new_books SELECT * FROM books WHERE isbn IS NOT NULL;"),
            &["warning rebuild-loses-rows"],
        ),
        (
            "or ignore",
            frame("INSERT OR IGNORE INTO new_books SELECT * FROM books;"),
            &["warning rebuild-loses-rows"],
        ),
        ("dropped and made anew", anew, &["warning rebuild-loses-rows"]),
    ] {
        expect(what, &[&up], findings);
    }
    let new = "CREATE TABLE new (a TEXT);";
    let again = "CREATE TABLE n (a TEXT NOT NULL); DROP TABLE new; ALTER TABLE n RENAME TO new;";
    expect("a table that is new with the change", &[new, again], &[]);
}

#[test]
fn a_column_is_refused_only_where_rows_may_stand() {
    let add = |what: &str| format!("ALTER TABLE books ADD COLUMN c {what};");
    for what in ["TEXT NOT NULL", "DEFAULT (1 + 1)", "AS (pages) STORED"] {
        expect(what, &[&add(what)], &["error add-column"]);
    }
    let references = add("INTEGER DEFAULT 1 REFERENCES books (id)");
    for what in ["TEXT", "TEXT NOT NULL DEFAULT ''", "DEFAULT (-1)", "AS (pages) VIRTUAL"] {
        expect(what, &[&add(what)], &[]);
    }
    expect("a reference, not enforced", &[&references], &[]);
    expect_sqlx("a reference, enforced", &references, &["error add-column"]);

    let new = "CREATE TABLE new (a TEXT);";
    let more = "ALTER TABLE new ADD COLUMN b TEXT NOT NULL;";
    expect("a new table", &[new, more], &[]);
    let filled = format!("{new} INSERT INTO new VALUES ('a');");
    // The rows of the change itself stand in the sandbox, so the run shows it.
    expect("a new table with rows", &[&filled, more], &[]);
}

#[test]
fn an_ignored_pragma_weighs_as_what_it_fails_to_prevent() {
    let off = "PRAGMA foreign_keys = OFF;";
    let whole = rebuild(COLUMNS, COPY, INDEXES);
    let found = ["error pragma-in-transaction"];
    expect("rows of others go", &[&format!("{off} {whole}")], &found);
    let orphans = "DROP TABLE loans; CREATE TABLE loans (id INTEGER PRIMARY KEY);";
    let refuse = format!("{off} {orphans} {whole}");
    let found = ["warning pragma-in-transaction", "warning rebuild-loses-rows"];
    expect("the drop fails at worst", &[&refuse], &found);
    expect("nothing is dropped", &[off], &["warning pragma-in-transaction"]);
    expect_sqlx("enforced", &format!("{off} {whole}"), &["error pragma-in-transaction"]);
    expect_sqlx("not even tried", &whole, &["error rebuild-referenced"]);
    expect("not enforced", &[&whole], &[]);

    let bare = format!("-- no-transaction\n{off} BEGIN; {whole} COMMIT; PRAGMA foreign_keys = ON;");
    expect_sqlx("the recipe", &bare, &[]);
}

#[test]
fn of_a_way_back_only_what_it_breaks_counts() {
    let base = Tree::default()
        .with("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")
        .with("migrations/1_books.up.sql", MERGED)
        .with("migrations/1_books.down.sql", "DROP TABLE books;");
    let whole = rebuild(COLUMNS, COPY, INDEXES);
    for (down, findings) in [
        (whole.clone(), &["error rebuild-referenced"][..]),
        (format!("PRAGMA foreign_keys = OFF; {whole}"), &["error pragma-in-transaction"]),
        ("PRAGMA foreign_keys = OFF;".into(), &[]),
        ("INSERT INTO shelves VALUES (\"x\");".into(), &[]),
    ] {
        let head = base
            .clone()
            .with("migrations/2_more.up.sql", "SELECT 1;")
            .with("migrations/2_more.down.sql", &down);
        assert_eq!(told(&check(&base, &head)), findings, "{down}");
    }
}

#[test]
fn a_reference_may_come_before_its_table() {
    let child = "CREATE TABLE IF NOT EXISTS tags (word INTEGER REFERENCES words (id));";
    let parent = "CREATE TABLE IF NOT EXISTS words (id INTEGER PRIMARY KEY);";
    expect("never made", &[child], &["error foreign-key-check"]);
    expect("made later", &[child, parent], &[]);
    let renamed = format!(
        "ALTER TABLE books RENAME TO old; CREATE TABLE books ({COLUMNS});
         INSERT INTO books SELECT * FROM old; DROP TABLE old; {INDEXES}"
    );
    let found = ["error foreign-key-check"];
    expect("references follow the old table", &[&renamed], &found);
}

#[test]
fn a_key_of_text_is_a_matter_of_taste() {
    let key = "CREATE TABLE IF NOT EXISTS tags (word TEXT PRIMARY KEY);";
    expect("recommended", &[key], &[]);
    for (key, findings) in [
        ("INT PRIMARY KEY", &["warning nullable-key"][..]),
        ("INT NOT NULL PRIMARY KEY", &[]),
        ("INTEGER PRIMARY KEY", &[]),
    ] {
        expect(key, &[&format!("CREATE TABLE IF NOT EXISTS n (id {key});")], findings);
    }
}
