"""Customers: who they are, how they log in, and which companies they act for.

Nouns: a *customer* is a profile with a *customer number*; its *e-mail addresses* are where it is reached or logs in;
a *company* of a customer is a legal entity that it is a contact of, known here from the events of client
management. Segments, coupons and client management ask the facade.
"""
