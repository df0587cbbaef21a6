//! How Postgres writes arrays and bytes in text: what `'{1,NULL,"a b"}'` and `'\x00ff'` mean.

/// The elements of an array of one dimension, NULL as `None`; `None` for what is no such array.
pub fn array_elements(text: &str) -> Option<Vec<Option<String>>> {
    let body = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut elements = vec![];
    let mut rest = body.trim();
    while !rest.is_empty() {
        let (element, after) = array_element(rest)?;
        elements.push(element);
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) if next.trim().is_empty() => return None,
            Some(next) => next.trim_start(),
            None if after.is_empty() => "",
            None => return None,
        };
    }
    Some(elements)
}

/// One element and what follows it.
fn array_element(text: &str) -> Option<(Option<String>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        return bare_element(text);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((Some(value), &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

fn bare_element(text: &str) -> Option<(Option<String>, &str)> {
    let mut value = String::new();
    let mut escaped = false;
    let mut letters = text.char_indices();
    let end = loop {
        match letters.next() {
            Some((_, '\\')) => {
                escaped = true;
                value.push(letters.next()?.1);
            }
            Some((at, ',')) => break at,
            Some((_, '{' | '}' | '"')) => return None,
            Some((_, letter)) => value.push(letter),
            None => break text.len(),
        }
    };
    let word = if escaped { value } else { value.trim().to_owned() };
    if word.is_empty() {
        return None;
    }
    let value = (escaped || !word.eq_ignore_ascii_case("null")).then_some(word);
    Some((value, &text[end..]))
}

/// The bytes of `\x` and hexadecimal digits, or of the older form with octal escapes; `None` for what is neither.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("\\x") {
        let pairs = digits.as_bytes().chunks(2);
        return pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|p| p.len() == 2)?, 16).ok())
            .collect();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let (value, after) = match (byte, tail) {
            (b'\\', [b'\\', tail @ ..]) => (b'\\', tail),
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) => {
                ((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'), tail)
            }
            (b'\\', _) => return None,
            (byte, tail) => (byte, tail),
        };
        bytes.push(value);
        rest = after;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_as_postgres_reads_them() {
        let read = |text| {
            let words = array_elements(text)?.into_iter().map(|e| e.unwrap_or_else(|| "∅".into()));
            Some(words.collect::<Vec<_>>().join("|"))
        };
        for (text, elements) in [
            ("{r,v}", Some("r|v")),
            (r#" { 1 , NULL , "null" } "#, Some("1|∅|null")),
            (r#"{"a, b","c\"d",e\,f,""}"#, Some("a, b|c\"d|e,f|")),
            ("{}", Some("")),
            ("{{1},{2}}", None),
            ("{1,}", None),
            ("{,1}", None),
            ("{\"a}", None),
            ("r", None),
        ] {
            assert_eq!(read(text).as_deref(), elements, "{text}");
        }
    }

    #[test]
    fn bytes_are_read_in_both_forms() {
        for (text, expected) in [
            ("\\x00ff10", Some(vec![0, 255, 16])),
            ("\\xABcd", Some(vec![0xab, 0xcd])),
            ("a\\\\\\001", Some(vec![b'a', b'\\', 1])),
            ("\\x0", None),
            ("\\xzz", None),
            ("\\9", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
