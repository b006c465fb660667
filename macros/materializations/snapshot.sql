{# On Spark, where Parquet tables know no update: what is believed anew is appended to a table
   <name>__log, and the snapshot is a view that tells from the next entry when a belief ended. #}
{% materialization snapshot, adapter='spark' %}
    {%- set log = this.incorporate(path={'identifier': this.identifier ~ '__log'}, type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {% if load_cached_relation(log) is none %}
        {% do run_query(create_table_as(false, log, beliefs_first_sql(model.compiled_code))) %}
    {% else %}
        {% set names = adapter.get_columns_in_relation(log) | map(attribute='name') | list %}
        {% do run_query('alter table ' ~ log ~ ' add columns (_is_end boolean)')
            if '_is_end' not in names %}
        {% do run_query(beliefs_append_sql(log, model.compiled_code)) %}
    {% endif %}
    {% call statement('main') -%}
        create or replace view {{ this }} as {{ beliefs_told_sql(log) }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
