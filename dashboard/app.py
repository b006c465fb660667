"""What Streamlit runs: `rekindle board` names it."""

from dashboard.board import run

run()
