{# Days of the member's own rhythm times a multiple, kept within the policy's share of the fixed days. #}
{% macro adaptive_threshold(rhythm_days, fixed_days, multiple) -%}
    coalesce(
        least(
            greatest({{ rhythm_days }} * {{ multiple }}, {{ fixed_days }} * policies.adaptive_floor_share),
            {{ fixed_days }} * policies.adaptive_ceiling_share
        ),
        {{ fixed_days }}
    )
{%- endmacro %}
