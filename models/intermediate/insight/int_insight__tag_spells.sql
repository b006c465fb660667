-- Grain: one row per person, tag, value and unbroken run of judged days on which it is had
-- A judged day tells the days since the one before it, so a run begins on the day after the last
-- judged day without the tag, and does not move as the month goes on.
with

days as (
    select
        evaluated_date,
        coalesce({{ add_days('previous_date', 1) }}, evaluated_date) as from_date,
        previous_date is null as is_first,
        row_number() over (order by evaluated_date nulls last) as day_number,
        count(*) over () as number_of_days
    from {{ ref('int_insight__profile_days') }}
),

judged as (
    select
        days.from_date,
        days.evaluated_date,
        days.is_first,
        days.day_number,
        days.number_of_days,
        tags.one_id,
        tags.tag_code,
        tags.tag_value,
        tags.tag_group,
        tags.label_zh,
        tags.metric_code,
        tags.metric_value,
        tags.at_least,
        tags.facts,
        tags.last_date,
        days.day_number - row_number() over (
            partition by tags.one_id, tags.tag_code, tags.tag_value
            order by tags.evaluated_date nulls last
        ) as run_number
    from {{ ref('int_insight__tags') }} as tags
    inner join days on tags.evaluated_date = days.evaluated_date
),

placed as (
    select
        judged.*,
        row_number() over (
            partition by judged.one_id, judged.tag_code, judged.tag_value, judged.run_number
            order by judged.evaluated_date nulls last
        ) as place
    from judged
)

select
    one_id,
    tag_code,
    tag_value,
    min(from_date) as valid_from_date,
    case
        when max(day_number) < max(number_of_days) then {{ add_days('max(evaluated_date)', 1) }}
    end as valid_to_date,
    cast(count(*) as integer) as judged_days,
    max(case when is_first then 1 else 0 end) = 0 as is_begin_seen,
    {%- for column in [
        'tag_group',
        'label_zh',
        'metric_code',
        'metric_value',
        'at_least',
        'facts',
        'last_date',
    ] %}
    max(case when place = 1 then {{ column }} end) as {{ column }}
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
from placed
group by one_id, tag_code, tag_value, run_number
