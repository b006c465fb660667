{% macro running_median(expression, partition_by, order_by) -%}
    {{ return(adapter.dispatch('running_median', 'rekindle')(expression, partition_by, order_by)) }}
{%- endmacro %}

{% macro default__running_median(expression, partition_by, order_by) -%}
    quantile_cont(cast({{ expression }} as double), 0.5) over (
        partition by {{ partition_by }} order by {{ order_by }}
        rows between unbounded preceding and current row
    )
{%- endmacro %}

{% macro spark__running_median(expression, partition_by, order_by) -%}
    percentile(cast({{ expression }} as double), 0.5) over (
        partition by {{ partition_by }} order by {{ order_by }}
        rows between unbounded preceding and current row
    )
{%- endmacro %}
