//! Arrays bound as parameters in the binary format; of one dimension.

use bytes::{Buf, Bytes};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::binary_parameter;
use crate::error::{Error, Result};
use crate::model::list;

/// What `array_send` writes.
pub(super) fn decode_binary(bytes: &Bytes) -> Result<ScalarValue> {
    let short = |_| binary_parameter::malformed();
    let mut bytes = bytes.clone();
    let dimensions = bytes.try_get_i32().map_err(short)?;
    let _has_null = bytes.try_get_i32().map_err(short)?;
    let element = Type::from_oid(bytes.try_get_u32().map_err(short)?).ok_or_else(binary_parameter::malformed)?;
    let length = match dimensions {
        0 => 0,
        1 => {
            let length = bytes.try_get_i32().map_err(short)?;
            bytes.try_get_i32().map_err(short)?;
            length
        }
        _ => return Err(Error::unsupported("a parameter that is an array of arrays")),
    };
    let mut values = Vec::new();
    for _ in 0..length {
        let size = bytes.try_get_i32().map_err(short)?;
        values.push(match usize::try_from(size) {
            Err(_) => ScalarValue::Null,
            Ok(size) if size <= bytes.remaining() => binary_parameter::decode(&element, &bytes.split_to(size))?,
            Ok(_) => return Err(binary_parameter::malformed()),
        });
    }
    list(&element, values)
}
