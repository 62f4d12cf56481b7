"""Between our transactions and WeChat's answers: intent saved, call made after the commit, answer in a new transaction.

Shared by the faces and the jobs.  Like them it commits; what is decided lies in `trade/`.
"""
