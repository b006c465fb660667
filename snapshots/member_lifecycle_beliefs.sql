-- Grain: one row per person and belief about its lifecycle stage, from build to build
{% snapshot member_lifecycle_beliefs %}
{{ config(
    unique_key='one_id',
    strategy='check',
    check_cols=[
        'lifecycle_stage',
        'stage_since_date',
        'first_order_date',
        'last_order_date',
        'orders_lifetime',
    ],
    updated_at='believed_at',
    post_hook="{{ end_beliefs(ref('member_lifecycle')) }}",
    meta={'erased_by': 'one_id'},
) }}
select
    one_id,
    lifecycle_stage,
    stage_since_date,
    first_order_date,
    last_order_date,
    orders_lifetime,
    cast(as_of_date as timestamp) as believed_at
from {{ ref('member_lifecycle') }}
{% if execute and adapter.get_relation(this.database, this.schema, this.identifier) -%}
-- a build for an earlier date than the newest belief adds nothing
where
    cast(as_of_date as timestamp) >= (
        select coalesce(max(beliefs.dbt_valid_from), cast('1900-01-01' as timestamp))
        from {{ this }} as beliefs
    )
{%- endif %}
{% endsnapshot %}
