"""Two editors changed the same: who saved what meanwhile, what each of the two changed, and the ways on.

A form names the revision that it was made of, and keeps it until its editor has chosen: to use theirs, to use mine, or
to merge both. So a text that is sent without a choice comes back once more. A field that this editor did not touch is
theirs in any case. Nothing of this is stored but the revision that is saved in the end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from flask import request

from feed import difference, fields, statuses, times
from feed.difference import Piece
from feed.errors import Invalid, Message, Reason
from feed.fields import Table
from feed.languages import Language
from feed.store.revisions import Save

SAVES_SHOWN = 5  # of those who saved meanwhile: more says nothing that the difference does not
PROSE = frozenset({"body", "standfirst"})  # merged by sentences
LINES = frozenset(
    {"headline", "kicker", "byline", "note", "source"}
)  # each merged as a whole; all others are chosen from a list
SOMEBODY = Message("Somebody else")
YOU = Message("You")
YES, NO = Message("yes"), Message("no")
NOTHING = "–"

Values = Mapping[str, object]
Shown = Callable[[str, object], str]


class Choice(StrEnum):
    """What the editor of the form decided."""

    THEIRS = "theirs"
    MINE = "mine"
    MERGE = "merge"
    NEW = "new"  # of a retracted update: publish the text as another
    RESTORE = "restore"  # of a retracted update: put it back with this text


@dataclass(frozen=True)
class Sides:
    """The fields of a form in three states. `base` is what the editor began with, None where that is not known; `mine`
    is what came with the form. `against` is the revision of `theirs`, and `saves` are those since the base, the latest
    first."""

    base: Values | None
    theirs: Values
    mine: Values
    against: int
    saves: list[Save]


@dataclass(frozen=True)
class Compared:
    """What became of a field on each side; nothing where it stayed. After a merge `theirs` is what came from them into
    mine, and `mine` what comes from me into theirs."""

    name: str
    theirs: list[Piece]
    mine: list[Piece]


@dataclass(frozen=True)
class Conflict:
    """What a form says of a conflict. `clashes` counts the places that both changed, after a merge; `unused` are the
    texts of mine that are not in the form after "Use theirs"."""

    by: str
    saves: list[Save]
    against: int
    now: str
    fields: list[Compared]
    mergeable: bool
    chosen: Choice | None = None
    clashes: int = 0
    unused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Retraction:
    """What the form of a retracted update says. `by` is None where nobody here did it. `missed` is what somebody saved
    before the retraction, since the form was made. Of one that was `erased` nothing comes back."""

    by: str | None
    at: str
    reason: str | None
    now: str
    missed: Conflict | None = None
    erased: bool = False


def chosen() -> Choice | None:
    """The choice that came with the form, if any."""
    asked = request.form.get("choice", "")
    return Choice(asked) if asked in list(Choice) else None


def sees(against: int) -> bool:
    """Whether the form showed that revision when its editor chose. Another was saved meanwhile if not."""
    return request.form.get("against") == str(against)


def since(revision: int, current: int, *, known: bool) -> tuple[int, int]:
    """After which revision the saves are to be listed, and how many. Of a form whose beginning is not known, it is the
    current one alone."""
    return (revision, SAVES_SHOWN) if known else (current - 1, 1)


def words(language: Language, unset: Message) -> tuple[Callable[[str], str], Shown]:
    """What translates into that language, and what names a value that is chosen from a list. `unset` is the name of no
    language."""
    names = dict(language.choice)

    def shown(name: str, value: object) -> str:
        if isinstance(value, bool):
            return language.translate(YES if value else NO)
        if name == "language":
            return names.get(str(value), str(value)) if value else language.translate(unset)
        if name == "status":
            return language.translate(statuses.WORDS[str(value)]) if value in statuses.WORDS else ""
        return str(value or "")

    return language.translate, shown


def check(table: Table, given: Values) -> None:
    """Raises Invalid for texts in which variants of a merge are left."""
    told = Message("Both variants are still here. Keep one of them, and take the signs ⟦ ⟧ out.")
    left = [name for name in table if isinstance(given.get(name), str) and difference.has_variants(str(given[name]))]
    if left:
        raise Invalid(*(Reason(name, told) for name in left))


def sides(
    table: Table, base: Values | None, theirs: Values, given: Values, *, against: int, saves: list[Save]
) -> Sides:
    """The three states, as they would be stored. `given` may hold what cannot be stored."""
    mine = {name: _cleaned(table, name, given[name]) for name in theirs if name in given}
    if base is not None:
        mine |= {name: theirs[name] for name in mine if name in base and _same(mine[name], base[name])}
    return Sides(base, theirs, {**theirs, **mine}, against, saves)


def compare(all_sides: Sides, translate: Callable[[str], str], shown: Shown) -> Conflict:
    """What each side changed; what both have now is theirs. `shown` gives the words for a value that is chosen from a
    list."""
    base = all_sides.theirs if all_sides.base is None else all_sides.base
    mine = {
        name: base.get(name) if _same(value, all_sides.theirs[name]) else value
        for name, value in all_sides.mine.items()
    }
    return _conflict(all_sides, translate, _compared(base, all_sides.theirs, base, mine, shown))


def choose(
    all_sides: Sides, choice: Choice, translate: Callable[[str], str], shown: Shown, name: str | None = None
) -> tuple[dict[str, object], Conflict]:
    """The fields after that choice, and what the form says of it. `name` is whose side mine is; None for who reads."""
    theirs, mine = all_sides.theirs, all_sides.mine
    if choice == Choice.THEIRS:
        unused = tuple((name, str(mine[name])) for name in theirs if not _same(mine[name], theirs[name]) and mine[name])
        conflict = replace(_conflict(all_sides, translate, []), unused=unused)
        return {**theirs}, replace(conflict, chosen=choice)
    if choice == Choice.MINE or all_sides.base is None:
        conflict = _conflict(all_sides, translate, _compared(theirs, theirs, theirs, mine, shown))
        return {**mine}, replace(conflict, chosen=Choice.MINE)
    conflict = _conflict(all_sides, translate, [])
    merged, clashes = _merged(all_sides.base, mine, theirs, (name or translate(YOU), conflict.by))
    both = _compared(mine, merged, theirs, merged, shown)
    return merged, replace(conflict, chosen=choice, clashes=clashes, fields=both)


def _conflict(all_sides: Sides, translate: Callable[[str], str], both: list[Compared]) -> Conflict:
    names = dict.fromkeys(save.by for save in all_sides.saves if save.by)
    by = ", ".join(names) or translate(SOMEBODY)
    return Conflict(by, all_sides.saves, all_sides.against, times.now(), both, all_sides.base is not None)


def _merged(base: Values, mine: Values, theirs: Values, names: tuple[str, str]) -> tuple[dict[str, object], int]:
    """Each field merged, and the number of places that both changed. Of what is chosen from a list mine is kept."""
    merged, clashes = {**mine}, 0
    for name in theirs:
        if name in PROSE | LINES:
            merge = difference.merge if name in PROSE else difference.merge_line
            found = merge(_text(base.get(name)), _text(mine[name]), _text(theirs[name]), names)
            merged[name] = found.text
            clashes += found.clashes
        elif _same(mine[name], base.get(name)):
            merged[name] = theirs[name]
        elif not _same(theirs[name], base.get(name)) and not _same(theirs[name], mine[name]):
            clashes += 1
    return merged, clashes


def _compared(before: Values, theirs: Values, mine_before: Values, mine: Values, shown: Shown) -> list[Compared]:
    found = (
        Compared(
            name,
            _difference(name, before.get(name), theirs[name], shown),
            _difference(name, mine_before.get(name), mine[name], shown),
        )
        for name in theirs
    )
    return [each for each in found if each.theirs or each.mine]


def _difference(name: str, before: object, after: object, shown: Shown) -> list[Piece]:
    if _same(before, after):
        return []
    if name in PROSE | LINES:
        return difference.in_short(difference.difference(_text(before), _text(after)))
    return [Piece("del", shown(name, before) or NOTHING), Piece("ins", shown(name, after) or NOTHING)]


def _cleaned(table: Table, name: str, value: object) -> object:
    """The value as it would be stored, or as it was typed where it cannot be."""
    try:
        return fields.clean({name: table[name]}, {name: value})[name]
    except Invalid:
        return _text(value)


def _same(one: object, other: object) -> bool:
    return (one or None) == (other or None)


def _text(value: object) -> str:
    return str(value).replace("\r\n", "\n").strip() if value else ""
