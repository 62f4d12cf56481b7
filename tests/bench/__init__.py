"""`make bench`: the works W1 to W5 beside a hand-written floor, CPU per operation from /proc, in one run."""
