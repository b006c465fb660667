{# Materialises the connected components of a graph as a table.
   The model's SQL yields edges of two bigint columns. Every round hooks each node to its smallest
   smaller neighbour, jumps twice and contracts; the edges left go into the next round. Each round
   is a table of its own, so no engine has to recurse or to plan all rounds at once.
   The edges are kept (<name>__kept). The next build compares its own with them and looks only at
   the components that an edge which came or went reaches; all others keep their labels. #}
{% materialization connected_components, adapter='duckdb' %}
    {{ run_hooks(pre_hooks) }}
    {% do components_build(this.incorporate(type='table'), sql) %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% materialization connected_components, adapter='spark' %}
    {{ run_hooks(pre_hooks) }}
    {% do components_build(this.incorporate(type='table'), sql) %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
