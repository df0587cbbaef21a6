//! The Postgres types we serve: their rows in `pg_type`, their SQL names, and which one an Arrow type shows as.

use std::collections::HashMap;
use std::sync::LazyLock;

use arrow::datatypes::{DataType, Field, TimeUnit};

use crate::model::{PG_TYPE_KEY, mark};

/// A type modifier that says nothing.
const NO_MODIFIER: i32 = -1;
/// Postgres keeps four bytes of header length in the modifiers of types of variable length.
const HEADER: i32 = 4;

/// The OID of `text`.
pub const TEXT: u32 = 25;
const NUMERIC: u32 = 1700;
const BPCHAR: u32 = 1042;
const VARCHAR: u32 = 1043;
/// The OID of the pseudo-type `"any"`.
pub const ANY: u32 = 2276;
/// The OID of the pseudo-type `record`, the type of rows.
pub const RECORD: u32 = 2249;

/// One row of `pg_type`.
#[derive(Debug, Clone)]
pub struct PgType {
    /// Its OID, as in PostgreSQL 15.
    pub oid: u32,
    /// Its name in `pg_type`: `int8`.
    pub name: String,
    /// Its name in SQL: `bigint`.
    pub sql_name: String,
    /// The OID of the array of it; 0 without one.
    pub array: u32,
    /// The OID of its element, for arrays; 0 otherwise.
    pub element: u32,
    /// Bytes of a value; -1 where it varies.
    pub length: i16,
    /// Whether values are passed by value.
    pub by_value: bool,
    /// `b` base, `p` pseudo.
    pub kind: char,
    /// `N` number, `S` string, `A` array, ...
    pub category: char,
    /// Whether it is the preferred type of its category.
    pub preferred: bool,
    /// Alignment: c, s, i or d.
    pub align: char,
    /// Storage strategy: p, x or m.
    pub storage: char,
    /// The OID of its collation; 0 where it has none.
    pub collation: u32,
    /// The name of its text input function.
    pub input: String,
    /// The name of its binary input function.
    pub receive: String,
}

impl PgType {
    /// Whether it is a true array, whose text form has braces (`int2vector` and `oidvector` are not).
    pub fn is_array(&self) -> bool {
        self.input == "array_in"
    }
}

/// The type of a column: a Postgres type and its modifier (precision and scale of a `numeric`), -1 without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnType {
    /// The OID of the type.
    pub oid: u32,
    /// Its modifier.
    pub modifier: i32,
}

impl ColumnType {
    /// The type that values of a field are shown as: what it is marked with, else what its Arrow type tells.
    pub fn of(field: &Field) -> Self {
        match (mark(field), field.metadata().get(PG_TYPE_KEY)) {
            (Some((postgres, modifier)), _) => Self { oid: postgres.oid(), modifier },
            (None, Some(name)) => {
                by_name(name).map_or_else(|| of_arrow(field.data_type()), |kind| Self::plain(kind.oid))
            }
            (None, None) => of_arrow(field.data_type()),
        }
    }

    /// A type without a modifier.
    pub fn plain(oid: u32) -> Self {
        Self { oid, modifier: NO_MODIFIER }
    }

    /// Precision and scale of a `numeric` that has them.
    pub fn numeric_digits(self) -> Option<(i32, i32)> {
        let digits = self.modifier.checked_sub(HEADER).filter(|digits| *digits >= 0)?;
        (self.oid == NUMERIC).then_some((digits >> 16, digits & 0x7ff))
    }

    /// The most letters of a `varchar` or a `char` that says so.
    pub fn length(self) -> Option<i32> {
        (matches!(self.oid, BPCHAR | VARCHAR) && self.modifier >= HEADER).then_some(self.modifier - HEADER)
    }

    /// Its row in `pg_type`.
    pub fn pg_type(self) -> &'static PgType {
        by_oid(self.oid).expect("column types are made from the list of types")
    }
}

/// Every type we serve, arrays after their elements.
pub fn types() -> &'static [PgType] {
    static TYPES: LazyLock<Vec<PgType>> = LazyLock::new(|| {
        let base: Vec<PgType> = include_str!("types.txt").lines().map(read).collect();
        let arrays: Vec<PgType> = base.iter().filter(|t| t.array != 0).map(array_of).collect();
        base.into_iter().chain(arrays).collect()
    });
    &TYPES
}

/// The type of an OID.
pub fn by_oid(oid: u32) -> Option<&'static PgType> {
    static BY_OID: LazyLock<HashMap<u32, &'static PgType>> =
        LazyLock::new(|| types().iter().map(|t| (t.oid, t)).collect());
    BY_OID.get(&oid).copied()
}

/// The type of functions that are called for what they do.
pub fn void() -> &'static PgType {
    by_name("void").expect("void is a type we serve")
}

/// The type of a name: as in `pg_type`, as in SQL, or a synonym of it, with `[]` for arrays.
pub fn by_name(name: &str) -> Option<&'static PgType> {
    let name = name.trim().trim_start_matches("pg_catalog.");
    if let Some(element) = name.strip_suffix("[]") {
        return by_name(element).and_then(|t| by_oid(t.array));
    }
    let name = match name.to_ascii_lowercase().as_str() {
        "int" => "integer".to_owned(),
        "float" => "double precision".to_owned(),
        "decimal" => "numeric".to_owned(),
        "\"char\"" => "\"char\"".to_owned(),
        "char" => "character".to_owned(),
        other => other.to_owned(),
    };
    types().iter().find(|t| t.sql_name == name).or_else(|| types().iter().find(|t| t.name == name))
}

/// The Postgres type that values of an Arrow type are shown as.
pub fn of_arrow(data_type: &DataType) -> ColumnType {
    let oid = match data_type {
        DataType::Boolean => 16,
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => 21,
        DataType::UInt16 | DataType::Int32 => 23,
        DataType::UInt32 | DataType::Int64 => 20,
        DataType::UInt64 => NUMERIC,
        DataType::Float16 | DataType::Float32 => 700,
        DataType::Float64 => 701,
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => {
            let modifier = ((i32::from(*p) << 16) | (i32::from(*s) & 0x7ff)) + HEADER;
            return ColumnType { oid: NUMERIC, modifier };
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => 17,
        DataType::Date32 | DataType::Date64 => 1082,
        DataType::Time32(_) | DataType::Time64(_) => 1083,
        DataType::Timestamp(_, None) => 1114,
        DataType::Timestamp(_, Some(_)) => 1184,
        DataType::Interval(_) | DataType::Duration(_) => 1186,
        DataType::Struct(_) | DataType::Map(..) | DataType::Union(..) => RECORD,
        DataType::Dictionary(_, value) => return of_arrow(value),
        DataType::RunEndEncoded(_, values) => return of_arrow(values.data_type()),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => {
            // An array of arrays has the type of the inner one: Postgres types do not count dimensions.
            let element = of_arrow(item.data_type());
            let (pg_type, modifier) = (element.pg_type(), element.modifier);
            return ColumnType { oid: if pg_type.is_array() { pg_type.oid } else { pg_type.array }, modifier };
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => TEXT,
    };
    ColumnType::plain(oid)
}

/// The OID of the Postgres type that values of a field are shown as.
pub fn type_oid(field: &Field) -> u32 {
    ColumnType::of(field).oid
}

/// The Arrow type that holds a system column of a Postgres type.
///
/// Object identifiers are `Int64`, so that they compare with number literals.
pub fn to_arrow(pg_type: &PgType) -> DataType {
    if pg_type.element != 0 && pg_type.name != "name" {
        let element = by_oid(pg_type.element).expect("element types are in the list of types");
        return DataType::new_list(to_arrow(element), true);
    }
    match pg_type.name.as_str() {
        "bool" => DataType::Boolean,
        "int2" => DataType::Int16,
        "int4" => DataType::Int32,
        "int8" | "oid" | "xid" | "cid" | "regproc" => DataType::Int64,
        "float4" => DataType::Float32,
        "float8" => DataType::Float64,
        "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        _ => DataType::Utf8,
    }
}

/// `format_type(oid, modifier)`: the SQL name, with precision and scale where the modifier says them.
pub fn format_type(oid: u32, modifier: Option<i32>) -> String {
    let Some(pg_type) = by_oid(oid) else {
        return if oid == 0 { "-".to_owned() } else { "???".to_owned() };
    };
    if pg_type.is_array() {
        return format!("{}[]", format_type(pg_type.element, modifier));
    }
    let digits = modifier.and_then(|modifier| ColumnType { oid, modifier }.numeric_digits());
    if let Some((precision, scale)) = digits {
        return format!("numeric({precision},{scale})");
    }
    match (pg_type.name.as_str(), modifier) {
        ("varchar" | "bpchar", Some(m)) if m >= HEADER => format!("{}({})", pg_type.sql_name, m - HEADER),
        _ => pg_type.sql_name.clone(),
    }
}

/// Reads a line of `types.txt`: oid, name, array, length, by value, kind, category, preferred, align, storage,
/// collation, element, input, receive, and the SQL name, which may have blanks.
fn read(line: &str) -> PgType {
    let mut words = line.splitn(15, ' ');
    let mut word = || words.next().expect("a line of types.txt has 15 words");
    let number = |text: &str| text.parse::<u32>().expect("types.txt has numbers where numbers belong");
    let letter = |text: &str| text.chars().next().expect("words are not empty");
    PgType {
        oid: number(word()),
        name: word().to_owned(),
        array: number(word()),
        length: word().parse().expect("types.txt has numbers where numbers belong"),
        by_value: word() == "1",
        kind: letter(word()),
        category: letter(word()),
        preferred: word() == "1",
        align: letter(word()),
        storage: letter(word()),
        collation: number(word()),
        element: number(word()),
        input: word().to_owned(),
        receive: word().to_owned(),
        sql_name: word().to_owned(),
    }
}

fn array_of(element: &PgType) -> PgType {
    PgType {
        oid: element.array,
        name: format!("_{}", element.name),
        sql_name: format!("{}[]", element.sql_name),
        array: 0,
        element: element.oid,
        length: -1,
        by_value: false,
        kind: if element.kind == 'p' { 'p' } else { 'b' },
        category: 'A',
        preferred: false,
        align: if element.align == 'd' { 'd' } else { 'i' },
        storage: 'x',
        collation: element.collation,
        input: "array_in".to_owned(),
        receive: "array_recv".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_are_those_of_postgres() {
        // Recorded from PostgreSQL 15: `numeric(12,2)` has atttypmod 786438.
        assert_eq!(of_arrow(&DataType::Decimal128(12, 2)), ColumnType { oid: 1700, modifier: 786_438 });
        assert_eq!(format_type(1700, Some(786_438)), "numeric(12,2)");
        assert_eq!(format_type(1043, Some(9)), "character varying(5)");
        assert_eq!(format_type(1184, Some(-1)), "timestamp with time zone");
        assert_eq!(format_type(1009, None), "text[]");
        assert_eq!(format_type(0, None), "-");
        assert_eq!(format_type(987_654, None), "???");
    }

    #[test]
    fn names_are_found_as_people_write_them() {
        for (name, oid) in [
            ("int4", 23),
            ("INTEGER", 23),
            ("pg_catalog.int8", 20),
            ("double precision", 701),
            ("char", 1042),
            ("\"char\"", 18),
            ("text[]", 1009),
            ("_text", 1009),
        ] {
            assert_eq!(by_name(name).map(|t| t.oid), Some(oid), "{name}");
        }
        assert!(by_name("nosuch").is_none());
    }

    #[test]
    fn arrays_of_arrays_have_the_type_of_the_inner_array() {
        let floats = DataType::new_list(DataType::Float64, true);
        assert_eq!(of_arrow(&floats).oid, 1022);
        assert_eq!(of_arrow(&DataType::new_list(floats, true)).oid, 1022);
    }

    #[test]
    fn every_type_has_one_oid_and_one_name() {
        for (index, one) in types().iter().enumerate() {
            for other in &types()[index + 1..] {
                assert!(one.oid != other.oid && one.name != other.name, "{} and {}", one.name, other.name);
            }
        }
    }
}
