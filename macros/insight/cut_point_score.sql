{# Score 1-5 of a value by the fixed cut points of its dimension; comparator is <= where less is better. #}
{% macro cut_point_score(value, dimension, comparator) -%}
    case
        {%- for score in [5, 4, 3, 2] %}
        when {{ value }} {{ comparator }} cut_points.{{ dimension }}_{{ score }} then {{ score }}
        {%- endfor %}
        else 1
    end
{%- endmacro %}
