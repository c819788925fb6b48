"""gunicorn's log as JSON, with FEED_LOG=json."""

from typing import Any

from gunicorn.glogging import Logger

from feed import logs


class JsonLog(Logger):  # type: ignore[misc]
    """gunicorn's logger with another format. Its files, and how they are opened again, are as its settings say."""

    writes_json = True
    atoms_wrapper_class = dict  # gunicorn's own escapes quotes, which JSON does too

    def setup(self, cfg: Any) -> None:
        """See gunicorn; it is called again at each HUP."""
        super().setup(cfg)
        logs.write_json()
