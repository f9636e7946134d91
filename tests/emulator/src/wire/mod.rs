//! HTTP as Box speaks it: paths, replies, multipart bodies.

mod answer;
mod body;
mod call;
mod form;
mod multipart;
mod part;
mod receive;
mod reply;
mod route;

pub(crate) use answer::AnswerBody;
pub(crate) use body::{BodyReader, Trouble};
pub(crate) use call::Call;
pub(crate) use form::decode_pairs;
pub(crate) use part::{ContentRange, TakenPart, hex_to_base64};
pub(crate) use receive::{Limits, Received, Upload, receive};
pub(crate) use reply::{ApiError, Content, Reply};
pub(crate) use route::{BodyKind, Host, Method, Operation, Routed, route};
