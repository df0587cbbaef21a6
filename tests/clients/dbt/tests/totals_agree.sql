-- Both totals count the same interactions; a row here is a failure.
select 1 as disagreement
from (select sum(interactions) as n from {{ ref('daily_totals') }}) as daily
cross join (select count(*) as n from {{ ref('recent_interactions') }}) as recent
where daily.n <> recent.n
