use super::super::{LONGEST, edit};
use super::{check, check_refused, edits};
use crate::document::Format;

#[test]
fn json_keeps_what_an_edit_does_not_touch() {
    check(
        Format::Json,
        &[
            ("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "set /a 3", "{\n  \"a\": 3,\n  \"b\": 2\n}\n"),
            ("{\"a\":1,\"b\":2}", "add /c {\"d\":[1,2]}", "{\"a\":1,\"b\":2,\"c\":{\"d\":[1,2]}}"),
            ("{ \"a\": 1 }", "add /c {\"d\":[1,2]}", "{ \"a\": 1, \"c\": { \"d\": [1, 2] } }"),
            ("{\n  \"a\": 1\n}", "add /b 2", "{\n  \"a\": 1,\n  \"b\": 2\n}"),
            (
                "{\r\n\t\"a\": 1\r\n}\r\n",
                "add /b {\"c\":{}}",
                "{\r\n\t\"a\": 1,\r\n\t\"b\": {\r\n\t\t\"c\": {}\r\n\t}\r\n}\r\n",
            ),
            ("\u{feff}{\"a\": 1}", "set /a 2", "\u{feff}{\"a\": 2}"),
            (
                "{\n    \"a\": {\n        \"b\": 1\n    }\n}\n",
                "add /a/c [\"x\", \"y\"]",
                "{\n    \"a\": {\n        \"b\": 1,\n        \"c\": [\"x\", \"y\"]\n    }\n}\n",
            ),
            (
                "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n",
                "remove /b",
                "{\n  \"a\": 1,\n  \"c\": 3\n}\n",
            ),
            ("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "remove /b", "{\n  \"a\": 1\n}\n"),
            ("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "remove /a", "{\n  \"b\": 2\n}\n"),
            ("{\n  \"a\": 1\n}\n", "remove /a", "{}\n"),
            (
                "{\n  \"a\": 1,\n\n  \"b\": 2,\n\n  \"c\": 3\n}\n",
                "remove /b",
                "{\n  \"a\": 1,\n\n  \"c\": 3\n}\n",
            ),
            ("{\n  \"a\": 1,\n\n  \"b\": 2\n}\n", "remove /b", "{\n  \"a\": 1\n}\n"),
            ("{\n  \"a\": 1,\n\n  \"b\": 2\n}\n", "remove /a", "{\n  \"b\": 2\n}\n"),
            ("[1, 2, 3]", "remove /0", "[2, 3]"),
            ("[1, 2, 3]", "remove /1", "[1, 3]"),
            ("[1, 2, 3]", "remove /2", "[1, 2]"),
            ("[1]", "remove /0", "[]"),
            ("[1, 2]", "add /- 3 ; add /0 0 ; add /2 9", "[0, 1, 9, 2, 3]"),
            ("[\n  1, 2,\n  3\n]", "add /1 9 ; remove /3", "[\n  1, 9, 2\n]"),
            ("[\n  1,\n  2]", "remove /1 ; add /- 4", "[\n  1,\n  4]"),
            (
                "{\"port\": 1.10, \"server\": {}}",
                "move /port /server/port",
                "{\"server\": {\"port\": 1.10}}",
            ),
            (
                "{\n  \"port\": 1e3,\n  \"server\": {\n    \"host\": \"h\"\n  }\n}\n",
                "move /port /server/port",
                "{\n  \"server\": {\n    \"host\": \"h\",\n    \"port\": 1e3\n  }\n}\n",
            ),
            (
                "{\n  \"a\": {\n    \"b\": [\n      1,\n      2\n    ]\n  },\n  \"c\": 1\n}",
                "move /a/b /b",
                "{\n  \"a\": {},\n  \"c\": 1,\n  \"b\": [\n    1,\n    2\n  ]\n}",
            ),
            ("{\"a\": 1, \"b\": 2}", "move /a /z", "{\"z\": 1, \"b\": 2}"),
            ("{\"a\": 1}", "move /a /a", "{\"a\": 1}"),
            ("[1, {\"x\": 2}, 3]", "move /2 /0 ; move /2/x /-", "[3, 1, {}, 2]"),
            (
                "{\"a/b\": 1, \"~\": 2, \"\": 3, \"q\\\"\\u00e4\": 4}",
                "set /a~1b 5 ; remove /~0 ; set / 6 ; move /q\"ä /q\\",
                "{\"a/b\": 5, \"\": 6, \"q\\\\\": 4}",
            ),
            (
                "{\"n\": 1.0, \"m\": 12345678901234567890123}",
                "set /n 1.0 ; set /n 2.5",
                "{\"n\": 2.5, \"m\": 12345678901234567890123}",
            ),
            ("{\"m\": 1e400, \"o\": {}}", "move /m /o/m", "{\"o\": {\"m\": 1e400}}"),
            ("{}", "add /a 1", "{\n  \"a\": 1\n}"),
            (
                "{\n  \"a\": {},\n  \"b\": []\n}\n",
                "add /a/x 1 ; add /b/- \"y\"",
                "{\n  \"a\": {\n    \"x\": 1\n  },\n  \"b\": [\"y\"]\n}\n",
            ),
            (
                "{\n  \"a\": [\n    1\n  ],\n  \"b\": []\n}\n",
                "add /b/- 2",
                "{\n  \"a\": [\n    1\n  ],\n  \"b\": [\n    2\n  ]\n}\n",
            ),
            (
                "{\n  \"a\": {\n    \"x\": 1,\n    \"y\":  \"k\"\n  }\n}\n",
                "set /a {\"y\":\"k\",\"z\":2}",
                "{\n  \"a\": {\n    \"y\":  \"k\",\n    \"z\":  2\n  }\n}\n",
            ),
            ("{\n  \"a\": 1\n}\n", "set /a {\"b\":{}}", "{\n  \"a\": {\n    \"b\": {}\n  }\n}\n"),
            ("1", "set  {\"a\":1}", "{\n  \"a\": 1\n}"),
            ("{ \"a\": 1\n, \"b\": 2\n, \"c\": 3\n}\n", "remove /b ; remove /c", "{ \"a\": 1\n}\n"),
            ("{\"s\": \"\\u0041\\/\"}", "move /s /t", "{\"t\": \"\\u0041\\/\"}"),
        ],
    );
}

#[test]
fn comments_go_with_their_value_and_others_stay() {
    check(
        Format::Jsonc,
        &[
            (
                "{\n  // the port\n  \"a\": 1, // now\n  // b's\n  \"b\": 2\n}\n",
                "remove /a",
                "{\n  // b's\n  \"b\": 2\n}\n",
            ),
            (
                "{\n  // section\n\n  // the port\n  \"a\": 1,\n  \"b\": 2, // last\n}\n",
                "remove /a",
                "{\n  // section\n\n  \"b\": 2, // last\n}\n",
            ),
            (
                "{ // all\n  \"a\": 1, // one\n  \"b\": 2 // two\n  // end\n}\n",
                "remove /b",
                "{ // all\n  \"a\": 1 // one\n  // end\n}\n",
            ),
            (
                "{ // all\n  \"a\": 1 // one\n  // end\n}\n",
                "add /b 2",
                "{ // all\n  \"a\": 1, // one\n  \"b\": 2\n  // end\n}\n",
            ),
            ("{\n  \"a\": 1, // one\n}\n", "add /b 2", "{\n  \"a\": 1, // one\n  \"b\": 2,\n}\n"),
            ("{\n  \"a\": 1,\n  \"b\": 2,\n}\n", "remove /b", "{\n  \"a\": 1,\n}\n"),
            ("[1, 2,]", "add /- 3 ; remove /0", "[2, 3,]"),
            ("[1, /* two */ 2, 3 /* three */]", "remove /1", "[1, 3 /* three */]"),
            ("[1, /* two */ 2, 3 /* three */]", "remove /2 ; add /- 4", "[1, /* two */ 2, 4]"),
            ("[1 /* one */, 2]", "remove /1", "[1 /* one */]"),
            ("[1 // one\n]", "add /- 2", "[1, // one\n  2\n]"),
            (
                "{\n  // the port\n  \"port\": /* odd */ 80, // tcp\n  \"server\": {\n    \"host\": 1\n  }\n}\n",
                "move /port /server/port",
                "{\n  \"server\": {\n    \"host\": 1,\n    // the port\n    \"port\": /* odd */ 80 // tcp\n  }\n}\n",
            ),
            (
                "{\n  // the port\n  \"port\": 80, // tcp\n  \"server\": { \"host\": 1 }\n}\n",
                "move /port /server/port",
                "{\n  \"server\": { \"host\": 1, /* the port */ /* tcp */ \"port\": 80 }\n}\n",
            ),
            (
                "{\n  // the port\n  \"port\": 80, // tcp\n  \"x\": 1\n}\n",
                "move /port /p",
                "{\n  // the port\n  \"p\": 80, // tcp\n  \"x\": 1\n}\n",
            ),
            (
                "{\n  \"a\": {\n    // inner\n    \"b\": {\n      // deep\n      \"c\": 1\n    }\n  }\n}\n",
                "move /a/b /b",
                "{\n  \"a\": {},\n  // inner\n  \"b\": {\n    // deep\n    \"c\": 1\n  }\n}\n",
            ),
            ("{\n  // none yet\n}\n", "add /a 1", "{\n  \"a\": 1\n  // none yet\n}\n"),
            ("{ // none yet\n}\n", "add /a 1", "{ // none yet\n  \"a\": 1\n}\n"),
            ("{ /* none */ }", "add /a 1", "{ /* none */ \"a\": 1 }"),
            (
                "// top\n{\n  /* a\n     block */\n  \"a\": 1\n}\n// end",
                "remove /a",
                "// top\n{}\n// end",
            ),
            (
                "[\n  // one\n  1,\n  // two\n  2\n]\n",
                "add /1 5",
                "[\n  // one\n  1,\n  5,\n  // two\n  2\n]\n",
            ),
            (
                "[\n  // one\n  1,\n  // two\n  2\n]\n",
                "move /1 /0",
                "[\n  // two\n  2,\n  // one\n  1\n]\n",
            ),
            (
                "{\n  \"a\": 1 // one\n  , \"b\": 2 // two\n}\n",
                "set /a 5 ; set /b 6",
                "{\n  \"a\": 5 // one\n  , \"b\": 6 // two\n}\n",
            ),
            (
                "{\"a\": {\"k\": 1 /* k */, \"l\": 2}, \"b\": 1}",
                "set /a {\"k\":1,\"l\":3}",
                "{\"a\": {\"k\": 1 /* k */, \"l\": 3}, \"b\": 1}",
            ),
            (
                "{\r\n  // c\r\n  \"a\": 1, // t\r\n  \"b\": {\r\n  }\r\n}\r\n",
                "move /a /b/a",
                "{\r\n  \"b\": {\r\n    // c\r\n    \"a\": 1 // t\r\n  }\r\n}\r\n",
            ),
            ("{\"a\": \"// no\", \"b\": \"/*\"}", "remove /a", "{\"b\": \"/*\"}"),
        ],
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    check_refused(
        Format::Json,
        &[
            ("{\"a\": 1}", "set /b 1", "nothing stands at \"/b\""),
            ("{\"a\": 1}", "add /a 1", "something stands at \"/a\" already"),
            ("{\"a\": 1}", "remove /b", "nothing stands at \"/b\""),
            ("{\"a\": 1}", "remove ", "the whole document can only be set"),
            ("{\"a\": 1}", "add /b/c 1", "nothing stands at \"/b\""),
            ("{\"a\": 1}", "add /a/c 1", "in neither a map nor a list"),
            ("{\"a\": {}}", "move /a /a/b", "cannot be moved into itself"),
            ("{\"a\": 1, \"b\": 2}", "move /a /b", "something stands at \"/b\" already"),
            ("[1]", "add /01 1", "not a place in the list"),
            ("[1]", "add /2 1", "not a place in the list"),
            ("[1]", "remove /-", "nothing stands"),
            ("{\"m\": 12345678901234567890123}", "remove /m", "more digits than can be kept"),
            ("{\"m\": 1e400}", "set /m 1", "more digits than can be kept"),
            (
                "{\"m\": [12345678901234567890123]}",
                "add /n 12345678901234567890123",
                "more digits than can be kept",
            ),
            ("{\"a\": 1, \"a\": 2}", "remove /a", "comes twice"),
            ("{\"a\": 1} // c", "remove /a", ""),
        ],
    );
    for levels in [129, 100_000] {
        let deep = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(edit(Format::Json, &deep, &[]).is_err());
        assert!(edit(Format::Toml, &format!("a = {deep}"), &[]).is_err());
    }
    let long = format!("\"{}\"", "x".repeat(LONGEST));
    assert!(edit(Format::Json, &long, &[]).is_err());
    let mut value = serde_json::json!(1);
    for _ in 0..500 {
        value = serde_json::json!([value]);
    }
    let too_deep = super::super::Edit::Add { at: crate::model::Pointer(vec!["a".into()]), value };
    assert!(edit(Format::Json, "{}", &[too_deep]).is_err());
}

#[test]
fn hundreds_of_edits_of_a_long_file_are_quick() {
    let entries: Vec<String> =
        (0..2000).map(|i| format!("  \"key{i}\": \"some value {i}\"")).collect();
    let text = format!("{{\n{}\n}}\n", entries.join(",\n"));
    let steps: Vec<String> = (0..40).map(|i| format!("remove /key{}", i * 7)).collect();
    let after = edit(Format::Json, &text, &edits(&steps.join(" ; "))).unwrap();
    assert_eq!(after.lines().count(), 2002 - 40);
}
