//! Sets whose SQL a command prints: when it may run, in what surroundings, and what is made of it.

use std::path::Path;
use std::process::Command;

use crate::support::{self, Answer, Folder, comparing, finish, write};

/// A set of a small tool that keeps SQL in text files.
fn config(command: &str) -> String {
    format!(
        "version = 1\n[[set]]\nname = \"shop\"\npath = \"orm/versions\"\nengine = \"sqlite\"\n\
         layout = \"command\"\n[set.command]\nending = \".txt\"\n{command}\n"
    )
}

const PLAIN: &str = "up = [\"sh\", \"-c\", \"cat orm/versions/{id}.txt\"]\n\
                     down = [\"sh\", \"-c\", \"cat orm/versions/{id}.down\"]";

/// Base and head: the head adds the second migration.
fn folders(base_config: &str, head_config: &str) -> Folder {
    let folder = Folder::new(&[]);
    for (side, config) in [("base", base_config), ("head", head_config)] {
        let put = |name: &str, text: &str| write(folder.path(), &format!("{side}/{name}"), text);
        put("migration-gate.toml", config);
        put("orm/versions/0001_books.txt", "CREATE TABLE books (id INTEGER PRIMARY KEY);\n");
        put("orm/versions/0001_books.down", "DROP TABLE books;\n");
        put("orm/env.py", "");
    }
    let head = |name: &str, text: &str| {
        write(folder.path(), &format!("head/orm/versions/{name}"), text);
    };
    head("0002_title.txt", "BEGIN;\nALTER TABLE books ADD COLUMN title TEXT;\nCOMMIT;\n");
    head("0002_title.down", "BEGIN;\nALTER TABLE books DROP COLUMN title;\nCOMMIT;\n");
    folder
}

/// What a command printed in an earlier run of the tests must not be taken from the cache.
fn program(at: &Path) -> Command {
    let mut command = support::program(at);
    command.env_remove("XDG_CACHE_HOME");
    command
}

fn judge(folder: &Folder, options: &[&str]) -> Answer {
    let (home, [base, head]) =
        (Folder::new(&[]), ["base", "head"].map(|side| folder.path().join(side)));
    finish(comparing(&mut program(home.path()), &base, &head).args(options)).into()
}

fn untold(answer: &Answer) -> String {
    assert_eq!(answer.exit, 3, "{answer:?}");
    answer.report["inconclusive"].to_string()
}

#[test]
fn what_the_command_prints_is_run_both_ways() {
    let folder = folders(&config(PLAIN), &config(PLAIN));
    let answer = judge(&folder, &[]);
    assert_eq!(
        answer.findings(),
        ["error manifest/missing-class", "warning dryrun/not-replay-safe"]
    );
    assert_eq!(answer.steps(), ["up: ok", "again: fails", "down: ok", "up again: ok"]);
    let finding = &answer.report["findings"][1];
    assert_eq!(finding["file"], "orm/versions/0002_title.txt");
    assert!(finding["line"].is_null(), "the printed lines are not those of the file: {finding}");
}

#[test]
fn a_change_cannot_bring_its_own_command() {
    let folder = folders("version = 1\n", "version = 1\n");
    let mark = folder.path().join("mark");
    let own = format!(
        "up = [\"sh\", \"-c\", \"touch '{}'; cat orm/versions/{{id}}.txt\"]",
        mark.display()
    );
    folder.write("head/migration-gate.toml", &config(&own));
    let other = config(PLAIN);
    for base in ["version = 1\n", other.as_str()] {
        folder.write("base/migration-gate.toml", base);
        assert!(untold(&judge(&folder, &[])).contains("the base's configuration does not name"));
        assert!(!mark.exists());
    }
    let answer = judge(&folder, &["--allow-commands"]);
    assert!(answer.steps().contains(&"up: ok".to_owned()), "{answer:?}");
    assert!(!mark.exists(), "it left its place");
}

/// As on a kernel that confines nothing.
fn judge_there(folder: &Folder) -> Answer {
    let (home, [base, head]) =
        (Folder::new(&[]), ["base", "head"].map(|side| folder.path().join(side)));
    let mut command = program(home.path());
    command.env("FAILPOINTS", "confine=return(none)");
    finish(comparing(&mut command, &base, &head)).into()
}

#[test]
fn what_the_kernel_cannot_confine_runs_where_the_base_accepts_it() {
    let folder = folders("version = 1\n", "version = 1\n");
    let mark = folder.path().join("mark");
    let own = config(&format!(
        "up = [\"sh\", \"-c\", \"touch '{}'; cat orm/versions/{{id}}.txt\"]",
        mark.display()
    ));
    let accepted = format!("{own}[policy]\nunconfined = [\"commands\"]\n");
    // The base decides, and not the change.
    for (base, head) in [(&own, &own), (&own, &accepted)] {
        folder.write("base/migration-gate.toml", base);
        folder.write("head/migration-gate.toml", head);
        let said = untold(&judge_there(&folder));
        assert!(said.contains("the kernel here cannot confine them"), "{said}");
        assert!(!mark.exists());
    }
    folder.write("base/migration-gate.toml", &accepted);
    let answer = judge_there(&folder);
    assert!(mark.exists() && answer.steps().contains(&"up: ok".to_owned()), "{answer:?}");
    let notices = answer.report["notices"].to_string();
    assert!(notices.contains("shop: its commands run with all rights"), "{notices}");
    // Where the kernel can, they are confined all the same.
    std::fs::remove_file(&mark).unwrap();
    let answer = judge(&folder, &[]);
    assert!(answer.steps().contains(&"up: ok".to_owned()) && !mark.exists(), "{answer:?}");
    assert!(!answer.report["notices"].to_string().contains("rights"), "{answer:?}");
}

#[test]
fn jq_answers_nothing_where_the_kernel_cannot_confine_it() {
    let folder = Folder::new(&[]);
    let relay = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos/relay");
    support::copy(&relay, folder.path());
    let name = "head/config/migrations/0001_timeout_in_milliseconds.toml";
    let text = folder.read(name);
    let (start, _) = text.split_once("[[up]]").unwrap();
    let jq = "[[up]]\n\
              jq = \"if .timeout then .timeout_ms = .timeout * 1000 | del(.timeout) else . end\"\n\
              [[down]]\n\
              jq = \"if .timeout_ms then .timeout = .timeout_ms / 1000 | del(.timeout_ms) else . end\"\n";
    folder.write(name, &format!("{start}{jq}"));
    let said = untold(&judge_there(&folder));
    assert!(said.contains("it runs a jq program, and the kernel here cannot"), "{said}");
    let set = folder.read("base/migration-gate.toml");
    folder.write("base/migration-gate.toml", &format!("{set}[policy]\nunconfined = [\"jq\"]\n"));
    let answer = judge_there(&folder);
    assert!(answer.steps().contains(&"up: ok".to_owned()), "{answer:?}");
    let notices = answer.report["notices"].to_string();
    assert!(notices.contains("its jq programs run within limits"), "{notices}");
}

/// Each line that a command prints is one thing that it could do.
#[test]
fn a_command_reaches_its_own_place_and_nothing_else() {
    let folder = folders("version = 1\n", "version = 1\n");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "s").unwrap();
    let script = format!(
        "did() {{ echo \"-- $1\"; }}\n\
         cat {secret} && did secret\n\
         cat /etc/passwd && did passwd\n\
         cat /proc/$PPID/environ && did environment\n\
         ls /tmp && did temporary\n\
         kill -0 1 && did signals\n\
         bash -c 'echo > /dev/tcp/127.0.0.1/{port}' && did network\n\
         setsid true && did session\n\
         cat /dev/stdin && did input\n\
         echo x > $HOME/x && cat $HOME/x && did home\n\
         mktemp && did mktemp\n\
         echo 'echo x' > orm/tool && sh orm/tool && did tool\n",
        secret = secret.display()
    );
    let run = "up = [\"sh\", \"-c\", \"echo; sh tool.sh | grep ^-- ; cat orm/versions/{id}.txt\"]";
    for side in ["base", "head"] {
        folder.write(&format!("{side}/migration-gate.toml"), &config(run));
        folder.write(&format!("{side}/tool.sh"), &script);
    }
    let home = Folder::new(&[]);
    let [base, head] = ["base", "head"].map(|side| folder.path().join(side));
    finish(comparing(&mut program(home.path()), &base, &head));
    let kept = std::fs::read_dir(home.path().join(".cache/migration-gate/printed")).unwrap();
    for printed in kept {
        let text = std::fs::read_to_string(printed.unwrap().path()).unwrap();
        let done: Vec<&str> =
            text.lines().filter_map(|line| line.split_once("-- ").map(|(_, said)| said)).collect();
        assert_eq!(done, ["input", "home", "mktemp", "tool"], "{text}");
    }
}

#[test]
fn the_list_gives_the_order_and_must_name_every_file() {
    let list = |script: &str| {
        let up = "up = [\"sh\", \"-c\", \"echo '-- {previous}'; cat orm/versions/{id}_*.txt\"]";
        config(&format!("list = [\"sh\", \"-c\", \"{script}\"]\n{up}"))
    };
    let real = list("ls orm/versions | grep txt | cut -d_ -f1");
    let answer = judge(&folders(&real, &real), &[]);
    assert!(answer.steps().contains(&"up: ok".to_owned()), "{answer:?}");
    let one = folders(&list("echo 0001"), &list("echo 0001"));
    assert!(untold(&judge(&one, &[])).contains("0002_title.txt is not on the list"));
    let ghost = list("echo 0001; echo 7");
    assert!(
        untold(&judge(&folders(&ghost, &ghost), &[]))
            .contains("the list names 7, and there is no file")
    );
}

#[test]
fn a_command_that_fails_or_has_an_odd_id_is_never_a_pass() {
    let fails = "up = [\"sh\", \"-c\", \"pwd >&2; exit 1\"]";
    let said = untold(&judge(&folders(&config(fails), &config(fails)), &[]));
    assert!(said.contains("fails: ."), "{said}");
    let none = "up = [\"/nowhere/at/all\"]";
    let said = untold(&judge(&folders(&config(none), &config(none)), &[]));
    assert!(said.contains("is not on this machine"), "{said}");
    let odd = folders(&config(PLAIN), &config(PLAIN));
    odd.write("head/orm/versions/$(touch x).txt", "");
    assert!(untold(&judge(&odd, &[])).contains("is no id"));
}

#[test]
fn the_surroundings_are_a_copy_without_the_gates_environment() {
    let nosy = "up = [\"sh\", \"-c\", \"test -z $SECRET && test $GIVEN = yes && \
                test $HOME != $PWD && echo x > orm/versions/0001_books.txt.new && \
                cat orm/versions/{id}.txt\"]\nenvironment = { GIVEN = \"yes\" }";
    let folder = folders(&config(nosy), &config(nosy));
    let home = Folder::new(&[]);
    let mut command = program(home.path());
    command.env("SECRET", "s").args(["check", "--format", "json", "--base-dir"]);
    command.arg(folder.path().join("base")).arg(folder.path().join("head"));
    let first = finish(&mut command);
    assert!(first.out.contains("\"outcome\":\"ok\""), "{first:?}");
    assert!(!folder.path().join("head/orm/versions/0001_books.txt.new").exists());
    // The second time it comes from the cache, and the report is the same.
    let kept = home.path().join(".cache/migration-gate/printed");
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 3);
    assert_eq!(finish(&mut command).out, first.out);
}
