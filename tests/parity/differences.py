"""Where our answer to a recorded request differs on purpose, each with the reason.

docs/differences.md says it in prose. A record that is not listed is answered equal, and one that is
listed is answered differently: a line that is no longer true fails the suite.
"""

FILTER_FIRST = "The filter runs before the limit, so the page is full. AppSync filtered what the limit had left."
HAS_AN_ANSWER = "DynamoDB refuses the expression. SQL has the plain answer to it: no row, or every row it is true of."
NULL_IS_MISSING = "A null sent by a create was a stored attribute. In a column, null and missing are one thing."
EMPTY_STRING_KEPT = (
    "An empty string is kept. The tool that made the recording turned it into null on the way to its database "
    "(the refusal of filters-string/024 names the type NULL); DynamoDB itself has taken empty strings since 2020."
)
EMPTY_KEY = "DynamoDB refuses an empty string in an indexed field. A column takes it, and queries find it."

DIFFERENCES = {
    "create-basics/020": EMPTY_STRING_KEPT,
    "scalars-product/045": EMPTY_KEY,
    "filters-string/010": HAS_AN_ANSWER,
    "filters-string/024": HAS_AN_ANSWER,
    "filters-int/010": HAS_AN_ANSWER,
    "filters-int/014": NULL_IS_MISSING,
    "filters-int/015": NULL_IS_MISSING,
    "filters-float/010": HAS_AN_ANSWER,
    "filters-date-time/010": HAS_AN_ANSWER,
    "filters-date-time/029": HAS_AN_ANSWER,
    "index-float/024": HAS_AN_ANSWER,
    "index-float/026": FILTER_FIRST,
    "paging-list/015": FILTER_FIRST,
}
