"""The patterns that `~` takes in a `q`: a small, bounded subset of regular expressions.

Literals, `.`, classes, `\\d \\w \\s` and their negations, `^`, `$`, `|`, and the quantifiers `* + ? {n} {n,}
{n,m}` on one character at a time. There are no groups, so quantifiers cannot nest and the automaton stays
small; RE2 and PostgreSQL both search it without backtracking. Case is folded here, character by character,
because the engines' own folding differs outside ASCII: `a` is rendered `[Aa]`.
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_LENGTH: Final = 200
MAX_REPEAT: Final = 100  # bound of one quantifier
MAX_STATES: Final = 1000  # characters of the pattern after unrolling its quantifiers
MAX_CLASS: Final = 1000  # characters that one class may list

_ESCAPED_SETS: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\v\f\r "}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_QUANTIFIER: Final = re.compile(r"[*+?]|\{(\d{1,4})(?:(,)(\d{1,4})?)?\}", re.ASCII)


class PatternError(ValueError):
    """What is wrong with a pattern, and at which 0-based offset in it."""

    def __init__(self, problem: str, offset: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.offset = offset


def render(pattern: str) -> str:
    """The pattern as RE2 (`.` matching any character) and PostgreSQL read it alike; raises PatternError."""
    if len(pattern) > MAX_LENGTH:
        raise PatternError(f"a pattern has at most {MAX_LENGTH} characters", MAX_LENGTH)
    return _Reader(pattern).alternatives()


def literal(text: str) -> str:
    """A rendered pattern that finds the text itself, whatever its case; raises PatternError when too long."""
    if len(text) > MAX_LENGTH:
        raise PatternError(f"a text to look for has at most {MAX_LENGTH} characters", MAX_LENGTH)
    return "".join(map(_folded, text))


@dataclass(slots=True)
class _Reader:
    """A recursive-descent reader without recursion: the subset has no nesting."""

    text: str
    at: int = 0
    states: int = 0

    def alternatives(self) -> str:
        rendered: list[str] = []
        atoms = 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "|":
                self._needs(atoms > 0, "'|' needs something on both sides")
                rendered.append("|")
                atoms = 0
                self.at += 1
                continue
            rendered.append(self._piece(char))
            atoms += 1
        self._needs(atoms > 0, "expected a pattern")
        return "".join(rendered)

    def _piece(self, char: str) -> str:
        """One anchor, or one character set with its quantifier."""
        if char in "^$":
            self.at += 1
            self._needs(_QUANTIFIER.match(self.text, self.at) is None, f"'{char}' cannot be repeated")
            return char
        self._needs(char not in "*+?{", f"'{char}' has nothing to repeat")
        self._needs(char not in "()", "groups are not supported")
        start = self.at
        atom = self._atom(char)
        quantifier, times = self._quantifier()
        self.states += times
        if self.states > MAX_STATES:
            raise PatternError(f"the pattern's repetitions add up to more than {MAX_STATES}", start)
        return atom + quantifier

    def _atom(self, char: str) -> str:
        self.at += 1
        if char == ".":
            return "."
        if char == "[":
            return self._class()
        if char == "\\":
            named, literal = self._escape()
            return f"[{named}]" if named else _folded(literal)
        return _folded(char)

    def _escape(self) -> tuple[str, str]:
        """After a backslash: the content of a class with that name, or else the character meant."""
        self._needs(self.at < len(self.text), "'\\' needs a character after it")
        char = self.text[self.at]
        self.at += 1
        if char.lower() in _ESCAPED_SETS:
            inside = _ESCAPED_SETS[char.lower()]
            return (inside if char.islower() else f"^{inside}"), ""
        if char in _CONTROLS:
            return "", _CONTROLS[char]
        if char.isalnum():
            raise PatternError(f"the escape '\\{char}' is not supported", self.at - 2)
        return "", char

    def _class(self) -> str:
        """After `[`: characters, ranges and escapes up to `]`."""
        opened = self.at - 1
        negated = self.text.startswith("^", self.at)
        self.at += negated
        members: list[str] = []
        characters: set[str] = set()
        while True:
            if self.at >= len(self.text):
                raise PatternError("'[' is not closed by ']'", opened)
            if self.text[self.at] == "]" and (members or characters):
                break
            named, first = self._class_member()
            if named:
                members.append(named)
                continue
            last = first
            if self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
                self.at += 1
                self._needs(self.at < len(self.text), "a range needs an end")
                named, last = self._class_member()
                self._needs(not named and first <= last, "the range is not in order")
            self._needs(
                ord(last) - ord(first) + len(characters) < MAX_CLASS,
                f"a class lists at most {MAX_CLASS} characters",
            )
            for code in range(ord(first), ord(last) + 1):
                if not 0xD800 <= code <= 0xDFFF:
                    characters.update(_variants(chr(code)))
        self.at += 1
        members.extend(_ranges(characters))
        return f"[{'^' if negated else ''}{''.join(members)}]"

    def _class_member(self) -> tuple[str, str]:
        char = self.text[self.at]
        self.at += 1
        if char != "\\":
            return "", char
        named, literal = self._escape()
        self._needs(not named.startswith("^"), "a negated escape cannot stand in a class")
        return named, literal

    def _quantifier(self) -> tuple[str, int]:
        """The quantifier here, if any, and how many states it unrolls to."""
        found = _QUANTIFIER.match(self.text, self.at)
        if found is None:
            return "", 1
        self.at = found.end()
        self._needs(_QUANTIFIER.match(self.text, self.at) is None, "a quantifier cannot be repeated")
        if found[1] is None:
            return found[0], 1
        low = int(found[1])
        high = int(found[3]) if found[3] else low
        self._needs(low <= high <= MAX_REPEAT, f"a repetition counts from low to high, at most {MAX_REPEAT}")
        return found[0], high + 1

    def _needs(self, condition: bool, problem: str) -> None:
        if not condition:
            raise PatternError(problem, self.at)


def _variants(char: str) -> set[str]:
    """A character with its cases, as far as they are single characters."""
    lower, upper = char.lower(), char.upper()
    return {c for c in (char, lower, upper, lower.upper(), upper.lower()) if len(c) == 1}


def _folded(char: str) -> str:
    variants = _variants(char)
    if len(variants) == 1:
        return _escaped(char)
    return f"[{''.join(sorted(map(_escaped, variants)))}]"


def _ranges(characters: set[str]) -> list[str]:
    """Characters as the items of a class, neighbours joined to ranges."""
    runs: list[list[int]] = []
    for code in sorted(map(ord, characters)):
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return [
        _escaped(chr(low)) if low == high else f"{_escaped(chr(low))}-{_escaped(chr(high))}"
        for low, high in runs
    ]


def _escaped(char: str) -> str:
    """A literal character: punctuation after a backslash, which both engines take for itself."""
    return char if char.isalnum() or char == "_" or not "!" <= char <= "~" else f"\\{char}"
