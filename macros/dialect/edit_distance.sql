{% macro edit_distance(left_text, right_text) -%}
    {{ return(adapter.dispatch('edit_distance', 'rekindle')(left_text, right_text)) }}
{%- endmacro %}

{% macro default__edit_distance(left_text, right_text) -%}
    cast(levenshtein({{ left_text }}, {{ right_text }}) as bigint)
{%- endmacro %}

{% macro spark__edit_distance(left_text, right_text) -%}
    cast(levenshtein({{ left_text }}, {{ right_text }}) as bigint)
{%- endmacro %}
