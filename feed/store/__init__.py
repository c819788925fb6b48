"""The only package that knows SQL: one file per noun. Each verb is one transaction, and bumps the version of the feed
first."""
