with ranked as (
    select interactions, row_number() over (order by interactions) as place, count(*) over () as accounts
    from {{ ref('account_totals') }}
)
select max(interactions) as median from ranked where place <= (accounts + 1) / 2
