"""How other programs come to know this one: their settings files and command lines. Nothing else uses it."""
