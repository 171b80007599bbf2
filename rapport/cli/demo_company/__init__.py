"""The demo company: who works there, who writes to it, and how four weeks are played through the real intake.

company      its teams, members, channels and topics, from company.toml; the people it knows, from people.csv
scripts      the conversations, from scripts/*.toml (pure)
plan         who says what when, reckoned back from one anchor (pure)
mails        the customers' mails, byte for byte (pure)
player       the weeks gone by: mails through SMTP, answers through the real actions
world        everybody outside: takes the company's mail in, answers, and writes anew while one looks
"""
