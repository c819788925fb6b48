"""Before and after: two trees of Liveline, measured in alternation.

Both servers run at once on the server's core, and all but the one that is measured are idle. So whatever slows the
machine down slows both, and the ratio of the two neighbours of a pair says more than any number alone. Both trees run
with this interpreter and its libraries, and both are measured by the same load generator. Every other pair begins with
the other tree.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from harness import Bench
from servers import OURS, Peer, liveline

COLUMNS = (
    "figure | of | before: median | lowest – highest | after: median | lowest – highest "
    "| after / before: median | lowest – highest"
)

Figures = Mapping[str, float]


def trees(before: str, seed: str = "nothing", count: int = 0) -> list[Peer]:
    """Returns Liveline of the other tree, and of this one. Raises SystemExit if there is no other tree."""
    other = Path(before).resolve()
    if not (other / "feed").is_dir():
        raise SystemExit(f"{before} is no tree of Liveline")
    return [Peer(str(tree), liveline(seed=seed, count=count, tree=tree)) for tree in (other, OURS)]


def compare(bench: Bench, of: str, formats: Mapping[str, str], pairs: int, turns: list[Callable[[], Figures]]) -> None:
    """Takes the figures of both sides that many times, and adds a line for each figure. Of each pair the ratio of
    after to before is taken; the last two columns are about these ratios."""
    seen: list[list[Figures]] = [[], []]
    for number in range(pairs):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            seen[side].append(turns[side]())
    for name, how in formats.items():
        before, after = ([figures[name] for figures in side] for side in seen)
        ratios = [b / a for a, b in zip(before, after, strict=True) if a]
        bench.row(name, of, *_cells(before, how), *_cells(after, how), *_cells(ratios, ".2f"))


def _cells(values: list[float], how: str) -> list[str]:
    if not values:
        return ["–", "–"]
    return [f"{median(values):{how}}", f"{min(values):{how}} – {max(values):{how}}"]
