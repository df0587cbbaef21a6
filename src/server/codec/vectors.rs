//! Compares the codec with PostgreSQL 15, value by value: `vectors.tsv` is what it writes, and says how it was recorded.

use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::*;
use bytes::{Bytes, BytesMut};
use postgres_types::Type;

use super::field::write_field;
use super::{Format, ParameterType};
use crate::model::output::{Column, ColumnType};

/// One line of the file.
struct Vector {
    zone: &'static str,
    expression: &'static str,
    text: &'static str,
    binary: Vec<u8>,
}

fn vectors() -> Vec<Vector> {
    let lines = include_str!("vectors.tsv").lines().filter(|line| !line.starts_with('#'));
    let vectors = lines.map(|line| {
        let [zone, _, expression, text, binary] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let digits: Vec<char> = binary.chars().collect();
        let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
        Vector { zone, expression, text, binary: digits.chunks(2).map(byte).collect() }
    });
    vectors.collect()
}

/// A column of one row, in the layouts Arrow has for the value of an expression; times are PostgreSQL's own
/// `extract(epoch from ..)`.
fn arrays(expression: &str) -> Vec<(Field, ArrayRef)> {
    let plain = |array: ArrayRef| (Field::new("c", array.data_type().clone(), true), array);
    let one = |array: ArrayRef| vec![plain(array)];
    let many = |arrays: Vec<ArrayRef>| arrays.into_iter().map(plain).collect::<Vec<_>>();
    let int4 = |value| one(Arc::new(Int32Array::from(vec![value])));
    let int8 = |value: i64| Arc::new(Int64Array::from(vec![value])) as ArrayRef;
    let float4 = |value: f32| one(Arc::new(Float32Array::from(vec![value])));
    let float8 = |value: f64| one(Arc::new(Float64Array::from(vec![value])));
    let decimal = |value: i128, precision, scale| {
        Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).unwrap()) as ArrayRef
    };
    let text = |value: &'static str| {
        let dictionary: DictionaryArray<Int8Type> = [value].into_iter().collect();
        many(vec![
            Arc::new(StringArray::from(vec![value])),
            Arc::new(LargeStringArray::from(vec![value])),
            Arc::new(StringViewArray::from(vec![value])),
            Arc::new(dictionary),
        ])
    };
    let bytea = |value: &'static [u8]| {
        many(vec![
            Arc::new(BinaryArray::from(vec![value])),
            Arc::new(LargeBinaryArray::from(vec![value])),
            Arc::new(BinaryViewArray::from(vec![value])),
        ])
    };
    let date = |days| one(Arc::new(Date32Array::from(vec![days])));
    let timestamp = |micros| one(Arc::new(TimestampMicrosecondArray::from(vec![micros])));
    let timestamptz = |micros| one(Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone("UTC")));
    let time = |micros| one(Arc::new(Time64MicrosecondArray::from(vec![micros])));
    let interval = |months, days, micros: i64| {
        let value = IntervalMonthDayNano::new(months, days, micros * 1000);
        one(Arc::new(IntervalMonthDayNanoArray::from(vec![value])))
    };
    match expression {
        "true" => one(Arc::new(BooleanArray::from(vec![true]))),
        "false" => one(Arc::new(BooleanArray::from(vec![false]))),
        "'-32768'::int2" => one(Arc::new(Int16Array::from(vec![i16::MIN]))),
        "255::int2" => many(vec![Arc::new(UInt8Array::from(vec![255])), Arc::new(Int16Array::from(vec![255]))]),
        "'-128'::int2" => one(Arc::new(Int8Array::from(vec![-128]))),
        "2147483647" => int4(i32::MAX),
        "65535" => many(vec![Arc::new(UInt16Array::from(vec![65535])), Arc::new(Int32Array::from(vec![65535]))]),
        "'-9223372036854775808'::int8" => one(int8(i64::MIN)),
        "4294967295" => many(vec![Arc::new(UInt32Array::from(vec![u32::MAX])), int8(4_294_967_295)]),
        "0.1::float4" => float4(0.1),
        "0.5::float4" => {
            many(vec![Arc::new(Float16Array::from(vec![half(0.5)])), Arc::new(Float32Array::from(vec![0.5]))])
        }
        "999999::float4" => float4(999_999.0),
        "1e6::float4" => float4(1e6),
        "0.0001::float4" => float4(0.0001),
        "1e-5::float4" => float4(1e-5),
        "3.4028235e38::float4" => float4(f32::MAX),
        "1e-45::float4" => float4(1e-45),
        "0::float8" => float8(0.0),
        "'-0'::float8" => float8(-0.0),
        "1::float8" => float8(1.0),
        "0.1::float8" => float8(0.1),
        "123456789012345::float8" => float8(123_456_789_012_345.0),
        "999999999999999.9::float8" => float8(999_999_999_999_999.9),
        "1e15::float8" => float8(1e15),
        "1e20::float8" => float8(1e20),
        "'-1.5e300'::float8" => float8(-1.5e300),
        "0.0001::float8" => float8(0.0001),
        "0.000012::float8" => float8(0.000012),
        "5e-324::float8" => float8(5e-324),
        "1.7976931348623157e308::float8" => float8(f64::MAX),
        "'Infinity'::float8" => float8(f64::INFINITY),
        "'-Infinity'::float8" => float8(f64::NEG_INFINITY),
        "'NaN'::float8" => float8(f64::NAN),
        "0.00::numeric(5,2)" => many(vec![
            decimal(0, 5, 2),
            Arc::new(Decimal32Array::from(vec![0]).with_precision_and_scale(5, 2).unwrap()),
            Arc::new(Decimal64Array::from(vec![0]).with_precision_and_scale(5, 2).unwrap()),
        ]),
        "12345.67" => one(decimal(1_234_567, 12, 2)),
        "-0.05" => one(decimal(-5, 12, 2)),
        "100000000" => one(decimal(100_000_000, 9, 0)),
        "10000.0001" => one(decimal(100_000_001, 9, 4)),
        "0.0000001234" => one(decimal(1234, 38, 10)),
        "'-99999999999999999999999999999999999999'::numeric" => one(decimal(-(10i128.pow(38) - 1), 38, 0)),
        "18446744073709551615" => {
            many(vec![Arc::new(UInt64Array::from(vec![u64::MAX])), decimal(u64::MAX.into(), 20, 0)])
        }
        "1200::numeric(5,-2)" => one(decimal(12, 5, -2)),
        "1234567890123456789012345678901234567890123456789012345678901234567.123456789" => {
            let digits = expression.replace('.', "");
            let array = Decimal256Array::from(vec![i256::from_string(&digits).unwrap()]);
            one(Arc::new(array.with_precision_and_scale(76, 9).unwrap()))
        }
        "'Häßlich 😀'" => text("Häßlich 😀"),
        "''" => text(""),
        "'\\x00ff10'::bytea" => bytea(b"\x00\xff\x10"),
        "''::bytea" => bytea(b""),
        "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid" => {
            let bytes = 0xa0eebc99_9c0b_4ef8_bb6d_6bb9bd380a11_u128.to_be_bytes();
            let array = FixedSizeBinaryArray::try_from_iter([bytes].into_iter()).unwrap();
            let marked = [("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())].into();
            vec![(Field::new("c", DataType::FixedSizeBinary(16), true).with_metadata(marked), Arc::new(array))]
        }
        "'2026-01-02'::date" => {
            many(vec![Arc::new(Date32Array::from(vec![20455])), Arc::new(Date64Array::from(vec![20455 * 86_400_000]))])
        }
        "'2000-02-29'::date" => date(11016),
        "'1969-12-31'::date" => date(-1),
        "'0001-01-01'::date" => date(-719_162),
        "'0044-03-15 BC'::date" => date(-735_160),
        "'4713-01-01 BC'::date" => date(-2_440_550),
        "'5874897-12-31'::date" => date(2_145_042_905),
        "'infinity'::date" => date(i32::MAX),
        "'-infinity'::date" => date(i32::MIN),
        "'00:00:00'::time" => time(0),
        "'04:05:06.5'::time" => many(vec![
            Arc::new(Time32MillisecondArray::from(vec![14_706_500])),
            Arc::new(Time64MicrosecondArray::from(vec![14_706_500_000])),
            Arc::new(Time64NanosecondArray::from(vec![14_706_500_000_000])),
        ]),
        "'23:59:59.999999'::time" => time(86_399_999_999),
        "'24:00:00'::time" => time(86_400_000_000),
        "'2026-01-02 03:04:05.5'::timestamp" => many(vec![
            Arc::new(TimestampMillisecondArray::from(vec![1_767_323_045_500])),
            Arc::new(TimestampMicrosecondArray::from(vec![1_767_323_045_500_000])),
            Arc::new(TimestampNanosecondArray::from(vec![1_767_323_045_500_000_000])),
        ]),
        "'1969-12-31 23:59:59.999999'::timestamp" => timestamp(-1),
        "'0044-03-15 10:00:00 BC'::timestamp" => timestamp(-63_517_788_000_000_000),
        "'294246-12-31 23:59:59.999999'::timestamp" => timestamp(9_223_371_244_799_999_999),
        "'infinity'::timestamp" => timestamp(i64::MAX),
        "'-infinity'::timestamp" => timestamp(i64::MIN),
        "'2026-01-02 03:04:05.5Z'::timestamptz" => timestamptz(1_767_323_045_500_000),
        "'2026-01-02 03:04:05Z'::timestamptz" => many(vec![
            Arc::new(TimestampSecondArray::from(vec![1_767_323_045]).with_timezone("+09:00")),
            Arc::new(TimestampMicrosecondArray::from(vec![1_767_323_045_000_000]).with_timezone("UTC")),
        ]),
        "'2026-07-02 03:04:05Z'::timestamptz" => timestamptz(1_782_961_445_000_000),
        "'1880-01-01 00:00:00Z'::timestamptz" => timestamptz(-2_840_140_800_000_000),
        "'0044-03-15 10:00:00Z BC'::timestamptz" => timestamptz(-63_517_788_000_000_000),
        "'1999-12-31 23:59:59.000001Z'::timestamptz" => timestamptz(946_684_799_000_001),
        "'infinity'::timestamptz" => timestamptz(i64::MAX),
        "'0'::interval" => interval(0, 0, 0),
        "'1 year 2 mons 3 days 04:05:06.5'::interval" => interval(14, 3, 14_706_500_000),
        "'-1 days'::interval" => interval(0, -1, 0),
        "'1 mon'::interval" => {
            let months = IntervalYearMonthArray::from(vec![1]);
            [one(Arc::new(months)), interval(1, 0, 0)].concat()
        }
        "'-1 mons +1 day'::interval" => interval(-1, 1, 0),
        "'1 mon -1 day'::interval" => interval(1, -1, 0),
        "'-1 years -2 mons +3 days -04:05:06'::interval" => interval(-14, 3, -14_706_000_000),
        "'-1 days +02:03:04'::interval" => interval(0, -1, 7_384_000_000),
        "'-00:00:00.000001'::interval" => interval(0, 0, -1),
        "'123:45:06'::interval" => interval(0, 0, 445_506_000_000),
        "'2026-01-06 03:45:06'::timestamp - '2026-01-01'" => {
            let seconds = DurationSecondArray::from(vec![445_506]);
            [one(Arc::new(seconds)), interval(0, 5, 13_506_000_000)].concat()
        }
        "'2026-01-01'::timestamp - '2026-01-06 03:45:06'" => {
            let milliseconds = DurationMillisecondArray::from(vec![-445_506_000]);
            [one(Arc::new(milliseconds)), interval(0, -5, -13_506_000_000)].concat()
        }
        "ARRAY[1,NULL,3]" => {
            let small = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None, Some(3)])]);
            let large = LargeListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None, Some(3)])]);
            let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None, Some(3)])], 3);
            many(vec![Arc::new(small), Arc::new(large), Arc::new(fixed)])
        }
        "'{}'::int4[]" => many(vec![
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some(Vec::<Option<i32>>::new())])),
            list(list(Arc::new(Int32Array::from(Vec::<i32>::new())), &[0]), &[0]),
        ]),
        "ARRAY[ARRAY[1,2],ARRAY[3,NULL]]" => {
            let numbers = Arc::new(Int32Array::from(vec![Some(1), Some(2), Some(3), None]));
            one(list(list(numbers, &[2, 2]), &[2]))
        }
        "ARRAY['a b','','NULL','q\"u\\o','x,y','{z}',NULL,'ä']" => {
            let words =
                [Some("a b"), Some(""), Some("NULL"), Some("q\"u\\o"), Some("x,y"), Some("{z}"), None, Some("ä")];
            one(list(Arc::new(StringArray::from(words.to_vec())), &[8]))
        }
        "ARRAY['\\x00ff'::bytea]" => one(list(Arc::new(BinaryArray::from(vec![&b"\x00\xff"[..]])), &[1])),
        "ARRAY[1.50,-2.25]" => {
            let numbers = Decimal128Array::from(vec![150, -225]).with_precision_and_scale(3, 2).unwrap();
            one(list(Arc::new(numbers), &[2]))
        }
        "ARRAY[true,false]" => one(list(Arc::new(BooleanArray::from(vec![true, false])), &[2])),
        "ARRAY['2026-01-02 03:04:05Z'::timestamptz]" => {
            let instants = TimestampMicrosecondArray::from(vec![1_767_323_045_000_000]).with_timezone("UTC");
            one(list(Arc::new(instants), &[1]))
        }
        "ROW(1,'a b'::text,NULL::text,''::text,'q\"u\\o'::text,'(x)'::text,true)" => {
            let word = |word: Option<&str>| Arc::new(StringArray::from(vec![word])) as ArrayRef;
            one(record(vec![
                Arc::new(Int32Array::from(vec![1])),
                word(Some("a b")),
                word(None),
                word(Some("")),
                word(Some("q\"u\\o")),
                word(Some("(x)")),
                Arc::new(BooleanArray::from(vec![true])),
            ]))
        }
        "ROW(1,ARRAY[1,2],ROW('x y'::text))" => one(record(vec![
            Arc::new(Int32Array::from(vec![1])),
            list(Arc::new(Int32Array::from(vec![1, 2])), &[2]),
            record(vec![Arc::new(StringArray::from(vec!["x y"]))]),
        ])),
        "ARRAY[ROW(1,'a'::text),ROW(2,'b c'::text)]" => {
            let records =
                record(vec![Arc::new(Int32Array::from(vec![1, 2])), Arc::new(StringArray::from(vec!["a", "b c"]))]);
            one(list(records, &[2]))
        }
        other => panic!("vectors.tsv holds an expression without an Arrow value: {other}"),
    }
}

fn half(value: f32) -> <Float16Type as ArrowPrimitiveType>::Native {
    let single = Float32Array::from(vec![value]);
    let half = arrow::compute::cast(&single, &DataType::Float16).unwrap();
    half.as_primitive::<Float16Type>().value(0)
}

fn list(values: ArrayRef, lengths: &[usize]) -> ArrayRef {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(lengths.iter().copied()), values, None))
}

fn record(columns: Vec<ArrayRef>) -> ArrayRef {
    let fields = columns.iter().enumerate();
    let fields = fields.map(|(at, column)| Field::new(format!("f{at}"), column.data_type().clone(), true));
    Arc::new(StructArray::new(fields.collect(), columns, None))
}

fn written(field: &Field, array: &ArrayRef, zone: &str, format: Format) -> Vec<u8> {
    let kind = ColumnType::of(field).unwrap();
    let column = Column::new(array, &kind, zone.parse().unwrap()).unwrap();
    let mut out = BytesMut::new();
    write_field(&column, 0, format, &mut out).unwrap();
    let length = i32::from_be_bytes(out[..4].try_into().unwrap());
    assert_eq!(usize::try_from(length), Ok(out.len() - 4));
    out[4..].to_vec()
}

#[test]
fn values_are_written_as_postgres_writes_them() {
    for vector in vectors() {
        for (field, array) in arrays(vector.expression) {
            let what = format!("{} from {}", vector.expression, field.data_type());
            let text = String::from_utf8(written(&field, &array, vector.zone, Format::Text)).unwrap();
            assert_eq!(text, vector.text, "text of {what}");
            assert_eq!(written(&field, &array, vector.zone, Format::Binary), vector.binary, "binary of {what}");
        }
    }
}

#[test]
fn parameters_are_read_as_postgres_writes_them() {
    for vector in vectors() {
        let (field, array) = arrays(vector.expression).pop().unwrap();
        let postgres = ColumnType::of(&field).unwrap().postgres;
        let nested = vector.text.starts_with("{{") || matches!(postgres, Type::RECORD | Type::RECORD_ARRAY);
        // Beyond what the engine's own parser of times of day reads; drivers send those as binary.
        let far = vector.text == "24:00:00";
        if nested {
            continue;
        }
        let parameter = ParameterType::of(postgres.oid(), None).unwrap();
        let expected = written(&field, &array, vector.zone, Format::Binary);
        for (format, bytes) in [(Format::Text, vector.text.as_bytes().to_vec()), (Format::Binary, vector.binary)] {
            if far && format == Format::Text {
                continue;
            }
            let what = format!("{} in {format:?}", vector.expression);
            let value = parameter.decode(Some(&Bytes::from(bytes)), format, vector.zone).expect(&what);
            let read = value.to_array().unwrap();
            let field = Field::new("c", read.data_type().clone(), true);
            let again = match postgres {
                // Read as its text: the engine has no uuid of its own.
                Type::UUID => {
                    let text = String::from_utf8(written(&field, &read, "UTC", Format::Text)).unwrap();
                    uuid::Uuid::parse_str(&text).unwrap().as_bytes().to_vec()
                }
                _ => written(&field, &read, vector.zone, Format::Binary),
            };
            assert!(again == expected || vector.text == "{}", "{what}: {again:x?} instead of {expected:x?}");
        }
    }
}

#[test]
fn null_is_null_in_every_layout() {
    for vector in vectors() {
        for (field, array) in arrays(vector.expression) {
            let column = Column::new(
                &new_null_array(array.data_type(), 1),
                &ColumnType::of(&field).unwrap(),
                "UTC".parse().unwrap(),
            );
            let mut out = BytesMut::new();
            write_field(&column.unwrap(), 0, Format::Text, &mut out).unwrap();
            assert_eq!(out[..], [0xff; 4], "{}", field.data_type());
        }
    }
}

#[test]
fn values_no_postgres_can_hold_are_printed_or_refused_but_never_panic() {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![i32::MIN + 1, i32::MAX - 1]));
    let instants: ArrayRef =
        Arc::new(TimestampMicrosecondArray::from(vec![i64::MIN + 1, i64::MAX - 1]).with_timezone("Europe/Berlin"));
    for array in [dates, instants] {
        let kind = ColumnType::of(&Field::new("c", array.data_type().clone(), true)).unwrap();
        let column = Column::new(&array, &kind, "Europe/Berlin".parse().unwrap()).unwrap();
        for row in 0..2 {
            write_field(&column, row, Format::Text, &mut BytesMut::new()).unwrap();
        }
        let low = write_field(&column, 0, Format::Binary, &mut BytesMut::new()).unwrap_err();
        assert_eq!(low.state(), crate::error::SqlState::DatetimeFieldOverflow);
        write_field(&column, 1, Format::Binary, &mut BytesMut::new()).unwrap();
    }
    let seconds: ArrayRef = Arc::new(TimestampSecondArray::from(vec![i64::MAX]));
    let kind = ColumnType::of(&Field::new("c", seconds.data_type().clone(), true)).unwrap();
    assert!(Column::new(&seconds, &kind, "UTC".parse().unwrap()).is_err());
}

#[test]
fn arrays_that_are_not_rectangular_are_text_only() {
    let ragged = list(list(Arc::new(Int32Array::from(vec![1, 2, 3])), &[2, 1]), &[2]);
    let kind = ColumnType::of(&Field::new("c", ragged.data_type().clone(), true)).unwrap();
    let column = Column::new(&ragged, &kind, "UTC".parse().unwrap()).unwrap();
    let mut out = BytesMut::new();
    write_field(&column, 0, Format::Text, &mut out).unwrap();
    assert_eq!(&out[4..], b"{{1,2},{3}}");
    assert!(write_field(&column, 0, Format::Binary, &mut BytesMut::new()).is_err());
    let inner_null = ListArray::new(
        Arc::new(Field::new_list_field(DataType::Int32, true)),
        OffsetBuffer::from_lengths([0]),
        Arc::new(Int32Array::from(Vec::<i32>::new())),
        Some(NullBuffer::new_null(1)),
    );
    let outer = list(Arc::new(inner_null), &[1]);
    let kind = ColumnType::of(&Field::new("c", outer.data_type().clone(), true)).unwrap();
    let column = Column::new(&outer, &kind, "UTC".parse().unwrap()).unwrap();
    assert!(write_field(&column, 0, Format::Binary, &mut BytesMut::new()).is_err());
}
