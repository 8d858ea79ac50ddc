"""What travels: products, templates, jobs and indexed fields, in requests and in answers."""
