select interaction_id, account_id, contact_id, occurred_at, cast(occurred_at as date) as day
from {{ source('journey', 'interactions') }}
where occurred_at is not null
