{# Makes every connected part of a graph of records and identifiers a tree with a root, and tells
   how far the other edges reach. The model's SQL yields the edges: record_id and identifier_id,
   two bigints, no number both a record's and an identifier's. A walk goes along both sides of
   each edge of a tree, from its root back to it. Of a node the table says when the walk first
   enters it and when it leaves it for good (entry_step, exit_step: what is below it is entered in
   between), the least and the greatest entry of the neighbours of it and of all below it
   (least_step, greatest_step), and how many records there are from it downwards.
   Trees grow by contraction; walk and climb take strides that grow round by round. Each round is
   a table of its own. So a chain of n records takes about log n rounds of n rows. #}
{% materialization rooted_trees, adapter='duckdb' %}
    {{ run_hooks(pre_hooks) }}
    {% do trees_build(this.incorporate(type='table'), sql) %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% materialization rooted_trees, adapter='spark' %}
    {{ run_hooks(pre_hooks) }}
    {% do trees_build(this.incorporate(type='table'), sql) %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
