"""IAM: who may do what.

Nouns: a *scope* (the name of one thing that may be done), an *access control* (scopes under a name), a *template*
(access controls under a name), a *group* of employees or of customers with access controls and templates, an
*assignment* (a user in a group) and an *employee*. Scopes, access controls and templates that are predefined stand
in the code, custom ones in tables. What customers and employees may do follows from their groups whenever a token
is verified. The customer and client management services, and whoever signs in employees, use the facade.
"""
