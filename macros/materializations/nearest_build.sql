{# All levels, then back from the coarsest to the nodes themselves. #}
{% macro nearest_build(target_relation, edges_sql) -%}
    {% do nearest_write(target_relation, 'edges_0', edges_sql) %}
    {% set progress = namespace(levels=0, is_left=true) %}
    {% for level in range(64) if progress.is_left %}
        {% set is_far = nearest_spread(target_relation, level) %}
        {% set progress.levels = level + 1 %}
        {% set progress.is_left = is_far and nearest_contract(target_relation, level) %}
    {% endfor %}
    {% for level in range(progress.levels - 1, 0, -1) %}
        {% set labels_sql = nearest_labels_sql(target_relation, level, progress.levels) %}
        {% do nearest_write(target_relation, 'labels_' ~ level, labels_sql) %}
    {% endfor %}
    {% do nearest_replace(target_relation, progress.levels) %}
{%- endmacro %}
