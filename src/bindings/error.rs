//! Turns a core error into a JavaScript one.

use wasm_bindgen::JsValue;

use crate::error::Error;

/// The error's code, thrown as text; `core.ts` makes it a `SessionError`.
impl From<Error> for JsValue {
    #[inline(never)]
    fn from(error: Error) -> JsValue {
        JsValue::from_str(error.code())
    }
}
