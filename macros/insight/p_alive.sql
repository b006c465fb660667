{# In logarithms, so that long histories neither overflow nor vanish. Takes column names. #}
{% macro p_alive(repeats, active_days, age_days) -%}
    case
        when {{ repeats }} = 0 then cast(1 as double)
        else
            cast(1 as double) / nullif(
                1 + exp(
                    least(
                        ln(a) - ln(b + greatest({{ repeats }}, 1) - 1)
                        + (r + {{ repeats }})
                        * (ln(alpha + {{ age_days }}) - ln(alpha + {{ active_days }})),
                        700
                    )
                ),
                0
            )
    end
{%- endmacro %}
