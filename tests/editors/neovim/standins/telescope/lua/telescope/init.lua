---A stand-in for Telescope, which no package registry of the tests has: as much of its API as a finder sees.
---The tests drive it through `require("standin")`.
return {}
