{{ config(materialized='incremental', incremental_strategy='append') }}
select account_id, interactions, {{ dbt.current_timestamp() }} as seen_at
from {{ ref('account_totals') }}
where interactions > 10
