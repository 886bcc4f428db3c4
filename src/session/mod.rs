//! One request's session, and the calls that it asks for.

mod access;
mod call;
mod commit;
mod cookies;
#[cfg(feature = "json")]
mod finite;
mod flow;
mod lines;
mod load;
mod outcome;
mod sealing;
mod settings;
#[cfg(feature = "json")]
mod typed;
mod values;
mod visit;

pub use access::RegenerateOptions;
pub use call::{RANDOM_BYTES, Random, StoreAnswer, StoreCall, StoreOperation};
pub use settings::Capabilities;
pub(crate) use settings::Settings;
pub use visit::Session;
