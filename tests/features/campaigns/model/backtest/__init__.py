"""The figures and the chart of a backtest."""
