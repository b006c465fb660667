{# Spreads the labels of a level hop by hop; returns whether there may be more to reach than `hops`
   away. #}
{% macro nearest_spread(target_relation, level, hops=24) -%}
    {% set progress = namespace(hops=[], found=1) %}
    {% for hop in range(hops + 1) if progress.found %}
        {% set hop_sql = nearest_hop_sql(target_relation, level, hop) %}
        {% set progress.found = nearest_write(target_relation, 'hop_' ~ hop, hop_sql) %}
        {% do progress.hops.append(components_part(target_relation, 'hop_' ~ hop)) %}
    {% endfor %}
    {% set reached_sql = 'select * from ' ~ progress.hops | join(' union all select * from ') %}
    {% do nearest_write(target_relation, 'reached_' ~ level, reached_sql) %}
    {% for relation in progress.hops %}
        {% do adapter.drop_relation(relation) %}
    {% endfor %}
    {{ return(progress.found > 0) }}
{%- endmacro %}
