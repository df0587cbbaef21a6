{{ config(materialized='incremental', unique_key='day', incremental_strategy='delete+insert') }}
select day, count(*) as interactions
from {{ ref('recent_interactions') }}
{% if is_incremental() %}
where day >= (select max(day) from {{ this }})
{% endif %}
group by day
