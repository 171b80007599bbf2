"""Who may be the same human: a probabilistic model (Fellegi and Sunter's, estimated by expectation-maximisation).

Pure: values in, values out. `records` brings what is known of somebody into one form, `blocking` says whom to compare,
`comparing` finds how well two agree, `scoring` what that is worth, `estimating` learns the worth from the data itself,
`clustering` makes people of pairs, `linking` runs it all. One new person and a million go through the same functions.
"""
