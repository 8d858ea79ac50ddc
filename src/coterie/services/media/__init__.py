"""Media: files and links of a tenant, public or private, and the products, categories, brands and labels they show.

Nouns: an *asset* is a BLOB, a file that the store of files keeps, or a LINK to what lies elsewhere; its *references*
say what it is attached to. Those services hear of it by an event and keep what they show (`attachments.py`).
"""
