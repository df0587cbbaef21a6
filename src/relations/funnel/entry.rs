//! The function's entry in the reference.

use crate::relations::entry::{AS_OF, AT, Argument, Column, ENTITY, Entry, INPUT, TIEBREAK};
use crate::relations::function::TableFunction;

use super::arguments::plan;

pub(super) const ENTRY: Entry = Entry {
    name: "funnel",
    family: "conversion",
    description: "How far each entity came through steps within a window. The level is the largest k such that different rows \
                  satisfy steps 1 to k, in the order of time, the last of them within the window from the first. Rows of one \
                  instant may be taken in either order, unless a tiebreak orders them.",
    arguments: &[
        INPUT,
        STEPS,
        WITHIN,
        ENTITY,
        AT,
        TIEBREAK,
        MODE,
        ENTRY_MODE,
        EXCLUDE,
        OPTIONAL,
        HOLD,
        GRACE,
        AS_OF,
        Argument::optional("id", "expression", "What names a row, for the column `matched`."),
    ],
    columns: &[
        Column::of("(entity)", "as given", "The entity's column or columns, under their own names."),
        Column::of(
            "entry",
            "bigint",
            "The attempt's number within the entity, from 1; always 1 but with entry => 'each'.",
        ),
        Column::of("level", "integer", "How many steps were reached; optional steps don't count."),
        Column::of(
            "status",
            "text",
            "`converted`; `excluded`: an exclusion voided a better attempt; `in_window`: it may still go on at as_of; \
             `dropped`: its window has passed; `not_entered`: no row satisfies step 1.",
        ),
        Column::of("entered_at", "as at", "When the first row of the attempt happened."),
        Column::of("reached_at", "array of at", "When each step was reached; NULL for those that were not."),
        Column::of("matched", "array of id", "With `id`: what names the row of each step."),
    ],
    nulls: "a condition that is NULL is false; rows without entity or time are left out. An entity with rows of its own but none \
            of step 1 has a row of level 0.",
    errors: "42883 for an unknown argument, with the known ones; 42804 for a step that is no condition or a window that is no \
             interval; 22023 for options without meaning, such as a first step that is optional.",
    cost: "linear in the rows, after sorting them by entity and time where they are not sorted; per entity, rows times steps \
           with options, rows alone without.",
    source: "ClickHouse's windowFunnel and PostHog's funnels, made exact: a later start rescues an attempt, an interruption \
             ends it but not the next one, and dropped is told from still in the window.",
    example: "SELECT contact_id, level, status FROM funnel((SELECT * FROM (VALUES \
              ('ann', TIMESTAMP '2025-01-01', 'visit'), ('ann', TIMESTAMP '2025-01-03', 'trial'), \
              ('ann', TIMESTAMP '2025-01-20', 'buy'), ('bob', TIMESTAMP '2025-01-02', 'visit'), \
              ('bob', TIMESTAMP '2025-02-10', 'trial')) AS t(contact_id, occurred_at, what)), \
              steps => ARRAY[what = 'visit', what = 'trial', what = 'buy']) ORDER BY contact_id;",
    output: "\
+------------+-------+-----------+
| contact_id | level | status    |
+------------+-------+-----------+
| ann        | 3     | converted |
| bob        | 1     | dropped   |
+------------+-------+-----------+",
};

pub(in crate::relations) fn function() -> TableFunction {
    TableFunction { entry: &ENTRY, plan }
}

/// What a row of each step satisfies.
pub(in crate::relations) const STEPS: Argument = Argument::required(
    "steps",
    "conditions",
    "What a row of each step satisfies, as `ARRAY[...]`: 1 to 64 conditions.",
);

/// The window.
pub(in crate::relations) const WITHIN: Argument = Argument::optional(
    "within",
    "interval",
    "How long after the row of step 1 the others may come, that instant included; 30 days by default. Months are \
             calendar months.",
);

/// What the order of rows must be.
pub(in crate::relations) const MODE: Argument = Argument::optional(
    "mode",
    "text",
    "`ordered` (default); `strict`: no other row between; `any`: steps in any order; `increase`: times strictly \
             increasing; `reuse`: one row may fill several steps.",
);

/// Which rows open attempts.
pub(in crate::relations) const ENTRY_MODE: Argument = Argument::optional(
    "entry",
    "text",
    "`best` (default): the attempt of the highest level, then the shortest, then the earliest; `first`: only the \
             first row of step 1 opens an attempt; `each`: attempts follow one another, and each is a row.",
);

/// Rows that void attempts.
pub(in crate::relations) const EXCLUDE: Argument = Argument::optional(
    "exclude",
    "conditions",
    "Rows that void an attempt when they lie between its rows. `(condition, 2, 3)` counts between steps 2 and 3 only.",
);

/// Steps that may be missing.
pub(in crate::relations) const OPTIONAL: Argument =
    Argument::optional("optional", "numbers", "Steps that may be missing, neither the first nor the last: `ARRAY[2]`.");

/// What stays equal.
pub(in crate::relations) const HOLD: Argument =
    Argument::optional("hold", "expressions", "What must be equal in all rows of an attempt.");

/// How far steps may swap.
pub(in crate::relations) const GRACE: Argument = Argument::optional(
    "grace",
    "interval",
    "Two consecutive steps no farther apart than this may come in either order.",
);
