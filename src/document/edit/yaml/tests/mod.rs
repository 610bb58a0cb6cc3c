mod properties;
mod writer;

use serde_json::{Value, json};

use super::edit as edit_text;
use crate::document::edit::Edit;
use crate::document::{Format, read};
use crate::model::Pointer;

/// An edit in words: `set /a 1`, `add /a/- "x"`, `remove /a`, `move /a /b`.
fn parse(words: &str) -> Edit {
    let (verb, rest) = words.split_once(' ').unwrap();
    let (at, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let at = Pointer::parse(at).unwrap();
    let value = || serde_json::from_str(rest).unwrap();
    match verb {
        "set" => Edit::Set { at, value: value() },
        "add" => Edit::Add { at, value: value() },
        "remove" => Edit::Remove { at },
        "move" => Edit::Move { from: at, to: Pointer::parse(rest).unwrap() },
        _ => panic!("{words}"),
    }
}

fn parent<'a>(root: &'a mut Value, at: &Pointer) -> Option<(&'a mut Value, String)> {
    let (parent, last) = at.split_last()?;
    Some((root.pointer_mut(&parent.to_string())?, last.to_owned()))
}

fn take(root: &mut Value, at: &Pointer) -> Option<Value> {
    match parent(root, at)? {
        (Value::Object(map), key) => map.remove(&key),
        (Value::Array(items), index) => {
            let index: usize = index.parse().ok()?;
            (index < items.len()).then(|| items.remove(index))
        }
        _ => None,
    }
}

fn put(root: &mut Value, at: &Pointer, value: Value) -> Option<()> {
    match parent(root, at)? {
        (Value::Object(map), key) => {
            if map.contains_key(&key) {
                return None;
            }
            map.insert(key, value);
        }
        (Value::Array(items), index) => {
            let index = if index == "-" { items.len() } else { index.parse().ok()? };
            if index > items.len() {
                return None;
            }
            items.insert(index, value);
        }
        _ => return None,
    }
    Some(())
}

/// What an edit makes of a value; `None` where it does not fit.
fn expected(root: &Value, edit: &Edit) -> Option<Value> {
    let mut root = root.clone();
    match edit {
        Edit::Set { at, value } => *root.pointer_mut(&at.to_string())? = value.clone(),
        Edit::Add { at, value } => put(&mut root, at, value.clone())?,
        Edit::Remove { at } => drop(take(&mut root, at)?),
        Edit::Move { from, to } => {
            let value = take(&mut root, from)?;
            put(&mut root, to, value)?;
        }
    }
    Some(root)
}

fn value(text: &str) -> Value {
    read(Format::Yaml, text).unwrap_or_else(|error| panic!("{error:?}\n{text}")).to_json()
}

#[test]
fn edits_leave_everything_else_as_it_is() {
    let cases = include_str!("cases.txt");
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases.split("\n==== ").skip(1) {
        let (name, rest) = case.split_once('\n').unwrap();
        let (before, after) = rest.split_once("\n----\n").unwrap();
        let (name, words) = name.split_once(": ").unwrap();
        count += 1;
        for (form, before, after) in [
            ("", before.to_owned() + "\n", after.to_owned() + "\n"),
            ("crlf ", before.replace('\n', "\r\n") + "\r\n", after.replace('\n', "\r\n") + "\r\n"),
            ("marked ", format!("\u{feff}{before}\n"), format!("\u{feff}{after}\n")),
            ("endless ", before.to_owned(), after.to_owned()),
        ] {
            let edit = parse(words);
            match edit_text(&before, &edit) {
                Ok(got) if got == after => {
                    let want = expected(&value(&before), &edit).unwrap();
                    if value(&got) != want {
                        wrong.push(format!("== {form}{name}: reads as {}", value(&got)));
                    }
                }
                Ok(got) => wrong.push(format!("== {form}{name}: {words}\n{got}-- not\n{after}")),
                Err(refused) => wrong.push(format!("== {form}{name}: {}", refused.reason)),
            }
        }
    }
    assert!(count >= 40, "{count}");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_in_the_way_is_said() {
    for (text, words, reason) in [
        ("a: &x 1\nb: *x\n", "set /a 2", "an anchor or a tag stands on the value or in it"),
        ("a: &x {b: 1}\nc: *x\n", "set /a/b 2", "the value has an anchor, by which others use it"),
        ("a: &x {b: 1}\nc: *x\n", "set /c/b 2", "the value is written elsewhere, and an alias"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "set /c/b 2", "\"b\" may come from a merged map"),
        ("a: &x {b: 1}\nc: *x\n", "remove /a", "an anchor stands on the value or in it"),
        ("a: !!str 1\n", "set /a 2", "an anchor or a tag stands on the value or in it"),
        ("a: 1\n", "remove /b", "nothing stands at \"b\""),
        ("a: 1\n", "remove ", "the whole document cannot be removed"),
        ("a: [1]\n", "add /a/5 1", "the list has no such place"),
        ("a: 1\rb: 2\r", "set /a 2", "a line ends in a carriage return alone"),
        ("a: {}\n", "move /a /a/b", "a value cannot be moved into itself"),
        ("-\ta: 1\n", "add /0/b 1", "the indentation is not of spaces alone"),
        ("a: {b: 1}\nc: 2 # why\n", "move /c /a/c", "comments cannot be taken along into brackets"),
    ] {
        let refused = edit_text(text, &parse(words)).unwrap_err();
        assert!(refused.reason.starts_with(reason), "{text:?} {words}: {}", refused.reason);
    }
}

#[test]
fn what_no_anchor_touches_is_edited() {
    for (text, words, after) in [
        ("a: &x {b: 1}\nc: *x\nd: 1\n", "set /d 2", "a: &x {b: 1}\nc: *x\nd: 2\n"),
        ("a: &x {b: 1}\nc: *x\n", "set /c 2", "a: &x {b: 1}\nc: 2\n"),
        ("a: &x {b: 1}\nc: *x\nd: 1\n", "remove /c", "a: &x {b: 1}\nd: 1\n"),
        ("a: &x {b: 1}\nc: *x\n", "move /a /d", "d: &x {b: 1}\nc: *x\n"),
        (
            "a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n",
            "add /c/e 2",
            "a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n  e: 2\n",
        ),
        ("a: !!str 1\nb: 2\n", "set /b 3", "a: !!str 1\nb: 3\n"),
    ] {
        let edit = parse(words);
        let got = edit_text(text, &edit).unwrap();
        assert_eq!(got, after);
        assert_eq!(value(&got), expected(&value(text), &edit).unwrap());
    }
}

#[test]
fn scalars_are_quoted_where_they_must_be() {
    for (text, written) in [
        ("plain", "plain"),
        ("two words", "two words"),
        ("", "\"\""),
        ("yes", "\"yes\""),
        ("1.5", "\"1.5\""),
        ("0755", "\"0755\""),
        ("12:30", "\"12:30\""),
        ("2020-01-01", "\"2020-01-01\""),
        ("null", "\"null\""),
        ("a: b", "\"a: b\""),
        ("a #b", "\"a #b\""),
        ("a#b:c", "a#b:c"),
        ("http://x:80/?a=1&b", "http://x:80/?a=1&b"),
        ("-x", "-x"),
        ("- x", "\"- x\""),
        ("{x}", "\"{x}\""),
        ("*x", "\"*x\""),
        ("say \"x\"", "say \"x\""),
        ("\"x\"", "'\"x\"'"),
        ("it's", "it's"),
        ("'", "\"'\""),
        ("a\tb", "\"a\\tb\""),
        ("\u{7}\u{2028}", "\"\\x07\\u2028\""),
        ("ünï 😀", "ünï 😀"),
        (" x", "\" x\""),
        ("a\\b: c", "'a\\b: c'"),
    ] {
        let edit = Edit::Set { at: Pointer::parse("/a").unwrap(), value: json!(text) };
        let got = edit_text("a: x\n", &edit).unwrap();
        assert_eq!(got, format!("a: {written}\n"));
        assert_eq!(value(&got), json!({ "a": text }));
        let flow = edit_text("{a: x}\n", &edit).unwrap();
        assert_eq!(value(&flow), json!({ "a": text }), "{flow}");
        let item = Edit::Set { at: Pointer::parse("/0").unwrap(), value: json!(text) };
        let flow = edit_text("[x, y]\n", &item).unwrap();
        assert_eq!(value(&flow), json!([text, "y"]), "{flow}");
        let key =
            Edit::Move { from: Pointer::parse("/a").unwrap(), to: Pointer(vec![text.into()]) };
        let got = edit_text("a: x\n", &key).unwrap();
        assert_eq!(value(&got), json!({ text: "x" }), "{got}");
    }
}

#[test]
fn numbers_are_read_back_as_they_are() {
    for number in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e100),
        json!(1e-7),
        json!(u64::MAX),
        json!(i64::MIN),
    ] {
        let edit = Edit::Set { at: Pointer::parse("/a").unwrap(), value: number.clone() };
        let got = edit_text("a: x\n", &edit).unwrap();
        assert_eq!(value(&got), json!({ "a": number }), "{got}");
    }
}

#[test]
fn hostile_texts_and_places_are_answered() {
    let deep = 4_000;
    let texts = [
        "[".repeat(deep),
        "- ".repeat(100) + "x",
        "{a: ".repeat(100) + &"}".repeat(100),
        "\u{feff}".repeat(deep),
        "a: |\n".to_owned() + &"\n".repeat(deep) + "b: 1",
        "#\n".repeat(deep) + "a: 1",
        "a:\n".to_owned() + &"  # c\n".repeat(deep),
        "- |\n- >\n- |+".to_owned(),
        "a: &x\nb: !!null\n? c\n? d\n: \n".to_owned(),
        "{a, b: , ? c, [d]: e}".to_owned(),
        "[a: b, ? c : d, {}]".to_owned(),
        "\ta:\t1\t#\n".to_owned(),
        "--- a: 1\n".to_owned(),
        "--- {a: 1} # c\n...\n# end".to_owned(),
        "--- |\n a: 1\n".to_owned(),
        "a: |1+\n\n\n".to_owned(),
        "a: \"x\n# y\n\"\nb: 1\n".to_owned(),
        "a: b\n c\n\n d\n".to_owned(),
        "\"\": {\"\":{}}".to_owned(),
        "-\n  -\n    -\n".to_owned(),
    ];
    let places = ["", "/a", "/b", "/", "/0", "/-", "/a/b", "/a/0", "/0/0", "/1", "/c", "/a/-"];
    for text in &texts {
        for at in places {
            for edit in [
                format!("set {at} [1]"),
                format!("add {at} {{\"x\":\"1\\n2\"}}"),
                format!("remove {at}"),
            ] {
                let edit = parse(&edit);
                if let Ok(after) = edit_text(text, &edit) {
                    assert!(after.len() <= text.len() + 1_000);
                }
            }
            for to in places {
                let _ = edit_text(text, &parse(&format!("move {at} {to}")));
            }
        }
    }
}
