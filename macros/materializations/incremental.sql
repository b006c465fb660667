{# On Spark, where Parquet tables know neither delete nor merge: a log grows; the months that
   changes touch are written anew with all that belongs into them; a model that names no month is
   written anew. #}
{% materialization incremental, adapter='spark' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {% if is_incremental() and config.get('incremental_strategy') == 'append' %}
        {% do run_query('insert into ' ~ target_relation ~ ' ' ~ sql) %}
    {% elif is_incremental() %}
        {% do months_of_changes_rewritten(target_relation, sql) %}
    {% else %}
        {% do drop_relation_if_exists(load_cached_relation(this)) %}
        {% do run_query(months_create_sql(target_relation, sql)) %}
    {% endif %}
    {% call statement('main') %}select count(*) from {{ target_relation }}{% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
