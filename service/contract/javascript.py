r"""JavaScript and TypeScript source → its string and template literals, with what their surroundings say of them.

Not a parser: it knows just enough of the language to tell literals from comments, regular expressions
and JSX. Where it cannot know, it recovers at the end of the line. It reads any text, valid or
not, in time that grows with its length.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

TAGS = frozenset({"gql", "graphql", "graphqlOperation"})
"""What stands before a literal that is certainly a document: gql`…`, graphqlOperation(`…`)."""
MOST_RESTARTS = 5
"""Odd backticks (in JSX text, say) after which the rest of a file is read anew."""
LONGEST_TAG = 40
"""Characters at the end of a template in which a tag is looked for."""
REMEMBERED = 48
"""Tokens before a literal that are searched for its name."""

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
    |(?P<word>[\w$\#@]+)
    |(?P<string>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*+\])++/\w*")
_CHUNK = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+(?P<end>`|\$\{)?", re.DOTALL)
_WORD = re.compile(r"[\w$#@]")
_VALUES_END = frozenset({'"', ")", "]", "}"})
_MARK = re.compile(r"/\*\s*GraphQL\s*\*/", re.IGNORECASE)
_ANNOUNCES = re.compile(r"(?:\b(?:gql|graphql)|/\*\s*GraphQL\s*\*/)\s*$", re.IGNORECASE)
"""What a template ends in whose closing backtick really opens another."""
_BEFORE_REGEX = frozenset(
    ("return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "yield", "await")
)
"""Words after which a value may stand; after any other a `/` divides."""
_DECLARATIONS = frozenset({"const", "let", "var"})


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a literal: its text as written, or the expression of a `${…}`."""

    text: str
    start: int
    """Its offset in the source."""
    is_expression: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A string or template."""

    start: int
    """The offset of what follows the quote or backtick."""
    parts: tuple[Part, ...]
    name: str | None
    """The variable or property it is given to."""
    marked: bool
    """Whether a tag, a call or a comment says that it is GraphQL."""


@dataclass(slots=True)
class _Open:
    """A template that has begun, and how many braces of the current `${…}` are open."""

    start: int
    name: str | None
    marked: bool
    first_literal: int
    """How many literals there were when it began: what follows is dropped if it never ends."""
    parts: list[Part] = field(default_factory=list)
    braces: int = 0
    expression: int = 0


def literals(source: str) -> list[Literal]:
    """The literals of a source text, inner ones of a `${…}` before the template they are in."""
    found: list[Literal] = []
    position, plain = 0, set[int]()
    for _ in range(MOST_RESTARTS + 1):
        scanner = _Scanner(source, found, plain)
        odd = scanner.scan(position)
        if odd is None:
            break
        # Its backtick began nothing: read on behind it.
        plain.add(odd.start - 1)
        del found[odd.first_literal :]
        position = odd.start - 1
    return found


class _Scanner:
    def __init__(self, source: str, found: list[Literal], plain: set[int]) -> None:
        self._source = source
        self._found = found
        self._plain = plain
        """Offsets of backticks that begin no template."""
        self._before: deque[str] = deque(maxlen=REMEMBERED)
        self._open: list[_Open] = []
        self._marked = False
        self._hopeless: dict[str, int] = {}
        """What may begin a literal or comment → up to where none of its kind ends, so none begins."""
        self._odd: _Open | None = None

    def scan(self, position: int) -> _Open | None:
        """Read to the end, or to where a template turns out to be none: the outermost that does not end, say."""
        while position < len(self._source):
            character = self._source[position]
            if character == "`" and position not in self._plain:
                position = self._begin(position + 1)
            elif character == "}" and self._open and self._open[-1].braces == 0:
                position = self._resume(position)
            elif character == "/":
                position = self._comment(position) or self._regex(position) or self._token(position)
            else:
                position = self._token(position)
        return self._odd or (self._open[0] if self._open else None)

    def _token(self, position: int) -> int:
        character = self._source[position]
        matched = None if position < self._hopeless.get(character, 0) else _TOKEN.match(self._source, position)
        kind = "other" if matched is None else matched.lastgroup
        text = character if matched is None else matched[0]
        if kind == "string":
            part = Part(text[1:-1], position + 1)
            self._found.append(Literal(position + 1, (part,), self._name(), self._is_marked()))
            self._take('"')
        elif kind == "other":
            if text in {'"', "'"}:
                self._hopeless[text] = self._line_end(position)
            elif self._open:
                self._open[-1].braces += {"{": 1, "}": -1}.get(text, 0)
            self._take(text)
        elif kind == "word":
            self._take(text)
        return position + len(text)

    def _take(self, token: str) -> None:
        self._before.append(token)
        self._marked = False

    def _line_end(self, position: int) -> int:
        found = self._source.find("\n", position)
        return len(self._source) if found < 0 else found

    def _comment(self, position: int) -> int | None:
        """Behind the `/* … */` that begins here, if one does."""
        if not self._source.startswith("/*", position) or "/*" in self._hopeless:
            return None
        end = self._source.find("*/", position + 2)
        if end < 0:
            self._hopeless["/*"] = len(self._source)
            return None
        self._marked = self._marked or _MARK.fullmatch(self._source, position, end + 2) is not None
        return end + 2

    def _regex(self, position: int) -> int | None:
        """Behind the regular expression that begins here, if one does: where a value may stand, a `/` is none."""
        if self._source.startswith("//", position) or position < self._hopeless.get("/", 0):
            return None
        last = self._before[-1] if self._before else ""
        # `</` closes an element of JSX.
        if last in _VALUES_END or last == "<" or (_WORD.match(last) and last not in _BEFORE_REGEX):
            return None
        matched = _REGEX.match(self._source, position)
        if matched is None:
            self._hopeless["/"] = self._line_end(position)
            return None
        self._take('"')
        return matched.end()

    # ------------------------------------------------------------ templates

    def _begin(self, position: int) -> int:
        self._open.append(_Open(position, self._name(), self._is_marked(), len(self._found)))
        return self._chunk(position)

    def _resume(self, position: int) -> int:
        """Behind the `}` of an expression."""
        template = self._open[-1]
        text = self._source[template.expression : position]
        template.parts.append(Part(text, template.expression, is_expression=True))
        return self._chunk(position + 1)

    def _chunk(self, position: int) -> int:
        """Read text up to the end of the template or to its next expression."""
        template = self._open[-1]
        matched = _CHUNK.match(self._source, position)
        assert matched is not None  # it may be empty
        if matched["end"] is None:
            return len(self._source)
        template.parts.append(Part(self._source[position : matched.start("end")], position))
        if matched["end"] == "`":
            if len(self._open) == 1 and _ANNOUNCES.search(template.parts[-1].text[-LONGEST_TAG:]):
                self._odd = template
                return len(self._source)
            self._open.pop()
            self._found.append(Literal(template.start, tuple(template.parts), template.name, template.marked))
            self._take('"')
        else:
            template.expression = matched.end()
            self._take("{")
        return matched.end()

    # ------------------------------------------------------------ what stands before a literal

    def _is_marked(self) -> bool:
        *_, before, last = ("", "", *self._before)
        return self._marked or last in TAGS or (last == "(" and before in TAGS)

    def _name(self) -> str | None:
        """The name in `const NAME =`, `NAME: TYPE =` or `NAME:`, with or without a tag between."""
        tokens = list(self._before)
        if tokens[-2:-1] and tokens[-1] == "(" and tokens[-2] in TAGS:
            tokens.pop()
        if tokens and tokens[-1] in TAGS:
            tokens.pop()
            while tokens[-1:] == ["."]:
                del tokens[-2:]
        if len(tokens) < 2 or tokens[-1] not in {"=", ":"}:
            return None
        sign, name = tokens.pop(), tokens.pop()
        if _WORD.match(name) and (sign == ":" or tokens[-1:] not in ([":"], ["."])):
            return name
        return None if sign == ":" else _declared([*tokens, name])


def _declared(tokens: list[str]) -> str | None:
    """The variable that is declared with a type: what follows the last `const`, or stands before the only `:`."""
    for position in reversed(range(len(tokens) - 1)):
        if tokens[position] in _DECLARATIONS:
            return tokens[position + 1]
    return tokens[-3] if len(tokens) > 2 and tokens[-2] == ":" else None
