"""What of SQLAlchemy's dialect suite applies, and the reason for what does not. What is missing but applies stays in, and fails."""

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

# What is absent, by the reason. Each name is a requirement of SQLAlchemy's; what tests ask of it does not run.
ABSENT = {
    "no column has values that are computed": """
        computed_columns computed_columns_stored computed_columns_virtual computed_columns_default_persisted
        computed_columns_reflect_persisted
    """,
    "foreign keys do nothing but refuse": """
        foreign_key_constraint_option_reflection_ondelete foreign_key_constraint_option_reflection_onupdate
        fk_constraint_option_reflection_ondelete_restrict fk_constraint_option_reflection_ondelete_noaction
        fk_constraint_option_reflection_onupdate_restrict foreign_keys_reflect_as_index
    """,
    "tables have no indexes but those of keys": """
        index_reflection index_reflects_included_columns indexes_with_ascdesc indexes_with_expressions
        reflect_indexes_with_expressions reflect_indexes_with_ascdesc reflect_indexes_with_ascdesc_as_expression
    """,
    "constraints have no comments": "constraint_comment_reflection",
    "there are no prepared transactions": "two_phase_transactions two_phase_recovery",
    "there are no materialized views": "materialized_views views_with_materialized",
    "texts are ordered by their bytes: there is one collation": "column_collation_reflection order_by_collation",
    "tables have no options that are reflected": "reflect_table_options has_temp_table_comment",
    "the search path has the journey schemas beside public": "schema_reflection_default",
    "PostgreSQL's own dialect lacks it, or means it in another way": "inline_check_constraint_reflection time_timezone savepoints_release json_deserializer_binary",
}


class Requirements(SuiteRequirements):
    """The suite's defaults, without what is absent and with what PostgreSQL's dialect has beside them."""


for name in " ".join(ABSENT.values()).split():
    setattr(Requirements, name, property(lambda self: exclusions.closed()))

PRESENT = """
    autoincrement_insert autoincrement_without_sequence empty_inserts empty_inserts_executemany fetch_rows_post_commit
    sequences sequences_optional identity_columns identity_columns_standard implicit_returning insert_returning update_returning
    delete_returning insert_executemany_returning primary_key_constraint_reflection unique_constraint_reflection
    foreign_key_constraint_reflection self_referential_foreign_keys
    unique_index_reflect_as_unique_constraints implicitly_named_constraints server_side_cursors_with_for_update
    json_type json_array_indexes json_index_supplementary_unicode_element
    uuid_data_type time time_microseconds timestamp_microseconds_implicit_bound array_type datetime_interval
    isolation_level get_isolation_level_values insert_order_dicts tuple_in_w_empty independent_cursors
    ctes_on_dml ctes_with_update_delete update_where_target_in_subquery
    boolean_col_expressions nullable_booleans nullsordering standalone_binds intersect except_ window_functions ctes
    views schemas cross_schema_fk_reflection_no comment_reflection comment_reflection_full_unicode check_constraint_reflection
    table_reflection view_reflection reflects_pk_names_no temporary_tables temp_table_names temp_table_reflection
    date datetime datetime_microseconds datetime_literals date_historic datetime_historic date_coerces_from_datetime
    text_type empty_strings_varchar empty_strings_text unicode_data unicode_ddl precision_numerics_general
    precision_numerics_enotation_small precision_numerics_many_significant_digits precision_numerics_retains_significant_digits
    infinity_floats float_is_numeric expressions_against_unbounded_text selectone bound_limit_offset sql_expression_limit_offset
    parens_in_union_no_simple order_by_label_with_expression order_by_col_from_union like_escapes regexp_match
    tuple_in update_from delete_from multivalues_inserts insert_from_select truncate_table
    sane_rowcount sane_multi_rowcount transactions savepoints rowcount_always_cached_on_insert
    server_side_cursors stream_results graceful_disconnects fetch_first fetch_no_order_by offset
    denormalized_names_no duplicate_names_in_cursor_description cursor_works_post_rollback ad_hoc_engines percent_schema_names
    table_value_constructor_no timestamp_microseconds literal_float_coercion cast_precision_numerics_many_significant_digits
    numeric_received_as_decimal_untyped binary_comparisons binary_literals
""".split()

for name in PRESENT:
    if hasattr(SuiteRequirements, name):
        setattr(Requirements, name, property(lambda self: exclusions.open()))
