"""Runs SQLAlchemy's dialect suite against JourneyDB through the dialect of PostgreSQL.

Tables are made without keys and counters, which an analytical database does not have: the tests that are about them are
left out by requirements.py, and by the list here where the suite has no requirement for it. PostgreSQL 15 passes every
other test in this configuration, so what is left is what applies.
"""

from sqlalchemy.dialects.postgresql import provision
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import (
    CreateIndex,
    DropConstraintComment,
    DropIndex,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    SetConstraintComment,
    UniqueConstraint,
)
from sqlalchemy.testing.plugin import pytestplugin
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: F401,F403

# There are none to create.
provision._extensions.clear()

# About counters, keys, comments on constraints, options of tables, and what only other dialects warn of.
ABOUT_WHAT_IS_ABSENT = """
    test_autoincrement_col test_get_multi_columns test_insert_from_select_autoinc test_no_results_for_non_returning_insert
    test_roundtrip_fetchall test_roundtrip_fetchmany test_integrity_error test_long_convention_name
    test_get_multi_check_constraints test_get_table_options test_multi_get_table_options test_get_temp_table_indexes
    test_distinct_on
""".split()


def pytest_collection_modifyitems(session, config, items):
    pytestplugin.pytest_collection_modifyitems(session, config, items)
    items[:] = [item for item in items if item.originalname not in ABOUT_WHAT_IS_ABSENT]


@compiles(PrimaryKeyConstraint, "postgresql")
@compiles(ForeignKeyConstraint, "postgresql")
@compiles(UniqueConstraint, "postgresql")
def without_keys(constraint, compiler, **options):
    return None


@compiles(CreateIndex, "postgresql")
@compiles(DropIndex, "postgresql")
def without_indexes(index, compiler, **options):
    return "SELECT 1"


@compiles(SetConstraintComment, "postgresql")
@compiles(DropConstraintComment, "postgresql")
def without_comments_on_keys(comment, compiler, **options):
    return "SELECT 1"


def column_without_counter(self, column, **options):
    column_type = next((key.column.type for key in column.foreign_keys), column.type)
    text = self.preparer.format_column(column) + " " + self.dialect.type_compiler_instance.process(column_type, type_expression=column)
    return text if column.nullable else text + " NOT NULL"


PGDDLCompiler.get_column_specification = column_without_counter
