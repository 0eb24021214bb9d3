//! Records as JSON, through a [`BufferWriter`]: what [`json`] writes, byte for byte, without looking through keys for what to
//! escape, since those are names in this program.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant, Serializer,
};
use serde_json::{Error, Result};

use super::fast::fraction;
use crate::display::is_plain_in_json;
use crate::report::buffer::{Append, BufferWriter, SpareCapacity};
use crate::report::integer::{count, decimal, signed};
use crate::report::json;

/// Appends a record and its line end.
pub(crate) fn line(out: &mut Vec<u8>, record: &impl Serialize) {
    let room = &mut SpareCapacity::default();
    let mut pen = BufferWriter::new(room, out);
    // Nothing is written that can fail, and no record has a key that is not a string.
    let _ = record.serialize(Writer(&mut pen));
    pen.push(b'\n');
}

/// Writes one value.
struct Writer<'a, 'p>(&'a mut BufferWriter<'p>);

/// Writes the members of an object or a list.
struct Members<'a, 'p> {
    out: &'a mut BufferWriter<'p>,
    any: bool,
    end: &'static [u8; 2],
    /// Brackets at the end.
    ends: usize,
}

impl<'a, 'p> Writer<'a, 'p> {
    #[inline]
    fn list(self) -> Members<'a, 'p> {
        self.0.text(b"[");
        Members { out: self.0, any: false, end: b"]}", ends: 1 }
    }

    #[inline]
    fn object(self) -> Members<'a, 'p> {
        self.0.text(b"{");
        Members { out: self.0, any: false, end: b"}}", ends: 1 }
    }

    /// Opens the object around a variant's content.
    fn variant(self, name: &str) -> Self {
        self.0.text(b"{\"");
        self.0.add(name.as_bytes());
        self.0.text(b"\":");
        self
    }
}

impl<'p> Members<'_, 'p> {
    #[inline(always)]
    fn next(&mut self) -> Writer<'_, 'p> {
        if self.any {
            self.out.text(b",");
        }
        self.any = true;
        Writer(self.out)
    }

    // Where it is known which field this is, little is left of it but moving the name's bytes.
    #[inline(always)]
    fn named(&mut self, name: &'static str) -> Writer<'_, 'p> {
        let Writer(out) = self.next();
        out.text(b"\"");
        out.known(name.as_bytes());
        out.text(b"\":");
        Writer(out)
    }

    #[inline]
    fn done(self) -> Result<()> {
        self.out.put(*self.end, self.ends);
        Ok(())
    }
}

impl<'a, 'p> Serializer for Writer<'a, 'p> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Members<'a, 'p>;
    type SerializeTuple = Members<'a, 'p>;
    type SerializeTupleStruct = Members<'a, 'p>;
    type SerializeTupleVariant = Members<'a, 'p>;
    type SerializeMap = Members<'a, 'p>;
    type SerializeStruct = Members<'a, 'p>;
    type SerializeStructVariant = Members<'a, 'p>;

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.0.add(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<()> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<()> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<()> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<()> {
        signed(self.0, value);
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Result<()> {
        decimal(self.0, value);
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<()> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<()> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<()> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<()> {
        count(self.0, value);
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<()> {
        decimal(self.0, value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        serde_json::to_writer(self.0.written(), &value)
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        // What most times are that could be anything.
        if value.to_bits() == 0 {
            self.0.text(b"0.0");
            return Ok(());
        }
        // A time in nanoseconds or a number without a fraction, as most are; one of 15 digits is the only one that is its `f64`.
        let nanos = value * 1e9 + 0.5;
        if (1.0..1e15).contains(&nanos) && (nanos as i64) as f64 / 1e9 == value {
            fraction::<9>(self.0, nanos as i64);
            return Ok(());
        }
        let mut text = [0; 32];
        let mut rest = text.as_mut_slice();
        serde_json::to_writer(&mut rest, &value)?;
        let left = rest.len();
        self.0.put(text, text.len() - left);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        if !is_plain_in_json(value) {
            json::value(self.0.written(), value);
            return Ok(());
        }
        self.0.text(b"\"");
        self.0.add(value.as_bytes());
        self.0.text(b"\"");
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.0.text(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        let Writer(out) = self.variant(variant);
        value.serialize(Writer(out))?;
        out.text(b"}");
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq> {
        Ok(self.list())
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple> {
        Ok(self.list())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct> {
        Ok(self.list())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        Ok(Members { ends: 2, ..self.variant(variant).list() })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap> {
        Ok(self.object())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct> {
        Ok(self.object())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        Ok(Members { ends: 2, ..self.variant(variant).object() })
    }
}

impl SerializeSeq for Members<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(self.next())
    }

    fn end(self) -> Result<()> {
        self.done()
    }
}

impl SerializeTuple for Members<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(self.next())
    }

    fn end(self) -> Result<()> {
        self.done()
    }
}

impl SerializeTupleStruct for Members<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(self.next())
    }

    fn end(self) -> Result<()> {
        self.done()
    }
}

impl SerializeTupleVariant for Members<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(self.next())
    }

    fn end(self) -> Result<()> {
        self.done()
    }
}

impl SerializeMap for Members<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        key.serialize(self.next())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.out.text(b":");
        value.serialize(Writer(self.out))
    }

    fn end(self) -> Result<()> {
        self.done()
    }
}

impl SerializeStruct for Members<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        value.serialize(self.named(key))
    }

    fn end(self) -> Result<()> {
        self.done()
    }
}

impl SerializeStructVariant for Members<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        value.serialize(self.named(key))
    }

    fn end(self) -> Result<()> {
        self.done()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn check(value: &impl Serialize) {
        let (mut out, mut wanted) = (Vec::new(), Vec::new());
        line(&mut out, value);
        json::line(&mut wanted, value);
        assert_eq!(String::from_utf8(out).unwrap(), String::from_utf8(wanted).unwrap());
    }

    #[derive(Serialize)]
    enum Kind {
        Bare,
        One(u8),
        Two(i16, Option<()>),
        Named { a: char, b: [f32; 2] },
    }

    #[derive(Serialize)]
    struct Whole<'a> {
        kinds: [Kind; 4],
        nothing: (),
        lists: (Vec<u8>, Vec<bool>, i128),
        #[serde(flatten)]
        map: BTreeMap<&'a str, u128>,
    }

    #[test]
    fn whatever_a_record_may_be_made_of_is_written_as_serde_json_does() {
        let kinds = [Kind::Bare, Kind::One(7), Kind::Two(-300, None), Kind::Named { a: '"', b: [0.1, -2e30] }];
        let map = BTreeMap::from([("a", u128::MAX), ("b", 0)]);
        check(&Whole { kinds, nothing: (), lists: (vec![], vec![true, false], i128::MIN), map });
    }

    proptest! {
        #[test]
        fn texts_and_numbers_are_written_as_serde_json_does(
            text: String, float: f64, small in -1e-4..1e16, nanos: i64, count: u64,
        ) {
            let bytes: Vec<u8> = text.bytes().map(|byte| byte & 0x7f).collect();
            let controls = String::from_utf8(bytes).unwrap();
            check(&(text, controls, float, small, nanos as f64 / 1e9, 0.0, -0.0, nanos, count));
        }
    }
}
