//! A reader's place in the tokens of one statement.

use squawk_lexer::{LiteralKind, TokenKind};

use super::super::Lexeme;
use crate::model::EngineKind;

/// Tokens of one statement without comments and white space, and the place in them.
pub(super) struct Cursor<'a> {
    lexemes: Vec<Lexeme<'a>>,
    at: usize,
    engine: EngineKind,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(lexemes: Vec<Lexeme<'a>>, engine: EngineKind) -> Self {
        Self { lexemes, at: 0, engine }
    }

    pub(super) fn engine(&self) -> EngineKind {
        self.engine
    }

    fn kind(&self) -> Option<TokenKind> {
        self.lexemes.get(self.at).map(|lexeme| lexeme.kind)
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.kind(), None | Some(TokenKind::Eof | TokenKind::Semi))
    }

    /// Goes one token on.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// Takes one of these words, where it is next.
    pub(super) fn take(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let lexeme = self.lexemes.get(self.at)?;
        if lexeme.kind != TokenKind::Ident {
            return None;
        }
        let word = words.iter().find(|word| lexeme.text.eq_ignore_ascii_case(word))?;
        self.at += 1;
        Some(word)
    }

    /// Takes these words in a row, or nothing.
    pub(super) fn take_all(&mut self, words: &[&'static str]) -> bool {
        let start = self.at;
        let taken = words.iter().all(|word| self.take(&[word]).is_some());
        if !taken {
            self.at = start;
        }
        taken
    }

    /// Takes any of these words as often as they come; says whether there was one.
    pub(super) fn take_any(&mut self, words: &[&'static str]) -> bool {
        let start = self.at;
        while self.take(words).is_some() {}
        self.at > start
    }

    /// Takes a mark such as a comma.
    pub(super) fn take_mark(&mut self, mark: TokenKind) -> bool {
        let found = self.kind() == Some(mark);
        self.at += usize::from(found);
        found
    }

    /// Goes on to just behind these words outside of parentheses; stays where they do not come.
    pub(super) fn find(&mut self, words: &[&'static str]) -> bool {
        let start = self.at;
        while !self.is_done() {
            if self.take_all(words) {
                return true;
            }
            self.skip_nested();
        }
        self.at = start;
        false
    }

    /// Goes on to just behind these words before the next comma; stays before the comma where they
    /// do not come.
    pub(super) fn find_in_item(&mut self, words: &[&'static str]) -> bool {
        while !self.is_done() && self.kind() != Some(TokenKind::Comma) {
            if self.take_all(words) {
                return true;
            }
            self.skip_nested();
        }
        false
    }

    /// Goes on to just behind these words wherever they stand; stays where they do not come.
    pub(super) fn find_anywhere(&mut self, words: &[&'static str]) -> bool {
        let start = self.at;
        while self.at < self.lexemes.len() {
            if self.take_all(words) {
                return true;
            }
            self.skip();
        }
        self.at = start;
        false
    }

    /// Goes on to just behind the next comma outside of parentheses; says whether there is one.
    pub(super) fn next_item(&mut self) -> bool {
        while !self.is_done() {
            if self.take_mark(TokenKind::Comma) {
                return true;
            }
            if self.kind() == Some(TokenKind::CloseParen) {
                return false;
            }
            self.skip_nested();
        }
        false
    }

    /// Goes one token on, or behind a whole pair of parentheses.
    pub(super) fn skip_nested(&mut self) {
        let mut depth = 0usize;
        loop {
            match self.kind() {
                Some(TokenKind::OpenParen) => depth += 1,
                Some(TokenKind::CloseParen) => depth = depth.saturating_sub(1),
                None => return,
                Some(_) => {}
            }
            self.skip();
            if depth == 0 {
                return;
            }
        }
    }

    /// Whether a parenthesis opens here.
    pub(super) fn opens(&self) -> bool {
        self.kind() == Some(TokenKind::OpenParen)
    }

    /// A name with its schema, as the engine knows it.
    pub(super) fn name(&mut self) -> Option<String> {
        let mut name = self.identifier()?;
        let mut schema = None;
        while self.take_mark(TokenKind::Dot) {
            schema = Some(std::mem::replace(&mut name, self.identifier()?));
        }
        Some(match schema.as_deref() {
            None | Some("public" | "main") => name,
            Some(schema) => format!("{schema}.{name}"),
        })
    }

    /// One identifier, quoted or not.
    pub(super) fn identifier(&mut self) -> Option<String> {
        let lexeme = self.lexemes.get(self.at)?;
        let (text, quoted) = match lexeme.kind {
            TokenKind::Ident => (lexeme.text.to_owned(), false),
            TokenKind::QuotedIdent { .. } => (unquote(lexeme.text, '"'), true),
            // SQLite takes a string for a name.
            TokenKind::Literal { kind: LiteralKind::Str { .. } }
                if self.engine == EngineKind::Sqlite =>
            {
                (unquote(lexeme.text, '\''), true)
            }
            TokenKind::Backtick => (self.between(TokenKind::Backtick)?, true),
            TokenKind::OpenBracket => (self.between(TokenKind::CloseBracket)?, true),
            _ => return None,
        };
        self.skip();
        // SQLite's names are alike in any case, PostgreSQL's unless they are quoted.
        let folds = self.engine == EngineKind::Sqlite || !quoted;
        Some(if folds { text.to_lowercase() } else { text })
    }

    /// What stands between the mark here and the next `end`, which is then the place.
    fn between(&mut self, end: TokenKind) -> Option<String> {
        let start = self.at + 1;
        let length = self.lexemes.get(start..)?.iter().position(|lexeme| lexeme.kind == end)?;
        self.at = start + length;
        let words: Vec<&str> =
            self.lexemes[start..start + length].iter().map(|lexeme| lexeme.text).collect();
        Some(words.join(" "))
    }

    /// A string, with its quotes.
    pub(super) fn string(&mut self) -> Option<String> {
        let lexeme = self.lexemes.get(self.at)?;
        let is_string = matches!(lexeme.kind, TokenKind::Literal { .. });
        let text = is_string.then(|| lexeme.text.to_owned())?;
        self.skip();
        Some(text)
    }
}

fn unquote(text: &str, mark: char) -> String {
    let inside = text.strip_prefix(mark).unwrap_or(text);
    let inside = inside.strip_suffix(mark).unwrap_or(inside);
    inside.replace(&format!("{mark}{mark}"), &mark.to_string())
}
