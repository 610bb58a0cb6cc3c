use serde_json::{Value, json};

use super::{STRICT, WHOLE, parse, read};
use crate::document::Node;

fn value(text: &str) -> Value {
    read(text, WHOLE).unwrap_or_else(|error| panic!("{error:?}\n{text}")).to_json()
}

#[test]
fn scalars_follow_the_core_schema() {
    for (written, expected) in [
        ("", json!(null)),
        ("~", json!(null)),
        ("Null", json!(null)),
        ("yes", json!("yes")),
        ("on", json!("on")),
        ("True", json!(true)),
        ("tRue", json!("tRue")),
        ("012", json!(12)),
        ("0o14", json!(12)),
        ("0xC", json!(12)),
        ("0b1", json!("0b1")),
        ("+12", json!(12)),
        ("1_000", json!("1_000")),
        ("18446744073709551615", json!(u64::MAX)),
        ("-1.5e3", json!(-1500.0)),
        (".5", json!(0.5)),
        ("1.", json!(1.0)),
        ("1.2.3", json!("1.2.3")),
        ("12:30", json!("12:30")),
        ("2020-01-01", json!("2020-01-01")),
        ("'1'", json!("1")),
        ("\"\\u00e9\\n\"", json!("é\n")),
        ("inf", json!("inf")),
        ("\".inf\"", json!(".inf")),
        ("!!str 1", json!("1")),
        ("! 1", json!("1")),
        ("!!str", json!("")),
        ("!!int \"7\"", json!(7)),
        ("!!float 7", json!(7)),
        ("!!bool 'true'", json!(true)),
        ("!!null ''", json!(null)),
        ("!!seq [1]", json!([1])),
        ("!!map {a: 1}", json!({ "a": 1 })),
        ("!<tag:yaml.org,2002:str> 1", json!("1")),
    ] {
        assert_eq!(value(&format!("a: {written}\n")), json!({ "a": expected }), "{written}");
    }
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    for (text, place, message) in [
        ("a: .inf\n", "3", "JSON has no number \".inf\""),
        ("a: -.INF\n", "3", "JSON has no number \"-.INF\""),
        ("a: .nan\n", "3", "JSON has no number \".nan\""),
        ("a: 1e999\n", "3", "this number is too large"),
        ("a: 0xFFFFFFFFFFFFFFFFF\n", "3", "this number is too large"),
        ("a: !Ref b\n", "8", "what the tag \"!Ref\" means, only its application knows"),
        ("a: !secret {b: 1}\n", "11", "what the tag \"!secret\" means"),
        ("!x a: 1\n", "3", "what the tag \"!x\" means"),
        ("a: !!binary aGk=\n", "12", "what the tag \"!!binary\" means"),
        ("a: !!int x\n", "9", "this is not what its tag \"!!int\" says"),
        ("a: !!int 1.5\n", "9", "this is not what its tag \"!!int\" says"),
        ("a: !!map [1]\n", "9", "this is not what its tag \"!!map\" says"),
        ("a: !!seq x\n", "9", "this is not what its tag \"!!seq\" says"),
        ("a: *b\n", "3", "there is no anchor of this name before the alias"),
        ("a: &b [*b]\n", "7", "this alias stands in its own value"),
        ("a: &b {c: {<<: *b}}\n", "15", "this alias stands in its own value"),
        ("<<: 1\n", "4", "\"<<\" takes over maps, and this is none"),
        ("a: &a {}\nb:\n  <<: *a\n  <<: *a\n", "23", "the key \"<<\" comes twice"),
        ("1: a\n'1': b\n", "5", "the key \"1\" comes twice"),
        ("[a]: 1\n", "0", "only text can be a key here"),
        ("? {a: 1}\n: 1\n", "2", "only text can be a key here"),
        ("a: 1\n---\nb: 2\n", "5", "a second document begins"),
        ("# nothing\n", "0", "the file is empty"),
    ] {
        let error = read(text, WHOLE).unwrap_err();
        assert_eq!(error.span.start.to_string(), place, "{text:?} {error:?}");
        assert!(error.message.starts_with(message), "{text:?} {error:?}");
    }
}

#[test]
fn aliases_and_merged_maps_are_read_where_they_stand() {
    let text = "\
x: &x {a: 1, b: [2]}
y: &y {b: 3, c: 4}
one: *x
two:
  <<: *x
  a: 0
three: {<<: [*y, *x], d: &n 5}
four: {<<: {e: 6}}
five: [*n, *n]
&k six: *k
*k : {'<<': 1}
";
    let error = read(text, WHOLE).unwrap_err();
    assert_eq!(error.message, "the key \"six\" comes twice");
    let text = text.replace("&k six: *k", "seven: &k six");
    let node = read(&text, WHOLE).unwrap();
    assert_eq!(
        node.to_json(),
        json!({
            "x": { "a": 1, "b": [2] }, "y": { "b": 3, "c": 4 }, "one": { "a": 1, "b": [2] },
            "two": { "a": 0, "b": [2] }, "three": { "d": 5, "b": 3, "c": 4, "a": 1 },
            "four": { "e": 6 }, "five": [5, 5], "seven": "six", "six": { "<<": 1 },
        })
    );
    let slice = |node: &Node| text[node.span.start..node.span.end].to_owned();
    assert_eq!(slice(node.at("/one")), "*x");
    assert_eq!(slice(node.at("/one/b/0")), "*x");
    assert_eq!(slice(node.at("/two/b")), "*x");
    assert_eq!(slice(node.at("/three/c")), "*y");
    assert_eq!(slice(node.at("/five/1")), "*n");
}

#[test]
fn keys_are_text_as_it_is_written() {
    let text = "8080: a\ntrue: b\n~: c\n0x1F: d\n1.50: e\n!!str 2: f\n? g\n: h\n: i\n";
    let expected = json!({
        "8080": "a", "true": "b", "~": "c", "0x1F": "d", "1.50": "e", "2": "f", "g": "h", "": "i",
    });
    assert_eq!(value(text), expected);
    for text in ["1: a\n", "true: a\n", "a: &x 1\n", "a: !!str 1\n"] {
        assert!(read(text, STRICT).is_err(), "{text}");
    }
}

#[test]
fn places_are_those_of_the_text() {
    let text = "\u{feff}a: |2-  # c\n   one\n\n  two\n\nb: >\n  x\nc: |+\n  y\n\n\nd:\n- 'é'\n- [1, {e: f}]\n\
                -   g: \"h\n      i\"\n    j: k l  # m\nn:\no: |\np: &q\n  r: 1\n";
    let node = read(text, WHOLE).unwrap();
    for (pointer, expected) in [
        ("/a", "|2-  # c\n   one\n\n  two"),
        ("/b", ">\n  x"),
        ("/c", "|+\n  y\n\n"),
        ("/d", "- 'é'\n- [1, {e: f}]\n-   g: \"h\n      i\"\n    j: k l"),
        ("/d/0", "'é'"),
        ("/d/1", "[1, {e: f}]"),
        ("/d/1/1", "{e: f}"),
        ("/d/2", "g: \"h\n      i\"\n    j: k l"),
        ("/d/2/j", "k l"),
        ("/n", ""),
        ("/o", "|"),
        ("/p", "r: 1"),
    ] {
        let span = node.at(pointer).span;
        assert_eq!(&text[span.start..span.end], expected, "{pointer}");
    }
    assert_eq!(node.at("/a").text().unwrap().value, " one\n\ntwo");
    let crlf = text.replace('\n', "\r\n");
    let node = read(&crlf, WHOLE).unwrap();
    for (pointer, expected) in
        [("/a", "|2-  # c\r\n   one\r\n\r\n  two"), ("/c", "|+\r\n  y\r\n\r\n")]
    {
        let span = node.at(pointer).span;
        assert_eq!(&crlf[span.start..span.end], expected, "{pointer}");
    }
    assert_eq!(node.at("/c").text().unwrap().value, "y\n\n\n");
}

#[test]
fn aliases_of_aliases_are_bounded() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb += &format!("a{n}: &a{n} [{items}]\n");
    }
    assert!(read(&bomb, WHOLE).unwrap_err().message.contains("more than 100000 values"));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(50_000));
    assert!(read(&long, WHOLE).unwrap_err().message.contains("more than 100000 values"));
    let deep: String = (1..300).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1)).collect();
    let deep = format!("a0: &a0 1\n{deep}");
    assert!(read(&deep, WHOLE).unwrap_err().message.contains("nested too deeply"));
}

#[test]
fn hostile_texts_are_answered() {
    let deep = 50_000;
    for text in [
        "[".repeat(deep),
        "- ".repeat(deep),
        "? ".repeat(deep),
        "{a: ".repeat(deep),
        "&a ".repeat(deep),
        "!a ".repeat(deep),
        "\u{feff}".repeat(deep),
        "---\n".repeat(deep),
        "%YAML 1.2\n".repeat(100),
        format!("a: |{}", "9".repeat(deep)),
        format!("a: |\n{}", " ".repeat(deep)),
        "\t- a: b\n\t\tc: d".to_owned(),
        "a: b: c".to_owned(),
        "a: 'x".to_owned(),
        "\0".to_owned(),
        "- |\n- >\n- |+".to_owned(),
        "a: !<".to_owned(),
        "&".to_owned(),
        "!".to_owned(),
        "? ? : : - -".to_owned(),
        "[a, , b]".to_owned(),
        "[a: b: c]".to_owned(),
        "{a, b: , : c, ? d}".to_owned(),
    ] {
        let _ = read(&text, WHOLE);
        let _ = parse(&text);
    }
}
