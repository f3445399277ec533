"""The inverted file inside a sealed segment, its four roles kept apart.

`train` finds the centroids, `assign` says to which lists a vector belongs, `codec` makes and compares the
short codes, `lists` stores them, `scan` answers a query; `policy` decides when to rebuild, `calibrate` how
much to probe.
"""
