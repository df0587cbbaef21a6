//! The SQLSTATE codes we answer with, by their PostgreSQL condition names.

macro_rules! states {
    ($($name:ident = $code:literal),* $(,)?) => {
        /// A PostgreSQL condition.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum SqlState {
            $(#[doc = $code] $name),*
        }

        impl SqlState {
            /// The five characters that go over the wire.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// The condition of a code; `None` for one we do not answer with.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }
    };
}

states! {
    ActiveSqlTransaction = "25001",
    AdminShutdown = "57P01",
    AmbiguousColumn = "42702",
    AmbiguousFunction = "42725",
    AmbiguousParameter = "42P08",
    BadCopyFileFormat = "22P04",
    CannotConnectNow = "57P03",
    CantChangeRuntimeParameter = "55P02",
    CardinalityViolation = "21000",
    CharacterNotInRepertoire = "22021",
    CheckViolation = "23514",
    ConfigFileError = "F0000",
    ConfigurationLimitExceeded = "53400",
    DatatypeMismatch = "42804",
    DatetimeFieldOverflow = "22008",
    DeadlockDetected = "40P01",
    DependentObjectsStillExist = "2BP01",
    DivisionByZero = "22012",
    DuplicateAlias = "42712",
    DuplicateColumn = "42701",
    DuplicateCursor = "42P03",
    DuplicateObject = "42710",
    DuplicatePreparedStatement = "42P05",
    DuplicateSchema = "42P06",
    DuplicateTable = "42P07",
    FeatureNotSupported = "0A000",
    ForeignKeyViolation = "23503",
    GeneratedAlways = "428C9",
    GroupingError = "42803",
    IdleInTransactionSessionTimeout = "25P03",
    IdleSessionTimeout = "57P05",
    InFailedTransaction = "25P02",
    InsufficientPrivilege = "42501",
    InternalError = "XX000",
    InvalidArgumentForPowerFunction = "2201F",
    InvalidAuthorizationSpecification = "28000",
    InvalidBinaryRepresentation = "22P03",
    InvalidColumnReference = "42P10",
    InvalidCursorDefinition = "42P11",
    InvalidCursorName = "34000",
    InvalidDatetimeFormat = "22007",
    InvalidEscapeSequence = "22025",
    InvalidForeignKey = "42830",
    InvalidGrantOperation = "0LP01",
    InvalidParameterValue = "22023",
    InvalidPassword = "28P01",
    InvalidPrecedingOrFollowingSize = "22013",
    InvalidRegularExpression = "2201B",
    InvalidRowCountInLimit = "2201W",
    InvalidSavepointSpecification = "3B001",
    InvalidSchemaName = "3F000",
    InvalidStatementName = "26000",
    InvalidTextRepresentation = "22P02",
    IoError = "58030",
    InvalidTableDefinition = "42P16",
    LockNotAvailable = "55P03",
    NoActiveSqlTransaction = "25P01",
    NotNullViolation = "23502",
    NullValueNotAllowed = "22004",
    NumericValueOutOfRange = "22003",
    ObjectNotInPrerequisiteState = "55000",
    ObjectInUse = "55006",
    OutOfMemory = "53200",
    ProgramLimitExceeded = "54000",
    ProtocolViolation = "08P01",
    ReadOnlyTransaction = "25006",
    ReservedName = "42939",
    QueryCanceled = "57014",
    SequenceGeneratorLimitExceeded = "2200H",
    SerializationFailure = "40001",
    StatementTooComplex = "54001",
    StringDataLengthMismatch = "22026",
    StringDataRightTruncation = "22001",
    SubstringError = "22011",
    SuccessfulCompletion = "00000",
    SyntaxError = "42601",
    TooManyConnections = "53300",
    TransactionTimeout = "25P04",
    UndefinedColumn = "42703",
    UndefinedFile = "58P01",
    UndefinedFunction = "42883",
    UndefinedObject = "42704",
    UndefinedParameter = "42P02",
    UndefinedTable = "42P01",
    UniqueViolation = "23505",
    UntranslatableCharacter = "22P05",
    WindowingError = "42P20",
    WrongObjectType = "42809",
}

impl std::fmt::Display for SqlState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}
