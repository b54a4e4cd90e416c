"""What became of the codes of a former version: which have one counterpart, and why the others have none.

A figure can be carried under another code only where one code became one code: shares and means of merged codes cannot be
added up, and nobody knows the parts of a split one. What belongs here: telling the codes apart. What does not: what is
made of them (`mapping.recoded` maps, `release.recoded` figures; disclosure control reads the declared map by itself).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

Declared = Mapping[str, str | list[str]]
"""Code then → the code of now, or those that it was split into, as the dataflow's file says it."""


@dataclass(frozen=True)
class Counterparts:
    """The codes of one component.

    Attributes:
        kept: code then → the one code of now, that which stayed as it was too.
        left_out: code then → why it has none.
    """

    kept: Mapping[str, str]
    left_out: Mapping[str, str]

    @property
    def is_same(self) -> bool:
        """Whether every code stayed what it was."""
        return not self.left_out and all(then == now for then, now in self.kept.items())


def counterparts(declared: Declared, before: Collection[str], now: Collection[str]) -> Counterparts:
    """Return what became of the codes of a list.

    Args:
        declared: what the dataflow's file says of them; a code that it does not name stays.
        before: the codes then.
        now: the codes now.
    """
    became = {code: _listed(declared.get(code, code)) for code in before}
    rivals: dict[str, list[str]] = {}
    for then, listed in became.items():
        for one in listed:
            rivals.setdefault(one, []).append(then)
    kept: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for then, listed in became.items():
        if len(listed) != 1:
            left_out[then] = f"split into {', '.join(listed)}"
        elif len(rivals[listed[0]]) > 1:
            others = [code for code in rivals[listed[0]] if code != then]
            left_out[then] = f"merged with {', '.join(others)} into {listed[0]}"
        elif listed[0] not in now:
            left_out[then] = "no longer there"
        else:
            kept[then] = listed[0]
    return Counterparts(kept, left_out)


def _listed(said: str | list[str]) -> list[str]:
    return [said] if isinstance(said, str) else list(said)
