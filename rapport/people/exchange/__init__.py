"""People in from files and directories, and out again in the same shapes.

cells      one cell of a table: cleaned, taken apart, put together (pure)
sheets     a CSV file as records, whatever is wrong with it (pure)
cards      a vCard file as the same records, and vCards written (pure)
shapes     what a column may stand for, and what columns probably do (pure)
entries    a record and its mapping become what the file says of one person (pure)
known      what Rapport knows of the people of a batch
planning   new, changed, the same, or refused and why (pure)
writing    a batch of plans, a statement for each table
running    the whole file in batches: dry run, run, stop, go on
exporting  everything that may be seen, in the shapes above
employees  a directory's people: employees, and no longer employees
ldap       reading a directory
"""
