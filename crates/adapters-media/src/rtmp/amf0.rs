//! AMF0 (Action Message Format 0), read in place: values borrow the message,
//! containers are skipped without recursion, and nothing is allocated.

use bytes::{BufMut, BytesMut};

/// How deep objects and arrays may nest.
pub const MAX_DEPTH: usize = 64;

/// One value. Containers are handed out raw, to be walked when needed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A double; also what a date's milliseconds are read as.
    Number(f64),
    /// A boolean.
    Boolean(bool),
    /// A short or long string, not checked to be UTF-8.
    String(&'a [u8]),
    /// An object, typed object or ECMA array.
    Object(Object<'a>),
    /// A strict array.
    Array(Array<'a>),
    /// Null, undefined, unsupported, a reference.
    Null,
}

/// Why bytes are not AMF0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Amf0Error {
    /// The message ends inside a value.
    #[error("an AMF0 value ends early")]
    Truncated,
    /// Objects nest deeper than [`MAX_DEPTH`].
    #[error("AMF0 objects are nested too deep")]
    TooDeep,
    /// A type marker that no encoder sends, AMF3's among them.
    #[error("the AMF0 type {0:#04x} is not known")]
    UnknownType(u8),
}

impl<'a> Value<'a> {
    /// The text, if this is a string and is UTF-8.
    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Self::String(text) => std::str::from_utf8(text).ok(),
            _ => None,
        }
    }

    /// The number, if this is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The object, if this is one.
    pub fn as_object(&self) -> Option<Object<'a>> {
        match self {
            Self::Object(object) => Some(*object),
            _ => None,
        }
    }
}

/// The properties of an object, checked when the value was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Object<'a> {
    body: &'a [u8],
}

impl<'a> Object<'a> {
    /// Walks the properties in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> + use<'a> {
        let mut reader = Reader::new(self.body);
        std::iter::from_fn(move || {
            let key = reader.short_string().ok()?;
            Some((key, reader.value().ok()?))
        })
    }

    /// The first property of this name.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.iter()
            .find(|(key, _)| *key == name.as_bytes())
            .map(|(_, value)| value)
    }
}

/// The items of a strict array, checked when the value was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Array<'a> {
    body: &'a [u8],
}

impl<'a> Array<'a> {
    /// Walks the items.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let mut reader = Reader::new(self.body);
        std::iter::from_fn(move || reader.value().ok())
    }
}

/// Reads values one after the other.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the front of `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// Whether everything is read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next value. Time is linear in its bytes.
    pub fn value(&mut self) -> Result<Value<'a>, Amf0Error> {
        match self.head()? {
            Head::Plain(value) => Ok(value),
            Head::Properties => {
                let body = self.skip_container(Open::Properties)?;
                // Without the end mark: an empty key and its type.
                let body = &body[..body.len() - 3];
                Ok(Value::Object(Object { body }))
            }
            Head::Items(count) => {
                let body = self.skip_container(Open::Items(count))?;
                Ok(Value::Array(Array { body }))
            }
        }
    }

    /// Everything up to the end of a container whose head was read, nested ones
    /// included.
    fn skip_container(&mut self, outer: Open) -> Result<&'a [u8], Amf0Error> {
        let start = self.rest;
        let mut open = [Open::Properties; MAX_DEPTH];
        open[0] = outer;
        let mut depth = 1;
        while depth > 0 {
            let another = match &mut open[depth - 1] {
                Open::Properties => {
                    let key = self.short_string()?;
                    if key.is_empty() && self.rest.first() == Some(&OBJECT_END) {
                        self.take(1)?;
                        false
                    } else {
                        true
                    }
                }
                Open::Items(0) => false,
                Open::Items(left) => {
                    *left -= 1;
                    true
                }
            };
            if !another {
                depth -= 1;
                continue;
            }
            let inner = match self.head()? {
                Head::Plain(_) => continue,
                Head::Properties => Open::Properties,
                Head::Items(count) => Open::Items(count),
            };
            *open.get_mut(depth).ok_or(Amf0Error::TooDeep)? = inner;
            depth += 1;
        }
        Ok(&start[..start.len() - self.rest.len()])
    }

    /// A whole plain value, or the head of a container.
    fn head(&mut self) -> Result<Head<'a>, Amf0Error> {
        let plain = match self.take(1)?[0] {
            0x00 => Value::Number(f64::from_be_bytes(self.array()?)),
            0x01 => Value::Boolean(self.take(1)?[0] != 0),
            0x02 => Value::String(self.short_string()?),
            0x03 => return Ok(Head::Properties),
            0x05 | 0x06 | 0x0d => Value::Null,
            0x07 => {
                self.take(2)?;
                Value::Null
            }
            0x08 => {
                self.take(4)?; // the count is a hint only; the end mark rules
                return Ok(Head::Properties);
            }
            0x0a => return Ok(Head::Items(u32::from_be_bytes(self.array()?))),
            0x0b => {
                let number = f64::from_be_bytes(self.array()?);
                self.take(2)?; // time zone
                Value::Number(number)
            }
            0x0c | 0x0f => {
                let length = u32::from_be_bytes(self.array()?);
                let length = usize::try_from(length).map_err(|_| Amf0Error::Truncated)?;
                Value::String(self.take(length)?)
            }
            0x10 => {
                self.short_string()?; // class name
                return Ok(Head::Properties);
            }
            marker => return Err(Amf0Error::UnknownType(marker)),
        };
        Ok(Head::Plain(plain))
    }

    fn short_string(&mut self) -> Result<&'a [u8], Amf0Error> {
        let length = u16::from_be_bytes(self.array()?);
        self.take(length.into())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Amf0Error> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(Amf0Error::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Amf0Error> {
        let (head, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(Amf0Error::Truncated)?;
        self.rest = rest;
        Ok(head)
    }
}

const OBJECT_END: u8 = 0x09;

enum Head<'a> {
    Plain(Value<'a>),
    Properties,
    Items(u32),
}

#[derive(Clone, Copy)]
enum Open {
    Properties,
    Items(u32),
}

/// Writes values one after the other.
#[derive(Debug, Default)]
pub struct Writer {
    out: BytesMut,
}

impl Writer {
    /// Starts empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a number.
    #[must_use]
    pub fn number(mut self, value: f64) -> Self {
        self.out.put_u8(0x00);
        self.out.put_f64(value);
        self
    }

    /// Appends a string of less than 64 KiB; of a longer one, its start.
    #[must_use]
    pub fn string(mut self, value: &str) -> Self {
        self.out.put_u8(0x02);
        self.key(value)
    }

    /// Appends null.
    #[must_use]
    pub fn null(mut self) -> Self {
        self.out.put_u8(0x05);
        self
    }

    /// Opens an object: keys and values follow, then [`Writer::end`].
    #[must_use]
    pub fn object(mut self) -> Self {
        self.out.put_u8(0x03);
        self
    }

    /// Opens a strict array of `count` values, which follow.
    #[must_use]
    pub fn array(mut self, count: u32) -> Self {
        self.out.put_u8(0x0a);
        self.out.put_u32(count);
        self
    }

    /// Appends the key of a property, whose value follows.
    #[must_use]
    pub fn key(mut self, name: &str) -> Self {
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        self.out.put_u16(length);
        self.out.put_slice(&name.as_bytes()[..usize::from(length)]);
        self
    }

    /// Closes an object.
    #[must_use]
    pub fn end(mut self) -> Self {
        self.out.put_slice(&[0, 0, OBJECT_END]);
        self
    }

    /// The bytes written.
    pub fn finish(self) -> BytesMut {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &[u8]) -> Result<Value<'_>, Amf0Error> {
        Reader::new(data).value()
    }

    #[test]
    fn an_object_gives_its_properties_in_order() {
        let data = Writer::new()
            .object()
            .key("app")
            .string("live")
            .key("inner")
            .object()
            .key("n")
            .number(1.5)
            .end()
            .key("list")
            .array(2)
            .string("av01")
            .null()
            .end()
            .finish();
        let object = read(&data).unwrap().as_object().unwrap();
        assert_eq!(object.iter().count(), 3);
        assert_eq!(object.get("app").unwrap().as_str(), Some("live"));
        let inner = object.get("inner").unwrap().as_object().unwrap();
        assert_eq!(inner.get("n").unwrap().as_number(), Some(1.5));
        let Some(Value::Array(list)) = object.get("list") else {
            panic!("an array");
        };
        assert_eq!(
            list.iter().collect::<Vec<_>>(),
            [Value::String(b"av01"), Value::Null]
        );
    }

    #[test]
    fn an_array_of_four_thousand_million_declared_items_costs_nothing() {
        assert_eq!(
            read(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x05]),
            Err(Amf0Error::Truncated)
        );
    }

    #[test]
    fn nesting_stops_at_the_limit_however_deep_it_goes() {
        let nested = |depth: usize| {
            let mut data = vec![0x03];
            for _ in 1..depth {
                data.extend([0, 1, b'a', 0x03]);
            }
            for _ in 0..depth {
                data.extend([0, 0, 9]);
            }
            data
        };
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(Amf0Error::TooDeep));
        assert_eq!(read(&nested(16_384)), Err(Amf0Error::TooDeep));
        assert_eq!(
            read(&[0x0a, 0, 0, 0, 1].repeat(16_384)),
            Err(Amf0Error::TooDeep)
        );
    }

    #[test]
    fn every_cut_of_a_value_is_an_error_and_not_a_panic() {
        let data = Writer::new()
            .object()
            .key("a")
            .array(1)
            .number(1.0)
            .key("b")
            .string("text")
            .end()
            .finish();
        for end in 0..data.len() {
            assert_eq!(read(&data[..end]), Err(Amf0Error::Truncated), "at {end}");
        }
    }
}
