//! Who imports whom, read from the sources.
//!
//! The tokens come from `proc_macro2`, so neither comments nor strings are taken for code, and
//! the modules are walked as the compiler walks them, so `super` and `#[path]` mean what they say.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One use of another room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: String,
    /// The room, or the name that stands where a room should; empty for the root itself.
    pub(super) to: String,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) test: bool,
}

/// Text of a file by its path below `src`.
pub(super) type Sources = BTreeMap<String, String>;

/// Every import across rooms, and the files that no module reaches.
pub(super) fn read(sources: &Sources) -> (Vec<Import>, Vec<String>) {
    let mut reader = Reader { sources, seen: BTreeSet::new(), imports: BTreeSet::new() };
    for root in ["lib.rs", "main.rs"] {
        if sources.contains_key(root) {
            let room = root.trim_end_matches(".rs").to_owned();
            reader.file(root, &Scope { room, module: Vec::new(), test: false });
        }
    }
    let unreached = sources.keys().filter(|file| !reader.seen.contains(*file)).cloned().collect();
    (reader.imports.into_iter().collect(), unreached)
}

#[derive(Clone)]
struct Scope {
    room: String,
    /// The module's path below the root.
    module: Vec<String>,
    test: bool,
}

impl Scope {
    fn child(&self, name: &str) -> Self {
        let mut child = self.clone();
        if child.module.is_empty() {
            name.clone_into(&mut child.room);
        }
        child.module.push(name.to_owned());
        child
    }
}

struct Reader<'a> {
    sources: &'a Sources,
    seen: BTreeSet<String>,
    imports: BTreeSet<Import>,
}

impl Reader<'_> {
    fn file(&mut self, file: &str, scope: &Scope) {
        self.seen.insert(file.to_owned());
        let tokens: TokenStream = self.sources[file]
            .parse()
            .unwrap_or_else(|error| panic!("src/{file} is not Rust: {error}"));
        self.scan(&tokens.into_iter().collect::<Vec<_>>(), scope, file);
    }

    fn scan(&mut self, tokens: &[TokenTree], scope: &Scope, file: &str) {
        let mut scope = scope.clone();
        let mut at = 0;
        let mut path_attribute = None;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    let inner = is_punct(tokens.get(at + 1), '!');
                    let body = at + 1 + usize::from(inner);
                    let Some(attribute) = group(tokens.get(body), Delimiter::Bracket) else {
                        at += 1;
                        continue;
                    };
                    at = body + 1;
                    path_attribute = path_value(&attribute).or(path_attribute);
                    if is_test(&attribute) && inner {
                        scope.test = true;
                    } else if is_test(&attribute) && !scope.test {
                        let end = item_end(tokens, at);
                        let test = Scope { test: true, ..scope.clone() };
                        self.item(&tokens[at..end], &test, file, path_attribute.take());
                        at = end;
                    }
                }
                TokenTree::Ident(_) => {
                    let rest = &tokens[at..];
                    at += self.word(rest, &scope, file, &mut path_attribute);
                }
                TokenTree::Group(group) => {
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.scan(&inside, &scope, file);
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// An item below `#[cfg(test)]`, which may have its `#[path]` before that.
    fn item(&mut self, tokens: &[TokenTree], scope: &Scope, file: &str, path: Option<String>) {
        match tokens {
            [TokenTree::Ident(word), ..] if word == "mod" => {
                let mut path = path;
                self.word(tokens, scope, file, &mut path);
            }
            _ => self.scan(tokens, scope, file),
        }
    }

    /// Reads what begins with an identifier; returns how many tokens it took.
    fn word(
        &mut self,
        tokens: &[TokenTree],
        scope: &Scope,
        file: &str,
        path: &mut Option<String>,
    ) -> usize {
        let word = ident(tokens.first()).unwrap_or_default();
        match (word.as_str(), tokens.get(1)) {
            ("mod", Some(TokenTree::Ident(name))) => {
                let child = scope.child(&name.to_string());
                if let Some(body) = group(tokens.get(2), Delimiter::Brace) {
                    self.scan(&body, &child, file);
                } else if is_punct(tokens.get(2), ';') {
                    let found = self.module_file(file, &child, path.take().as_deref());
                    if let Some(found) = found {
                        self.file(&found, &child);
                    }
                }
                3
            }
            // `impl Trait + use<'a>` imports nothing.
            ("use", Some(next)) if !is_punct(Some(next), '<') => {
                1 + self.tree(&tokens[1..], &[], scope, file)
            }
            ("crate" | "super" | "self" | "migration_gate", _) if is_path(&tokens[1..]) => {
                self.tree(tokens, &[], scope, file)
            }
            _ => 1,
        }
    }

    fn module_file(&self, file: &str, child: &Scope, path: Option<&str>) -> Option<String> {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let below = child.module.join("/");
        let names = match path {
            Some(path) => vec![format!("{folder}/{path}").trim_start_matches('/').to_owned()],
            None => vec![format!("{below}.rs"), format!("{below}/mod.rs")],
        };
        names.into_iter().find(|name| self.sources.contains_key(name))
    }

    /// A path, or a tree of them in braces; returns how many tokens it took.
    fn tree(
        &mut self,
        tokens: &[TokenTree],
        prefix: &[String],
        scope: &Scope,
        file: &str,
    ) -> usize {
        let mut path = prefix.to_vec();
        let mut at = if prefix.is_empty() && is_path(tokens) { 2 } else { 0 };
        let line = tokens.get(at).map_or(0, |token| token.span().start().line);
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(word)) => path.push(bare(&word.to_string())),
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => path.push("*".into()),
                other => {
                    if let Some(branches) = group(other, Delimiter::Brace) {
                        let commas = |token: &TokenTree| is_punct(Some(token), ',');
                        for branch in branches.split(commas).filter(|branch| !branch.is_empty()) {
                            self.tree(branch, &path, scope, file);
                        }
                        at += 1;
                    }
                    return at.max(1);
                }
            }
            at += 1;
            if !is_path(&tokens[at..]) {
                break;
            }
            at += 2;
        }
        self.note(&path, line, scope, file);
        at
    }

    fn note(&mut self, path: &[String], line: usize, scope: &Scope, file: &str) {
        let Some(absolute) = resolve(path, &scope.module) else { return };
        let to = absolute.first().filter(|name| *name != "*").cloned().unwrap_or_default();
        // In the binary's own file `crate` is that file.
        let own = scope.room == "main" && path[0] != "migration_gate";
        if to != scope.room && !own {
            let Scope { room, test, .. } = scope;
            let (from, file) = (room.clone(), format!("src/{file}"));
            self.imports.insert(Import { from, to, file, line, test: *test });
        }
    }
}

/// The path from the root of the crate; `None` for one that leads to another crate or to
/// something already imported.
fn resolve(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let mut here = match path.first()?.as_str() {
        "crate" | "migration_gate" => Vec::new(),
        "self" => module.to_vec(),
        "super" => module.split_last()?.1.to_vec(),
        _ => return None,
    };
    for part in &path[1..] {
        match part.as_str() {
            "super" => drop(here.pop()),
            "self" => {}
            name => here.push(name.to_owned()),
        }
    }
    Some(here)
}

/// Where the item ends that begins at `at`: after its body, or after its semicolon.
fn item_end(tokens: &[TokenTree], at: usize) -> usize {
    let is_use = tokens[at..]
        .iter()
        .find_map(|token| ident(Some(token)).filter(|word| word != "pub"))
        .is_some_and(|word| word == "use");
    let ends = |token: &TokenTree| {
        is_punct(Some(token), ';') || (!is_use && group(Some(token), Delimiter::Brace).is_some())
    };
    tokens[at..].iter().position(ends).map_or(tokens.len(), |end| at + end + 1)
}

/// `cfg(test)`, also inside `all` and `any`.
fn is_test(attribute: &[TokenTree]) -> bool {
    let words = attribute.iter().map(ToString::to_string).collect::<String>();
    words.starts_with("cfg") && words.contains("test") && !words.contains("not")
}

/// The value of `#[path = "…"]`.
fn path_value(attribute: &[TokenTree]) -> Option<String> {
    match attribute {
        [TokenTree::Ident(name), _, TokenTree::Literal(value)] if name == "path" => {
            Some(value.to_string().trim_matches('"').to_owned())
        }
        _ => None,
    }
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(word)) => Some(word.to_string()),
        _ => None,
    }
}

fn bare(word: &str) -> String {
    word.strip_prefix("r#").unwrap_or(word).to_owned()
}

fn is_punct(token: Option<&TokenTree>, c: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == c)
}

/// Whether `::` comes first.
fn is_path(tokens: &[TokenTree]) -> bool {
    is_punct(tokens.first(), ':') && is_punct(tokens.get(1), ':')
}

fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<Vec<TokenTree>> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}
