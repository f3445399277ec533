"""A depot of parcels."""

from .parcels import Letter, Parcel
from .routes import plan as make_plan

__all__ = ["Letter", "Parcel", "make_plan"]
