"""What became of a cut: what came back, which takes still fit, what to pull, and how it looks."""

from secondunit_otio.report import conform, picture, pull
from secondunit_otio.report.conform import Conform
from secondunit_otio.report.roundtrip import compared
from secondunit_otio.report.telling import Report

__all__ = ["Conform", "Report", "compared", "conform", "picture", "pull"]
