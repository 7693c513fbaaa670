"""Answers from a finished graph: leaderboards, lineage, trends, gaps, conflicts, comparison, similarity, a report.

Each function takes the graph that `kg.assemble.assemble` gives (or, to explain names, the extraction records), reads it
and gives records of plain values, every one with the papers and sentences behind it. Support is counted in distinct
papers. What is derived says how; where there is too little to say, it says that. Nothing here reads or writes a file or
prints.
"""

from kg.answers.compare import Difference, compare
from kg.answers.conflicts import Different, Reversal, Win, different_values, reported_twice, reversals, who_beats_whom
from kg.answers.explain import Explained, explain
from kg.answers.gaps import Gap, gaps_of_dataset, gaps_of_method, widest_gaps
from kg.answers.leaderboard import Board, leaderboards
from kg.answers.lineage import Branch, Family, family, lineage
from kg.answers.metrics import Metric, find_metric, metrics
from kg.answers.results import Reported, reported
from kg.answers.similar import Alike, similar_methods, similar_papers
from kg.answers.support import Said, roll_up
from kg.answers.trends import Trend, Window, sparkline, trends, window

__all__ = [
    "Alike",
    "Board",
    "Branch",
    "Difference",
    "Different",
    "Explained",
    "Family",
    "Gap",
    "Metric",
    "Reported",
    "Reversal",
    "Said",
    "Trend",
    "Win",
    "Window",
    "compare",
    "different_values",
    "explain",
    "family",
    "find_metric",
    "gaps_of_dataset",
    "gaps_of_method",
    "leaderboards",
    "lineage",
    "metrics",
    "reported",
    "reported_twice",
    "reversals",
    "roll_up",
    "similar_methods",
    "similar_papers",
    "sparkline",
    "trends",
    "who_beats_whom",
    "widest_gaps",
    "window",
]
