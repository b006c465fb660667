-- Grain: one row per person and set of tags, from build to build
{% snapshot member_tag_beliefs %}
{{ config(
    unique_key='one_id',
    strategy='check',
    check_cols=['tags'],
    updated_at='believed_at',
    post_hook="{{ end_beliefs(ref('member_profile')) }}",
    meta={'erased_by': 'one_id'},
) }}
select
    one_id,
    tags,
    cast(as_of_date as timestamp) as believed_at
from {{ ref('member_profile') }}
{% if execute and adapter.get_relation(this.database, this.schema, this.identifier) -%}
-- a build for an earlier date than the newest belief adds nothing
where
    cast(as_of_date as timestamp) >= (
        select coalesce(max(beliefs.dbt_valid_from), cast('1900-01-01' as timestamp))
        from {{ this }} as beliefs
    )
{%- endif %}
{% endsnapshot %}
