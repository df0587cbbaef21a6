//! Cuts a source into words and signs, without its comments and strings.

/// The words of a source without comments and strings.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    tokens(code).filter(|(_, token)| token.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// Words and single signs, each with its place.
pub fn tokens(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &code[at..];
        let start = at + rest.find(|c: char| !c.is_whitespace())?;
        let rest = &code[start..];
        let first = rest.chars().next()?;
        let length =
            if is_word(first) { rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        at = start + length;
        Some((start, &code[start..at]))
    })
}

pub fn line(code: &str, at: usize) -> usize {
    code.as_bytes()[..at.min(code.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The source with comments, strings and character literals blanked, lines kept.
pub fn blanked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let length = match literal(rest, after_word) {
            Some(length) => {
                code.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
                length
            }
            None => {
                code.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    code
}

/// The length of the comment, string or character that the text starts with.
fn literal(text: &str, after_word: bool) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(block_comment(text));
    }
    if text.starts_with('"') {
        return Some(quoted(text, '"'));
    }
    if !after_word {
        for prefix in ["br", "r"] {
            if let Some(raw) = text.strip_prefix(prefix) {
                let hashes = raw.len() - raw.trim_start_matches('#').len();
                if raw[hashes..].starts_with('"') {
                    let close = format!("\"{}", "#".repeat(hashes));
                    let body = prefix.len() + hashes + 1;
                    return Some(text[body..].find(&close).map_or(text.len(), |end| body + end + close.len()));
                }
            }
        }
    }
    let quote = text.strip_prefix('\'')?;
    let mut characters = quote.chars();
    let is_character = characters.next() == Some('\\') || characters.next() == Some('\'');
    is_character.then(|| quoted(text, '\''))
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == quote {
            return at + 1;
        }
    }
    text.len()
}
