"""To whom in the team, and why. Pure: a choice among values, which tells of everybody what spoke for and against."""
