"""Flavours: a cut as each host can open it, and what comes back put onto the master."""

from secondunit_otio.flavours.formats import Flavour, flavour
from secondunit_otio.flavours.hosts import HOSTS, Host
from secondunit_otio.flavours.opening import opened
from secondunit_otio.flavours.returns import Returned, returned
from secondunit_otio.flavours.slates import Slate

__all__ = ["HOSTS", "Flavour", "Host", "Returned", "Slate", "flavour", "opened", "returned"]
