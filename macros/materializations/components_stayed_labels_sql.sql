{% macro components_stayed_labels_sql(target_relation) -%}
    select labels.record_id, labels.component_id
    from {{ this }} as labels
    left join {{ components_part(target_relation, 'reached') }} as reached
        on labels.record_id = reached.node_id
    where reached.node_id is null
{%- endmacro %}
