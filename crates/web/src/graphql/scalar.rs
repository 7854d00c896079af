//! Values of our own kinds.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use greenroom_domain::shared::clock::Timestamp;

/// A moment by RFC 3339, in UTC.
#[derive(Clone, Copy)]
pub struct Time(Timestamp);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// A moment by RFC 3339, in UTC.
#[Scalar(
    name = "DateTime",
    specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339"
)]
impl ScalarType for Time {
    /// It is never asked for.
    fn parse(value: Value) -> InputValueResult<Self> {
        Err(InputValueError::expected_type(value))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339())
    }
}
