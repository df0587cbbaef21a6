{% snapshot account_history %}
{{ config(target_schema='dbt_probe', unique_key='account_id', strategy='check', check_cols=['interactions']) }}
select account_id, interactions from {{ ref('account_totals') }}
{% endsnapshot %}
