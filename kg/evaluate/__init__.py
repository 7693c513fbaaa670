"""Measure extraction records against annotated papers: precision, recall, F1, their intervals, and what went wrong.

    gold = list(read_gold(["dev.jsonl"]))
    records = (record.to_record(e) for e in pipeline.extract_papers(papers(gold), ...))
    report = score(gold, records)
    print(format_table(report, intervals(report)))

`gold` reads annotations, `measure` counts, `bootstrap` gives intervals and compares two reports, `diagnosis` says what
went wrong. Nothing here runs the extraction or writes a file.
"""

from kg.evaluate.bootstrap import compare, differences, intervals
from kg.evaluate.diagnosis import PaperErrors, errors, format_errors, summarise_errors
from kg.evaluate.gold import papers, read_gold, read_records
from kg.evaluate.measure import Figure, Names, PaperScore, Report, Tally, format_table, score

__all__ = [
    "Figure",
    "Names",
    "PaperErrors",
    "PaperScore",
    "Report",
    "Tally",
    "compare",
    "differences",
    "errors",
    "format_errors",
    "format_table",
    "intervals",
    "papers",
    "read_gold",
    "read_records",
    "score",
    "summarise_errors",
]
