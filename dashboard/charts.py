"""Charts in one look: colours that colour-blind people tell apart, fonts with Chinese glyphs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import cycle

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
from plotly.colors import sample_colorscale

FONTS = (
    "'Noto Sans SC', 'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', "
    "'WenQuanYi Zen Hei', 'WenQuanYi Micro Hei', 'Helvetica Neue', Arial, sans-serif"
)
INK = "#1F2933"
GRID = "#D9DEE3"
BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#8A8F94",
)
"""Okabe and Ito, Color Universal Design (2008), but yellow, which is faint on white; and a grey."""

PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, INK, GREY)
SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star", "hexagon")
DASHES = ("solid", "dash", "dot", "dashdot")
STAGE_COLOURS = {
    "prospect": GREY,
    "new": SKY,
    "active": GREEN,
    "high_potential": BLUE,
    "at_risk": ORANGE,
    "dormant": PURPLE,
    "churned": RED,
    "reactivated": INK,
    "none": "#C4C9CE",
}
SCALE = "Cividis"
"""One hue range from dark to light that colour-blind people read as everybody does."""

pio.templates.default = "none"
"""The look is set by `styled` alone; a template is copied for every figure, which takes longer."""

_ROW_HEIGHT = 34
_HALO = ", ".join(["0 0 3px #FFFFFF"] * 4)
_WIDE_CELLS = 16
_MOST_TICKS = 10
_ROOM_FOR_TICKS = 140
_FEW = 6
_LONG_DAYS = 400
_FIRST, _LAST = 0.001, 0.999
"""Ends of a flow diagram: where a node is at 0 or 1 sharp, Plotly places them all itself."""
_SIDES = {"from_stage": _FIRST, "to_stage": _LAST}
_FLOW_GAP = 0.05
"""Between two nodes, of the height."""
_FEWEST_DAYS = 14
_MILLISECONDS_OF_A_DAY = 86_400_000
_SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_EDGE = 240, 40, 4


def styled(figure: go.Figure, *, height: int = 380, legend: bool = False) -> go.Figure:
    """The look of the board on a figure."""
    figure.update_layout(
        paper_bgcolor="#FFFFFF",
        plot_bgcolor="#FFFFFF",
        font={"family": FONTS, "size": 14, "color": INK},
        hoverlabel={"font": {"family": FONTS, "size": 13}},
        height=height,
        margin={"l": 8, "r": 24, "t": 24, "b": 8},
        showlegend=legend,
        legend={"orientation": "h", "yanchor": "top", "y": -0.18, "x": 0, "traceorder": "normal"},
        separators=".,",
        dragmode=False,
    )
    figure.update_xaxes(automargin=True, gridcolor=GRID, linecolor=GRID, zeroline=False)
    figure.update_yaxes(automargin=True, gridcolor=GRID, linecolor=GRID, zeroline=False)
    return figure


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    *,
    colours: Sequence[str] | str = BLUE,
    shown: str = ",.0f",
    axis: str = "",
) -> go.Figure:
    """Lying bars, the first label on top, each with its value beside it."""
    figure = go.Figure(
        go.Bar(
            x=list(values),
            y=list(labels),
            orientation="h",
            marker_color=list(colours) if not isinstance(colours, str) else colours,
            texttemplate=f"%{{x:{shown}}}",
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"%{{y}}: %{{x:{shown}}}<extra></extra>",
        )
    )
    styled(figure, height=max(180, _ROW_HEIGHT * len(labels) + 90))
    largest = max((value for value in values if value == value), default=0)
    figure.update_xaxes(title=axis, tickformat=shown, range=[0, largest * 1.18 or 1], nticks=6)
    figure.update_yaxes(type="category", autorange="reversed", ticksuffix="  ", showgrid=False)
    figure.update_layout(margin={"r": 60})
    return figure


def bars_up(
    labels: Sequence[str], values: Sequence[float], *, shown: str = ",.0f", axis: str = ""
) -> go.Figure:
    """Standing bars from left to right, each with its value above it."""
    figure = go.Figure(
        go.Bar(
            x=list(labels),
            y=list(values),
            marker_color=BLUE,
            text=[f"{value:{shown}}" if value else "" for value in values],
            textposition="outside",
            textangle=0,
            textfont={"size": 11},
            cliponaxis=False,
            hovertemplate=f"%{{x}}: %{{y:{shown}}}<extra></extra>",
        )
    )
    styled(figure, height=340)
    figure.update_xaxes(type="category", title=axis, tickangle=0)
    step = -(-sum(len(label) + 2 for label in labels) // _ROOM_FOR_TICKS) or 1
    figure.update_xaxes(tickmode="array", tickvals=list(labels[::step]))
    figure.update_yaxes(tickformat=shown, rangemode="tozero", nticks=6)
    return figure


def lines(
    frame: pd.DataFrame,
    x: str,
    y: str,
    series: str,
    *,
    names: Mapping[str, str],
    colours: Mapping[str, str] | None = None,
    shown: str = ",.0f",
    limit: tuple[str, float] | None = None,
    x_format: str = "%Y-%m",
    from_zero: bool = True,
) -> go.Figure:
    """A line for each value of `series`, told apart by colour, marker and dash.

    `names` gives the lines in their order and how each is called, `limit` a level to draw.
    """
    figure = go.Figure()
    looks = zip(cycle(PALETTE), cycle(SYMBOLS), strict=False)
    for number, ((code, name), (colour, symbol)) in enumerate(
        zip(names.items(), looks, strict=False)
    ):
        part = frame[frame[series] == code]
        if part.empty:
            continue
        figure.add_scatter(
            x=part[x],
            y=part[y],
            name=name,
            mode="lines+markers",
            line={
                "color": (colours or {}).get(code, colour),
                "width": 2.5,
                "dash": DASHES[number // len(PALETTE) % len(DASHES)],
            },
            marker={"symbol": symbol, "size": 7, "line": {"width": 0.5, "color": INK}},
            hovertemplate=f"{name}<br>%{{x|{x_format}}}: %{{y:{shown}}}<extra></extra>",
        )
    if limit is not None and figure.data:
        name, level = limit
        ends = [frame[x].min(), frame[x].max()]
        figure.add_scatter(
            x=ends,
            y=[level, level],
            name=f"{name} {level:{shown}}",
            mode="lines",
            line={"color": RED, "dash": "dash", "width": 2},
            hoverinfo="skip",
        )
    many = len(figure.data) > len(PALETTE)
    styled(figure, legend=len(figure.data) > 1, height=460 if many else 380)
    _date_ticks(figure, frame[x], x_format)
    figure.update_yaxes(tickformat=shown, nticks=6, rangemode="tozero" if from_zero else "normal")
    return figure


def _date_ticks(figure: go.Figure, dates: pd.Series, x_format: str) -> None:
    """Ticks on dates that there are, as many as can be read."""
    known = sorted(dates.unique())
    step = -(-len(known) // _MOST_TICKS) or 1
    figure.update_xaxes(
        type="date", tickformat=x_format, tickvals=[str(day) for day in known[::step]]
    )


def sparkline(values: Sequence[float]) -> str:
    """A small line without axes, its last value marked, as SVG; the figures stand beside it."""
    low, span = min(values), (max(values) - min(values)) or 1.0
    step = (_SPARK_WIDTH - 2 * _SPARK_EDGE) / (len(values) - 1)
    drop = (_SPARK_HEIGHT - 2 * _SPARK_EDGE) / span
    bottom = _SPARK_HEIGHT - _SPARK_EDGE
    points = [
        f"{_SPARK_EDGE + number * step:.1f},{bottom - (value - low) * drop:.1f}"
        for number, value in enumerate(values)
    ]
    stroke = f'fill="none" stroke="{BLUE}" stroke-linecap="round"'
    return (
        f'<svg viewBox="0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}" '
        f'width="{_SPARK_WIDTH}" height="{_SPARK_HEIGHT}">'
        f'<polyline points="{" ".join(points)}" {stroke} stroke-width="2"/>'
        f'<path d="M{points[-1]} h0" {stroke} stroke-width="7"/></svg>'
    )


def heat(
    values: pd.DataFrame,
    *,
    shown: str,
    x_title: str,
    y_title: str,
    hover: str,
    square: bool = False,
    reach: tuple[float, float] | None = None,
) -> go.Figure:
    """A heat map of a table: its index downwards, its columns across, each cell with its value.

    The colour of the text follows that of the cell, so that it can be read on both ends. `hover` is
    a template with %{x}, %{y} and %{z}; `reach` fixes the ends of the colours.
    """
    cells = values.astype(float)
    low, high = reach or (float(cells.min().min()), float(cells.max().max()))
    span = (high - low) or 1.0
    x, y = [str(one) for one in cells.columns], [str(one) for one in cells.index]
    figure = go.Figure(
        go.Heatmap(
            z=cells.to_numpy(),
            x=x,
            y=y,
            zmin=low,
            zmax=low + span,
            colorscale=SCALE,
            xgap=2,
            ygap=2,
            hovertemplate=hover + "<extra></extra>",
            hoverongaps=False,
            colorbar={"tickformat": shown, "thickness": 14, "outlinewidth": 0},
        )
    )
    rows = len(y)
    styled(figure, height=max(220, min(_ROW_HEIGHT, 900 // max(rows, 1)) * rows + 110))
    if square:
        figure.update_layout(height=460)
    shown_cells = [
        (name, label, float(value))
        for label, line in zip(y, cells.to_numpy().tolist(), strict=True)
        for name, value in zip(x, line, strict=True)
        if not math.isnan(value)
    ]
    figure.add_scatter(
        x=[name for name, _, _ in shown_cells],
        y=[label for _, label, _ in shown_cells],
        text=[f"{value:{shown}}" for _, _, value in shown_cells],
        mode="text",
        textfont={
            "color": [
                _readable_on(round(100 * (value - low) / span)) for _, _, value in shown_cells
            ],
            "size": 12 if len(x) <= _WIDE_CELLS else 10,
        },
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_xaxes(type="category", title=x_title, showgrid=False, side="bottom", tickangle=0)
    figure.update_yaxes(
        type="category", title=y_title, showgrid=False, autorange="reversed", ticksuffix="  "
    )
    return figure


@cache
def _readable_on(percent: int) -> str:
    """Black or white, whichever is read better on a place of the scale from 0 to 100."""
    (colour,) = sample_colorscale(SCALE, [percent / 100], colortype="tuple")
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#FFFFFF"


def flow(frame: pd.DataFrame, names: Mapping[str, str], titles: tuple[str, str]) -> go.Figure:
    """A Sankey diagram of (from_stage, to_stage, members), stages in the order of `names`.

    `titles` stand above the two sides.
    """
    nodes = [(side, code) for side in _SIDES for code in names if (frame[side] == code).any()]
    place = {node: number for number, node in enumerate(nodes)}
    totals = [int(frame.loc[frame[side] == code, "members"].sum()) for side, code in nodes]
    ordered = frame.sort_values(
        list(_SIDES), key=lambda codes: codes.map(list(names).index), kind="stable"
    )
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            textfont={"family": FONTS, "size": 14, "color": INK, "shadow": _HALO},
            node={
                "x": [_SIDES[side] for side, _ in nodes],
                "y": _places(nodes, totals),
                "label": [
                    f"{names[code]}  {total:,}"
                    for (_, code), total in zip(nodes, totals, strict=True)
                ],
                "color": [STAGE_COLOURS.get(code, GREY) for _, code in nodes],
                "pad": 22,
                "thickness": 16,
                "line": {"color": INK, "width": 0.5},
                "hovertemplate": "%{label}<extra></extra>",
            },
            link={
                "source": [place["from_stage", code] for code in ordered["from_stage"]],
                "target": [place["to_stage", code] for code in ordered["to_stage"]],
                "value": ordered["members"].tolist(),
                "color": [_faint(STAGE_COLOURS.get(code, GREY)) for code in ordered["from_stage"]],
                "customdata": [
                    f"{names[one]} → {names[other]}"
                    for one, other in zip(ordered["from_stage"], ordered["to_stage"], strict=True)
                ],
                "hovertemplate": "%{customdata}: %{value:,.0f}<extra></extra>",
            },
        )
    )
    styled(figure, height=520)
    figure.update_layout(margin={"t": 44, "l": 8, "r": 8, "b": 24})
    for x, title, anchor in ((0, titles[0], "left"), (1, titles[1], "right")):
        figure.add_annotation(
            x=x, y=1.09, xref="paper", yref="paper", xanchor=anchor, text=title, showarrow=False
        )
    return figure


def _places(nodes: Sequence[tuple[str, str]], totals: Sequence[int]) -> list[float]:
    """Where the middle of each node is, from 0 (top) to 1, so that a side keeps its order."""
    most = max((sum(of == side for of, _ in nodes) for side in _SIDES), default=1)
    whole = max(sum(totals) / len(_SIDES), 1)
    share = (1 - _FLOW_GAP * (most - 1)) / whole
    places, tops = [], dict.fromkeys(_SIDES, 0.0)
    for (side, _), total in zip(nodes, totals, strict=True):
        places.append(min(max(tops[side] + total * share / 2, _FIRST), _LAST))
        tops[side] += total * share + _FLOW_GAP
    return places


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"


def stacked(
    frame: pd.DataFrame,
    x: str,
    y: str,
    series: str,
    *,
    names: Mapping[str, str],
    colours: Mapping[str, str] | None = None,
) -> go.Figure:
    """Standing bars by day, stacked by `series`; a day alone stands at the end of two weeks."""
    figure = go.Figure()
    for (code, name), colour in zip(names.items(), cycle(PALETTE), strict=False):
        part = frame[frame[series] == code]
        if not part.empty:
            figure.add_bar(
                x=part[x],
                y=part[y],
                name=name,
                width=0.8 * _MILLISECONDS_OF_A_DAY,
                marker_color=(colours or {}).get(code, colour),
                hovertemplate=f"{name}<br>%{{x|%Y-%m-%d}}: %{{y:,.0f}}<extra></extra>",
            )
    styled(figure, height=340, legend=True)
    figure.update_layout(barmode="stack")
    _date_ticks(figure, frame[x], "%Y-%m-%d")
    days, half = pd.to_datetime(frame[x]), pd.Timedelta(hours=12)
    first = min(days.min(), days.max() - pd.Timedelta(days=_FEWEST_DAYS - 1))
    figure.update_xaxes(range=[first - half, days.max() + half])
    few = frame.groupby(x)[y].sum().max() <= _FEW
    figure.update_yaxes(tickformat=",.0f", rangemode="tozero", nticks=6, dtick=1 if few else None)
    return figure


def stacked_lying(
    frame: pd.DataFrame,
    label: str,
    value: str,
    series: str,
    *,
    names: Mapping[str, str],
    axis: str = "",
) -> go.Figure:
    """Lying bars, stacked by `series`."""
    figure = go.Figure()
    for (code, name), colour in zip(names.items(), cycle(PALETTE), strict=False):
        part = frame[frame[series] == code]
        if not part.empty:
            figure.add_bar(
                x=part[value],
                y=part[label],
                name=name,
                orientation="h",
                marker_color=colour,
                hovertemplate=f"%{{y}} · {name}: %{{x:,.0f}}<extra></extra>",
            )
    styled(figure, height=_ROW_HEIGHT * frame[label].nunique() + 150, legend=True)
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title=axis, tickformat=",.0f", nticks=6)
    figure.update_yaxes(type="category", autorange="reversed", ticksuffix="  ")
    return figure


def spells(frame: pd.DataFrame, last: pd.Timestamp, names: Mapping[str, str]) -> go.Figure:
    """Stretches of time in a stage each, the open one until the end of `last`."""
    figure = go.Figure()
    begins = pd.to_datetime(frame["valid_from_date"])
    ends = pd.to_datetime(frame["valid_to_date"]).fillna(last + pd.Timedelta(days=1))
    for code, name in names.items():
        mine = frame["lifecycle_stage"] == code
        figure.add_bar(
            base=begins[mine],
            x=(ends[mine] - begins[mine]).dt.total_seconds() * 1000,
            y=[name] * int(mine.sum()),
            orientation="h",
            name=name,
            marker={"color": STAGE_COLOURS.get(code, GREY), "line": {"color": INK, "width": 0.5}},
            customdata=list(
                zip(
                    begins[mine].dt.strftime("%Y-%m-%d"),
                    ends[mine].dt.strftime("%Y-%m-%d"),
                    strict=True,
                )
            ),
            hovertemplate="%{y}: %{customdata[0]} – %{customdata[1]}<extra></extra>",
        )
    styled(figure, height=_ROW_HEIGHT * len(names) + 90)
    figure.update_layout(barmode="overlay")
    is_long = (ends.max() - begins.min()).days > _LONG_DAYS
    figure.update_xaxes(type="date", tickformat="%Y-%m" if is_long else "%Y-%m-%d", nticks=8)
    figure.update_yaxes(type="category", autorange="reversed", ticksuffix="  ")
    return figure
