# Copyright (c) mmrrsis contributors.
"""Read the expressions that a person types, one a line."""

#: Most expressions at once; each gets a colour of its own.
MAX_EXPRESSIONS = 6
_MAX_LETTERS = 300


def read_expression_lines(text: str | None) -> list[str]:
    """Read expressions.

    Args:
        text: One expression a line. Blank lines, blanks around an expression and repeated expressions are left out.

    Returns:
        One to ``MAX_EXPRESSIONS`` different expressions, in the order of the lines.

    Raises:
        ValueError: If there is none, there are too many, or one is too long.
    """
    lines = (' '.join(line.split()) for line in (text or '').splitlines())
    expressions = list(dict.fromkeys(line for line in lines if line))
    if not expressions:
        raise ValueError(
            'There is no expression. Describe one object or region in words, for example "the ship on the left".'
        )
    if len(expressions) > MAX_EXPRESSIONS:
        raise ValueError(
            f'There are {len(expressions)} expressions; the page takes at most {MAX_EXPRESSIONS} at once. Remove some '
            'lines, or use `mmrrsis segment`, which takes any number.'
        )
    for number, expression in enumerate(expressions, start=1):
        if len(expression) > _MAX_LETTERS:
            raise ValueError(
                f'Expression {number} has {len(expression)} letters; at most {_MAX_LETTERS} are taken. Describe one '
                'object or region in one sentence.'
            )
    return expressions
