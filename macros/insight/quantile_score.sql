{# Score 1-5 of a value among the n members of a population, by its rank from worst to best. #}
{% macro quantile_score(value_rank, population) -%}
    case
        when {{ population }} = 1 then 3
        else cast(least(5, 1 + floor(cast(5 * ({{ value_rank }} - 1) as double) / ({{ population }} - 1))) as integer)
    end
{%- endmacro %}
