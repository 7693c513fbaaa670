"""The report: one self-contained page on a graph, with charts and the evidence behind every number."""

from kg.answers.report.page import report

__all__ = ["report"]
