"""The only place that knows SQL. One file per noun; every verb is one transaction with the clock first."""
