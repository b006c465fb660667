{# Spreads labels over a graph: a node without label gets that of the nearest node that has one.
   The model's SQL yields edges, each in both directions, with the label of their first node where
   it has one, their rank and the days between: of equally near labels the one of the least rank,
   then of the fewest days, then the smaller. Each round is a table of its own, one hop further.
   What the rounds of a level do not reach is contracted, neighbours becoming one node, and spread
   over anew: near nodes are measured hop by hop, far ones in strides that grow with the distance.
   So a chain of thousands takes some hundred rounds. #}
{% materialization nearest_labels, adapter='duckdb' %}
    {{ run_hooks(pre_hooks) }}
    {% do nearest_build(this.incorporate(type='table'), sql) %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% materialization nearest_labels, adapter='spark' %}
    {{ run_hooks(pre_hooks) }}
    {% do nearest_build(this.incorporate(type='table'), sql) %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
