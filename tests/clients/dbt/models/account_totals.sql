{{ config(materialized='table') }}
select account_id, count(*) as interactions, min(occurred_at) as first_at, max(occurred_at) as last_at
from {{ ref('recent_interactions') }}
where account_id is not null
group by account_id
