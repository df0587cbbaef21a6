//! What the function says of itself.

use crate::relations::entry::{Argument, Column, ENTITY, Entry};

pub(super) const ENTRY: Entry = Entry {
    name: "attribution",
    family: "levers",
    description: "One row per conversion and touch before it, with the weight that each model gives the touch. The weights of a \
                  conversion add up to 1 in every model; a conversion without touch has one row of weight 1 whose touch is \
                  NULL, so that credit and what is unattributed add up to all conversions.",
    arguments: &[
        Argument::required(
            "touches",
            "relation",
            "The touches: a table, a view, a common table expression or `(SELECT ...)`.",
        ),
        Argument::required("conversions", "relation", "What they are credited with."),
        Argument::optional(
            "lookback",
            "interval",
            "How long before a conversion a touch may be, both ends included; 90 days by default. Months are calendar months.",
        ),
        ENTITY,
        Argument::optional("touched_at", "timestamp", "When a touch happened; `occurred_at` by default."),
        Argument::optional("converted_at", "timestamp", "When a conversion happened; `occurred_at` by default."),
        Argument::optional("touch", "expression", "What the answer says of a touch: its id, or its channel."),
        Argument::optional("conversion", "expression", "What the answer says of a conversion."),
        Argument::optional(
            "half_life",
            "interval",
            "The age at which time decay has halved a weight; 7 days by default.",
        ),
        Argument::optional(
            "reset",
            "boolean",
            "Whether a conversion's touches are forgotten by later ones; false by default.",
        ),
    ],
    columns: &[
        Column::of("(entity)", "as given", "The entity's column or columns, under their own names."),
        Column::of("conversion", "as conversion", "With `conversion`: what it says."),
        Column::of("converted_at", "as converted_at", "When the conversion happened."),
        Column::of("touch", "as touch", "With `touch`: what it says; NULL where the conversion has no touch."),
        Column::of("touched_at", "as touched_at", "When the touch happened; NULL where there is none."),
        Column::of("position", "bigint", "The touch's place among those of the conversion, from 1."),
        Column::of("touches", "bigint", "How many touches the conversion has."),
        Column::of("unattributed", "boolean", "Whether the row stands for a conversion without touch."),
        Column::of("first_touch", "double precision", "All to the first touch."),
        Column::of("last_touch", "double precision", "All to the last touch."),
        Column::of("linear", "double precision", "The same to each."),
        Column::of("position_based", "double precision", ".4 to the first, .4 to the last, .2 to those between."),
        Column::of("j_shaped", "double precision", ".2 to the first, .6 to the last, .2 to those between."),
        Column::of("inverse_j", "double precision", ".6 to the first, .2 to the last, .2 to those between."),
        Column::of("time_decay", "double precision", "Halved with every half-life before the conversion."),
    ],
    nulls: "rows without entity or time are left out. Touches of one instant stand in the order of `touch`. A touch at the \
            instant of the conversion counts.",
    errors: "42883 for an unknown argument; 42804 for a lookback that is no interval; 22023 for a negative one, or a half-life of \
             nothing or of months; 53200 where the conversions do not fit into memory.",
    cost: "linear in touches, conversions and rows of the answer, where both are stored by entity and time, else after sorting them. \
           Conversions are held in memory. Only columns that are read are made; sums of weights by touch need no rows.",
    source: "The position rules of web analytics; statistics of the models agree with R's ChannelAttribution on its own data.",
    example: "SELECT touch, position, linear, position_based, round(time_decay, 6) AS time_decay FROM attribution(\
              (SELECT * FROM (VALUES ('ann', DATE '2025-01-04', 'ad'), ('ann', DATE '2025-01-11', 'email'), \
              ('ann', DATE '2025-01-18', 'web'), ('ann', DATE '2025-01-25', 'call')) AS t(contact_id, occurred_at, channel)), \
              (SELECT 'ann' AS contact_id, DATE '2025-02-01' AS occurred_at), touch => channel) ORDER BY position;",
    output: "\
+-------+----------+--------+----------------+------------+
| touch | position | linear | position_based | time_decay |
+-------+----------+--------+----------------+------------+
| ad    | 1        | 0.25   | 0.4            | 0.066667   |
| email | 2        | 0.25   | 0.1            | 0.133333   |
| web   | 3        | 0.25   | 0.1            | 0.266667   |
| call  | 4        | 0.25   | 0.4            | 0.533333   |
+-------+----------+--------+----------------+------------+",
};
