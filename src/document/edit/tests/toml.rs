use super::{check, check_refused};
use crate::document::Format;

#[test]
fn lines_and_brackets_keep_what_an_edit_does_not_touch() {
    check(
        Format::Toml,
        &[
            ("a = 1 # one\nb = 'x'\n", "set /a 2 ; set /b \"y\"", "a = 2 # one\nb = 'y'\n"),
            ("a = \"x\"\n", "set /a \"it's\\n\"", "a = \"it's\\n\"\n"),
            ("d = 1979-05-27\n", "set /d \"1980-01-01\"", "d = 1980-01-01\n"),
            ("d = 1979-05-27\n", "set /d \"never\"", "d = \"never\"\n"),
            ("a=1\n", "add /b 2.0", "a=1\nb=2.0\n"),
            ("a = 1", "add /b \"x\"", "a = 1\nb = \"x\""),
            ("a = 1\r\nb = 2\r\n", "add /c true ; remove /a", "b = 2\r\nc = true\r\n"),
            ("\u{feff}a = 1\n", "set /a 2", "\u{feff}a = 2\n"),
            ("", "add /a 1", "a = 1\n"),
            ("# only words\n", "add /a 1", "# only words\n\na = 1\n"),
            ("# a's\na = 1 # one\n\n# b's\nb = 2\n", "remove /a", "# b's\nb = 2\n"),
            ("# head\n\n# a's\na = 1\n\nb = 2\n", "remove /a", "# head\n\nb = 2\n"),
            ("a = 1\nb = 2", "remove /b", "a = 1"),
            ("a = [1, 2, 3]\n", "add /a/- 4 ; remove /a/0 ; set /a/0 9", "a = [9, 3, 4]\n"),
            (
                "a = [\n  1, # one\n  2, # two\n]\n",
                "add /a/- 3 ; remove /a/0",
                "a = [\n  2, # two\n  3,\n]\n",
            ),
            (
                "a = [\n  1, # one\n  2 # two\n]\n",
                "add /a/- 3",
                "a = [\n  1, # one\n  2, # two\n  3\n]\n",
            ),
            ("a = { b = 1, c = 2 }\n", "remove /a/b ; add /a/d [1]", "a = { c = 2, d = [1] }\n"),
            ("a = { b = 1 }\n", "remove /a/b ; add /a/c 1", "a = { c = 1 }\n"),
            ("a = {}\n", "add /a/b {\"c\":1}", "a = { b = { c = 1 } }\n"),
            (
                "port = 1_0\n[server]\nhost = 'h'\n",
                "move /port /server/port",
                "[server]\nhost = 'h'\nport = 1_0\n",
            ),
            (
                "# the port\nport = 0x1F # tcp\n\n[server]\nhost = 'h'\n",
                "move /port /server/port",
                "[server]\nhost = 'h'\n# the port\nport = 0x1F # tcp\n",
            ),
            (
                "at = 1979-05-27T07:32:00Z\n[s]\n",
                "move /at /s/at",
                "[s]\nat = 1979-05-27T07:32:00Z\n",
            ),
            (
                "# p\nport = 1\ns = { h = 1 }\n",
                "move /port /s/port",
                "# p\ns = { h = 1, port = 1 }\n",
            ),
            ("a = 1\nb = 2\n", "move /a /z", "z = 1\nb = 2\n"),
            (
                "\"a/b\" = 1\n'q\"' = 2\n\"\" = 3\n",
                "set /a~1b 4 ; move /q\" /ä ; remove /",
                "\"a/b\" = 4\n\"ä\" = 2\n",
            ),
            ("s = \"\"\"\n# no\n\"\"\"\nb = 1\n", "remove /b", "s = \"\"\"\n# no\n\"\"\"\n"),
            ("s = '''\n# x '''\nb = 1\n", "remove /b", "s = '''\n# x '''\n"),
            (
                "[a]\ns = \"\"\"\n  x\n\"\"\"\n[b]\n  c = 1\n",
                "move /a/s /b/s",
                "[a]\n[b]\n  c = 1\n  s = \"\"\"\n  x\n\"\"\"\n",
            ),
        ],
    );
}

#[test]
fn tables_keep_what_an_edit_does_not_touch() {
    check(
        Format::Toml,
        &[
            (
                "[a]\nx = 1\n\n[b]\ny = 2\n",
                "add /a/z 3 ; add /b/z 4",
                "[a]\nx = 1\nz = 3\n\n[b]\ny = 2\nz = 4\n",
            ),
            ("[a]\nx = 1\n# x2 = 1\n\n[b]\n", "add /a/z 3", "[a]\nx = 1\nz = 3\n# x2 = 1\n\n[b]\n"),
            ("# a's\n[a] # here\nx = 1\n\n# b's\n[b]\ny = 2\n", "remove /a", "# b's\n[b]\ny = 2\n"),
            ("[a]\nx = 1\n\n[b]\ny = 2\n\n[c]\n", "remove /b", "[a]\nx = 1\n\n[c]\n"),
            ("[a]\nx = 1\n\n# ---\n\n[b]\ny = 2\n", "remove /a", "# ---\n\n[b]\ny = 2\n"),
            ("[a]\nx = 1\n\n[b]\ny = 2", "remove /b", "[a]\nx = 1"),
            ("[a.b]\nx = 1\n", "remove /a/b", "[a]\n"),
            ("[a.b]\nx = 1\n", "add /a/k 1", "[a]\nk = 1\n\n[a.b]\nx = 1\n"),
            ("a.b = 1\na.c = 2\n", "remove /a/b ; add /a/d 3", "a.c = 2\na.d = 3\n"),
            ("a.b = 1\nz = 1\n", "remove /a/b", "a = {}\nz = 1\n"),
            ("a.b = 1\nz = 1\n", "move /a/b /b", "a = {}\nz = 1\nb = 1\n"),
            ("a.b = 1\na.c = 2\nz = 1\n", "move /a /q", "q.b = 1\nq.c = 2\nz = 1\n"),
            ("a.b = 1\na.c = 2\nz = 1\n", "remove /a", "z = 1\n"),
            (
                "x = 1\n",
                "add /s {\"h\":1,\"t\":{\"u\":[]}}",
                "x = 1\n\n[s]\nh = 1\n\n[s.t]\nu = []\n",
            ),
            ("x = { y = 1 }\n", "add /s {\"h\":1}", "x = { y = 1 }\ns = { h = 1 }\n"),
            ("[a]\nx = 1\n\n[b]\n", "add /a/s {\"h\":1}", "[a]\nx = 1\n\n[a.s]\nh = 1\n\n[b]\n"),
            (
                "[a]\nx = 1\n[b]\ny = 1\n",
                "add /a/s {\"h\":1}",
                "[a]\nx = 1\n[a.s]\nh = 1\n[b]\ny = 1\n",
            ),
            ("[a]\nx = 1\n[a.t]\ny = 1\n", "move /a /z", "[z]\nx = 1\n[z.t]\ny = 1\n"),
            (
                "[[p]]\nn = 1\n\n[[p]]\nn = 2\n",
                "add /p/- {\"n\":3} ; add /p/0 {\"n\":0}",
                "[[p]]\nn = 0\n\n[[p]]\nn = 1\n\n[[p]]\nn = 2\n\n[[p]]\nn = 3\n",
            ),
            ("[[p]]\nn = 1\n\n[p.q]\nm = 1\n\n[[p]]\nn = 2\n", "remove /p/0", "[[p]]\nn = 2\n"),
            (
                "[[p]]\nn = 1\n\n[[p]]\nn = 2\n",
                "add /p/0/q {\"m\":1}",
                "[[p]]\nn = 1\n\n[p.q]\nm = 1\n\n[[p]]\nn = 2\n",
            ),
            ("x = 1\n\n[[p]]\nn = 1\n", "remove /p/0", "x = 1\np = []\n"),
            (
                "[[p]]\nn = 1\n[[p]]\nn = 2\n",
                "move /p /q ; set /q/1/n 5",
                "[[q]]\nn = 1\n[[q]]\nn = 5\n",
            ),
            (
                "[[p]]\nn = 1 # one\n\n[[p]]\nn = 2\n",
                "move /p/0 /first",
                "[[p]]\nn = 2\n\n[first]\nn = 1 # one\n",
            ),
            (
                "# t's\n[t]\nn = 0x1 # one\n\n[t.u]\nm = 1\n\n[s]\nx = 1\n",
                "move /t /s/t",
                "[s]\nx = 1\n\n# t's\n[s.t]\nn = 0x1 # one\n\n[s.t.u]\nm = 1\n",
            ),
            (
                "[t]\nn = 1\nl = [1]\n\n[u]\ni = {}\n",
                "move /t /u/i/t",
                "[u]\ni = { t = { n = 1, l = [1] } }\n",
            ),
            (
                "t = { n = 1, l = [1] }\n\n[[p]]\nn = 0\n",
                "move /t /p/-",
                "[[p]]\nn = 0\n\n[[p]]\nn = 1\nl = [1]\n",
            ),
            ("[a]\nx = 1\ny = 1.10\n", "set /a {\"y\":1.1,\"z\":2}", "[a]\ny = 1.10\nz = 2\n"),
            ("[a]\nx = 1\n\n[b]\n", "set /a 5", "a = 5\n\n[b]\n"),
            ("[a]\n  x = 1\n", "add /a/y 2", "[a]\n  x = 1\n  y = 2\n"),
            ("x = 1\n", "add /l [{\"a\":1},{\"a\":2}]", "x = 1\n\n[[l]]\na = 1\n\n[[l]]\na = 2\n"),
            ("[a]\r\nx = 1\r\n", "add /b {\"c\":1}", "[a]\r\nx = 1\r\n\r\n[b]\r\nc = 1\r\n"),
        ],
    );
}

#[test]
fn what_toml_cannot_hold_is_refused() {
    check_refused(
        Format::Toml,
        &[
            ("a = 1\n", "set /a null", "TOML has no null"),
            ("a = 1\n", "add /b {\"c\":[null]}", "TOML has no null"),
            ("a = 1\n", "set /a 18446744073709551615", "larger than TOML's integers"),
            ("a = 1\n", "set  [1]", "a TOML file holds a map"),
            ("[[p]]\nn = 1\n", "add /p/- 5", "takes only maps"),
            ("x = 3.141592653589793238\n", "remove /x", "more digits"),
            ("a = 1\na = 2\n", "set /a 1", ""),
            ("# c\n[t]\nx = 1 # d\n\n[u]\ni = {}\n", "move /t /u/i/t", "has comments"),
        ],
    );
}
