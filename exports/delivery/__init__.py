"""Deliver what is published: to folders, by mail, to chats and webhooks, once each.

Belongs here: what is due, how it is told and sent, what is remembered of it. Not here: what is published (exports,
exports/reports), when it is delivered (orchestration).
"""
