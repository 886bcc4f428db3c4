//! Values by their type: what comes back, and what is refused.

use std::collections::{BTreeMap, HashMap};

use edge_session::{Error, Session, Sessions};
use serde::de::DeserializeOwned;
use serde::ser::{SerializeStruct, SerializeStructVariant, SerializeTupleStruct, SerializeTupleVariant};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::world::{Browser, World, sessions};

fn fresh(sessions: &Sessions) -> Session<'_> {
    let mut session = sessions.open("", 0);
    assert!(session.load().is_none());
    session
}

/// Sets a value, commits it, and gives what the next request reads.
fn stored<T: Serialize, U: DeserializeOwned>(value: &T) -> Result<Option<U>, Error> {
    let (sessions, mut world, mut browser) = (sessions(), World::new(), Browser::default());
    let mut session = world.loaded(&sessions, &browser);
    session.set("value", value)?;
    world.commit(&mut session)?;
    browser.take(&session);
    world.loaded(&sessions, &browser).get("value")
}

/// A number inside every shape that a type can have.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Struct,
    StructVariant,
    TupleStruct,
    TupleVariant,
    NewtypeStruct,
    NewtypeVariant,
    Unit,
}

const SHAPES: [(Shape, &str); 7] = [
    (Shape::Struct, "{\"size\":0.5}"),
    (Shape::StructVariant, "{\"V\":{\"size\":0.5}}"),
    (Shape::TupleStruct, "[0.5]"),
    (Shape::TupleVariant, "{\"V\":[0.5]}"),
    (Shape::NewtypeStruct, "0.5"),
    (Shape::NewtypeVariant, "{\"V\":0.5}"),
    (Shape::Unit, "\"V\""),
];

struct Shaped(Shape, f64);

impl Serialize for Shaped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Shape::Struct => {
                let mut shape = serializer.serialize_struct("S", 1)?;
                shape.serialize_field("size", &self.1)?;
                shape.end()
            }
            Shape::StructVariant => {
                let mut shape = serializer.serialize_struct_variant("E", 0, "V", 1)?;
                shape.serialize_field("size", &self.1)?;
                shape.end()
            }
            Shape::TupleStruct => {
                let mut shape = serializer.serialize_tuple_struct("S", 1)?;
                shape.serialize_field(&self.1)?;
                shape.end()
            }
            Shape::TupleVariant => {
                let mut shape = serializer.serialize_tuple_variant("E", 0, "V", 1)?;
                shape.serialize_field(&self.1)?;
                shape.end()
            }
            Shape::NewtypeStruct => serializer.serialize_newtype_struct("S", &self.1),
            Shape::NewtypeVariant => serializer.serialize_newtype_variant("E", 0, "V", &self.1),
            Shape::Unit => serializer.serialize_unit_variant("E", 0, "V"),
        }
    }
}

#[test]
fn every_shape_of_type_is_kept_and_no_number_in_it_escapes() {
    let sessions = sessions();
    let mut session = fresh(&sessions);
    for (shape, text) in SHAPES {
        session.set("shape", &Shaped(shape, 0.5)).expect("a value");
        assert_eq!(session.get_text("shape"), Ok(Some(text)), "{shape:?}");
        let refused = session.set("shape", &Shaped(shape, f64::NAN)).is_err();
        assert_eq!(refused, !matches!(shape, Shape::Unit), "{shape:?}");
    }
}

#[test]
fn a_typed_value_comes_back_equal() {
    type Cart = BTreeMap<String, (Vec<Option<f64>>, Result<bool, String>, char)>;
    let cart: Cart = [("caf\u{e9}".to_owned(), (vec![Some(0.1), None], Err("\u{1f382} \"big\"\n".to_owned()), '\0'))].into();
    assert_eq!(stored(&cart), Ok(Some(cart)));
}

#[test]
fn numbers_and_odd_objects_come_back_equal() {
    assert_eq!(stored(&u64::MAX), Ok(Some(u64::MAX)));
    assert_eq!(stored(&i64::MIN), Ok(Some(i64::MIN)));
    assert_eq!(stored(&f64::MAX), Ok(Some(f64::MAX)));
    for value in [
        json!({"\0": 1}),
        json!({"\0b": "AP8"}),
        json!({"\0\0b": 1}),
        json!({"\0\0b": 1, "c": 2}),
        json!({"\0b": "AP8", "c": 1}),
        json!([{"\0b": 1}]),
    ] {
        assert_eq!(stored::<_, Value>(&value), Ok(Some(value)));
    }
}

#[test]
fn bytes_are_javascripts_bytes() {
    let sessions = sessions();
    let mut session = fresh(&sessions);
    session.set_bytes("bytes", &[0, 255, 7]).expect("bytes");
    assert_eq!(session.get_text("bytes"), Ok(Some("{\"\\u0000b\":\"AP8H\"}")));
    assert_eq!(session.get_bytes("bytes"), Ok(Some(vec![0, 255, 7])));
    assert_eq!(session.get("bytes"), Ok(Some(vec![0_u8, 255, 7])));
    assert_eq!(session.get_bytes("other"), Ok(None));
    session.set("list", &[0_u8, 255]).expect("a list");
    assert_eq!(session.get_bytes("list"), Ok(None));
}

#[test]
fn what_would_not_come_back_equal_is_refused() {
    let sessions = sessions();
    let mut session = fresh(&sessions);
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(session.set("value", &number), Err(Error::ValueNotSerializable));
        assert_eq!(session.set("value", &[Some(number)]), Err(Error::ValueNotSerializable));
        assert_eq!(session.set("value", &(1, number)), Err(Error::ValueNotSerializable));
        assert_eq!(session.set("value", &BTreeMap::from([(1, number)])), Err(Error::ValueNotSerializable));
        assert_eq!(session.update("value", move |_: Option<f64>| number), Err(Error::ValueNotSerializable));
    }
    assert_eq!(session.set("value", &f32::NAN), Err(Error::ValueNotSerializable));
    assert_eq!(session.set("value", &HashMap::from([((1, 2), 3)])), Err(Error::ValueNotSerializable));
    let deep = (0..65).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(session.set("value", &deep), Err(Error::ValueNotSerializable));
    assert_eq!(session.keys(), Ok(Vec::new()));
}

#[test]
fn json_that_is_none_is_refused_and_cannot_forge_an_entry() {
    let sessions = sessions();
    let mut session = fresh(&sessions);
    for text in ["", "x", "1,\n\"admin\":true", "1}", "\"", "{\"a\":1,}", "01", " 1"] {
        assert_eq!(session.set_text("value", text), Err(Error::ValueNotSerializable), "{text}");
        assert_eq!(session.update_text("value", |_| Ok(text.to_owned())), Err(Error::ValueNotSerializable));
    }
    assert_eq!(session.update_text("value", |_| Err(Error::NoSession)), Err(Error::NoSession));
    session.set_text("va\n\"lue", "{\"a\":[1,\"\u{e9}\"]}").expect("JSON");
    assert_eq!(session.get_text("va\n\"lue"), Ok(Some("{\"a\":[1,\"\\u00e9\"]}")));
    assert_eq!(session.keys(), Ok(vec!["va\n\"lue".to_owned()]));
}

#[test]
fn a_value_of_another_type_is_an_error_and_stays() {
    let sessions = sessions();
    let mut session = fresh(&sessions);
    session.set("value", "text").expect("a value");
    assert_eq!(session.get::<u32>("value"), Err(Error::RecordCorrupt));
    assert_eq!(session.update("value", |n: Option<u32>| n.unwrap_or(0)), Err(Error::RecordCorrupt));
    assert_eq!(session.get("value"), Ok(Some("text".to_owned())));
}

#[test]
fn every_get_gives_a_fresh_value() {
    let sessions = sessions();
    let mut session = fresh(&sessions);
    session.set("list", &[1, 2]).expect("a value");
    let mut list: Vec<i32> = session.get("list").expect("loaded").expect("a list");
    list.push(3);
    assert_eq!(session.get("list"), Ok(Some(vec![1, 2])));
}

#[test]
fn our_own_entries_are_kept_and_hidden() {
    let (sessions, mut world, mut browser) = (sessions(), World::new(), Browser::default());
    world.set(&sessions, &mut browser, "user", "ada");
    for (record, _) in world.records.values_mut() {
        *record = record.replace("{\n", "{\n\"\\u0000tmessage\":1,\n");
    }
    let mut session = world.loaded(&sessions, &browser);
    assert_eq!(session.keys(), Ok(vec!["user".to_owned()]));
    assert_eq!(session.get::<u32>("\0tmessage"), Ok(None));
    session.set("\0tmessage", &2).expect("a value");
    world.commit(&mut session).expect("a commit");
    assert!(world.record().ends_with("{\n\"\\u0000tmessage\":1,\n\"user\":\"ada\",\n\"\\u0000\\u0000tmessage\":2}"));
}
