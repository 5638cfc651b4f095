"""The demo: who is in it (`dataset`) and what the bank reports (`statement_writer`).

Nothing here imports Odoo, so the data can be read, checked and scaled without one.
"""
