//! A validating JSON parser that hands out fields and items as they come, without building anything.
//!
//! Of a line of a corpus we want two or three fields of thirty, some of them in others, and to know exactly why a line is
//! refused. It accepts what RFC 8259 accepts. The caller has checked that the line is UTF-8.

use bytes::BytesMut;

/// Recursion is bounded by the nesting limit, and that by this.
const MAX_NESTING: usize = 512;

/// Why a line is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonFault {
    /// Not JSON, or not an object.
    Syntax,
    /// Nested deeper than allowed; what follows was not looked at.
    TooDeep,
}

/// A string between its quotes, checked and not yet decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawString<'a> {
    pub(crate) raw: &'a [u8],
    pub(crate) escaped: bool,
}

/// The value of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    String(RawString<'a>),
    /// The digits as they stand.
    Number(&'a [u8]),
    Null,
    /// An array, object or boolean.
    Other,
}

/// Checks the whole line and calls `field` with the name of each field of the object, in order; a name may come twice.
/// It must take the value in, with one of the parser's functions.
pub(crate) fn parse_object<'a>(
    line: &'a [u8],
    max_nesting: usize,
    mut field: impl FnMut(&mut Parser<'a>, RawString<'a>) -> Result<(), JsonFault>,
) -> Result<(), JsonFault> {
    let mut parser = Parser { bytes: line, at: 0, depth: 0, max_nesting: max_nesting.min(MAX_NESTING) };
    parser.space();
    if !parser.is_object() {
        // Read on, so that nesting of any kind is called by its name.
        parser.value()?;
        return Err(JsonFault::Syntax);
    }
    parser.object(&mut field)?;
    parser.space();
    if parser.at == line.len() { Ok(()) } else { Err(JsonFault::Syntax) }
}

/// Decodes escapes onto the end of `out`. `None` when an escape is half a surrogate pair, which no UTF-8 can express;
/// `out` is then as it was.
pub(crate) fn unescape_into(string: RawString<'_>, out: &mut BytesMut) -> Option<()> {
    let raw = string.raw;
    if !string.escaped {
        out.extend_from_slice(raw);
        return Some(());
    }
    // No escape is shorter than what it means, so the raw length is room enough.
    let start = out.len();
    out.resize(start + raw.len(), 0);
    let written = unescape(raw, &mut out[start..]);
    out.truncate(start + written.unwrap_or(0));
    written.map(drop)
}

/// Decodes a checked string into `target`, which is as long as it; gives the bytes written.
fn unescape(raw: &[u8], target: &mut [u8]) -> Option<usize> {
    let (mut from, mut to) = (0, 0);
    while from < raw.len() {
        if raw[from] != b'\\' {
            let run = memchr::memchr(b'\\', &raw[from..]).unwrap_or(raw.len() - from);
            target[to..to + run].copy_from_slice(&raw[from..from + run]);
            (from, to) = (from + run, to + run);
            continue;
        }
        let plain = match raw[from + 1] {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let mut code = hex4(&raw[from + 2..])?;
                from += 6;
                if (0xD800..0xDC00).contains(&code) {
                    let low = raw[from..].strip_prefix(b"\\u").and_then(hex4);
                    let low = low.filter(|low| (0xDC00..0xE000).contains(low))?;
                    code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                    from += 6;
                }
                to += char::from_u32(code)?.encode_utf8(&mut target[to..]).len();
                continue;
            }
            quoted => quoted,
        };
        target[to] = plain;
        (from, to) = (from + 2, to + 1);
    }
    Some(to)
}

/// The value of each hexadecimal digit; 255 for other bytes.
const HEX: [u8; 256] = {
    let mut table = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        table[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
};

fn hex4(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.first_chunk::<4>()?.map(|byte| u32::from(HEX[usize::from(byte)]));
    let [a, b, c, d] = digits;
    (a | b | c | d < 16).then_some(a << 12 | b << 8 | c << 4 | d)
}

/// A line that is being read, in front of a value.
pub(crate) struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Containers that are open.
    depth: usize,
    max_nesting: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonFault> {
        if self.peek() != Some(byte) {
            return Err(JsonFault::Syntax);
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), JsonFault> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(JsonFault::Syntax);
        }
        self.at += word.len();
        Ok(())
    }

    /// Whether the value is an object, if it is one at all.
    pub(crate) fn is_object(&self) -> bool {
        self.peek() == Some(b'{')
    }

    /// Whether the value is an array, if it is one at all.
    pub(crate) fn is_array(&self) -> bool {
        self.peek() == Some(b'[')
    }

    /// Takes in a value; arrays and objects are checked and passed over.
    pub(crate) fn value(&mut self) -> Result<Value<'a>, JsonFault> {
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'{') => self.object(&mut |parser, _| parser.value().map(drop)).map(|()| Value::Other),
            Some(b'[') => self.array(&mut |parser| parser.value().map(drop)).map(|()| Value::Other),
            Some(b't') => self.word(b"true").map(|()| Value::Other),
            Some(b'f') => self.word(b"false").map(|()| Value::Other),
            Some(b'n') => self.word(b"null").map(|()| Value::Null),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(self.number()?)),
            _ => Err(JsonFault::Syntax),
        }
    }

    /// Takes in an object, calling `field` in front of each value, which it must take in.
    pub(crate) fn object(
        &mut self,
        field: &mut dyn FnMut(&mut Self, RawString<'a>) -> Result<(), JsonFault>,
    ) -> Result<(), JsonFault> {
        self.container(b'}', &mut |parser| {
            let name = parser.string()?;
            parser.space();
            parser.expect(b':')?;
            parser.space();
            field(parser, name)
        })
    }

    /// Takes in an array, calling `item` in front of each value, which it must take in.
    pub(crate) fn array(&mut self, item: &mut dyn FnMut(&mut Self) -> Result<(), JsonFault>) -> Result<(), JsonFault> {
        self.container(b']', item)
    }

    /// From the bracket that opens to the one that closes.
    #[inline]
    fn container(
        &mut self,
        close: u8,
        part: &mut (impl FnMut(&mut Self) -> Result<(), JsonFault> + ?Sized),
    ) -> Result<(), JsonFault> {
        self.depth += 1;
        if self.depth > self.max_nesting {
            return Err(JsonFault::TooDeep);
        }
        self.at += 1;
        self.space();
        if self.peek() == Some(close) {
            self.at += 1;
        } else {
            loop {
                part(self)?;
                self.space();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.space();
                    }
                    _ => break self.expect(close)?,
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn string(&mut self) -> Result<RawString<'a>, JsonFault> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let raw = &self.bytes[start..self.at];
                    self.at += 1;
                    return Ok(RawString { raw, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                    match self.bytes.get(self.at - 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
                        Some(b'u') => {
                            hex4(&self.bytes[self.at..]).ok_or(JsonFault::Syntax)?;
                            self.at += 4;
                        }
                        _ => return Err(JsonFault::Syntax),
                    }
                }
                Some(_) => {
                    // Two passes of vector instructions are faster than one loop that asks three questions per byte.
                    let rest = &self.bytes[self.at..];
                    let run = memchr::memchr2(b'"', b'\\', rest).ok_or(JsonFault::Syntax)?;
                    if has_control(&rest[..run]) {
                        return Err(JsonFault::Syntax);
                    }
                    self.at += run;
                }
                None => return Err(JsonFault::Syntax),
            }
        }
    }

    fn digits(&mut self) -> Result<(), JsonFault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(JsonFault::Syntax) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<&'a [u8], JsonFault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.bytes[start..self.at])
    }
}

/// Whether a control character is among the bytes. Without an early exit, which is what lets the compiler use vectors.
fn has_control(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |found, &byte| found | u8::from(byte < 0x20)) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(line: &str) -> Result<Vec<(String, String)>, JsonFault> {
        let mut fields = Vec::new();
        parse_object(line.as_bytes(), 64, |parser, name| {
            let value = parser.value()?;
            let text = |string| {
                let mut out = BytesMut::new();
                match unescape_into(string, &mut out) {
                    Some(()) => String::from_utf8(out.to_vec()).unwrap(),
                    None => "half a pair".into(),
                }
            };
            let value = match value {
                Value::String(string) => text(string),
                Value::Number(digits) => String::from_utf8(digits.to_vec()).unwrap(),
                Value::Null => "null".into(),
                Value::Other => "other".into(),
            };
            fields.push((text(name), value));
            Ok(())
        })?;
        Ok(fields)
    }

    fn one(line: &str) -> String {
        parse(line).unwrap().pop().unwrap().1
    }

    #[test]
    fn fields() {
        assert_eq!(parse("{}").unwrap(), []);
        assert_eq!(one(r#" { "a" : "汉\n\u6c49\ud83d\ude00\"\\\/" } "#), "汉\n汉😀\"\\/");
        assert_eq!(one(r#"{"te\u0078t":1}"#), "1");
        assert_eq!(parse(r#"{"te\u0078t":1}"#).unwrap()[0].0, "text");
        assert_eq!(one(r#"{"a":-12.5e+3}"#), "-12.5e+3");
        assert_eq!(one(r#"{"a":[{},[1,"]"],null,true]}"#), "other");
        assert_eq!(one(r#"{"a":"x","a":"y"}"#), "y");
        assert_eq!(one(r#"{"a":"\ud800"}"#), "half a pair");
        assert_eq!(one(r#"{"a":"\ud800\u0041"}"#), "half a pair");
        assert_eq!(one(r#"{"a":"\udc00"}"#), "half a pair");
    }

    #[test]
    fn refused() {
        for line in [
            "",
            "[]",
            "1",
            "null",
            "{",
            "{}{}",
            "{}x",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":+1}"#,
            r#"{"a":1e}"#,
            r#"{"a":tru}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12g4"}"#,
            r#"{"a":"\u12"}"#,
            "{\"a\":\"\t\"}",
            r#"{"a":"b}"#,
            r"{a:1}",
            r"{'a':1}",
            r#"{"a":[1,]}"#,
            r#"{"a":[1 2]}"#,
            r#"{"a":NaN}"#,
            "{\"a\":\"\\",
            "\u{c}{}",
        ] {
            assert_eq!(parse(line), Err(JsonFault::Syntax), "{line}");
        }
    }

    #[test]
    fn nesting() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(&nested(63)).is_ok());
        assert_eq!(parse(&nested(64)), Err(JsonFault::TooDeep));
        assert_eq!(parse(&"[".repeat(100_000)), Err(JsonFault::TooDeep));
        let line = nested(100_000);
        assert_eq!(
            parse_object(line.as_bytes(), usize::MAX, |parser, _| parser.value().map(drop)),
            Err(JsonFault::TooDeep)
        );
    }

    /// Lines that are JSON or nearly so: a random edit of a random value.
    fn near_json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_string()),
            Just("true".to_string()),
            any::<i32>().prop_map(|number| number.to_string()),
            any::<f32>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
            ".{0,40}".prop_map(|text| serde_json::to_string(&text).unwrap()),
            "(\\\\u[0-9a-dA-D][0-7][0-9a-f]{2}|[a-z汉 ]|\\\\n){0,40}".prop_map(|text| format!("\"{text}\"")),
        ];
        let value = leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
                prop::collection::vec(("[a-c]{1,2}", inner), 0..4).prop_map(|fields| {
                    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
                    format!("{{{}}}", fields.join(","))
                }),
            ]
        });
        (value, any::<prop::sample::Index>(), "[\\x00-\\x7f汉]{0,2}", any::<bool>()).prop_map(
            |(value, at, insert, edit)| {
                let line = format!("{{\"v\":{value}}}");
                if !edit {
                    return line;
                }
                let mut chars: Vec<char> = line.chars().collect();
                let at = at.index(chars.len());
                chars.splice(at..=at, insert.chars());
                chars.into_iter().collect()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn agrees_with_serde_json(line in near_json()) {
            let ours = parse(&line);
            let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line);
            match (&ours, &theirs) {
                (Ok(fields), Ok(map)) => for (name, value) in map {
                    let (_, last) = fields.iter().rfind(|(ours, _)| ours == name).unwrap();
                    match value {
                        serde_json::Value::String(text) => prop_assert_eq!(last, text),
                        serde_json::Value::Null => prop_assert_eq!(last, "null"),
                        serde_json::Value::Number(_) => prop_assert!(last.parse::<f64>().is_ok()),
                        _ => prop_assert_eq!(last, "other"),
                    }
                },
                (Err(_), Err(_)) => {}
                // serde_json refuses numbers that don't fit f64 and half pairs; both are JSON.
                (Ok(_), Err(error)) => {
                    let why = error.to_string();
                    prop_assert!(why.contains("number out of range") || why.contains("surrogate")
                        || why.contains("hex escape"), "{} in {}", why, line);
                }
                (Err(_), Ok(_)) => prop_assert!(false, "refused: {line}"),
            }
        }
    }
}
