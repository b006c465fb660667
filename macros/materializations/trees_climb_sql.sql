{# What a node knows of those below it, and what the nodes whose ancestor it is know of theirs:
   twice as deep. An ancestor's ancestor is twice as far. #}
{% macro trees_climb_sql(climb) -%}
    select climb.node_id, climb.parent_id, climb.entry_step, climb.exit_step, up.ancestor_id,
        coalesce(up.root_id, climb.root_id) as root_id,
        least(climb.least_step, coalesce(below.least_step, climb.least_step)) as least_step,
        greatest(climb.greatest_step, coalesce(below.greatest_step, climb.greatest_step))
            as greatest_step,
        climb.records + coalesce(below.records, 0) as records
    from {{ climb }} as climb
    left join {{ climb }} as up on climb.ancestor_id = up.node_id
    left join ({{ trees_below_sql(climb) }}) as below on climb.node_id = below.ancestor_id
{%- endmacro %}
